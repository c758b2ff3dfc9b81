"""Time limits in the rows: they move with the case, and are reckoned again when holidays are published."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from app.applications.events import apply_event
from app.applications.models import Application, State
from app.applications.moving import lock_case
from app.applications.reckoning import reckon_provisional
from app.applications.rules import Cause
from app.applications.service import submit_application
from app.audit.models import AuditRecord
from app.bootstrap import House
from app.kit import clock, workdays
from app.kit.db import transaction
from app.kit.workdays import Calendar
from app.mandates.party import Party
from tests.service.cases import ready_draft, verified_citizen


async def submitted(house: House) -> Application:
    """A submitted case of the trip's item, which is promised in seven and bound to ten working days."""
    citizen = await verified_citizen(house)
    draft = await ready_draft(house, citizen)
    return await submit_application(Party.own(citizen.id), draft.id, uuid4().hex)


async def word(case: Application, cause: Cause, sequence: int, at: datetime) -> None:
    """The approval system's next word."""
    async with transaction():
        await apply_event(await lock_case(str(case.case_no)), cause, sequence, at, {"reason": "测试"})
    await case.refresh_from_db()


async def test_limits_move_with_the_case(quiet: House) -> None:
    """Counted from acceptance, none while the clock stands, the rest from when it goes on."""
    case = await submitted(quiet)
    assert case.promised_on == workdays.add_working_days(clock.today(), 7).day
    friday = datetime(2026, 12, 4, 2, tzinfo=UTC)
    await word(case, Cause.ACCEPTED, 1, friday)
    assert (case.promised_on, case.statutory_on) == (date(2026, 12, 15), date(2026, 12, 18))
    await word(case, Cause.SPECIAL_PROCEDURE, 2, friday + timedelta(days=3))
    assert case.state is State.SPECIAL_PROCEDURE
    assert [case.promised_on, case.statutory_on] == [None, None]
    await word(case, Cause.RESUMED, 3, friday + timedelta(days=10))
    assert (case.state, case.promised_on) == (State.UNDER_REVIEW, date(2026, 12, 22))


async def test_limits_are_reckoned_again_when_holidays_are_published(
    quiet: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The city enters the year and names it complete: the day moves, is certain, and the audit says so."""
    case = await submitted(quiet)
    await word(case, Cause.ACCEPTED, 1, datetime(2026, 12, 28, 2, tzinfo=UTC))
    assert (case.promised_on, case.promised_provisional) == (date(2027, 1, 6), True)
    await reckon_provisional()
    await case.refresh_from_db()
    assert (case.promised_on, case.promised_provisional) == (date(2027, 1, 6), True)
    published = Calendar({date(2027, 1, 1): False}, frozenset({2027}))
    monkeypatch.setattr(workdays, "calendar", lambda: published)
    await reckon_provisional()
    await case.refresh_from_db()
    assert (case.promised_on, case.promised_provisional) == (date(2027, 1, 7), False)
    records = await AuditRecord.filter(chain=f"application:{case.id}", action="limits_reckoned")
    assert [record.actor for record in records] == ["clock"]
