"""Pages: each row once; and a cursor that is not ours is refused, whatever is written inside it."""

import base64
import json
from itertools import chain
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.bootstrap import House
from app.kit.db import transaction
from app.kit.paging import PAGE
from app.notifications.service import notify
from tests.conftest import Phone, error_of

LISTS = ("/api/v1/items", "/api/v1/applications", "/api/v1/licences", "/api/v1/messages")

KEYS: dict[str, Any] = {
    "NUL": [0, "\0"],
    "NUL alone": ["\0"],
    "half a surrogate pair": [0, "\ud800"],
    "half a surrogate pair alone": ["\ud800"],
    "a number that PostgreSQL cannot hold": [2**31, "x"],
    "a negative one": [-(2**31) - 1, "x"],
    "a number of three hundred digits": [10**300, "x"],
    "another type": ["0", "x"],
    "a truth value": [True, "x"],
    "a fraction": [1.5, "x"],
    "a list within": [[1], "x"],
    "an object within": [{"a": 1}, {}],
    "nulls": [None, None],
    "a list alone": [[1]],
    "too many parts": [0, "x", "y"],
    "an object": {"0": "x"},
    "a text": "x",
    "nothing": None,
}


def cursor_of(key: Any) -> str:
    """A cursor that is well written, as ours are, around a key of the caller's."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


@pytest.mark.parametrize("name", KEYS)
def test_a_forged_cursor_is_refused(citizen: httpx.Client, name: str) -> None:
    """By every list, and never by the database."""
    cursor = cursor_of(KEYS[name])
    for path in LISTS:
        assert error_of(citizen.get(path, params={"cursor": cursor})) == (422, "invalid_cursor"), path


@pytest.mark.parametrize("cursor", ["_", "====", "é", "中文", "%00", "W10=", "[]"])
def test_a_cursor_that_was_not_even_written_as_one_is_refused(citizen: httpx.Client, cursor: str) -> None:
    """No base64, or no JSON inside it."""
    for path in LISTS:
        assert error_of(citizen.get(path, params={"cursor": cursor})) == (422, "invalid_cursor"), path


def test_a_cursor_that_is_nested_deeply_is_refused(citizen: httpx.Client) -> None:
    """As deeply as its length allows."""
    cursor = base64.urlsafe_b64encode(b"[" * 192 + b"]" * 192).decode()
    assert len(cursor) == 512
    for path in LISTS:
        assert error_of(citizen.get(path, params={"cursor": cursor})) == (422, "invalid_cursor"), path


def all_pages(client: httpx.Client, path: str) -> list[list[str]]:
    """The ids of every page of a list, read on by its cursor."""
    pages: list[list[str]] = []
    params: dict[str, str] | None = {}
    while params is not None:
        body = client.get(path, params=params).json()
        pages.append([entry["id"] for entry in body["items"]])
        params = {"cursor": body["next_cursor"]} if body["next_cursor"] else None
    return pages


@pytest.mark.parametrize(("count", "lengths"), [(0, [0]), (PAGE, [PAGE]), (2 * PAGE + 1, [PAGE, PAGE, 1])])
async def test_messages_come_in_pages_the_newest_first(
    house: House, phone: Phone, count: int, lengths: list[int]
) -> None:
    """Each once; a full page that is the last has no next one."""
    del house  # it opens the database to this process
    citizen_id = UUID(phone.http.get("/api/v1/identity").json()["id"])
    async with transaction():
        for number in range(count):
            await notify(citizen_id, "session_reused", f"{citizen_id}-{number}")
    pages = all_pages(phone.http, "/api/v1/messages")
    assert [len(page) for page in pages] == lengths
    ids = list(chain.from_iterable(pages))
    assert ids == sorted(set(ids), reverse=True)


def test_a_row_that_comes_in_between_shifts_nothing(citizen: httpx.Client, phone: Phone) -> None:
    """A draft begun while the first page is read stands on no later page, and no row stands on two."""
    item = {"item_code": phone.item()["item_code"]}
    made = [citizen.post("/api/v1/applications", json=item).json()["id"] for _ in range(PAGE + 1)]
    first = citizen.get("/api/v1/applications").json()
    late = citizen.post("/api/v1/applications", json=item).json()["id"]
    second = citizen.get("/api/v1/applications", params={"cursor": first["next_cursor"]}).json()
    assert [entry["id"] for entry in first["items"] + second["items"]] == made[::-1]
    assert all_pages(citizen, "/api/v1/applications")[0][0] == late
