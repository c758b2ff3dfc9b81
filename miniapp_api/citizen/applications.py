"""Applications: drafts, materials, submission, supplements, withdrawal."""

from typing import Any
from uuid import UUID

from pydantic import Field
from sanic import HTTPResponse

from app.applications import drafts, errors, filling, queries, service
from app.applications.asked import AskedApplication
from app.applications.models import Application, Material, TimelineEntry
from app.applications.replaced import AskedMaterial
from app.catalogue import errors as catalogue_errors
from app.catalogue import guide
from app.catalogue.conditions import published
from app.identity.errors import LevelTooLowError
from app.kit import clock, texts
from app.kit.errors import InvalidCursorError, NotFoundError
from miniapp_api.answers import file_answer
from miniapp_api.citizen.items import AnswersField
from miniapp_api.errors import UploadMissingError
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()
_KEY = ("Idempotency-Key",)
_ANSWER_ERRORS = (catalogue_errors.AnswerInvalidError, catalogue_errors.AnswersUnfinishedError)


class StartRequest(Schema):
    """Which item to apply for, and the answers to its guided questions, if it has any."""

    item_code: str = Field(min_length=1, max_length=31)
    answers: AnswersField = Field(default_factory=dict, max_length=50)


class AnswersRequest(Schema):
    """Answers to the item's guided questions: question to option. None asks for the item as a whole."""

    answers: AnswersField = Field(max_length=50)


class LicenceTitle(Schema):
    """A licence that stands for a material."""

    id: UUID
    title: str


class AskedMaterialView(guide.GuideMaterial):
    """A material; ``needed`` says whether the applicant must hand it in."""

    needed: bool
    replaced_by_licence: LicenceTitle | None = Field(description="the applicant's own licence that stands for it")

    @classmethod
    def of_asked(cls, asked: AskedMaterial) -> "AskedMaterialView":
        """The view of a material."""
        by, licence = asked.material.replaced_by, asked.licence
        title = LicenceTitle(id=licence.id, title=by.title) if by and licence else None
        return cls(**asked.material.model_dump(), needed=asked.needed, replaced_by_licence=title)


class AskedView(Schema):
    """What an application asks for: the form's JSON Schema and the materials, in the variant that was answered to.

    ``next_question`` is the guided question to be put next.
    """

    item_version: int
    answers: dict[str, str]
    next_question: guide.GuidedQuestion | None
    variant: guide.Variant | None
    form_schema: dict[str, Any]
    materials: list[AskedMaterialView]

    @classmethod
    def of(cls, application: Application, asked: AskedApplication, materials: list[AskedMaterial]) -> "AskedView":
        """The view of what an application asks for."""
        return cls(
            item_version=application.item_version,
            answers=application.answers or {},
            next_question=asked.next_question(application),
            variant=asked.variant,
            form_schema=published(asked.form_schema),
            materials=[AskedMaterialView.of_asked(material) for material in materials],
        )


class FormRequest(Schema):
    """Fields to put into the form; null takes one out."""

    form: dict[str, Any]


class SupplementRequest(Schema):
    """What is handed in after a supplement was asked for; new materials are uploaded before."""

    note: str = Field(default="", max_length=500)
    form: dict[str, Any] = Field(default_factory=dict)


class WithdrawalRequest(Schema):
    """Why the citizen withdraws."""

    reason: str = Field(default="", max_length=500)


class MaterialUpload(Schema):
    """A multipart form with the material's id and a photograph."""

    material_id: str
    file: str = Field(json_schema_extra={"format": "binary"})


class ProblemView(Schema):
    """A field and what is wrong with it, in Chinese."""

    field: str
    reason: str
    message: str


class MaterialView(Schema):
    """A file that was taken."""

    id: UUID
    material_id: str
    content_type: str
    size: int = Field(description="bytes")
    width: int
    height: int
    sha256: str

    @classmethod
    def of(cls, material: Material) -> "MaterialView":
        """The view of a material."""
        return cls.model_validate(material, from_attributes=True, extra="ignore")


class TimelineView(Schema):
    """Something that happened to the case; ``by_mandate`` is the mandate by which a proxy or an agent did it."""

    kind: str
    state: str
    state_name: str
    note: str | None
    by_mandate: UUID | None
    at: str

    @classmethod
    def of(cls, entry: TimelineEntry) -> "TimelineView":
        """The view of an entry."""
        return cls(
            kind=entry.kind,
            state=entry.state.value,
            state_name=texts.text("state", entry.state),
            note=entry.note,
            by_mandate=entry.mandate_id,
            at=clock.in_city(entry.at),
        )


