"""What every page must keep in every mode."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import BrowserContext, Page

from tests.browser.browsers import watch
from tests.conftest import REPOSITORY

# Size, colours and language, as the cookie has them.
MODES = {
    "normal": "normal.light.zh-CN",
    "elder": "elder.light.zh-CN",
    "dark": "normal.dark.zh-CN",
    "contrast": "elder.contrast.zh-CN",
    "english": "normal.light.en",
}
SCREENSHOTS = REPOSITORY / "var" / "screenshots"
# What colours alone can break; everything else about a page is the same in them.
COLOURS = {"dark": "normal", "contrast": "elder"}
_COLOURED = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
_WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What is in order is neither described nor carried over: that would take longer than looking for what is not.
_RUN_AXE = """async rules =>
  ({violations: (await axe.run(document, {runOnly: rules, resultTypes: ["violations"]})).violations})"""
_FIRST_VIEW_BYTES = 60 * 1024
_TARGETS = """least => [...document
  .querySelectorAll("a.button, a.row, .pages a, .tiles a, button, input, select, summary")]
  .filter(one => one.offsetParent && !["hidden", "radio", "checkbox"].includes(one.type))
  .filter(one => one.getBoundingClientRect().height < least).map(one => one.outerHTML)"""
_BLOCKING = """performance.getEntriesByType("resource")
  .filter(one => one.renderBlockingStatus === "blocking").map(one => one.name)"""
_WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Weight:
    """What the first view of a page weighs that comes after nothing else."""

    def __init__(self, page: Page) -> None:
        self._page, self._weighed = page, False
        self._session = page.context.new_cdp_session(page)
        self._bytes = 0
        self._session.on("Network.loadingFinished", self._count)
        self._session.send("Network.enable")
        self._session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        self._session.send("Network.setBypassServiceWorker", {"bypass": True})

    def _count(self, event: dict[str, Any]) -> None:
        self._bytes += int(event["encodedDataLength"])

    def must_be_light(self, path: str) -> None:
        """Weigh the page that was loaded first; later ones have files of it."""
        if self._weighed:
            return
        self._weighed = True
        blocking = self._page.evaluate(_BLOCKING)
        self._session.detach()
        assert 0 < self._bytes <= _FIRST_VIEW_BYTES, (path, self._bytes)
        assert len(blocking) == 1, (path, blocking)


def choose(context: BrowserContext, url: str, mode: str) -> None:
    """Have pages look as a mode says."""
    context.add_cookies([{"name": "jiaban_view", "value": MODES[mode], "url": url}])


def look_at(context: BrowserContext, path: str, name: str, url: str, *, status: int = 200) -> None:
    """Open a page in every mode: it breaks no rule of WCAG 2.2 AA, is not wider than the phone, has large targets.

    Its first view comes over a village's network: 60 KB at most on a cold cache, headers included, and nothing but the
    style sheet holds it up. Its picture is written to ``var/screenshots``.
    """
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page = context.new_page()
    troubles, weight = watch(page), Weight(page)
    for mode in [mode for mode in MODES if mode not in COLOURS]:
        choose(context, url, mode)
        answer = page.goto(path, wait_until="load")
        weight.must_be_light(path)
        assert answer, path
        assert answer.status == status, (path, answer.status)
        look_at_page(page, f"{name}-{mode}", mode)
        for coloured in [one for one, base in COLOURS.items() if base == mode]:
            page.evaluate("colour => document.documentElement.dataset.colour = colour", coloured)
            look_at_page(page, f"{name}-{coloured}", coloured)
    assert not [trouble for trouble in troubles if status == 200 or str(status) not in trouble], (path, troubles)
    page.close()


def look_at_page(page: Page, name: str, mode: str) -> None:
    """The page as it stands in one mode."""
    page.screenshot(path=SCREENSHOTS / f"{name}.jpg", full_page=True, quality=80)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = AxeResults(page.evaluate(_RUN_AXE, _COLOURED if mode in COLOURS else _WCAG))
    assert found.violations_count == 0, "\n".join([name, found.generate_report()])
    assert page.evaluate(_WIDER) <= 0, name
    assert not page.evaluate(_TARGETS, 60 if MODES[mode].startswith("elder") else 44), name
