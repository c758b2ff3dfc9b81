"""What every page must keep in every mode."""

from axe_playwright_python.sync_playwright import Axe
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
_WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
_FIRST_VIEW_BYTES = 60 * 1024
_TARGETS = """least => [...document
  .querySelectorAll("a.button, a.row, .pages a, .tiles a, button, input, select, summary")]
  .filter(one => one.offsetParent && !["hidden", "radio", "checkbox"].includes(one.type))
  .filter(one => one.getBoundingClientRect().height < least).map(one => one.outerHTML)"""
_WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def choose(context: BrowserContext, url: str, mode: str) -> None:
    """Have pages look as a mode says."""
    context.add_cookies([{"name": "jiaban_view", "value": MODES[mode], "url": url}])


def look_at(context: BrowserContext, path: str, name: str, url: str, *, status: int = 200) -> None:
    """Open a page in every mode: it breaks no rule of WCAG 2.2 AA, is not wider than the phone, has large targets.

    Its picture is written to ``var/screenshots``.
    """
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page = context.new_page()
    troubles = watch(page)
    for mode in MODES:
        choose(context, url, mode)
        answer = page.goto(path, wait_until="load")
        assert answer, path
        assert answer.status == status, (path, answer.status)
        look_at_page(page, f"{name}-{mode}", mode)
    assert not [trouble for trouble in troubles if status == 200 or str(status) not in trouble], (path, troubles)
    page.close()


def look_at_page(page: Page, name: str, mode: str) -> None:
    """The page as it stands in one mode."""
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
    found = Axe().run(page, options=_WCAG)
    assert found.violations_count == 0, "\n".join([name, found.generate_report()])
    assert page.evaluate(_WIDER) <= 0, name
    assert not page.evaluate(_TARGETS, 60 if MODES[mode].startswith("elder") else 44), name


def first_view_bytes(context: BrowserContext, path: str) -> int:
    """How much a page and all that it loads weigh on a cold cache, with their headers."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    sizes: list[int] = []
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    page.goto(path, wait_until="networkidle")
    page.close()
    return sum(sizes)


def assert_light(context: BrowserContext, path: str) -> None:
    """A page comes over a village's network: 60 KB at most, and nothing but its style sheet holds it up."""
    assert first_view_bytes(context, path) <= _FIRST_VIEW_BYTES, path
