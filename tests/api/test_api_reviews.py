"""Reviews over real HTTP: from a decided case to a bad review that was put right, and what everybody sees."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.bootstrap import House
from app.identity.rules import Duty
from tests.api.conftest import photograph_of_site
from tests.conftest import Phone, error_of
from tests.service.cases import signed_in, staff_member


def until(question: Callable[[], Any]) -> Any:
    """Ask until there is something; the worker and the approval system take their time."""
    deadline = time.monotonic() + 60
    while not (found := question()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def decided(phone: Phone) -> str:
    """The path of a case that was refused."""
    path = f"/api/v1/applications/{phone.draft(remark='请不予许可')['id']}"
    phone.http.post(f"{path}/materials", data={"material_id": "site_photo"}, files={"file": photograph_of_site()})
    assert phone.http.post(f"{path}/submission").status_code == 202
    until(lambda: phone.http.get(path).json()["state"] == "refused")
    return path


@pytest.fixture
async def supervision(house: House) -> list[dict[str, str]]:
    """The headers of two supervisors of the market supervision."""
    return [await signed_in(house, await staff_member([Duty.SUPERVISE])) for _ in range(2)]


def test_a_bad_review_is_put_right(phone: Phone, client: httpx.Client, supervision: list[dict[str, str]]) -> None:
    """Invited, reviewed, called back, put right, disputed, found groundless by two; nobody sees who it was."""
    path, header = decided(phone), supervision[0]
    item = phone.http.get(path).json()["item_code"]
    offered = phone.http.get(f"{path}/reviews").json()
    assert {stage["stage"] for stage in offered["stages"] if stage["open"]} == {"acceptance", "result"}
    until(lambda: "review_invitation" in str(phone.http.get("/api/v1/messages").json()))
    before = client.get(f"/api/v1/items/{item}/reviews").json()
    said = f"我是{phone.person.name}，电话13912345678，等了很久"
    body = {"stage": "result", "level": 1, "reasons": ["slow_handling"], "comment": said}
    given = phone.http.post(f"{path}/reviews", json=body)
    assert (given.status_code, given.json()["comment"]) == (201, "我是***，电话***，等了很久")
    review = given.json()["id"]
    assert phone.http.post(f"{path}/reviews", json=body).json()["id"] == review
    assert error_of(phone.http.post(f"{path}/reviews", json={**body, "level": 2})) == (409, "review_given")
    assert review in {one["id"] for one in phone.http.get("/api/v1/reviews").json()["items"]}

    def released() -> Any:
        seen = client.get(f"/api/v1/items/{item}/reviews").json()
        return seen if len(seen["comments"]) > len(before["comments"]) else None

    public = until(released)
    assert public["total"] == before["total"] + 1
    listed = client.get("/staff/v1/rectifications", headers=header, params={"state": "opened"}).json()["items"]
    (found,) = [one for one in listed if one["review"]["id"] == review]
    path = f"/staff/v1/rectifications/{found['id']}"
    assert phone.person.name not in client.get(path, headers=header).text
    assert client.get(f"{path}/contact", headers=header).json()["name"] == phone.person.name
    call = {"reached": "author", "outcome": "说等了太久"}
    assert client.post(f"{path}/call", headers=header, json=call).json()["rectification"]["state"] == "called_back"
    assert error_of(client.post(f"{path}/call", headers=header, json=call)) == (409, "rectification_state_forbids")
    client.post(f"{path}/completion", headers=header, json={"note": "已经增加窗口"}).raise_for_status()
    own = phone.http.get(f"/api/v1/reviews/{review}").json()["rectification"]
    assert (own["state"], own["done"]) == ("rectified", "已经增加窗口")
    answered = phone.http.post(f"/api/v1/reviews/{review}/confirmation", json={"satisfied": False, "comment": "没有"})
    assert answered.json()["rectification"]["state"] == "reopened"
    client.post(f"{path}/call", headers=header, json=call).raise_for_status()
    note = {"note": "并无此事"}
    client.post(f"{path}/groundless", headers=header, json=note).raise_for_status()
    decision = {"confirmed": True, **note}
    refused = client.post(f"{path}/groundless/decision", headers=header, json=decision)
    assert error_of(refused) == (403, "took_part")
    ended = client.post(f"{path}/groundless/decision", headers=supervision[1], json=decision).json()
    assert ended["rectification"]["state"] == "groundless"
    assert [step["by"] is None for step in ended["steps"]] == [False, False, True, False, False, False]
    assert error_of(client.get(f"{path}/contact", headers=header)) == (404, "rectification_not_found")


def test_what_wechat_is_not_sure_of_the_supervision_decides(
    phone: Phone, client: httpx.Client, supervision: list[dict[str, str]]
) -> None:
    """Hidden until it is released, and withheld for a reason alone."""
    path, header = decided(phone), supervision[0]
    body = {"stage": "acceptance", "level": 5, "comment": "疑似内容"}
    review = phone.http.post(f"{path}/reviews", json=body).json()["id"]

    def undecided() -> bool:
        seen = client.get("/staff/v1/reviews", headers=header, params={"comment_state": "undecided"}).json()["items"]
        return review in {one["id"] for one in seen}

    until(undecided)
    decide = f"/staff/v1/reviews/{review}/comment"
    assert error_of(client.post(decide, headers=header, json={"decision": "withhold"})) == (422, "field_invalid")
    withheld = client.post(decide, headers=header, json={"decision": "withhold", "reason": "unrelated"})
    assert withheld.json()["comment_state"] == "withheld"
    assert client.post(decide, headers=header, json={"decision": "release"}).json()["comment_state"] == "released"


def test_bad_input_is_refused_and_nothing_is_kept(phone: Phone) -> None:
    """Each with its code."""
    path = f"/api/v1/applications/{phone.draft()['id']}/reviews"
    good: dict[str, Any] = {"stage": "result", "level": 5}
    for wrong, code in (
        ({}, (409, "review_not_open")),
        ({"reasons": ["slow_handling"]}, (422, "review_reason_unknown")),
        ({"level": 0}, (422, "field_invalid")),
        ({"level": 6}, (422, "field_invalid")),
        ({"stage": "draft"}, (422, "field_invalid")),
        ({"comment": "长" * 501}, (422, "field_invalid")),
        ({"comment": "\x00"}, (422, "field_invalid")),
    ):
        assert error_of(phone.http.post(path, json=good | wrong)) == code
    assert phone.http.get(path).json()["stages"] == []


def test_an_item_that_is_not_there_has_no_reviews(client: httpx.Client) -> None:
    """As everywhere."""
    assert error_of(client.get("/api/v1/items/nothing/reviews")) == (404, "item_not_found")
