"""Staff keep items right over HTTP: from a draft to what citizens read."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.bootstrap import House
from app.catalogue.models import Item, ItemVersion
from app.catalogue.queries import get_item
from app.identity.rules import Duty
from app.kit import clock
from tests.conftest import error_of
from tests.service.cases import signed_in, staff_member

FOOD = "11230800JB0000017Q3000131001001"
Header = dict[str, str]


@pytest.fixture
async def author(house: House) -> Header:
    """Somebody of the market supervision who writes guides."""
    return await signed_in(house, await staff_member([Duty.EDIT_ITEMS], region="230800", name="李编写"))


@pytest.fixture
async def reviewer(house: House) -> Header:
    """A colleague of theirs."""
    return await signed_in(house, await staff_member([Duty.EDIT_ITEMS], region="230800", name="赵审核"))


@pytest.fixture
async def guide(house: House) -> AsyncIterator[dict[str, Any]]:
    """The guide of an item that nobody published; it is gone after the test."""
    del house
    found = (await get_item(FOOD)).guide.model_dump(mode="json")
    basic = f"0001{uuid4().int % 10**8:08}"
    code = f"{FOOD[:19]}{basic}"
    yield {
        **found,
        "item_code": code,
        "basic_code": basic,
        "name": f"示例{basic}许可",
        "keywords": ["示例", "例", "样"],
    }
    await ItemVersion.filter(item_code=code).delete()
    await Item.filter(item_code=code).delete()


def begun(client: httpx.Client, author: Header, guide: dict[str, Any]) -> str:
    """The path of a new item's draft."""
    body = {name: guide[name] for name in ("item_code", "department", "region")}
    answer = client.post("/staff/v1/items", json=body, headers=author)
    assert answer.status_code == 201, answer.text
    return f"/staff/v1/drafts/{answer.json()['version']['id']}"


def proposed(client: httpx.Client, author: Header, guide: dict[str, Any]) -> tuple[str, int]:
    """The path and the revision of a proposal."""
    path = begun(client, author, guide)
    saved = client.put(path, json={"revision": 1, "guide": guide}, headers=author).json()
    body = {"revision": saved["version"]["revision"], "effective_on": clock.today().isoformat(), "note": "新办"}
    answer = client.post(f"{path}/proposal", json=body, headers=author)
    assert answer.status_code == 200, answer.text
    return path, answer.json()["version"]["revision"]


def test_an_item_goes_from_its_author_to_its_reviewer_to_citizens(
    client: httpx.Client, author: Header, reviewer: Header, guide: dict[str, Any]
) -> None:
    """Begun, saved, checked, proposed, found by the reviewer, compared, published, read, changed, ended."""
    code = guide["item_code"]
    path = begun(client, author, guide)
    first = client.get(path, headers=author).json()
    assert first["guide"] == {name: guide[name] for name in ("item_code", "department", "region")}
    assert {"path": "name", "code": "missing", "severity": "error", "message": "缺少此项。"} in first["problems"]
    saved = client.put(path, json={"revision": 1, "guide": guide}, headers=author).json()
    assert {problem["severity"] for problem in saved["problems"]} == {"warning"}
    body = {"revision": 2, "effective_on": clock.today().isoformat(), "note": "新办事项"}
    ready = client.post(f"{path}/proposal", json=body, headers=author).json()["version"]
    assert (ready["state"], ready["revision"], ready["author"], ready["note"]) == ("proposed", 3, "李编写", "新办事项")
    (waiting,) = client.get("/staff/v1/items", params={"state": "proposed"}, headers=reviewer).json()["items"]
    assert (waiting["item_code"], [draft["id"] for draft in waiting["drafts"]]) == (code, [ready["id"]])
    differences = client.get(f"{path}/differences", headers=reviewer).json()["items"]
    assert {"path": "promised_days", "kind": "added", "before": None, "after": guide["promised_days"]} in differences
    assert error_of(client.post(f"{path}/publication", json={"revision": 3}, headers=author)) == (403, "own_draft")
    assert client.get(f"/api/v1/items/{code}").status_code == 404
    version = client.post(f"{path}/publication", json={"revision": 3}, headers=reviewer).json()
    assert (version["number"], version["author"], version["reviewer"]) == (1, "李编写", "赵审核")
    assert client.get(f"/api/v1/items/{code}").json()["name"] == guide["name"]
    assert code in {
        item["item_code"] for item in client.get("/api/v1/items", params={"q": guide["name"]}).json()["items"]
    }
    end_item(client, author, reviewer, code)


