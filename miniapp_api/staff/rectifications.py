"""The supervision has bad reviews called back and put right."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from app.identity.rules import Duty
from app.identity.staff_accounts import Scope
from app.kit import clock
from app.kit.errors import InvalidCursorError
from app.reviews import desk, errors, rectification
from app.reviews.desk import SeenRectification, SeenStep
from app.reviews.models import RectificationState
from app.reviews.rectifying import Cause, Reached
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, Routes, Schema
from miniapp_api.staff.reviews import StaffReviewView

routes = Routes()

_LONGEST = 2000
_STEP_ERRORS = (errors.RectificationNotFoundError, errors.RectificationStateError)


class RectificationQuery(PageQuery):
    """Only those in a state, only those whose next step is overdue."""

    state: RectificationState | None = None
    overdue: bool = False


class CallBackRequest(Schema):
    """Who was reached, and what was said."""

    reached: Literal["author", "other", "nobody"]
    outcome: str = Field(min_length=1, max_length=_LONGEST)


class NoteRequest(Schema):
    """What was done, or found and why. The citizen reads what was done, and what was decided."""

    note: str = Field(min_length=1, max_length=_LONGEST)


class GroundlessDecisionRequest(NoteRequest):
    """Whether a bad review was groundless, and why."""

    confirmed: bool


class RectificationView(Schema):
    """What is done about a bad review. ``overdue`` and ``due_soon`` say of the next step of the staff when it must be
    taken; the days themselves stand beside the contact, since they tell the day of the review.
    """

    id: UUID
    state: str
    round: int
    overdue: bool
    due_soon: bool
    answer_by: str | None
    review: StaffReviewView

    @classmethod
    def of(cls, seen: SeenRectification) -> "RectificationView":
        """The view of a rectification."""
        found = seen.rectification
        return cls(
            id=found.id,
            state=found.state.value,
            round=found.round,
            overdue=seen.overdue,
            due_soon=seen.due_soon,
            answer_by=found.answer_by.isoformat() if found.answer_by else None,
            review=StaffReviewView.of(seen.seen),
        )


class RectificationPage(Schema):
    """A page of rectifications."""

    items: list[RectificationView]
    next_cursor: str | None


class StepView(Schema):
    """A step; ``by`` is the member of staff, null for the citizen and for the passing of time; ``at`` is null for the
    citizen, whom the moment could tell.
    """

    cause: str
    before: str
    after: str
    round: int
    by: str | None
    reached: str | None
    note: str | None
    at: str | None

    @classmethod
    def of(cls, seen: SeenStep) -> "StepView":
        """The view of a step."""
        step = seen.step
        return cls(
            cause=step.cause,
            before=step.before.value,
            after=step.after.value,
            round=step.round,
            by=seen.by,
            reached=step.reached,
            note=step.note,
            at=clock.in_city(seen.at) if seen.at else None,
        )


class RectificationDetail(Schema):
    """A rectification with its steps in their order."""

    rectification: RectificationView
    steps: list[StepView]


class ContactView(Schema):
    """Whom to call, null where the account was deleted meanwhile, by when, and until when all is to be put right."""

    case_no: str | None
    name: str | None
    phone: str | None
    due_on: str | None
    rectify_by: str


async def _detail(call: Call, rectification_id: UUID) -> RectificationDetail:
    seen, steps = await desk.get_rectification(Scope.of(call.staff), rectification_id)
    return RectificationDetail(rectification=RectificationView.of(seen), steps=[StepView.of(step) for step in steps])


async def _step(call: Call, rectification_id: UUID, cause: Cause, note: str) -> RectificationDetail:
    await rectification.take_step(Scope.of(call.staff), rectification_id, cause, note)
    return await _detail(call, rectification_id)


@routes.add(
    "GET",
    "/staff/v1/rectifications",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="read",
    errors=(InvalidCursorError,),
)
async def list_rectifications(call: Call, query: RectificationQuery) -> RectificationPage:
    """Rectifications within my scope, what is overdue first."""
    page = await desk.list_rectifications(Scope.of(call.staff), query.state, overdue=query.overdue, cursor=query.cursor)
    return RectificationPage(items=[RectificationView.of(one) for one in page.items], next_cursor=page.next_cursor)


@routes.add(
    "GET",
    "/staff/v1/rectifications/<rectification_id:uuid>",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="read",
    errors=(errors.RectificationNotFoundError,),
)
async def read_rectification(call: Call, rectification_id: UUID) -> RectificationDetail:
    """A rectification with its steps."""
    return await _detail(call, rectification_id)


@routes.add(
    "GET",
    "/staff/v1/rectifications/<rectification_id:uuid>/contact",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="read",
    errors=(errors.RectificationNotFoundError,),
)
async def read_contact(call: Call, rectification_id: UUID) -> ContactView:
    """Whom to call about a bad review that is not over, and by when; that I read it is recorded."""
    found = await desk.contact(Scope.of(call.staff), rectification_id)
    return ContactView(
        case_no=found.case_no,
        name=found.name,
        phone=found.phone,
        due_on=found.due_on.isoformat() if found.due_on else None,
        rectify_by=found.rectify_by.isoformat(),
    )


@routes.add(
    "POST",
    "/staff/v1/rectifications/<rectification_id:uuid>/call",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="write",
    errors=_STEP_ERRORS,
)
async def call_back(call: Call, rectification_id: UUID, body: CallBackRequest) -> RectificationDetail:
    """Record a call to the citizen."""
    await rectification.call_back(Scope.of(call.staff), rectification_id, Reached(body.reached), body.outcome)
    return await _detail(call, rectification_id)


@routes.add(
    "POST",
    "/staff/v1/rectifications/<rectification_id:uuid>/completion",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="write",
    errors=_STEP_ERRORS,
)
async def complete_rectification(call: Call, rectification_id: UUID, body: NoteRequest) -> RectificationDetail:
    """Say what was done; the citizen is asked whether it is put right."""
    return await _step(call, rectification_id, Cause.RECTIFY, body.note)


@routes.add(
    "POST",
    "/staff/v1/rectifications/<rectification_id:uuid>/groundless",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="write",
    errors=_STEP_ERRORS,
)
async def propose_groundless(call: Call, rectification_id: UUID, body: NoteRequest) -> RectificationDetail:
    """Propose that a bad review was groundless, to somebody who took no part."""
    return await _step(call, rectification_id, Cause.PROPOSE_GROUNDLESS, body.note)


@routes.add(
    "POST",
    "/staff/v1/rectifications/<rectification_id:uuid>/groundless/decision",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="write",
    errors=(*_STEP_ERRORS, errors.TookPartError),
)
async def decide_groundless(call: Call, rectification_id: UUID, body: GroundlessDecisionRequest) -> RectificationDetail:
    """Decide, as one who took no part, whether a bad review was groundless."""
    cause = Cause.CONFIRM_GROUNDLESS if body.confirmed else Cause.REJECT_GROUNDLESS
    return await _step(call, rectification_id, cause, body.note)


@routes.add(
    "POST",
    "/staff/v1/rectifications/<rectification_id:uuid>/settlement",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="write",
    errors=(*_STEP_ERRORS, errors.TookPartError),
)
async def settle_rectification(call: Call, rectification_id: UUID, body: NoteRequest) -> RectificationDetail:
    """Settle, as one who took no part, what the citizen was not satisfied with to the last."""
    return await _step(call, rectification_id, Cause.SETTLE, body.note)