class ApplicationEntry(Schema):
    """An application in a list."""

    id: UUID
    item_code: str
    item_name: str
    state: str
    state_name: str
    case_no: str | None
    promised_on: str | None
    promised_provisional: bool
    by_mandate: UUID | None = Field(description="the mandate by which a proxy or an agent began it")
    life_event: str | None = Field(description="the life event that it was begun for")
    group_id: UUID | None = Field(description="those that were begun together share it")
    created_at: str
    submitted_at: str | None

    @classmethod
    def of(cls, application: Application) -> "ApplicationEntry":
        """The entry of an application."""
        return cls(**cls.fields_of(application))

    @classmethod
    def fields_of(cls, application: Application) -> dict[str, Any]:
        """The values of these fields."""
        return {
            "id": application.id,
            "item_code": application.item_code,
            "item_name": application.item_name,
            "state": application.state.value,
            "state_name": texts.text("state", application.state),
            "case_no": application.case_no,
            "promised_on": application.promised_on.isoformat() if application.promised_on else None,
            "promised_provisional": application.promised_provisional,
            "by_mandate": application.mandate_id,
            "life_event": application.life_event,
            "group_id": application.group_id,
            "created_at": clock.in_city(application.created_at),
            "submitted_at": clock.in_city(application.submitted_at) if application.submitted_at else None,
        }


class ApplicationPage(Schema):
    """A page of applications."""

    items: list[ApplicationEntry]
    next_cursor: str | None


class PrefilledView(Schema):
    """A field that was filled in before, and where its value comes from, in Chinese."""

    field: str
    source: str
    title: str


class SavedView(Schema):
    """What the applicant had neither to type nor to hand in."""

    fields: int
    materials: int


class DraftView(ApplicationEntry):
    """A draft with its form, what the form still lacks, and what of it was filled in before."""

    form: dict[str, Any]
    missing: list[ProblemView]
    prefilled: list[PrefilledView]
    prefill_away: list[str] = Field(description="sources that did not answer when the draft was begun")


class ApplicationView(DraftView):
    """A whole case."""

    supplement_note: str | None
    licence_id: UUID | None
    saved: SavedView | None = Field(description="counted at the submission")
    materials: list[MaterialView]
    timeline: list[TimelineView]


class CaseAnswer(Schema):
    """A case and where it stands."""

    case_no: str
    state: str


def _problems(found: list[dict[str, str]]) -> list[ProblemView]:
    return [ProblemView(**problem) for problem in found]


def _saved(application: Application) -> SavedView | None:
    if application.saved_fields is None:
        return None
    return SavedView(fields=application.saved_fields, materials=application.saved_materials or 0)


def _case(application: Application) -> CaseAnswer:
    return CaseAnswer(case_no=str(application.case_no), state=application.state.value)


@routes.add(
    "POST",
    "/api/v1/applications",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=201,
    errors=(
        catalogue_errors.ItemNotFoundError,
        LevelTooLowError,
        errors.AudienceMismatchError,
        errors.ApplicationNotFoundError,
        *_ANSWER_ERRORS,
        NotFoundError,
    ),
)
async def start_application(call: Call, body: StartRequest) -> ApplicationView:
    """Begin a draft, filled in with what is known."""
    application = await drafts.start_application(call.party, body.item_code, body.answers, call.house.shared)
    return await read_application(call, application.id)


@routes.add("GET", "/api/v1/applications", actor=Actor.CITIZEN, acting=True, limit="read", errors=(InvalidCursorError,))
async def list_applications(call: Call, query: PageQuery) -> ApplicationPage:
    """My applications, the newest first."""
    page = await queries.list_applications(call.party, query.cursor)
    items = [ApplicationEntry.of(application) for application in page.items]
    return ApplicationPage(items=items, next_cursor=page.next_cursor)


