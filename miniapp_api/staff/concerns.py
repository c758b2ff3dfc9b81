"""The supervision looks into verifications that citizens object to, and codes that were scanned twice."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from app.identity.rules import Duty
from app.identity.staff_accounts import Scope
from app.kit import clock
from app.kit.errors import InvalidCursorError, NotFoundError
from app.licences import errors
from app.licences.verifying import concerns
from app.licences.verifying.models import Concern, ConcernKind
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()

_LONGEST = 2000


class ConcernQuery(PageQuery):
    """Only those of a kind; those that wait, or were answered."""

    kind: ConcernKind | None = None
    state: Literal["open", "answered"] = "open"


class ConcernView(Schema):
    """What is wrong with a verification, and which it was; never whose licence. ``staff_id`` is null for a system."""

    id: UUID
    kind: ConcernKind
    raised_at: str
    answer: str | None
    answered_at: str | None
    verification_id: UUID
    licence_type: str
    staff_id: UUID | None
    office: str
    way: str
    purpose: str | None
    verdict: str
    reason: str
    fields: list[str]
    at: str
    clock_wrong: bool

    @classmethod
    def of(cls, concern: Concern) -> "ConcernView":
        """The view of a concern whose verification is loaded."""
        found = concern.verification
        return cls(
            id=concern.id,
            kind=concern.kind,
            raised_at=clock.in_city(concern.raised_at),
            answer=concern.answer,
            answered_at=clock.in_city(concern.answered_at) if concern.answered_at else None,
            verification_id=found.id,
            licence_type=found.licence.type_code if found.licence else "",
            staff_id=found.staff_id,
            office=found.office,
            way=found.way.value,
            purpose=found.purpose,
            verdict=found.verdict,
            reason=found.reason,
            fields=found.shown,
            at=clock.in_city(found.at),
            clock_wrong=found.clock_wrong,
        )


class ConcernPage(Schema):
    """A page of concerns."""

    items: list[ConcernView]
    next_cursor: str | None


class ConcernAnswer(Schema):
    """What was found; the citizen reads it."""

    answer: str = Field(min_length=1, max_length=_LONGEST)


@routes.add(
    "GET",
    "/staff/v1/verification-concerns",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="read",
    errors=(InvalidCursorError,),
)
async def list_concerns(call: Call, query: ConcernQuery) -> ConcernPage:
    """Objections and codes scanned twice within my scope, the newest first."""
    answered = query.state == "answered"
    scope = Scope.of(call.staff)
    page = await concerns.list_concerns(scope, kind=query.kind, answered=answered, cursor=query.cursor)
    return ConcernPage(items=[ConcernView.of(one) for one in page.items], next_cursor=page.next_cursor)


@routes.add(
    "POST",
    "/staff/v1/verification-concerns/<concern_id:uuid>/answer",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="write",
    errors=(
        errors.ConcernNotFoundError,
        errors.ConcernAnsweredError,
        errors.OwnVerificationError,
        NotFoundError,
    ),
)
async def answer_concern(call: Call, concern_id: UUID, body: ConcernAnswer) -> ConcernView:
    """Answer one; the citizen is told. The same answer once more changes nothing."""
    return ConcernView.of(await concerns.answer_concern(Scope.of(call.staff), concern_id, body.answer))
