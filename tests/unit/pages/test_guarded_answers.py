"""What every answer tells a browser, whichever handler made it."""

import pytest
from sanic import HTTPResponse

from miniapp_api.answers import JsonAnswer, json_answer
from miniapp_api.wire import guard


@pytest.mark.parametrize("over_tls", [False, True])
def test_an_answer_is_framed_by_nobody_and_is_what_it_says(*, over_tls: bool) -> None:
    """Over TLS the browser comes by no other way for a year; the demonstration, which has none, says nothing of it."""
    answer = HTTPResponse(b"%PDF-", content_type="application/pdf")
    guard(answer, "r-1", over_tls=over_tls)
    assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    expected = "max-age=31536000" if over_tls else None
    assert answer.headers.get("Strict-Transport-Security") == expected
    assert answer.headers["X-Request-Id"] == "r-1"


def test_what_a_page_says_of_itself_stays() -> None:
    """Its own policy is stricter, and there is one of it."""
    answer = HTTPResponse("", headers={"Content-Security-Policy": "default-src 'none'"}, content_type="text/html")
    guard(answer, "r-1", over_tls=False)
    assert answer.headers.getall("Content-Security-Policy") == ["default-src 'none'"]


def test_json_loads_nothing_where_a_browser_opens_it() -> None:
    """Nor does an error."""
    answer = json_answer({}, status=404, headers={"Retry-After": "1"})
    guard(answer, "r-1", over_tls=False)
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize("over_tls", [False, True])
def test_json_says_the_same_with_headers_and_without(*, over_tls: bool) -> None:
    """Its lines, which most answers have, are what its headers say once somebody asks for them."""
    answer = json_answer({}, status=404)
    guard(answer, "r-1", over_tls=over_tls)
    assert isinstance(answer, JsonAnswer)
    lines = answer.lines
    assert lines is not None
    told = dict(line.split(": ", 1) for line in lines.split("\r\n")[:-1])
    assert told.pop("Content-Type") == answer.content_type
    assert told == dict(answer.headers)
    assert answer.lines is None
    other = json_answer({}, status=404, headers={"Retry-After": "1"})
    guard(other, "r-1", over_tls=over_tls)
    assert dict(other.headers) == told | {"Retry-After": "1"}
