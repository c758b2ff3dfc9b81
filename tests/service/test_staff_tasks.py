"""Tasks of staff: who sees them, whom to call, and how they end."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from app.audit.models import AuditRecord
from app.bootstrap import House
from app.identity.models import Citizen, Staff
from app.identity.rules import Duty
from app.kit import clock
from app.kit.db import transaction
from app.notifications.errors import MessageNotFoundError, StaffTaskClosedError, StaffTaskNotFoundError
from app.notifications.models import Message, Send, StaffTask
from app.notifications.preferences import set_preferences
from app.notifications.queries import count_unread, ledger
from app.notifications.rules import Preferences
from app.notifications.service import read_message
from app.notifications.staff_tasks import close_task, list_tasks, open_task, show_task
from tests.service.cases import verified_citizen
from tests.service.channels import Ways, give_phone, stands, tell, ways_tried


@pytest.fixture
async def ways(quiet: House) -> AsyncIterator[Ways]:
    """Channels of a house in which nothing else waits."""
    await Message.all().delete()
    await StaffTask.all().delete()
    yield Ways(quiet)
    assert (await ledger()).balanced
    await Message.all().delete()
    await StaffTask.all().delete()


@pytest.fixture
async def citizen(ways: Ways) -> Citizen:
    """A citizen with a phone who is never to be left in quiet."""
    citizen = await verified_citizen(ways.house)
    await set_preferences(citizen.id, Preferences(quiet=None))
    return citizen


async def member(region: str | None, *duties: Duty) -> Staff:
    """A member of staff."""
    return await Staff.create(
        username=uuid4().hex,
        password_hash="",
        office="政务服务中心",
        department="*",
        region=region,
        duties=[duty.value for duty in duties],
        created_at=clock.now(),
    )


async def opened(citizen: Citizen | None = None, region: str | None = None, duty: Duty = Duty.WINDOW) -> StaffTask:
    """A task."""
    key = uuid4().hex
    async with transaction():
        whom = citizen.id if citizen else None
        await open_task("talk", key, "请回复群众留言", "留言", duty=duty, citizen_id=whom, region=region)
    return await StaffTask.get(key=key)


async def test_a_task_is_opened_once_for_its_key(ways: Ways) -> None:
    """However many ask at once."""
    del ways

    async def ask() -> None:
        async with transaction():
            await open_task("talk", "the key", "请回复群众留言", "留言")

    await asyncio.gather(*(ask() for _ in range(8)))
    assert await StaffTask.filter(key="the key").count() == 1


async def test_tasks_are_seen_by_duty_and_region(ways: Ways) -> None:
    """A task of the whole city only by whose region is the whole city."""
    del ways
    city, district, elsewhere = await opened(), await opened(region="230803"), await opened(region="230822")
    other = await opened(duty=Duty.SUPERVISE)
    seen = {}
    for name, staff in {
        "city": await member(None, Duty.WINDOW),
        "district": await member("230803", Duty.WINDOW),
        "supervisor": await member(None, Duty.SUPERVISE),
        "nobody": await member(None, Duty.VERIFY),
    }.items():
        seen[name] = {task.id for task in (await list_tasks(staff, None)).items}
    assert seen == {
        "city": {city.id, district.id, elsewhere.id},
        "district": {district.id},
        "supervisor": {other.id},
        "nobody": set(),
    }


async def test_the_number_is_shown_to_the_duty_alone_and_leaves_a_trace(ways: Ways, citizen: Citizen) -> None:
    """Whoever looks is in the audit; others find nothing."""
    del ways
    phone = await give_phone(citizen)
    task = await opened(citizen, "230803")
    staff = await member("230803", Duty.WINDOW)
    shown = await show_task(staff, task.id)
    assert shown.person is not None
    assert (shown.person.phone, shown.person.name) == (phone, citizen.name)
    (record,) = await AuditRecord.filter(chain=f"staff_task:{task.id}")
    assert (record.action, record.actor) == ("task_shown", f"staff:{staff.id}")
    for other in (await member("230822", Duty.WINDOW), await member("230803", Duty.VERIFY)):
        with pytest.raises(StaffTaskNotFoundError):
            await show_task(other, task.id)
        with pytest.raises(StaffTaskNotFoundError):
            await close_task(other, task.id, "已电话告知")


async def test_a_task_is_closed_once_with_a_reason(ways: Ways) -> None:
    """By the first of those who try; what was done is sealed, who did it is audited."""
    del ways
    task, staff = await opened(), await member(None, Duty.WINDOW)
    tries = await asyncio.gather(*(close_task(staff, task.id, "已电话告知") for _ in range(4)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in tries) == ["StaffTask", *["StaffTaskClosedError"] * 3]
    assert any(isinstance(one, StaffTaskClosedError) for one in tries)
    await task.refresh_from_db()
    assert (task.closing, task.closed_by) == ("已电话告知", f"staff:{staff.id}")
    assert await AuditRecord.filter(chain=f"staff_task:{task.id}", action="task_closed").count() == 1
    assert (await list_tasks(staff, None)).items == []


async def test_a_citizen_who_read_the_message_needs_no_call(ways: Ways, citizen: Citizen) -> None:
    """The task closes by itself, and the message ends as read."""
    message = await tell(citizen, "not_accepted")
    await ways.carry()
    assert await stands(message) == ("escalated", None, "no_phone")
    await asyncio.gather(*(read_message(citizen.id, message.id) for _ in range(4)))
    assert await stands(message) == ("read", None, None)
    (task,) = await StaffTask.all()
    assert (task.closed_by, task.closing) == ("system", "本人已在站内消息中阅读")


async def test_what_was_read_is_sent_no_more(ways: Ways, citizen: Citizen) -> None:
    """What still waited is dropped; another's message cannot be read, and the count says how many are left."""
    messages = [await tell(citizen, kind) for kind in ("not_accepted", "submitted")]
    assert await count_unread(citizen.id) == 2
    await read_message(citizen.id, messages[0].id)
    with pytest.raises(MessageNotFoundError):
        await read_message((await verified_citizen(ways.house)).id, messages[1].id)
    assert await count_unread(citizen.id) == 1
    await ways.carry()
    assert await ways_tried(messages[0].id) == [("mini_program", "dropped", None)]
    assert await Send.filter(message_id=messages[0].id).count() == 1


async def test_reading_and_carrying_at_once_harm_neither(ways: Ways, citizen: Citizen) -> None:
    """Many messages read while they are being sent: none is lost, none is left waiting."""
    await give_phone(citizen)
    messages = [await tell(citizen, "not_accepted") for _ in range(20)]
    await asyncio.gather(ways.carry(), *(read_message(citizen.id, message.id) for message in messages))
    await ways.carry()
    assert {(await stands(message))[0] for message in messages} == {"read"}
    assert not await Send.filter(citizen_id=citizen.id, state__in=["waiting", "sending"]).exists()
