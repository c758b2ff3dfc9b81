"""Messages over HTTP: unread and read, preferences, what to ask for at a tap, and the tasks of staff."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.bootstrap import House
from app.identity.rules import Duty
from app.kit.db import transaction
from app.notifications.models import StaffTask
from app.notifications.service import notify
from app.notifications.staff_tasks import open_task
from tests.conftest import Phone, error_of
from tests.service.cases import signed_in, staff_member

PREFERENCES = "/api/v1/message-preferences"
USUAL: dict[str, Any] = {"muted_groups": [], "muted_channels": [], "quiet": {"start": "22:00", "end": "07:00"}}


def citizen_id(phone: Phone) -> UUID:
    """Whose phone it is."""
    return UUID(phone.http.get("/api/v1/identity").json()["id"])


async def test_what_was_opened_is_unread_no_more(house: House, phone: Phone) -> None:
    """The count goes down once; another's message is nobody's."""
    del house
    before = phone.http.get("/api/v1/messages").json()["unread"]
    async with transaction():
        await notify(citizen_id(phone), "licence_issued", uuid4().hex, licence="营业执照")
    page = phone.http.get("/api/v1/messages").json()
    assert page["unread"] == before + 1
    message = page["items"][0]
    assert (message["kind"], message["urgency"], message["read"]) == ("licence_issued", "normal", False)
    for _ in range(2):
        assert phone.http.post(f"/api/v1/messages/{message['id']}/read").json() == {"unread": before}
    assert phone.http.get("/api/v1/messages").json()["items"][0]["read"] is True
    assert error_of(phone.http.post(f"/api/v1/messages/{uuid4()}/read")) == (404, "message_not_found")


def test_preferences_are_the_usual_ones_until_they_are_chosen(citizen: httpx.Client) -> None:
    """And are told with the names of their groups."""
    found = citizen.get(PREFERENCES).json()
    assert (found["muted_channels"], found["quiet"]) == ([], USUAL["quiet"])
    assert {group["group"]: group["muted"] for group in found["groups"]} == dict.fromkeys(
        ("cases", "licences", "account", "reviews", "complaints"), False
    )
    chosen = {"muted_groups": ["reviews"], "muted_channels": ["sms"], "quiet": None}
    set_ = citizen.put(PREFERENCES, json=chosen)
    assert set_.json() == citizen.get(PREFERENCES).json()
    assert [group["group"] for group in set_.json()["groups"] if group["muted"]] == ["reviews"]
    assert (set_.json()["muted_channels"], set_.json()["quiet"]) == (["sms"], None)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"muted_groups": ["nobody"]}, 422, "message_group_unknown"),
        ({"muted_channels": ["inbox"]}, 422, "field_invalid"),
        ({"quiet": {"start": "22:00", "end": "22:00"}}, 422, "field_invalid"),
        ({"quiet": {"start": "22:00:30", "end": "07:00"}}, 422, "field_invalid"),
        ({"quiet": {"start": "25:00", "end": "07:00"}}, 422, "field_invalid"),
    ],
)
def test_preferences_that_make_no_sense_are_refused(
    citizen: httpx.Client, change: dict[str, Any], status: int, code: str
) -> None:
    """And change nothing."""
    before = citizen.get(PREFERENCES).json()
    assert error_of(citizen.put(PREFERENCES, json=USUAL | change)) == (status, code)
    assert citizen.get(PREFERENCES).json() == before


def test_a_phone_is_told_what_to_ask_for_at_a_tap(citizen: httpx.Client) -> None:
    """At most five templates of one kind, and what was granted."""
    asked = citizen.get("/api/v1/subscriptions", params={"tap": "submit"}).json()["items"]
    assert [one["name"] for one in asked] == ["办件提交通知", "补正通知", "办件办结通知", "办件结果通知"]
    template_ids = [one["template_id"] for one in asked]
    citizen.post(
        "/api/v1/subscriptions", json={"template_ids": template_ids, "results": dict.fromkeys(template_ids, "accept")}
    )
    again = citizen.get("/api/v1/subscriptions", params={"tap": "submit"}).json()["items"]
    assert [one["remaining"] for one in again] == [1] * 4
    # A tap that names a template twice grants it once.
    body = {"template_ids": [template_ids[0]] * 5, "results": {template_ids[0]: "accept"}}
    assert citizen.post("/api/v1/subscriptions", json=body).status_code == 200
    again = citizen.get("/api/v1/subscriptions", params={"tap": "submit"}).json()["items"]
    assert [one["remaining"] for one in again] == [2, 1, 1, 1]
    nowhere = citizen.get("/api/v1/subscriptions", params={"tap": "nowhere"})
    assert error_of(nowhere) == (422, "tap_unknown")


@dataclass(frozen=True)
class Asked:
    """A task, and the headers of who has it and of who has not."""

    task_id: UUID
    window: dict[str, str]
    others: list[dict[str, str]]


@pytest.fixture
async def asked(house: House, phone: Phone) -> Asked:
    """A task about the phone's citizen, in a district."""
    key = uuid4().hex
    async with transaction():
        await open_task("talk", key, "请回复群众", "请致电", citizen_id=citizen_id(phone), region="230803")
    window, elsewhere, verifier = [
        await signed_in(house, await staff_member([duty], region=region))
        for duty, region in ((Duty.WINDOW, "230803"), (Duty.WINDOW, "230822"), (Duty.VERIFY, "230803"))
    ]
    return Asked((await StaffTask.get(key=key)).id, window, [elsewhere, verifier])


def test_a_task_is_seen_looked_at_and_closed_by_its_duty(asked: Asked, client: httpx.Client, phone: Phone) -> None:
    """Whoever has it in the region; the number stands behind one task alone."""
    path, window = f"/staff/v1/tasks/{asked.task_id}", asked.window
    for other in asked.others:
        assert str(asked.task_id) not in client.get("/staff/v1/tasks", headers=other).text
        assert error_of(client.get(path, headers=other)) == (404, "staff_task_not_found")
        assert error_of(client.post(f"{path}/close", headers=other, json={"reason": "已致电"})) == (
            404,
            "staff_task_not_found",
        )
    (listed,) = client.get("/staff/v1/tasks", headers=window).json()["items"]
    assert (listed["id"], listed["title"], listed["note"]) == (str(asked.task_id), "请回复群众", "请致电")
    shown = client.get(path, headers=window).json()
    assert (shown["name"], shown["phone"]) == (phone.person.name, phone.person.phone_code.removeprefix("phone-"))
    assert client.post(f"{path}/close", headers=window, json={"reason": "已致电"}).json()["closed_at"]
    assert error_of(client.post(f"{path}/close", headers=window, json={"reason": "已致电"})) == (
        409,
        "staff_task_closed",
    )
    assert client.get("/staff/v1/tasks", headers=window).json()["items"] == []


def test_what_waits_is_measured(client: httpx.Client, house: House) -> None:
    """For each channel beside the inbox."""
    token = house.settings.ops_token.get_secret_value()
    text = client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).text
    for channel in ("mini_program", "official_account", "sms"):
        assert f'jiaban_messages_waiting{{channel="{channel}"}}' in text
        assert f'jiaban_message_oldest_seconds{{channel="{channel}"}}' in text
