"""Races over real connections: whoever is first, there is one outcome."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import uuid4

from app.applications.errors import IdempotencyKeyReusedError, StateForbidsError
from app.applications.models import Application, CaseCounter, State
from app.applications.rules import Cause
from app.applications.service import DELIVER_CASE, submit_application, withdraw_application
from app.approvals.drain import Drains
from app.approvals.inbox import apply_events, keep_event
from app.approvals.models import Delivery, DeliveryState
from app.approvals.ports import Event
from app.approvals.tasks import deliver_case, deliver_withdrawal
from app.bootstrap import House
from app.catalogue.models import Item
from app.kit import clock, db
from app.kit.db import transaction
from app.kit.ports import RefusedError
from app.licences.models import Licence
from app.mandates.party import Party
from app.notifications.models import Message
from tests.service.cases import ready_draft, verified_citizen
from tests.service.systems import System, drain, one_way, submitted_case

_JOBS = "SELECT count(*) AS many FROM procrastinate_jobs WHERE task_name = $1 AND args ->> 'case_no' = $2"


async def test_fifty_submissions_of_a_draft_are_one_case(quiet: House) -> None:
    """One number, one count, one delivery, one receipt."""
    citizen = await verified_citizen(quiet)
    draft = await ready_draft(quiet, citizen)
    party = Party.own(citizen.id)
    before = {row.id: row.last_number for row in await CaseCounter.filter(item_code=draft.item_code)}
    keys = [uuid4().hex, None]
    cases = await asyncio.gather(*(submit_application(party, draft.id, keys[place % 2]) for place in range(50)))
    (case_no,) = {str(case.case_no) for case in cases}
    after = {row.id: row.last_number for row in await CaseCounter.filter(item_code=draft.item_code)}
    assert sum(after.values()) == sum(before.values()) + 1
    jobs = await db.row(_JOBS, DELIVER_CASE, case_no)
    assert jobs == {"many": 1}
    told = await Message.get(citizen_id=citizen.id, kind="submitted")
    assert told.region == (await Item.get(item_code=draft.item_code)).region
    system = System()
    drains = one_way(system)
    await asyncio.gather(*(deliver_case(drains, case_no) for _ in range(8)))
    await asyncio.gather(*(drain(drains) for _ in range(4)))
    assert system.cases == [case_no]


async def test_a_key_that_two_drafts_use_at_once_is_one_of_theirs(quiet: House) -> None:
    """The other stays a draft and is told so, as it would be a moment later."""
    citizen = await verified_citizen(quiet)
    party = Party.own(citizen.id)
    for _ in range(5):
        drafts, key = [await ready_draft(quiet, citizen) for _ in range(2)], uuid4().hex
        outcomes = await asyncio.gather(
            *(submit_application(party, draft.id, key) for draft in drafts), return_exceptions=True
        )
        told = Counter(type(outcome) for outcome in outcomes)
        assert told == {Application: 1, IdempotencyKeyReusedError: 1}
        states = {(await Application.get(id=draft.id)).state for draft in drafts}
        assert states == {State.SUBMITTED, State.DRAFT}


async def keep_approval(drains: Drains, case_no: str) -> None:
    """Keep the system's word from the receipt to the approval."""
    name, moment = next(iter(drains.connectors)).name, clock.now()
    for sequence, cause in enumerate((Cause.RECEIVED, Cause.ACCEPTED, Cause.APPROVED), 1):
        event = Event(uuid4().hex, case_no, sequence, cause, moment + timedelta(seconds=sequence), {})
        async with transaction():
            await keep_event(drains.connectors, name, event)


async def withdraw(party: Party, case: Application, turns: int) -> bool:
    """Withdraw a case after some turns of the loop; whether it was in time."""
    for _ in range(turns):
        await asyncio.sleep(0)
    try:
        await withdraw_application(party, case.id, "")
    except StateForbidsError:
        return False
    return True


async def test_an_approval_wins_over_a_withdrawal_whichever_comes_first(quiet: House) -> None:
    """The licence is issued once and the citizen told; who withdraws too late is told that."""
    citizen = await verified_citizen(quiet)
    party, system = Party.own(citizen.id), System()
    drains = one_way(system)
    cases = [await submitted_case(quiet, citizen=citizen) for _ in range(12)]
    for case in cases:
        await deliver_case(drains, str(case.case_no))
    await drain(drains)
    name = next(iter(drains.connectors)).name
    for case in cases:
        await keep_approval(drains, str(case.case_no))

    async def race(case: Application, turns: int) -> bool:
        done, _ = await asyncio.gather(withdraw(party, case, turns), apply_events(str(case.case_no)))
        return done

    # At the ends one is surely first: before its events are applied, and after.
    first, last = cases[0], cases[-1]
    assert await withdraw(party, first, 0)
    await apply_events(str(first.case_no))
    await apply_events(str(last.case_no))
    assert not await withdraw(party, last, 0)
    withdrawn = [True, *await asyncio.gather(*(race(case, place) for place, case in enumerate(cases[1:-1]))), False]
    system.before = RefusedError("status_409")
    for case, in_time in zip(cases, withdrawn, strict=True):
        if in_time:
            await deliver_withdrawal(drains, str(case.case_no))
    await drain(drains)
    for case in cases:
        await case.refresh_from_db()
        assert case.state is State.APPROVED
        assert await Licence.filter(case_no=case.case_no).count() == 1
        assert await Message.filter(key=f"approved:{case.case_no}:3:{citizen.id}").count() == 1
    told_late = await Delivery.filter(kind="withdrawal", connector=name)
    assert [row.state for row in told_late] == [DeliveryState.REFUSED] * sum(withdrawn)
