"""Text that may break a page: of scripts, of another direction, too long, with signs of several characters."""

from playwright.sync_api import Page

_SCRIPT = "<script>document.title = 'broken'</script><img src=x onerror=alert(1)>]]>&quot;'\""
_MARKS = "\u202eأهلا\u2066\u200f👨‍👩‍👧‍👦🏳️‍🌈"
LONG = "长" * 10_000


def hostile(longest: int) -> str:
    """As much of it as a field takes, which counts as browsers do (UTF-16)."""
    return f"{_SCRIPT}{_MARKS}{LONG}".encode("utf-16-le")[: 2 * longest].decode("utf-16-le", errors="ignore")


def assert_unharmed(page: Page, troubles: list[str]) -> None:
    """The page ran nothing of what was written, and is not wider than the phone."""
    assert "broken" not in page.title()
    assert not page.locator("img[src=x]").count()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert not troubles
