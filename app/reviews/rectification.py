"""Use cases of a rectification: a bad review is called back, put right, and the citizen is asked whether it is.

Each step is locked by the rectification's row, kept in a row of its own and in the audit, which never says who wrote
the review.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from app.applications.models import Application
from app.audit import service as audit
from app.identity.staff_accounts import Scope
from app.kit import clock
from app.kit.apart import Apart
from app.kit.db import transaction
from app.mandates.party import Party
from app.mandates.queries import people_to_tell
from app.notifications.service import notify
from app.reviews import rectifying, rules
from app.reviews.definitions import terms
from app.reviews.errors import RectificationNotFoundError, RectificationStateError, TookPartError
from app.reviews.models import Rectification, RectificationState, RectificationStep, Review
from app.reviews.queries import get_own
from app.reviews.rectifying import Cause, Reached

_TOLD = {
    Cause.RECTIFY: "review_rectified",
    Cause.CONFIRM_GROUNDLESS: "review_groundless",
    Cause.SETTLE: "review_settled",
}


async def open_rectification(review: Review) -> None:
    """Open the rectification of a bad review, within the transaction that writes the review."""
    days = _clock()
    rectification = await Rectification.create(
        review=review, due_on=days.call_back_by, rectify_by=days.rectify_by, opened_at=clock.now()
    )
    await audit.record(f"rectification:{rectification.id}", "system", "opened", level=review.level)


def _clock() -> rectifying.Clock:
    return rectifying.clock_from(clock.today(), terms().call_back_working_days, terms().rectify_working_days)


async def call_back(scope: Scope, rectification_id: UUID, reached: Reached, outcome: str) -> Rectification:
    """Record a call to the citizen: who was reached, and what was said.

    Raises RectificationStateError or RectificationNotFoundError.
    """
    async with transaction():
        rectification = await _locked(scope, rectification_id)
        missed = await RectificationStep.filter(
            rectification=rectification, round=rectification.round, cause=Cause.MISS
        ).count()
        nobody_left = rectification.review.application_id is None
        cause = rectifying.cause_of_call(reached, missed, 1 if nobody_left else terms().call_attempts)
        return await _step(rectification, cause, scope, outcome, reached=reached)


async def take_step(scope: Scope, rectification_id: UUID, cause: Cause, note: str) -> Rectification:
    """Record another step of the staff's: what was done, or what was found and why.

    Raises RectificationStateError, RectificationNotFoundError, or TookPartError where whoever decides took part.
    """
    async with transaction():
        rectification = await _locked(scope, rectification_id)
        if cause in rectifying.FOUR_EYES and rectifying.next_state(rectification.state, cause):
            took_part = RectificationStep.filter(rectification=rectification, staff_id=scope.staff_id)
            if await took_part.exists():
                raise TookPartError
        return await _step(rectification, cause, scope, note)


async def answer(party: Party, review_id: UUID, *, satisfied: bool, comment: str) -> None:
    """Take the citizen's word on whether all was put right; the same again changes nothing.

    Raises RectificationStateError, RectificationNotFoundError where there is none, ReviewNotFoundError or
    MatterNotCoveredError.
    """
    async with transaction():
        own = await get_own(party, review_id)
        found = await Rectification.select_for_update().get_or_none(review_id=review_id)
        if found is None:
            raise RectificationNotFoundError
        found.review = own.review
        if found.state is not RectificationState.RECTIFIED:
            last = await RectificationStep.filter(rectification=found).order_by("-id").first()
            if last and last.cause in rectifying.CITIZEN_CAUSES and satisfied is (last.cause == Cause.CONFIRM):
                return
        cause = rectifying.cause_of_answer(satisfied=satisfied, round_=found.round, rounds=terms().rounds)
        await _step(found, cause, None, rules.masked(comment) or None)


async def settle_unanswered() -> int:
    """End what the citizen did not answer in time; returns how many. Raises RowsFailedError."""
    late = Rectification.filter(state=RectificationState.RECTIFIED, answer_by__lt=clock.today())
    ended = 0
    with Apart("reviews.settle_unanswered") as apart:
        for row in await late.values("id"):
            with apart.row(row["id"]):
                ended += await _settle(row["id"])
    return ended


async def _settle(rectification_id: UUID) -> bool:
    async with transaction():
        found = await Rectification.select_for_update().get_or_none(id=rectification_id)
        if found is None or found.state is not RectificationState.RECTIFIED:
            return False
        await found.fetch_related("review")
        await _step(found, Cause.LAPSE, None, None)
        return True


async def _locked(scope: Scope, rectification_id: UUID) -> Rectification:
    found = await Rectification.select_for_update().get_or_none(id=rectification_id)
    if found is not None:
        await found.fetch_related("review")
    if found is None or not scope.covers(found.review.region, found.review.department):
        raise RectificationNotFoundError
    return found


async def _step(
    rectification: Rectification, cause: Cause, scope: Scope | None, note: str | None, reached: Reached | None = None
) -> Rectification:
    before, after = rectification.state, rectifying.next_state(rectification.state, cause)
    if after is None:
        raise RectificationStateError(state=before)
    rectification.state = after
    if cause is not Cause.MISS:
        await _enter(rectification)
    staff_id = scope.staff_id if scope else None
    step = await RectificationStep.create(
        rectification=rectification,
        cause=cause,
        before=before,
        after=after,
        round=rectification.round,
        staff_id=staff_id,
        reached=reached,
        note=note,
        at=clock.now(),
    )
    actor = scope.name if scope else "reviewer" if cause in rectifying.CITIZEN_CAUSES else "system"
    await audit.record(f"rectification:{rectification.id}", actor, cause, before=before, after=after)
    if cause in _TOLD:
        await _tell(rectification, _TOLD[cause], str(step.id))
    return rectification


async def _enter(rectification: Rectification) -> None:
    """Set the clock of the state that is entered."""
    state, today = rectification.state, clock.today()
    changes: dict[str, Any] = {"due_on": None, "answer_by": None}
    if state is RectificationState.REOPENED:
        days = _clock()
        changes |= {"round": rectification.round + 1, "due_on": days.call_back_by, "rectify_by": days.rectify_by}
    elif state in rectifying.WORKED_ON:
        changes["due_on"] = rectification.rectify_by
    elif state is RectificationState.ESCALATED:
        changes["due_on"] = today
    elif state is RectificationState.RECTIFIED:
        changes["answer_by"] = today + timedelta(days=terms().answer_days)
    else:
        changes["ended_at"] = clock.now()
    for name, value in changes.items():
        setattr(rectification, name, value)
    await rectification.save(update_fields=["state", *changes])


async def _tell(rectification: Rectification, kind: str, occasion: str) -> None:
    review = rectification.review
    case = await Application.get_or_none(id=review.application_id) if review.application_id else None
    if case is None:
        return
    for person in await people_to_tell(case.citizen_id, case.company_id, case.mandate_id):  # type: ignore[attr-defined]  # Tortoise adds them
        await notify(person, kind, occasion, link=f"/reviews/{review.id}", item=case.item_name)
