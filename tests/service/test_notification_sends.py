"""Sends through WeChat: at most once, grants spent by one statement, nothing silently dropped."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from app.bootstrap import House
from app.identity.models import Citizen
from app.kit.db import transaction
from app.kit.ports import TryLaterError
from app.notifications.definitions import definitions
from app.notifications.errors import TemplateUnknownError
from app.notifications.models import Message, Send, SendState, SubscriptionGrant
from app.notifications.service import grant_sends, notify
from app.notifications.tasks import send
from tests.service.cases import verified_citizen
from wechat.client import SUBSCRIBE_SEND
from wechat.errors import WeChatAmbiguousError, WeChatError, WeChatRefusedError, WeChatUnreachableError

template = definitions()["submitted"].template
assert template is not None
TEMPLATE = template.id


class WeChat:
    """WeChat's side as a port: counts what comes, and answers as it is told."""

    def __init__(self, failure: WeChatError | None = None) -> None:
        self.calls: list[str] = []
        self.failure = failure

    async def send_subscribe_message(
        self, openid: str, template_id: str, data: Mapping[str, str], *, page: str | None = None
    ) -> None:
        """Take one message."""
        del openid, page, data
        self.calls.append(template_id)
        if self.failure:
            raise self.failure


@pytest.fixture
async def citizen(house: House) -> Citizen:
    """A citizen who granted nothing yet."""
    return await verified_citizen(house)


async def waiting(citizen: Citizen, occasion: str) -> Send:
    """A send that waits, and that the running worker has no job for: its message is made without one."""
    message = await Message.create(
        citizen=citizen,
        key=f"test:{citizen.id}:{occasion}",
        kind="submitted",
        title="",
        text="",
        created_at=citizen.created_at,
    )
    return await Send.create(
        message=message,
        citizen_id=citizen.id,
        template_id=TEMPLATE,
        data={"thing1": "食品经营许可"},
        created_at=citizen.created_at,
        updated_at=citizen.created_at,
    )


async def remaining(citizen: Citizen) -> int:
    """How many sends are still granted."""
    grant = await SubscriptionGrant.get_or_none(citizen=citizen, template_id=TEMPLATE)
    return grant.remaining if grant else 0


async def run(house: House, wechat: WeChat, row: Send) -> tuple[SendState, str | None]:
    """Do the worker's job, and say how the send stands."""
    await send(wechat, house.settings.wechat.mini_program_appid, str(row.id))
    await row.refresh_from_db()
    return row.state, row.reason


async def test_a_granted_send_is_sent_once(house: House, citizen: Citizen) -> None:
    """A job that runs again sends nothing more."""
    await grant_sends(citizen.id, [TEMPLATE, TEMPLATE])
    wechat, row = WeChat(), await waiting(citizen, "once")
    assert [await run(house, wechat, row), await run(house, wechat, row)] == [(SendState.SENT, None)] * 2
    assert (len(wechat.calls), await remaining(citizen)) == (1, 1)


async def test_thirty_sends_at_once_spend_ten_grants(house: House, citizen: Citizen) -> None:
    """Ten go out, twenty are told that nothing was granted."""
    await asyncio.gather(*(grant_sends(citizen.id, [TEMPLATE]) for _ in range(10)))
    wechat, rows = WeChat(), [await waiting(citizen, str(number)) for number in range(30)]
    states = await asyncio.gather(*(run(house, wechat, row) for row in rows))
    assert sorted(states, key=str) == sorted(
        [(SendState.SENT, None)] * 10 + [(SendState.FAILED, "no_grant")] * 20, key=str
    )
    assert (len(wechat.calls), await remaining(citizen)) == (10, 0)


