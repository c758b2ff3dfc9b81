"""Web pages from templates."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from sanic import HTTPResponse

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
}


@cache
def _templates() -> Environment:
    return Environment(loader=PackageLoader("miniapp_api.h5"), autoescape=True, undefined=StrictUndefined)


def page(template: str, *, status: int = 200, **values: Any) -> HTTPResponse:
    """A page that nobody keeps and no other site frames."""
    content = _templates().get_template(template).render(**values)
    return HTTPResponse(content, status=status, headers=_HEADERS, content_type="text/html; charset=utf-8")


def moved(address: str) -> HTTPResponse:
    """Send the browser on; the address it comes from is not told."""
    headers = {"Location": address, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return HTTPResponse("", status=302, headers=headers, content_type="text/html; charset=utf-8")
