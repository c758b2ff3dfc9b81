"""What the worker does for notifications."""

from typing import Protocol
from uuid import UUID

from app.identity.service import openid_of
from app.kit import clock, db
from app.kit.db import transaction
from app.kit.ports import TryLaterError
from app.notifications.models import Send, SendState
from app.notifications.service import notify
from wechat.client import SUBSCRIBE_SEND
from wechat.codes import Advice
from wechat.errors import WeChatAmbiguousError, WeChatError, WeChatRefusedError

MAX_ATTEMPTS = 12
_NO_GRANT = 43101

_SPEND = """
UPDATE subscription_grants SET remaining = remaining - 1, updated_at = $3
WHERE citizen_id = $1 AND template_id = $2 AND remaining > 0
"""
_GIVE_BACK = """
UPDATE subscription_grants SET remaining = remaining + 1, updated_at = $3 WHERE citizen_id = $1 AND template_id = $2
"""
_NONE_LEFT = """
UPDATE subscription_grants SET remaining = 0, updated_at = $3 WHERE citizen_id = $1 AND template_id = $2
"""


class SubscribeMessages(Protocol):
    """WeChat's side of a subscription message; raises the errors of ``wechat.errors``."""

    async def send_subscribe_message(
        self, openid: str, template_id: str, data: dict[str, str], *, page: str | None = None
    ) -> object:
        """Send one message; it spends one of the citizen's grants."""


async def tell(citizen_id: str, kind: str, occasion: str) -> None:
    """Tell a citizen something on behalf of a room that stands below this one."""
    async with transaction():
        await notify(UUID(citizen_id), kind, occasion)


async def send(wechat: SubscribeMessages, appid: str, send_id: str) -> None:
    """Send one message through WeChat, at most once.

    WeChat knows no idempotency key and cannot be asked afterwards: a send that was cut off before its record stands
    as uncertain and is not repeated. Raises TryLaterError where it certainly was not sent.
    """
    begun = await _begin(UUID(send_id), appid)
    if begun is None:
        return
    row, openid = begun
    try:
        await wechat.send_subscribe_message(openid, row.template_id, row.data, page=row.page)
    except WeChatAmbiguousError as error:
        if error.api == SUBSCRIBE_SEND:
            await _end(row, SendState.UNCERTAIN, "no_answer")
        else:
            await _again(row, error, "no_token")
    except WeChatRefusedError as error:
        await _refused(row, error)
    except WeChatError as error:
        await _again(row, error, "unreachable")
    else:
        await _end(row, SendState.SENT, None)


async def _begin(send_id: UUID, appid: str) -> tuple[Send, str] | None:
    """Mark the send as under way and spend a grant; None where there is nothing to send."""
    async with transaction():
        row = await Send.select_for_update().get_or_none(id=send_id)
        if row is None or row.state not in {SendState.WAITING, SendState.SENDING}:
            return None
        if row.state == SendState.SENDING:
            await _end(row, SendState.UNCERTAIN, "cut_off")
            return None
        openid = await openid_of(row.citizen_id, appid)
        if openid is None:
            await _end(row, SendState.FAILED, "no_account")
            return None
        if not await db.execute(_SPEND, row.citizen_id, row.template_id, clock.now()):
            await _end(row, SendState.FAILED, "no_grant")
            return None
        row.state, row.attempts, row.updated_at = SendState.SENDING, row.attempts + 1, clock.now()
        await row.save(update_fields=["state", "attempts", "updated_at"])
        return row, openid


async def _refused(row: Send, error: WeChatRefusedError) -> None:
    if error.advice in {Advice.RETRY, Advice.QUOTA, Advice.REFRESH_TOKEN}:
        return await _again(row, error, f"wechat_{error.code}")
    if error.code == _NO_GRANT:
        await db.execute(_NONE_LEFT, row.citizen_id, row.template_id, clock.now())
    else:
        await db.execute(_GIVE_BACK, row.citizen_id, row.template_id, clock.now())
    return await _end(row, SendState.FAILED, f"wechat_{error.code}")


async def _again(row: Send, error: WeChatError, reason: str) -> None:
    """Put the send back; raises TryLaterError so that the worker comes again."""
    async with transaction():
        given_up = row.attempts >= MAX_ATTEMPTS
        # The send before the grant, as everywhere; it says whose the grant is by now.
        await _end(row, SendState.FAILED if given_up else SendState.WAITING, reason)
        await row.refresh_from_db(fields=["citizen_id"], using_db=db.connection())
        await db.execute(_GIVE_BACK, row.citizen_id, row.template_id, clock.now())
    if not given_up:
        raise TryLaterError(reason) from error


async def _end(row: Send, state: SendState, reason: str | None) -> None:
    row.state, row.reason, row.updated_at = state, reason, clock.now()
    await row.save(update_fields=["state", "reason", "updated_at"])
