"""A code is spent by one statement, whether somebody scanned it or typed its digits."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.kit import db
from app.kit.crypto import keyring
from app.licences.codes import CodeKind, SignedCode
from app.licences.errors import DigitsPausedError
from app.licences.models import DIGITS, DigitMiss, Presentation
from app.mandates.queries import is_live

MOST_MISSES = 5
PAUSE = timedelta(minutes=10)

# Whoever changes the row has spent the code. The session and the mandate behind it are asked in the same moment, and
# whether the licence is still theirs whose session it is: while the code was made, it may have gone to an account that
# proved more.
_SPEND = """
UPDATE presentations SET spent_at = $2
WHERE nonce = $1 AND digest = $3 AND kind <> 'paper' AND spent_at IS NULL AND ended_at IS NULL AND expires_at > $2
AND (session_id IS NULL OR EXISTS (
    SELECT 1 FROM sessions JOIN licences ON licences.id = licence_id
    WHERE sessions.id = session_id AND sessions.ended_at IS NULL
    AND (mandate_id IS NOT NULL OR sessions.citizen_id = licences.citizen_id)
))
AND (mandate_id IS NULL OR EXISTS (
    SELECT 1 FROM mandates WHERE mandates.id = mandate_id AND mandates.state = 'active' AND mandates.ends_at > $2
))
"""
_ONE_ENTRY_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"


class Unspent(StrEnum):
    """Why a genuine code could not be spent; ENDED: its session is over, or it was reported lost or replaced."""

    REPLAYED = "replayed"
    EXPIRED = "expired"
    MANDATE_ENDED = "mandate_ended"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Spent:
    """What became of a code: None for ``presentation`` (with its licence) where none like it was handed out.

    ``spent`` is True where this call spent it. Paper is never spent: True as long as it holds.
    """

    presentation: Presentation | None
    spent: bool
    unspent: Unspent | None = None


async def spend(code: SignedCode, at: datetime) -> Spent:
    """Spend a code that was proven to be ours, within the caller's transaction.

    The whole code must be the one that was handed out, not its nonce alone.
    """
    return await _spend(await _handed_out(nonce=code.claims.nonce.hex(), digest=code.digest), at)


async def spend_digits(staff_id: UUID, digits: str, at: datetime) -> Spent:
    """Spend the code that twelve digits stand for, typed by a member of staff, within the caller's transaction.

    Digits that stand for no code are a miss; a code that was spent, or is over, is none. After MOST_MISSES within PAUSE
    none are taken until the first of them is as long ago. Entries of one account wait for each other, so that a
    thousand at once are counted too. Raises DigitsPausedError.
    """
    await db.rows(_ONE_ENTRY_AT_A_TIME, f"digits:{staff_id}")
    recent = await DigitMiss.filter(staff_id=staff_id, at__gt=at - PAUSE).order_by("at")
    if len(recent) >= MOST_MISSES:
        again = recent[-MOST_MISSES].at + PAUSE
        raise DigitsPausedError(retry_after=max(1, math.ceil((again - at).total_seconds())))
    presentation = await _handed_out(digits_hash__in=keyring().lookups(digits, DIGITS))
    if presentation is None:
        await DigitMiss.filter(staff_id=staff_id, at__lte=at - PAUSE).delete()
        await DigitMiss.create(staff_id=staff_id, at=at)
    return await _spend(presentation, at)


async def _handed_out(**which: Any) -> Presentation | None:
    return await Presentation.get_or_none(**which).select_related("licence")


async def _spend(presentation: Presentation | None, at: datetime) -> Spent:
    if presentation is None:
        return Spent(None, False)
    if presentation.kind is CodeKind.PAPER:
        why = _why_paper_ended(presentation, at)
        return Spent(presentation, why is None, why)
    if await db.execute(_SPEND, presentation.nonce, at, presentation.digest):
        presentation.spent_at = at
        return Spent(presentation, True)
    await presentation.refresh_from_db(fields=["spent_at", "ended_at", "expires_at"])
    return Spent(presentation, False, await _why_unspent(presentation, at))


def _why_paper_ended(presentation: Presentation, at: datetime) -> Unspent | None:
    if presentation.ended_at:
        return Unspent.ENDED
    return Unspent.EXPIRED if presentation.expires_at <= at else None


async def _why_unspent(presentation: Presentation, at: datetime) -> Unspent:
    if presentation.spent_at:
        return Unspent.REPLAYED
    if presentation.expires_at <= at:
        return Unspent.EXPIRED
    if presentation.mandate_id and not await is_live(presentation.mandate_id):
        return Unspent.MANDATE_ENDED
    return Unspent.ENDED
