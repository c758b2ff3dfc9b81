"""Web pages from templates, in the size, the colours and the language that the browser chose."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache, partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from sanic import HTTPResponse, Request

from app.kit import clock, texts
from miniapp_api.h5.assets import address_if_there, address_of
from miniapp_api.h5.view import is_wechat_too_old, view_of

_HTML = "text/html; charset=utf-8"
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_SOURCES = {
    "default-src": "'none'",
    "style-src": "'self'",
    "script-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}

_HAN = re.compile("([\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+)")
_CHINESE = Markup('<span lang="zh-CN">{}</span>')
_LATIN = re.compile("[A-Za-z]")
DECODER = "'wasm-unsafe-eval'"
"""A source of ``script-src`` without which no browser lets the scanner's WebAssembly run."""


def _policy(more: Mapping[str, str]) -> str:
    """The Content-Security-Policy, with ``more`` sources where a page needs them."""
    directives = {**_SOURCES, **{name: f"{_SOURCES.get(name, '')} {more[name]}".strip() for name in more}}
    return "; ".join(f"{name} {sources}" for name, sources in directives.items())


def _day(value: str | date, language: str) -> str:
    """A day, or an ISO 8601 text that begins with one, as the language writes it."""
    day = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return clock.day_written(day) if language == "zh-CN" else f"{day.day} {day:%b %Y}"


def _moment(value: str, language: str) -> str:
    """A moment in ISO 8601 as the language writes it, to the minute."""
    return f"{_day(value, language)} {datetime.fromisoformat(value):%H:%M}"


def _marked(sentence: str) -> Markup:
    """A sentence in which Chinese words that stand among others are said to be Chinese (WCAG 2.2, 3.1.2)."""
    if not _LATIN.search(sentence):
        return escape(sentence)
    parts = enumerate(_HAN.split(sentence))
    return Markup("").join(_CHINESE.format(part) if place % 2 else part for place, part in parts)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("miniapp_api.h5"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["marked"] = _marked
    environment.globals["asset"] = address_of
    environment.globals["asset_if_there"] = address_if_there
    return environment


def page(
    request: Request, template: str, *, status: int = 200, sources: Mapping[str, str] | None = None, **values: Any
) -> HTTPResponse:
    """A page that nobody keeps and no other site frames.

    Templates have ``t(key, …)``, the text of ``config/texts/pages`` in the browser's language; ``why(reason)``, the
    sentence of a verification's reason; ``view``; ``csrf``, what a form shows in its field ``csrf_token``, empty where
    nobody is signed in; ``here``, the address to come back to; ``acting``, for whom this browser acts, None where for
    nobody else; ``day`` and ``moment``, which write dates. ``sources`` adds to the Content-Security-Policy:
    directive → sources.
    """
    view = view_of(request)
    context: dict[str, Any] = {
        "view": view,
        "t": partial(texts.page_text, view.language),
        "why": partial(texts.text_in, view.language, "reason"),
        "day": partial(_day, language=view.language),
        "moment": partial(_moment, language=view.language),
        "csrf": getattr(request.ctx, "csrf_token", ""),
        "acting": getattr(request.ctx, "acting_for", None),
        "here": here_of(request),
        "wechat_too_old": is_wechat_too_old(request),
    }
    content = _templates().get_template(template).render(context | values)
    headers = {**_HEADERS, "Content-Security-Policy": _policy(sources or {})}
    return HTTPResponse(content, status=status, headers=headers, content_type=_HTML)


def address_of_page(request: Request) -> str:
    """The path and query of a page, to come back to."""
    return request.path + (f"?{request.query_string}" if request.query_string else "")


def here_of(request: Request) -> str:
    """The address that a page of this request leads back to: its own, or the first page where it came by a form."""
    return address_of_page(request) if request.method == "GET" else "/h5/"


def moved(address: str, *, status: int = 302) -> HTTPResponse:
    """Send the browser on; the address it comes from is not told. After a form, 303: what it sent is not sent again."""
    headers = {"Location": address, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return HTTPResponse("", status=status, headers=headers, content_type=_HTML)
