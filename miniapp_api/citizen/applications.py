"""Applications: begun as drafts, filled, listed and read."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from app.applications import discarding, drafts, errors, filling, queries
from app.catalogue import errors as catalogue_errors
from app.identity.errors import LevelTooLowError
from app.kit.errors import InvalidCursorError, NotFoundError
from miniapp_api.citizen.application_views import (
    AnsweredView,
    ApplicationEntry,
    ApplicationPage,
    ApplicationView,
    AskedView,
    LimitMoveView,
    MateView,
    PrefilledView,
    ReachView,
    ResultView,
    SavedDraftView,
    TimelineView,
    problems,
    saved,
)
from miniapp_api.citizen.items import AnswersField
from miniapp_api.citizen.material_views import MaterialView
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()
_ANSWER_ERRORS = (catalogue_errors.AnswerInvalidError, catalogue_errors.AnswersUnfinishedError)


class StartRequest(Schema):
    """Which item to apply for, and the answers to its guided questions, if it has any."""

    item_code: str = Field(min_length=1, max_length=31)
    answers: AnswersField = Field(default_factory=dict, max_length=50)


Revision = Annotated[int, Field(ge=1, le=2**31 - 1, description="the revision of the draft that the caller has seen")]


class AnswersRequest(Schema):
    """Answers to the item's guided questions: question to option. None asks for the item as a whole."""

    revision: Revision
    answers: AnswersField = Field(max_length=50)


class FormRequest(Schema):
    """Fields to put into the form; null takes one out."""

    revision: Revision
    form: dict[str, Any]


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
        errors.TooManyDraftsError,
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
        missing=problems(detail.missing),
        prefilled=[PrefilledView.model_validate(mark, from_attributes=True) for mark in detail.prefilled],
        prefill_away=detail.application.prefill_away or [],
        saved=saved(detail.application),
        reach=ReachView.of(detail.application),
        result=ResultView(**detail.application.result) if detail.application.result else None,
        resubmission_of=detail.application.resubmission_of,
        supplement_note=detail.application.supplement_note,
        licence_id=detail.licence_id,
        materials=[MaterialView.of(material) for material in detail.materials],
        limit_moves=[LimitMoveView.of(moved) for moved in detail.limits.moves],
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
        errors.DraftOutdatedError,
        *_ANSWER_ERRORS,
        catalogue_errors.ItemNotFoundError,
        NotFoundError,
    ),
)
async def answer_questions(call: Call, application_id: UUID, body: AnswersRequest) -> AnsweredView:
    """Answer my draft's guided questions anew."""
    answered = await filling.answer_questions(call.party, application_id, body.answers, body.revision)
    mates = MateView.all_of(answered.mates)
    return AnsweredView.of(*await queries.get_asked(call.party, application_id), mates=mates)


@routes.add(
    "PATCH",
    "/api/v1/applications/<application_id:uuid>",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    errors=(
        errors.ApplicationNotFoundError,
        errors.NotADraftError,
        errors.DraftOutdatedError,
        catalogue_errors.FormInvalidError,
        catalogue_errors.ItemNotFoundError,
        NotFoundError,
    ),
)
async def save_form(call: Call, application_id: UUID, body: FormRequest) -> SavedDraftView:
    """Put fields into a draft's form. What was changed since the revision that the caller has seen stays."""
    saved = await filling.save_form(call.party, application_id, body.form, body.revision)
    entry = ApplicationEntry.fields_of(saved.application)
    return SavedDraftView(
        **entry,
        form=saved.application.form,
        missing=problems(saved.missing),
        prefilled=[PrefilledView.model_validate(mark, from_attributes=True) for mark in saved.prefilled],
        prefill_away=saved.application.prefill_away or [],
        mates=MateView.all_of(saved.mates),
    )


@routes.add(
    "DELETE",
    "/api/v1/applications/<application_id:uuid>",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    errors=(errors.ApplicationNotFoundError, errors.NotADraftError),
)
async def discard_draft(call: Call, application_id: UUID) -> ApplicationPage:
    """Delete a draft of mine; the newest of the others are answered."""
    await discarding.discard_draft(call.party, application_id)
    return await list_applications(call, PageQuery())
