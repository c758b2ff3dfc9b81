"""Broadcasts over HTTP: one prepares, another approves, all see how it goes."""

import httpx
import pytest

from app.bootstrap import House
from app.identity.rules import Duty
from tests.conftest import error_of
from tests.e2e.breaking import await_true
from tests.service.broadcasting import WORKS
from tests.service.cases import signed_in, staff_member

PATH = "/staff/v1/broadcasts"
NEW = {"kind": "works", "fields": WORKS, "region": "230803007", "link": "pages/notice/detail?id=7"}


@pytest.fixture
async def two(house: House) -> tuple[dict[str, str], dict[str, str]]:
    """The headers of two members of staff who broadcast in the same district."""
    one, other = [await staff_member([Duty.BROADCAST], region="230803", department="slj") for _ in range(2)]
    return await signed_in(house, one), await signed_in(house, other)


def test_a_broadcast_is_prepared_approved_sent_and_seen_through(
    client: httpx.Client, two: tuple[dict[str, str], dict[str, str]]
) -> None:
    """The fields come back as they will be seen; the worker sends it to whoever follows there."""
    one, other = two
    kinds = client.get("/staff/v1/broadcast-kinds", headers=one).json()["items"]
    assert next(kind for kind in kinds if kind["kind"] == "works")["fields"]["thing1"] == "影响内容"
    long = {**WORKS, "thing2": "向阳区西林街道（安庆社区、中建社区、万发社区）全部居民楼"}
    made = client.post(PATH, json={**NEW, "fields": long}, headers=one)
    assert made.status_code == 201, made.text
    body = made.json()
    assert (body["state"], body["fields"]["thing2"]) == ("prepared", "向阳区西林街道全部居民楼")
    path = f"{PATH}/{body['id']}"
    assert client.get(f"{path}/preview", headers=other).json() == {"recipients": 0, "sample": []}
    assert error_of(client.post(f"{path}/approval", json={"urgent": True}, headers=one)) == (403, "own_broadcast")
    approved = client.post(f"{path}/approval", json={"urgent": True}, headers=other)
    assert (approved.status_code, approved.json()["state"]) == (200, "sending")
    await_true("it is sent", lambda: client.get(path, headers=one).json()["state"] == "done")
    progress = client.get(path, headers=one).json()["progress"]
    assert progress == {**dict.fromkeys(progress, 0), "chosen": True}
    assert client.get(f"{path}/reasons", headers=one).json() == {"items": []}
    found = client.get(PATH, params={"state": "done"}, headers=one).json()["items"]
    assert body["id"] in {item["id"] for item in found}
    assert error_of(client.post(f"{path}/stop", json={"reason": "x"}, headers=one)) == (409, "broadcast_state_forbids")
    assert error_of(client.post(f"{path}/resumption", headers=one)) == (409, "broadcast_state_forbids")


def test_bad_broadcasts_are_told_what_is_wrong_with_them(
    client: httpx.Client, two: tuple[dict[str, str], dict[str, str]]
) -> None:
    """A kind that is none, fields that do not fit, a link that leads elsewhere, a region that is none or not ours."""
    one, _ = two
    for change, code in (
        ({"kind": "nothing"}, "broadcast_kind_unknown"),
        ({"fields": {"thing1": "停水"}}, "broadcast_fields_unfit"),
        ({"link": "https://example.com/"}, "broadcast_link_unfit"),
        ({"region": "999999"}, "region_unknown"),
    ):
        assert error_of(client.post(PATH, json={**NEW, **change}, headers=one)) == (422, code)
    unfit = client.post(PATH, json={**NEW, "fields": {**WORKS, "time3": "明天"}}, headers=one)
    assert unfit.json()["context"] == {"unfit": ["time3"]}
    outside = client.post(PATH, json={**NEW, "region": "230804"}, headers=one)
    assert error_of(outside) == (403, "outside_own_scope")
    everywhere = client.post(PATH, json={**NEW, "region": None}, headers=one)
    assert error_of(everywhere) == (403, "outside_own_scope")


def test_a_rejected_one_is_over(client: httpx.Client, two: tuple[dict[str, str], dict[str, str]]) -> None:
    """With its reason, which its author reads."""
    one, other = two
    path = f"{PATH}/{client.post(PATH, json=NEW, headers=one).json()['id']}"
    assert error_of(client.post(f"{path}/rejection", json={"reason": "x"}, headers=one)) == (403, "own_broadcast")
    nothing = client.post(f"{path}/rejection", json={"reason": "  "}, headers=other)
    assert error_of(nothing) == (422, "field_invalid")
    assert client.post(f"{path}/rejection", json={"reason": "日期不对"}, headers=other).status_code == 200
    seen = client.get(path, headers=one).json()
    assert (seen["state"], seen["reason"]) == ("rejected", "日期不对")
    assert error_of(client.post(f"{path}/approval", json={}, headers=other)) == (409, "broadcast_state_forbids")
