"""The ledger of what the mini-program may send: how many one-time sends are granted, and whether long-term ones are.

A grant is told twice, by the phone and by WeChat's event, in any order, and counts once: ``lead`` says who is ahead.
One word may be lost; then the other counts it alone. Within a day the ledger holds the larger of both counts.
"""

from collections.abc import Iterable, Mapping
from typing import Literal
from uuid import UUID

from app.identity.errors import SessionEndedError
from app.identity.models import WeChatAccount
from app.identity.queries import lock_present
from app.kit import clock, db
from app.kit.db import transaction
from app.kit.ids import new_id
from app.kit.ports import TryLaterError
from app.notifications.definitions import templates
from app.notifications.errors import TemplateUnknownError

# $5 is 1 where the phone tells, -1 where WeChat does. A lead of yesterday is forgotten: that word will not come.
_GRANT = """
INSERT INTO subscription_grants (id, citizen_id, template_id, remaining, lead, lead_at, updated_at)
VALUES ($1, $2, $3, 1, $5, $4, $4)
ON CONFLICT (citizen_id, template_id) DO UPDATE SET
    remaining = subscription_grants.remaining + CASE
        WHEN subscription_grants.lead * $5 < 0 AND subscription_grants.lead_at > $4 - interval '1 day' THEN 0 ELSE 1
    END,
    lead = $5 + CASE
        WHEN subscription_grants.lead_at > $4 - interval '1 day' THEN subscription_grants.lead ELSE 0
    END,
    lead_at = $4, updated_at = $4
"""
_SAY = """
INSERT INTO subscription_grants (id, citizen_id, template_id, remaining, lead, updated_at)
VALUES ($1, $2, $3, $5, 0, $4)
ON CONFLICT (citizen_id, template_id) DO UPDATE SET remaining = $5, lead = 0, updated_at = $4
"""
_PHONE, _WECHAT = 1, -1

Decision = Literal["accept", "reject"]


async def grant_sends(citizen_id: UUID, template_ids: Iterable[str]) -> None:
    """Note what the citizen allowed, as the phone tells: one send for each. Raises TemplateUnknownError."""
    wanted, known = list(template_ids), templates()
    if any(template_id not in known for template_id in wanted):
        raise TemplateUnknownError
    async with transaction():
        await lock_present(citizen_id)
        for template_id in sorted(wanted):
            await _accept(citizen_id, template_id, _PHONE)


async def lock_decider(appid: str, openid: str) -> UUID | None:
    """Lock the citizen whose account this is, before any other lock of the caller's transaction; None: it is nobody's.

    Raises TryLaterError.
    """
    account = await WeChatAccount.get_or_none(appid=appid, openid=openid)
    if account is None:
        return None
    citizen_id: UUID = account.citizen_id  # type: ignore[attr-defined]  # Tortoise adds it
    try:
        await lock_present(citizen_id)
    except SessionEndedError as error:  # joined with another account this moment; the next look finds that
        raise TryLaterError("account_moved") from error
    return citizen_id


async def hear_decisions(citizen_id: UUID, decisions: Mapping[str, Decision]) -> None:
    """Note what a locked citizen decided, as WeChat tells, within the caller's transaction: yes to one send more, or no
    to all. Templates that are not ours say nothing.
    """
    for template_id in sorted(decisions.keys() & templates().keys()):
        if decisions[template_id] == "accept":
            await _accept(citizen_id, template_id, _WECHAT)
        else:
            await db.rows(_SAY, new_id(), citizen_id, template_id, clock.now(), 0)


async def _accept(citizen_id: UUID, template_id: str, teller: int) -> None:
    if templates()[template_id].kind == "one_time":
        await db.rows(_GRANT, new_id(), citizen_id, template_id, clock.now(), teller)
    else:
        await db.rows(_SAY, new_id(), citizen_id, template_id, clock.now(), 1)