def end_item(client: httpx.Client, author: Header, reviewer: Header, code: str) -> None:
    """End a published item, and look at its history."""
    begun = client.post(f"/staff/v1/items/{code}/drafts", json={"ends": True}, headers=author).json()["version"]
    path = f"/staff/v1/drafts/{begun['id']}"
    body = {"revision": 1, "effective_on": clock.today().isoformat(), "note": "依法取消"}
    assert client.post(f"{path}/proposal", json=body, headers=author).status_code == 200
    assert client.post(f"{path}/publication", json={"revision": 2}, headers=reviewer).json()["offered"] is False
    assert client.get(f"/api/v1/items/{code}").status_code == 404
    versions = client.get(f"/staff/v1/items/{code}/versions", headers=author).json()["items"]
    assert [(one["number"], one["offered"], one["note"]) for one in versions] == [
        (2, False, "依法取消"),
        (1, True, "新办事项"),
    ]
    compared = client.get(f"/staff/v1/items/{code}/differences", params={"before": 1, "after": 2}, headers=author)
    assert compared.json() == {"items": []}
    assert client.get(f"/staff/v1/items/{code}/checks", headers=author).status_code == 200


def test_a_stale_draft_is_refused_with_the_present_revision(
    client: httpx.Client, author: Header, reviewer: Header, guide: dict[str, Any]
) -> None:
    """Whatever is done to it."""
    path, revision = proposed(client, author, guide)
    body = {"revision": revision - 1}
    day = clock.today().isoformat()
    for answer in (
        client.put(path, json={**body, "guide": {}}, headers=author),
        client.delete(path, params=body, headers=author),
        client.post(f"{path}/proposal", json={**body, "effective_on": day, "note": "x"}, headers=author),
        client.post(f"{path}/publication", json=body, headers=reviewer),
        client.post(f"{path}/rejection", json={**body, "reason": "x"}, headers=reviewer),
    ):
        assert error_of(answer) == (409, "draft_stale")
        assert answer.json()["context"] == {"revision": revision}
    assert client.get(path, headers=author).json()["guide"] == guide


def test_a_rejection_gives_its_reason_back(
    client: httpx.Client, author: Header, reviewer: Header, guide: dict[str, Any]
) -> None:
    """And what was rejected cannot be published."""
    path, revision = proposed(client, author, guide)
    rejected = client.post(
        f"{path}/rejection", json={"revision": revision, "reason": "缺少依据"}, headers=reviewer
    ).json()
    assert (rejected["state"], rejected["reason"], rejected["reviewer"]) == ("rejected", "缺少依据", "赵审核")
    again = client.post(f"{path}/publication", json={"revision": rejected["revision"]}, headers=reviewer)
    assert error_of(again) == (409, "draft_state_forbids")
    assert client.delete(path, params={"revision": rejected["revision"]}, headers=author).json() == {"deleted": True}
    assert error_of(client.get(path, headers=author)) == (404, "draft_not_found")


def test_what_cannot_be_published_is_not_proposed(client: httpx.Client, author: Header, guide: dict[str, Any]) -> None:
    """A guide with errors, which are told; a day that is over; an item that is there already."""
    path = begun(client, author, guide)
    tomorrow = (clock.today() + timedelta(days=1)).isoformat()
    body = {"revision": 1, "effective_on": tomorrow, "note": "x"}
    faulty = client.post(f"{path}/proposal", json=body, headers=author)
    assert error_of(faulty) == (422, "guide_faulty")
    assert {"path": "name", "code": "missing", "message": "缺少此项。"} in faulty.json()["context"]["problems"]
    client.put(path, json={"revision": 1, "guide": guide}, headers=author)
    past = client.post(f"{path}/proposal", json={**body, "revision": 2, "effective_on": "2020-01-01"}, headers=author)
    assert error_of(past) == (422, "effect_past")
    there = client.post(
        "/staff/v1/items", json={"item_code": FOOD, "department": "scjg", "region": "230800"}, headers=author
    )
    assert error_of(there) == (409, "item_exists")
    missing = client.post(f"/staff/v1/items/{FOOD}/drafts", json={"version": 1_000_000}, headers=author)
    assert error_of(missing) == (404, "item_not_found")


