"""Cases: submitted, supplemented, withdrawn."""

from typing import Any
from uuid import UUID

from pydantic import Field

from app.applications import delivery, errors, notices, resubmission, service
from app.applications.materials.errors import DraftsTooLargeError
from app.applications.models import Application
from app.catalogue import errors as catalogue_errors
from app.identity.errors import LevelTooLowError
from app.kit.errors import NotFoundError
from miniapp_api.citizen.application_views import ApplicationView, CaseContact, Delivery, ReachView
from miniapp_api.citizen.applications import read_application
from miniapp_api.routing import Actor, Call, QuerySchema, Routes, Schema

routes = Routes()
_KEY = ("Idempotency-Key",)


class SupplementRequest(Schema):
    """What is handed in after a supplement was asked for; new materials are uploaded before."""

    note: str = Field(default="", max_length=500)
    form: dict[str, Any] = Field(default_factory=dict)


class WithdrawalRequest(Schema):
    """Why the citizen withdraws."""

    reason: str = Field(default="", max_length=500)


class SubmissionQuery(QuerySchema):
    """``revision`` is the draft's that the applicant has seen: where it was changed since, it is not submitted."""

    revision: int | None = Field(default=None, ge=1, le=2**31 - 1)


class ContactRequest(Schema):
    """How the citizen is to be reached and how the result is to come."""

    contact: CaseContact
    delivery: Delivery


class HurryRequest(Schema):
    """What the citizen says to the office."""

    text: str = Field(default="", max_length=200)


class HurryAnswer(Schema):
    """A hurry that the office is told of, and the day from which the case may be hurried again."""

    id: UUID
    case_no: str
    again_on: str


class ReachAnswer(ReachView):
    """How the applicant is reached, as it stands; of a draft with its revision."""

    revision: int


class DroppedView(Schema):
    """A field of the old form that the new draft does not have."""

    field: str
    title: str


class ResubmissionView(Schema):
    """A draft that was begun anew, and what of the old case it could not take over.

    ``answers_dropped`` says that the item asks other guided questions by now.
    """

    application: ApplicationView
    dropped: list[DroppedView]
    materials_dropped: list[str]
    answers_dropped: bool


class CaseAnswer(Schema):
    """A case and where it stands."""

    case_no: str
    state: str


def _case(application: Application) -> CaseAnswer:
    return CaseAnswer(case_no=str(application.case_no), state=application.state.value)


@routes.add(
    "POST",
    "/api/v1/applications/<application_id:uuid>/submission",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=202,
    headers=_KEY,
    errors=(
        errors.ApplicationNotFoundError,
        errors.MaterialsMissingError,
        errors.IdempotencyKeyReusedError,
        errors.CaseNumbersExhaustedError,
        errors.DraftOutdatedError,
        errors.StateForbidsError,
        catalogue_errors.FormInvalidError,
        catalogue_errors.ItemNotFoundError,
        LevelTooLowError,
        NotFoundError,
    ),
)
async def submit_application(call: Call, application_id: UUID, query: SubmissionQuery) -> CaseAnswer:
    """Submit a draft. Submitting again answers the same case number."""
    return _case(await service.submit_application(call.party, application_id, call.idempotency_key, query.revision))


@routes.add(
    "POST",
    "/api/v1/applications/<application_id:uuid>/supplements",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=202,
    headers=_KEY,
    errors=(
        errors.ApplicationNotFoundError,
        errors.StateForbidsError,
        catalogue_errors.FormInvalidError,
        catalogue_errors.ItemNotFoundError,
        NotFoundError,
    ),
)
async def supplement_application(call: Call, application_id: UUID, body: SupplementRequest) -> CaseAnswer:
    """Hand in what was asked for."""
    application = await service.supplement_application(
        call.party, application_id, body.note, body.form, call.idempotency_key
    )
    return _case(application)


@routes.add(
    "POST",
    "/api/v1/applications/<application_id:uuid>/withdrawal",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=202,
    errors=(errors.ApplicationNotFoundError, errors.StateForbidsError),
)
async def withdraw_application(call: Call, application_id: UUID, body: WithdrawalRequest) -> CaseAnswer:
    """Withdraw a case that was not decided yet."""
    return _case(await service.withdraw_application(call.party, application_id, body.reason))


@routes.add(
    "POST",
    "/api/v1/applications/<application_id:uuid>/hurries",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=202,
    headers=_KEY,
    errors=(
        errors.ApplicationNotFoundError,
        errors.StateForbidsError,
        errors.HurriedAlreadyError,
        catalogue_errors.ItemNotFoundError,
    ),
)
async def hurry_case(call: Call, application_id: UUID, body: HurryRequest) -> HurryAnswer:
    """Ask the office to hurry (催办), once in some working days."""
    hurried = await notices.hurry_case(call.party, application_id, body.text, call.idempotency_key)
    case_no = str(hurried.application.case_no)
    return HurryAnswer(id=hurried.notice.id, case_no=case_no, again_on=hurried.again_on.isoformat())


@routes.add(
    "PUT",
    "/api/v1/applications/<application_id:uuid>/contact",
    actor=Actor.CITIZEN,
    acting=True,
    limit="contact",
    errors=(
        errors.ApplicationNotFoundError,
        errors.StateForbidsError,
        errors.PickUpPlaceUnknownError,
        catalogue_errors.ItemNotFoundError,
    ),
)
async def change_contact(call: Call, application_id: UUID, body: ContactRequest) -> ReachAnswer:
    """Say how I am reached and how the result is to come; of a case that was submitted the office is told."""
    reach = delivery.Reach(body.contact.model_dump(), body.delivery.model_dump())
    changed = await delivery.change_reach(call.party, application_id, reach)
    return ReachAnswer(contact=body.contact, delivery=body.delivery, revision=changed.revision)


@routes.add(
    "POST",
    "/api/v1/applications/<application_id:uuid>/resubmission",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=201,
    errors=(
        errors.ApplicationNotFoundError,
        errors.StateForbidsError,
        errors.AudienceMismatchError,
        errors.TooManyDraftsError,
        DraftsTooLargeError,
        catalogue_errors.ItemNotFoundError,
        LevelTooLowError,
        NotFoundError,
    ),
)
async def resubmit_application(call: Call, application_id: UUID) -> ResubmissionView:
    """Begin a case that came to nothing anew, with its form and its files as far as they are still asked for."""
    house = call.house
    begun = await resubmission.resubmit_application(
        house.blobs, call.party, application_id, house.shared, scan_needed=house.scanner is not None
    )
    return ResubmissionView(
        application=await read_application(call, begun.draft.id),
        dropped=[DroppedView(field=one.field, title=one.title) for one in begun.dropped],
        materials_dropped=begun.materials_dropped,
        answers_dropped=begun.answers_dropped,
    )
