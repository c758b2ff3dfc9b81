"""What every answer tells a browser, whichever handler made it."""

import pytest
from sanic import HTTPResponse

from miniapp_api.answers import json_answer
from miniapp_api.wire import guard


@pytest.mark.parametrize("over_tls", [False, True])
def test_an_answer_is_framed_by_nobody_and_is_what_it_says(*, over_tls: bool) -> None:
    """Over TLS the browser comes by no other way for a year; the demonstration, which has none, says nothing of it."""
    answer = HTTPResponse(b"%PDF-", content_type="application/pdf")
    guard(answer, over_tls=over_tls)
    assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    expected = "max-age=31536000" if over_tls else None
    assert answer.headers.get("Strict-Transport-Security") == expected


def test_what_a_page_says_of_itself_stays() -> None:
    """Its own policy is stricter, and there is one of it."""
    answer = HTTPResponse("", headers={"Content-Security-Policy": "default-src 'none'"}, content_type="text/html")
    guard(answer, over_tls=False)
    assert answer.headers.getall("Content-Security-Policy") == ["default-src 'none'"]


def test_json_loads_nothing_where_a_browser_opens_it() -> None:
    """Nor does an error."""
    answer = json_answer({}, status=404, headers={"Retry-After": "1"})
    guard(answer, over_tls=False)
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
