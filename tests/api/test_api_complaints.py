"""Complaints over real HTTP: from what a citizen wrote to the answer in the inbox."""

from typing import Any

import httpx
import pytest

from app.bootstrap import House
from app.identity.rules import Duty
from tests.conftest import Phone, error_of
from tests.service.cases import signed_in, staff_member

PATH = "/api/v1/complaints"


@pytest.fixture
async def supervision(house: House) -> dict[str, str]:
    """The header of who receives complaints first."""
    return await signed_in(house, await staff_member([Duty.SUPERVISE], department="*"))


@pytest.fixture
async def department(house: House) -> dict[str, str]:
    """The header of one in the market supervision who answers them."""
    return await signed_in(house, await staff_member([Duty.SUPERVISE]))


def test_a_complaint_is_handed_on_and_answered(
    phone: Phone, client: httpx.Client, supervision: dict[str, str], department: dict[str, str]
) -> None:
    """Written once, seen by the supervision alone, handed on, answered, read in the inbox."""
    case = phone.draft()["id"]
    body = {"kind": "complaint", "text": "等了很久", "subject": {"about": "case", "code": case}, "named": True}
    written = phone.http.post(PATH, json=body)
    assert (written.status_code, written.json()["state"]) == (201, "received")
    complaint = written.json()["id"]
    assert phone.http.post(PATH, json=body).json()["id"] == complaint
    assert [one["id"] for one in phone.http.get(PATH).json()["items"]] == [complaint]
    path = f"/staff/v1/complaints/{complaint}"
    assert error_of(client.get(path, headers=department)) == (404, "complaint_not_found")
    seen = client.get(path, headers=supervision)
    assert phone.person.name not in seen.text
    assert case not in seen.text
    assert client.get(f"{path}/contact", headers=supervision).json()["name"] == phone.person.name
    listed = client.get("/staff/v1/complaints", headers=supervision, params={"state": "received"}).json()
    assert complaint in {one["id"] for one in listed["items"]} or listed["next_cursor"]
    wrong = {"department": "nobody", "note": "请核实"}
    assert error_of(client.post(f"{path}/handing-on", headers=supervision, json=wrong)) == (422, "department_unknown")
    handed = client.post(f"{path}/handing-on", headers=supervision, json={"department": "scjg", "note": "请核实"})
    assert handed.json()["office"] == "佳木斯市市场监督管理局"
    assert client.post(f"{path}/acceptance", headers=department).json()["complaint"]["state"] == "accepted"
    answer = {"answer": "已经增加窗口"}
    answered = client.post(f"{path}/answer", headers=department, json=answer).json()
    assert [step["cause"] for step in answered["steps"]] == ["hand_on", "accept", "answer"]
    refused = client.post(f"{path}/answer", headers=department, json={"answer": "另一个答复"})
    assert error_of(refused) == (409, "complaint_answered")
    own = phone.http.get(f"{PATH}/{complaint}").json()
    assert (own["complaint"]["state"], own["answer"]) == ("answered", "已经增加窗口")
    inbox = phone.http.get("/api/v1/messages").json()["items"]
    assert [one["kind"] for one in inbox if one["kind"].startswith("complaint")] == [
        "complaint_answered",
        "complaint_accepted",
    ]


def test_bad_input_is_refused_and_nothing_is_kept(phone: Phone) -> None:
    """Each with its code; what was written before stays."""
    good: dict[str, Any] = {"kind": "suggestion", "text": "请加一个窗口", "named": False}
    for wrong, code in (
        ({"kind": "praise"}, "field_invalid"),
        ({"text": ""}, "field_invalid"),
        ({"text": " \n　"}, "field_invalid"),
        ({"text": "长" * 2001}, "field_invalid"),
        ({"text": "\x00"}, "field_invalid"),
        ({"named": None}, "field_invalid"),
        ({"subject": {"about": "person", "code": "x"}}, "field_invalid"),
        ({"subject": {"about": "item", "code": "nothing"}}, "complaint_subject_unknown"),
    ):
        assert error_of(phone.http.post(PATH, json=good | wrong)) == (422, code)
    assert phone.http.get(PATH).json()["items"] == []


def test_ten_a_day_are_enough(phone: Phone) -> None:
    """The eleventh is told when to come back."""
    body = {"kind": "suggestion", "named": False}
    answers = [phone.http.post(PATH, json={**body, "text": f"第{number}条"}) for number in range(11)]
    assert [one.status_code for one in answers] == [201] * 10 + [429]
    assert answers[-1].headers["Retry-After"]