@routes.add(
    "GET",
    "/api/v1/applications/<application_id:uuid>",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    errors=(errors.ApplicationNotFoundError, catalogue_errors.ItemNotFoundError, NotFoundError),
)
async def read_application(call: Call, application_id: UUID) -> ApplicationView:
    """One application with its timeline."""
    detail = await queries.get_application(call.party, application_id)
    return ApplicationView(
        **ApplicationEntry.fields_of(detail.application),
        form=detail.application.form,
        missing=_problems(detail.missing),
        prefilled=[PrefilledView.model_validate(mark, from_attributes=True) for mark in detail.prefilled],
        prefill_away=detail.application.prefill_away or [],
        saved=_saved(detail.application),
        supplement_note=detail.application.supplement_note,
        licence_id=detail.licence_id,
        materials=[MaterialView.of(material) for material in detail.materials],
        timeline=[TimelineView.of(entry) for entry in detail.timeline],
    )


@routes.add(
    "GET",
    "/api/v1/applications/<application_id:uuid>/form",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    errors=(errors.ApplicationNotFoundError, catalogue_errors.ItemNotFoundError, NotFoundError),
)
async def read_form(call: Call, application_id: UUID) -> AskedView:
    """What my application asks for, by the version and variant of its item."""
    return AskedView.of(*await queries.get_asked(call.party, application_id))


@routes.add(
    "PUT",
    "/api/v1/applications/<application_id:uuid>/answers",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    errors=(
        errors.ApplicationNotFoundError,
        errors.NotADraftError,
        *_ANSWER_ERRORS,
        catalogue_errors.ItemNotFoundError,
        NotFoundError,
    ),
)
async def answer_questions(call: Call, application_id: UUID, body: AnswersRequest) -> AskedView:
    """Answer my draft's guided questions anew."""
    await filling.answer_questions(call.party, application_id, body.answers)
    return AskedView.of(*await queries.get_asked(call.party, application_id))


@routes.add(
    "PATCH",
    "/api/v1/applications/<application_id:uuid>",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    errors=(
        errors.ApplicationNotFoundError,
        errors.NotADraftError,
        catalogue_errors.FormInvalidError,
        catalogue_errors.ItemNotFoundError,
        NotFoundError,
    ),
)
async def save_form(call: Call, application_id: UUID, body: FormRequest) -> DraftView:
    """Put fields into a draft's form."""
    saved = await filling.save_form(call.party, application_id, body.form)
    entry = ApplicationEntry.fields_of(saved.application)
    return DraftView(
        **entry,
        form=saved.application.form,
        missing=_problems(saved.missing),
        prefilled=[PrefilledView.model_validate(mark, from_attributes=True) for mark in saved.prefilled],
        prefill_away=saved.application.prefill_away or [],
    )


@routes.add(
    "POST",
    "/api/v1/applications/<application_id:uuid>/materials",
    actor=Actor.CITIZEN,
    acting=True,
    limit="upload",
    status=201,
    upload=MaterialUpload,
    errors=(
        errors.ApplicationNotFoundError,
        errors.StateForbidsError,
        errors.MaterialUnknownError,
        errors.TooManyMaterialsError,
        errors.UploadTooLargeError,
        errors.UploadTooManyPixelsError,
        errors.UploadUnsupportedError,
        errors.UploadBrokenError,
        UploadMissingError,
        catalogue_errors.ItemNotFoundError,
        NotFoundError,
    ),
)
async def add_material(call: Call, application_id: UUID) -> MaterialView:
    """Upload a photograph as a material."""
    files, form = call.request.files, call.request.form
    file = files.get("file") if files else None
    material_id = form.get("material_id") if form else None
    if file is None or not isinstance(material_id, str):
        raise UploadMissingError
    material = await drafts.add_material(call.house.blobs, call.party, application_id, material_id, file.body)
    return MaterialView.of(material)


@routes.add(
    "GET",
    "/api/v1/applications/<application_id:uuid>/materials/<file_id:uuid>",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="image/*",
    errors=(errors.ApplicationNotFoundError, NotFoundError),
)
async def read_material(call: Call, application_id: UUID, file_id: UUID) -> HTTPResponse:
    """What I uploaded, as it was kept: upright and without its metadata."""
    material, content = await queries.read_own_material(call.house.blobs, call.party, application_id, file_id)
    return file_answer(content, material.content_type)


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
        errors.StateForbidsError,
        catalogue_errors.FormInvalidError,
        catalogue_errors.ItemNotFoundError,
        LevelTooLowError,
        NotFoundError,
    ),
)
async def submit_application(call: Call, application_id: UUID) -> CaseAnswer:
    """Submit a draft. Submitting again answers the same case number."""
    return _case(await service.submit_application(call.party, application_id, call.idempotency_key))


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
