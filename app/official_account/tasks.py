"""What the worker does for the official account: answers that were not ready in time."""

from datetime import timedelta
from typing import Protocol
from uuid import UUID

from app.kit import clock, db
from app.kit.db import transaction
from app.kit.ports import TryLaterError
from app.official_account.answers import answer
from app.official_account.counter import Counter, say
from app.official_account.definitions import definitions
from app.official_account.inbox import message_in
from app.official_account.models import LateAnswer, WeChatPush
from app.official_account.rules import asked_by
from wechat.codes import Advice
from wechat.errors import WeChatAmbiguousError, WeChatError, WeChatRefusedError
from wechat.message import Message
from wechat.official import CUSTOM_SEND

# After a day an answer puzzles more than it helps; WeChat itself would take it for two.
_LATEST = timedelta(hours=24)
_PASSING = frozenset({Advice.RETRY, Advice.QUOTA, Advice.REFRESH_TOKEN})

# The push may have been taken over since it was read here.
_END = """
UPDATE wechat_pushes SET late = $2::text, reason = $3,
    payload = CASE WHEN $2::text = 'owed' OR state = 'waiting' THEN payload END
WHERE id = $1
"""
_END_OWED = """
UPDATE wechat_pushes SET late = 'uncertain', reason = $1, payload = CASE WHEN state = 'waiting' THEN payload END
WHERE late IN ('owed', 'sending')
"""


class CustomMessages(Protocol):
    """WeChat's customer-service messages; raises the errors of ``wechat.errors``."""

    async def send_custom_text(self, openid: str, text: str) -> str:
        """Send a text to a follower who wrote within 48 hours."""


async def answer_late(wechat: CustomMessages, counter: Counter, push_id: str) -> None:
    """Answer a push by a message of its own, at most once.

    WeChat cannot be asked whether a message arrived: what was cut off stands as uncertain. Raises TryLaterError where
    it certainly was not sent.
    """
    begun = await _begin(UUID(push_id))
    if begun is None:
        return
    push, message = begun
    asked = asked_by(message, definitions())
    try:
        text = (await answer(asked, push.openid, counter)).text if asked else None
    except Exception:
        await _end(push, LateAnswer.OWED, "fault")
        raise
    try:
        await wechat.send_custom_text(push.openid, text or say("ask_again"))
    except WeChatAmbiguousError as error:
        if error.api == CUSTOM_SEND:
            await _end(push, LateAnswer.UNCERTAIN, "no_answer")
        else:
            await _again(push, "no_token", error)
    except WeChatRefusedError as error:
        reason = f"wechat_{error.code}"
        if error.advice in _PASSING:
            await _again(push, reason, error)
        await _end(push, LateAnswer.FAILED, reason)
    except WeChatError as error:
        await _again(push, "unreachable", error)
    else:
        await _end(push, LateAnswer.SENT, None)


async def end_owed(reason: str) -> int:
    """Give no answer any more that is owed: it may have been given, unknown to this database. Returns how many."""
    return await db.execute(_END_OWED, reason)


async def _begin(push_id: UUID) -> tuple[WeChatPush, Message] | None:
    async with transaction():
        push = await WeChatPush.select_for_update().get_or_none(id=push_id)
        if push is None or push.late not in {LateAnswer.OWED, LateAnswer.SENDING}:
            return None
        if push.late is LateAnswer.SENDING:
            await _end(push, LateAnswer.UNCERTAIN, "cut_off")
            return None
        if push.pushed_at < clock.now() - _LATEST:
            await _end(push, LateAnswer.FAILED, "too_late")
            return None
        push.late = LateAnswer.SENDING
        await push.save(update_fields=["late"])
        return push, message_in(push)


async def _again(push: WeChatPush, reason: str, error: WeChatError) -> None:
    await _end(push, LateAnswer.OWED, reason)
    raise TryLaterError(reason) from error


async def _end(push: WeChatPush, late: LateAnswer, reason: str | None) -> None:
    """Note where an answer stands; once nothing is owed, what was asked goes."""
    await db.execute(_END, push.id, late.value, reason)
