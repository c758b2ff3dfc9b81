"""The log line of a request: why it was refused, and who asked, where that was proven."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from sanic import HTTPResponse

from miniapp_api.telemetry import (
    note_answer,
    note_caller,
    note_refusal,
    note_turned_away,
    say_how_many_were_turned_away,
)


def request() -> Any:
    """A request to a route of staff."""
    route = SimpleNamespace(path="staff/v1/deliveries")
    return SimpleNamespace(route=route, method="GET", id="r-1", ctx=SimpleNamespace())


def line_of(one: Any, status: int, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What is logged of a request that was answered."""
    note_answer(one, {}, HTTPResponse(status=status), 0.0)
    line: dict[str, Any] = json.loads(capsys.readouterr().err)
    return line


@pytest.fixture(autouse=True)
def logged(caplog: pytest.LogCaptureFixture) -> None:
    """Requests are logged."""
    caplog.set_level("INFO", logger="jiaban.access")


def test_a_refusal_says_why_and_whom(capsys: pytest.CaptureFixture[str]) -> None:
    """By the error's code and the id of who signed in."""
    one = request()
    note_caller(one, "staff:0190b2c4-0000-7000-8000-000000000000")
    note_refusal(one, "duty_missing")
    line = line_of(one, 403, capsys)
    assert (line["code"], line["caller"]) == ("duty_missing", "staff:0190b2c4-0000-7000-8000-000000000000")
    assert (line["request_id"], line["status"]) == ("r-1", 403)


def test_whoever_was_not_proven_is_not_named(capsys: pytest.CaptureFixture[str]) -> None:
    """The reason is there all the same."""
    one = request()
    note_refusal(one, "access_token_invalid")
    line = line_of(one, 401, capsys)
    assert line["code"] == "access_token_invalid"
    assert "caller" not in line


def test_who_is_served_is_not_followed(capsys: pytest.CaptureFixture[str]) -> None:
    """What people do here rightly is nobody's list."""
    one = request()
    note_caller(one, "citizen:0190b2c4-0000-7000-8000-000000000000")
    assert not {"code", "caller"} & line_of(one, 200, capsys).keys()


async def test_those_who_are_turned_away_share_a_line(caplog: pytest.LogCaptureFixture) -> None:
    """How many, the first and the last; and nobody is spoken of twice."""
    for number in range(3):
        one = request()
        one.id = f"r-{number}"
        note_turned_away(one, HTTPResponse(status=503), 0.0)
    assert not caplog.records
    say_how_many_were_turned_away()
    say_how_many_were_turned_away()
    (line,) = [vars(record) for record in caplog.records]
    assert (line["msg"], line["many"], line["first"], line["last"]) == ("requests_turned_away", 3, "r-0", "r-2")
