"""Text that may break what shows it: of scripts, of another direction, too long, with signs of several characters."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from playwright.sync_api import Page

_SCRIPT = "<script>document.title = 'broken'</script><img src=x onerror=alert(1)>]]>&quot;'\""
_MARKS = "\u202eأهلا\u2066\u200f👨‍👩‍👧‍👦🏳️‍🌈"
LONG = "长" * 10_000

# What may be shown, each beginning with what does most harm: a short field takes its beginning.
PRINTED = {
    "script": f"{_SCRIPT}{{{{7*7}}}}${{7*7}}{{item}}{{0.__class__}}%s%n",
    "attribute": "\"'><img src=x onerror=alert(1)>' onfocus=alert(1) autofocus='\" style=\"position:fixed",
    "directions": f"{_MARKS}\u202d\u2067\u2068\u061c\u200eמזרח",
    "signs": "Z\u0301\u0302\u0303\u0316\u0317\u0334" * 8
    + "\u200b\u200c\u2060\ufeff\u00ad🇨🇳👩🏽‍🚒e\ufe0f\u20e3\U000e0041\ufffd",
    "one word": "W" * 120,
    "lines": "第一行\r\nSet-Cookie: a=b\r\n\r\n<b>第四行\n\n\n\t第七行'; DROP TABLE x; -- \\' \\\\ $1 %(x)s ../etc",
}
# What PostgreSQL or a phone cannot keep, as JSON writes it.
UNKEEPABLE = {"NUL": "\\u0000", "escape": "\\u001b[31m", "half a pair": "a\\ud83d"}

_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069\u061c]|[\u0590-\u08ff]")
_ISOLATING = {"bdi", "textarea", "option", "title"}
_VOID = {"br", "hr", "img", "input", "link", "meta", "path", "rect", "use", "circle"}


def hostile(longest: int) -> str:
    """As much of it as a field takes, which counts as browsers do (UTF-16)."""
    return f"{_SCRIPT}{_MARKS}{LONG}".encode("utf-16-le")[: 2 * longest].decode("utf-16-le", errors="ignore")


def assert_unharmed(page: Page, troubles: list[str]) -> None:
    """The page ran nothing of what was written, and is not wider than the phone."""
    assert "broken" not in page.title()
    assert not page.locator("img[src=x]").count()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert not troubles


class _Reader(HTMLParser):
    """Reads a page as strictly as no browser does, and notes what somebody's text made of it."""

    def __init__(self) -> None:
        super().__init__()
        self.within: list[str] = []
        self.broken: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """No script and no style of the page's own, no event handler, no address that is none."""
        names = dict(attrs)
        if tag == "style" or (tag == "script" and not str(names.get("src")).startswith("/h5/static/")):
            self.broken.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name == "style" or (name in {"src", "href"} and not _is_address(value)):
                self.broken.append(f"<{tag} {name}={value!r}>")
        if tag not in _VOID:
            self.within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Each element ends within the one that it began in."""
        if tag in _VOID:
            return
        if not self.within or self.within.pop() != tag:
            self.broken.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """What turns the direction stands alone: it would turn what stands beside it."""
        if _TURNS.search(data) and not _ISOLATING & set(self.within):
            self.broken.append(f"{'/'.join(self.within[-3:])}: {data.strip()[:40]!r} is not isolated")


def _is_address(value: str | None) -> bool:
    return value is not None and bool(re.match(r"/[a-z]|#|\?|tel:|data:image/|https?://", value))


def broken_in(page: str) -> Iterator[str]:
    """What is broken in a page of HTML."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    yield from reader.broken
    yield from (f"<{tag}> has no end" for tag in reader.within)
