"""What forms are filled with, over HTTP."""

import httpx

from tests.conftest import error_of

SEX = "/api/v1/code-lists/sex"


def test_a_code_list_is_answered_in_its_standards_order_and_kept_by_phones(client: httpx.Client) -> None:
    """With an ETag: whoever has it is told that nothing changed."""
    answer = client.get(SEX)
    body = answer.json()
    assert (answer.status_code, body["standard"], body["title"]) == (200, "GB/T 2261.1", "性别")
    assert [entry["code"] for entry in body["entries"]] == ["0", "1", "2", "9"]
    again = client.get(SEX, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get("/api/v1/code-lists/ethnic_group")
    assert other.headers["ETag"] != answer.headers["ETag"]
    assert len(other.json()["entries"]) == 58


def test_a_list_that_is_none_is_not_found(client: httpx.Client) -> None:
    """Whatever its name."""
    for name in ("nothing", "x" * 200, "性别"):
        assert error_of(client.get(f"/api/v1/code-lists/{name}")) == (404, "code_list_not_found"), name