BODIES: dict[str, dict[str, Any]] = {
    "a revision that is none": {"revision": 0, "guide": {}},
    "a revision beyond counting": {"revision": 2**31, "guide": {}},
    "no guide": {"revision": 1, "guide": []},
    "NUL": {"revision": 1, "guide": {"name": "a\0"}},
}


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_refused(client: httpx.Client, author: Header, guide: dict[str, Any], name: str) -> None:
    """And nothing is saved."""
    path = begun(client, author, guide)
    assert error_of(client.put(path, json=BODIES[name], headers=author)) == (422, "field_invalid")
    assert client.get(path, headers=author).json()["version"]["revision"] == 1


HOSTILE: dict[str, dict[str, Any]] = {
    "lists for texts": {"department": ["scjg"], "name": {}, "item_code": []},
    "nothing": {},
    "a form that is a text": {"form_schema": "x"},
    "numbers beyond measure": {"promised_days": 10**400, "visits": float("inf"), "form_schema": {"a": float("nan")}},
    "names beyond measure": {"department": "x" * 1000, "region": "9" * 1000},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_is_written_is_saved_or_refused(
    client: httpx.Client, author: Header, guide: dict[str, Any], name: str
) -> None:
    """Never a fault of ours; what is saved has its problems told."""
    path = begun(client, author, guide)
    # Not every reader of JSON takes what Python writes for a number beyond measure.
    content = json.dumps({"revision": 1, "guide": HOSTILE[name]})
    answer = client.put(path, content=content, headers=author)
    assert answer.status_code == (403 if name == "names beyond measure" else 200), answer.text
    read = client.get(path, headers=author)
    assert read.status_code == 200
    assert read.json()["problems"]


@pytest.fixture
async def supervisor(house: House) -> Header:
    """Somebody who supervises."""
    return await signed_in(house, await staff_member([Duty.SUPERVISE], region="230800"))


def test_supervision_reads_figures_against_what_was_promised(client: httpx.Client, supervisor: Header) -> None:
    """The whole and each table; a filter narrows, a region that is none is told."""
    whole = client.get("/staff/v1/figures/items", headers=supervisor).json()
    assert whole["whole"]["items"] == sum(group["figures"]["items"] for group in whole["departments"])
    assert whole["whole"]["items"] == sum(group["figures"]["items"] for group in whole["levels"])
    assert whole["whole"]["online_share"] == whole["whole"]["online"] / whole["whole"]["items"]
    assert [(one["by"], one["share"]) for one in whole["targets"]] == [("2018-12-31", 0.5), ("2019-12-31", 0.7)]
    assert len(whole["counties"]) == 10
    assert whole["visits"]["saved"] <= 2 * whole["visits"]["cases"]
    query = {"region": "230822", "department": "scjg", "level": "city"}
    some = client.get("/staff/v1/figures/items", params=query, headers=supervisor).json()
    assert [group["code"] for group in some["departments"]] == ["scjg"]
    assert [group["code"] for group in some["counties"]] == ["230822"]
    assert 0 < some["whole"]["items"] < whole["whole"]["items"]
    none = client.get("/staff/v1/figures/items", params={"department": "nobody"}, headers=supervisor).json()
    assert (none["whole"]["online_share"], none["targets"][0]["reached"]) == (None, None)
    for query, code in (({"region": "999999"}, "region_unknown"), ({"level": "planet"}, "field_invalid")):
        refused = client.get("/staff/v1/figures/items", params=query, headers=supervisor)
        assert error_of(refused) == (422, code)
