"""How a browser wants pages to look: size, colours, language. One cookie remembers it, signed in or not."""

import re
from dataclasses import dataclass
from typing import Literal

from sanic import HTTPResponse, Request

COOKIE = "jiaban_view"
Size = Literal["normal", "elder"]
Colour = Literal["auto", "light", "dark", "contrast"]
Language = Literal["zh-CN", "en"]

_WRITTEN = re.compile(r"(normal|elder)\.(auto|light|dark|contrast)\.(zh-CN|en)")
_YEAR_SECONDS = 365 * 24 * 3600
_WECHAT = re.compile(r"MicroMessenger/(\d{1,4})\.")
_OLDEST_WECHAT = 7


@dataclass(frozen=True, slots=True)
class View:
    """What was chosen. ``elder`` is larger, with fewer things a page; ``auto`` follows the phone's light or dark."""

    size: Size = "normal"
    colour: Colour = "auto"
    language: Language = "zh-CN"

    def written(self) -> str:
        """As the cookie has it."""
        return f"{self.size}.{self.colour}.{self.language}"


def view_of(request: Request) -> View:
    """What this browser chose; what cannot be read is what nobody chose."""
    found = _WRITTEN.fullmatch(str(request.cookies.get(COOKIE, "")))
    return View(*found.groups()) if found else View()  # type: ignore[arg-type]  # the expression has these words alone


def keep_view(answer: HTTPResponse, view: View, public_url: str) -> None:
    """Remember what was chosen for a year."""
    secure = public_url.startswith("https:")
    answer.add_cookie(
        COOKIE, view.written(), path="/", max_age=_YEAR_SECONDS, httponly=True, secure=secure, samesite="Lax"
    )


def is_in_wechat(request: Request) -> bool:
    """Whether the page is opened inside WeChat; 企业微信 names it too, and is another."""
    return _WECHAT.search(str(request.headers.get("User-Agent", ""))) is not None and not is_in_work(request)


def is_in_work(request: Request) -> bool:
    """Whether the page is opened inside 企业微信."""
    return "wxwork/" in str(request.headers.get("User-Agent", ""))


def is_wechat_too_old(request: Request) -> bool:
    """Whether the page is opened in a WeChat whose engine lacks what our pages may use."""
    found = _WECHAT.search(str(request.headers.get("User-Agent", "")))
    return found is not None and int(found[1]) < _OLDEST_WECHAT
