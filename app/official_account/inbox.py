"""WeChat's pushes: kept once with a job, and taken over by the worker."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from app.followers import service as followers
from app.kit import clock, jobs
from app.kit.db import transaction
from app.kit.ids import new_id
from app.notifications.consents import hear_decisions, lock_decider
from app.notifications.tasks import DELIVERED
from app.official_account import staff
from app.official_account.events import decisions_in, fates_in
from app.official_account.models import LateAnswer, PushState, WeChatPush
from app.official_account.rules import scene_of
from wechat.message import Message, read_message

TAKE_PUSH = "official_account.take_push"
ANSWER_LATE = "official_account.answer_late"

# What opens WeChat's 48 hours for messages to somebody. Source: WeChat's documentation of customer-service messages.
_ACTIVE = frozenset({"subscribe", "scan", "click", "scancode_push", "scancode_waitmsg"})


@dataclass(frozen=True, slots=True)
class Kept:
    """A push that is kept; ``late`` where its answer is a message of its own."""

    id: UUID
    late: LateAnswer | None


def payload_of(message: Message) -> dict[str, Any]:
    """A push as it is kept."""
    return {"fields": dict(message.fields), "form": message.form, "secure": message.secure}


def message_in(push: WeChatPush) -> Message:
    """The push that is kept in a row which still holds it. Raises ValueError where it does not."""
    if push.payload is None:
        raise ValueError("nothing needs this push any more")
    return read_message(push.payload["fields"], form=push.payload["form"], secure=push.payload["secure"])


async def keep_push(message: Message, appid: str) -> Kept:
    """Keep a push to one of our apps and have the worker take it over, once however often it comes."""
    push = WeChatPush(
        id=new_id(),
        appid=appid,
        dedup_key=message.dedup_key,
        openid=message.sender,
        kind=message.event or message.kind,
        payload=payload_of(message),
        pushed_at=datetime.fromtimestamp(message.created_at, UTC),
        received_at=clock.now(),
    )
    async with transaction():
        await WeChatPush.bulk_create([push], ignore_conflicts=True)
        kept = await WeChatPush.filter(appid=appid, dedup_key=push.dedup_key).first().values("id", "late")
        if kept["id"] == push.id:
            await jobs.defer(TAKE_PUSH, push_id=str(push.id))
    return Kept(kept["id"], kept["late"] and LateAnswer(kept["late"]))


async def owe_answer(push_id: UUID, message: Message) -> None:
    """Have the worker answer a push by a message of its own; the push is kept until then."""
    async with transaction():
        push = await WeChatPush.select_for_update().get(id=push_id)
        if push.late is None:
            push.late, push.payload = LateAnswer.OWED, payload_of(message)
            await push.save(update_fields=["late", "payload"])
            await jobs.defer(ANSWER_LATE, push_id=str(push_id))


async def take_push(official_appid: str, push_id: str) -> None:
    """Take over what a push changes here, all of it or nothing, and let go of what it said. Twice is once.

    Raises TryLaterError while who decided something is being joined with another account.
    """
    waiting = Q(id=UUID(push_id), state=PushState.WAITING)
    async with transaction():
        seen = await WeChatPush.get_or_none(waiting)
        if seen is None:
            return
        message = message_in(seen)
        decisions = decisions_in(message)
        # A citizen is locked before what is theirs, as when their account is deleted.
        decider = await lock_decider(seen.appid, seen.openid) if decisions else None
        push = await WeChatPush.select_for_update().get_or_none(waiting)
        if push is None:
            return
        if push.appid == official_appid:
            await _heed_follower(push, message)
        if decider:
            await hear_decisions(decider, decisions)
        for fate in fates_in(message):
            await jobs.defer(DELIVERED, appid=push.appid, msg_id=fate.msg_id, outcome=fate.outcome)
        push.state = PushState.TAKEN
        push.payload = push.payload if push.late in {LateAnswer.OWED, LateAnswer.SENDING} else None
        await push.save(update_fields=["state", "payload"])


async def _heed_follower(push: WeChatPush, message: Message) -> None:
    app, openid, at = push.appid, push.openid, push.pushed_at
    if message.event == "unsubscribe":
        await followers.unfollow(app, openid, at)
    elif message.event == "subscribe":
        await followers.follow(app, openid, scene_of(message), at)
        await staff.came_back(app, openid)
    elif message.event is None or message.event in _ACTIVE:
        await followers.seen(app, openid, at)
    scene = scene_of(message) if message.event in {"subscribe", "scan"} else None
    if scene:
        await followers.scanned(app, openid, scene, at)