FOR_GOOD: dict[str, tuple[WeChatError, SendState, str, int]] = {
    "no grant left at WeChat": (WeChatRefusedError(SUBSCRIBE_SEND, 43101, ""), SendState.FAILED, "wechat_43101", 0),
    "a wrong field": (WeChatRefusedError(SUBSCRIBE_SEND, 47003, ""), SendState.FAILED, "wechat_47003", 3),
    "no answer": (WeChatAmbiguousError(SUBSCRIBE_SEND, "ReadTimeout"), SendState.UNCERTAIN, "no_answer", 2),
}


@pytest.mark.parametrize("name", FOR_GOOD)
async def test_what_cannot_pass_is_not_repeated(house: House, citizen: Citizen, name: str) -> None:
    """43101 tells that the grants were spent elsewhere; a refusal gives its grant back; no answer stays uncertain."""
    failure, state, reason, left = FOR_GOOD[name]
    for _ in range(3):
        await grant_sends(citizen.id, [TEMPLATE])
    wechat, row = WeChat(failure), await waiting(citizen, name)
    assert await run(house, wechat, row) == (state, reason)
    assert await run(house, wechat, row) == (state, reason)
    assert (len(wechat.calls), await remaining(citizen)) == (1, left)


PASSING: dict[str, WeChatError] = {
    "unreachable": WeChatUnreachableError(SUBSCRIBE_SEND, "ConnectError"),
    "busy": WeChatRefusedError(SUBSCRIBE_SEND, -1, ""),
    "no token to be had": WeChatAmbiguousError("/cgi-bin/stable_token", "ReadTimeout"),
}


@pytest.mark.parametrize("name", PASSING)
async def test_what_can_pass_is_tried_again_with_its_grant(house: House, citizen: Citizen, name: str) -> None:
    """It certainly was not sent: the grant comes back, and the next try succeeds."""
    await grant_sends(citizen.id, [TEMPLATE])
    wechat, row = WeChat(PASSING[name]), await waiting(citizen, name)
    with pytest.raises(TryLaterError):
        await run(house, wechat, row)
    assert await remaining(citizen) == 1
    wechat.failure = None
    assert await run(house, wechat, row) == (SendState.SENT, None)
    assert (len(wechat.calls), await remaining(citizen)) == (2, 0)


async def test_a_send_cut_off_before_its_record_is_uncertain(house: House, citizen: Citizen) -> None:
    """What a killed worker left is not sent again."""
    await grant_sends(citizen.id, [TEMPLATE])
    wechat, row = WeChat(), await waiting(citizen, "cut off")
    await Send.filter(id=row.id).update(state=SendState.SENDING)
    assert await run(house, wechat, row) == (SendState.UNCERTAIN, "cut_off")
    assert wechat.calls == []


async def test_a_kind_is_told_once_for_each_occasion(house: House, citizen: Citizen) -> None:
    """Also where two transactions tell it at once, and neither is broken by the other."""
    del house

    async def tell(occasion: str) -> None:
        async with transaction():
            await notify(citizen.id, "accepted", occasion, item="食品经营许可", case_no="1")

    await asyncio.gather(*(tell(f"{citizen.id}:{number % 2}") for number in range(10)))
    assert await Message.filter(citizen=citizen).count() == 2


async def test_only_templates_in_use_can_be_granted(house: House, citizen: Citizen) -> None:
    """And none of a list that holds a stranger."""
    del house
    with pytest.raises(TemplateUnknownError):
        await grant_sends(citizen.id, [TEMPLATE, "unknown"])
    assert await remaining(citizen) == 0


def test_every_message_fills_its_template_within_wechats_limits() -> None:
    """With the longest values that occur."""
    values: dict[str, Any] = dict.fromkeys(
        ("item", "licence", "note", "office", "verdict", "case_no", "case_tail", "phrase", "time"), "长" * 200
    )
    values |= {"case_no": "1" * 43, "case_tail": "1" * 12, "phrase": "待补正", "time": "2026年11月22日 10:00"}
    for definition in definitions().values():
        if definition.template:
            filled = definition.template.filled(values)
            assert all(filled.values())
            assert all(len(value) <= 32 for value in filled.values())
