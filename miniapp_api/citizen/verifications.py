"""Who verified my licences, what they saw and what more they ask for; I say yes or no, and object."""

from uuid import UUID

from app.catalogue.queries import get_licence_type
from app.identity.errors import LevelTooLowError
from app.kit import clock, texts
from app.kit.errors import InvalidCursorError, NotFoundError
from app.licences import errors
from app.licences.requests import rules, service
from app.licences.requests.models import Answer, FieldRequest
from app.licences.requests.queries import open_requests
from app.licences.requests.rules import Standing
from app.licences.verifying import concerns, queries
from app.licences.verifying.models import Concern
from app.licences.verifying.queries import SeenVerification
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()


class ObjectionView(Schema):
    """An objection to a verification, and what the supervision answered."""

    objected_at: str
    answer: str | None
    answered_at: str | None

    @classmethod
    def of(cls, concern: Concern) -> "ObjectionView":
        """The view of an objection."""
        return cls(
            objected_at=clock.in_city(concern.raised_at),
            answer=concern.answer,
            answered_at=clock.in_city(concern.answered_at) if concern.answered_at else None,
        )


class FieldsAskedView(Schema):
    """More fields that were asked for after a verification, and what came of it."""

    id: UUID
    fields: list[str]
    titles: list[str]
    purpose: str
    standing: Standing
    asked_at: str


class VerificationView(Schema):
    """Somebody asked what a code of this licence, or the licence itself, is worth.

    ``fields`` and ``titles`` are what they saw. ``way`` is online, offline (told later, at ``handed_in_at``) or batch
    (a system, for its ``purpose``). ``doubled``: the code was scanned by somebody else too.
    """

    id: UUID
    at: str
    way: str
    office: str
    duty: str | None
    purpose: str | None
    verdict: str
    reason: str
    message: str
    kind: str | None
    preset: str | None
    fields: list[str]
    titles: list[str]
    handed_in_at: str | None
    clock_wrong: bool
    doubled: bool
    objection: ObjectionView | None
    asked: list[FieldsAskedView]

    @classmethod
    def of(cls, seen: SeenVerification) -> "VerificationView":
        """The view of a verification."""
        entry, moment = seen.verification, clock.now()
        asked = [
            FieldsAskedView(
                id=one.id,
                fields=one.wanted,
                titles=seen.titled(one.wanted),
                purpose=one.purpose,
                standing=rules.standing(one, moment),
                asked_at=clock.in_city(one.asked_at),
            )
            for one in seen.requests
        ]
        return cls(
            id=entry.id,
            at=clock.in_city(entry.at),
            way=entry.way.value,
            office=entry.office,
            duty=entry.duty,
            purpose=entry.purpose,
            verdict=entry.verdict,
            reason=entry.reason,
            message=texts.text("reason", entry.reason),
            kind=entry.kind,
            preset=entry.preset,
            fields=entry.shown,
            titles=seen.titled(entry.shown),
            handed_in_at=clock.in_city(entry.handed_in_at) if entry.handed_in_at else None,
            clock_wrong=entry.clock_wrong,
            doubled=seen.doubled,
            objection=ObjectionView.of(seen.objection) if seen.objection else None,
            asked=asked,
        )


class VerificationPage(Schema):
    """A page of verifications."""

    items: list[VerificationView]
    next_cursor: str | None


class OpenRequestView(Schema):
    """An officer asks for more fields of a licence and waits for yes or no until ``expires_at``."""

    id: UUID
    licence_id: UUID
    licence_name: str
    office: str
    duty: str | None
    fields: list[str]
    titles: list[str]
    purpose: str
    asked_at: str
    expires_at: str


class OpenRequests(Schema):
    """What waits for an answer."""

    items: list[OpenRequestView]


class RequestAnswer(Schema):
    """Yes (allowed) or no (refused)."""

    answer: Answer


class FieldAnswerView(Schema):
    """What came of a request."""

    id: UUID
    standing: Standing


@routes.add(
    "GET",
    "/api/v1/licences/<licence_id:uuid>/verifications",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    errors=(errors.LicenceNotFoundError, InvalidCursorError, NotFoundError),
)
async def list_verifications(call: Call, licence_id: UUID, query: PageQuery) -> VerificationPage:
    """Who verified this licence, with what verdict, and what they saw; the latest first."""
    page = await queries.list_verifications(call.party, licence_id, query.cursor)
    return VerificationPage(items=[VerificationView.of(one) for one in page.items], next_cursor=page.next_cursor)


@routes.add(
    "POST",
    "/api/v1/licences/<licence_id:uuid>/verifications/<verification_id:uuid>/objection",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=201,
    errors=(errors.LicenceNotFoundError, errors.VerificationNotFoundError, NotFoundError),
)
async def object_to_verification(call: Call, licence_id: UUID, verification_id: UUID) -> ObjectionView:
    """Object to a verification; the supervision looks into it and answers. Once more changes nothing."""
    return ObjectionView.of(await concerns.object_to(call.party, licence_id, verification_id))


@routes.add(
    "GET",
    "/api/v1/field-requests",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    errors=(NotFoundError,),
)
async def list_field_requests(call: Call) -> OpenRequests:
    """What officers ask for and wait for at this moment; to be polled while a code is shown."""
    return OpenRequests(items=[await _open(request) for request in await open_requests(call.party)])


@routes.add(
    "POST",
    "/api/v1/field-requests/<field_request_id:uuid>/answer",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    errors=(
        errors.FieldRequestNotFoundError,
        errors.LicenceNotFoundError,
        LevelTooLowError,
        errors.FieldRequestOverError,
        NotFoundError,
    ),
)
async def answer_field_request(call: Call, field_request_id: UUID, body: RequestAnswer) -> FieldAnswerView:
    """Say yes or no, within three minutes of asking."""
    answered = await service.answer_request(call.party, field_request_id, body.answer)
    return FieldAnswerView(id=answered.id, standing=rules.standing(answered, clock.now()))


async def _open(request: FieldRequest) -> OpenRequestView:
    verification = request.verification
    definition = await get_licence_type(verification.licence.type_code)  # type: ignore[union-attr]  # it has one
    titles = {field.name: field.title for field in definition.fields}
    return OpenRequestView(
        id=request.id,
        licence_id=verification.licence.id,  # type: ignore[union-attr]  # it has one
        licence_name=definition.name,
        office=verification.office,
        duty=verification.duty,
        fields=request.wanted,
        titles=[titles.get(name, name) for name in request.wanted],
        purpose=request.purpose,
        asked_at=clock.in_city(request.asked_at),
        expires_at=clock.in_city(request.expires_at),
    )
