"""What the night does for licences: it ends those that ran out, and reminds holders of an end or of what is due yearly.

A licence without an account reminds nobody.
"""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

from app.catalogue.licence_type import LicenceTypeDefinition, YearlyReminder
from app.catalogue.queries import all_licence_types
from app.kit import clock, db, texts
from app.kit.apart import Apart
from app.kit.db import transaction
from app.licences.models import Licence, LicenceCause, LicenceState
from app.licences.moving import CLOCK, move_licence
from app.licences.rules import yearly_due
from app.licences.telling import tell

SLICE = 500
_FIRST = UUID(int=0)

_RAN_OUT = """
SELECT id FROM licences WHERE state IN ('valid', 'suspended') AND valid_until < $1 AND id > $2 ORDER BY id LIMIT $3
"""
_HELD = """
SELECT id FROM licences
WHERE type_code = $4 AND id > $2 AND state = 'valid' AND (citizen_id IS NOT NULL OR company_id IS NOT NULL)
"""
_ENDING = f"""{_HELD} AND valid_until BETWEEN $1::date AND $1::date + $5::int
AND (end_reminded_on IS NULL OR end_reminded_on < valid_until - $5::int) ORDER BY id LIMIT $3
"""  # our own text
# A day is caught up with for a week, so a reminder within the last 300 days is this year's.
_YEARLY = f"""{_HELD} AND valid_from < $6::date
AND (yearly_reminded_on IS NULL OR yearly_reminded_on < $1::date - 300)
AND ($5::text[] IS NULL OR to_char(valid_from, 'MM-DD') = ANY($5)) ORDER BY id LIMIT $3
"""  # our own text

Act = Callable[[Licence], Awaitable[None]]


async def care_for_licences() -> None:
    """Expire and remind; once more on the same day it does nothing. Raises RowsFailedError."""
    today = clock.today()
    with Apart("licences.care") as apart:
        await _each(apart, _expire, _RAN_OUT, today)
        for definition in await all_licence_types():
            days_before, yearly = definition.reminders.days_before, definition.reminders.yearly
            if days_before:
                await _each(apart, _of_its_end(definition), _ENDING, today, definition.code, days_before)
            if yearly and (due := yearly_due(yearly, days_before, today)):
                act = _of_the_year(definition, yearly)
                await _each(apart, act, _YEARLY, today, definition.code, due.began_on, due.begun_before)


async def _each(apart: Apart, act: Act, found_by: str, today: date, *more: Any) -> None:
    """Act on each licence that a statement finds, a slice at a time, locked in a transaction of its own."""
    last = _FIRST
    while found := await db.rows(found_by, today, last, SLICE, *more):
        for row in found:
            with apart.row(row["id"]):
                async with transaction():
                    # Asked once more: a move may have been under way.
                    running = Licence.filter(id=row["id"], state__in=(LicenceState.VALID, LicenceState.SUSPENDED))
                    if licence := await running.select_for_update(no_key=True).first():
                        await act(licence)
        last = found[-1]["id"]


async def _expire(licence: Licence) -> None:
    await move_licence(licence, LicenceCause.EXPIRED, actor=CLOCK, reason=texts.text("licence_reason", "expired"))


def _of_its_end(definition: LicenceTypeDefinition) -> Act:
    async def remind(licence: Licence) -> None:
        if licence.valid_until is None:
            return
        licence.end_reminded_on = clock.today()
        await licence.save(update_fields=["end_reminded_on"])
        until, occasion = clock.day_written(licence.valid_until), f"{licence.id}:{licence.valid_until}"
        await tell(licence, "licence_expiring", occasion, None, definition, until=until)

    return remind


def _of_the_year(definition: LicenceTypeDefinition, yearly: YearlyReminder) -> Act:
    async def remind(licence: Licence) -> None:
        licence.yearly_reminded_on = clock.today()
        await licence.save(update_fields=["yearly_reminded_on"])
        occasion = f"{licence.id}:{licence.yearly_reminded_on}"
        await tell(licence, "licence_yearly", occasion, None, definition, note=yearly.text)

    return remind
