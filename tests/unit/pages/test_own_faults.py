"""What callers learn of a fault of ours: that there was one, and its number."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from miniapp_api.errors import handle_error


def test_a_fault_of_ours_tells_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    """Neither its kind nor its words; they are in the log, under the same number."""
    route = SimpleNamespace(path="api/v1/licences")
    request: Any = SimpleNamespace(path="/api/v1/licences", headers={}, id="r-1", route=route, ctx=SimpleNamespace())
    answer = handle_error(request, RuntimeError("SELECT name FROM citizens"))
    assert answer.status == 500
    assert answer.body is not None
    body = json.loads(answer.body)
    assert (body["code"], body["request_id"], body["context"]) == ("internal", "r-1", {})
    assert b"SELECT" not in answer.body
    assert b"RuntimeError" not in answer.body
    assert [record.message for record in caplog.records] == ["unhandled_error"]
