"""Beginning an application on a page: the questions that lead to what is asked for, then the draft."""

import json
from typing import Any
from uuid import UUID

from pydantic import Field
from sanic import HTTPResponse

from app.applications import drafts, errors, filling, queries
from app.applications.models import Application, State
from app.catalogue.errors import AnswerInvalidError, AnswersUnfinishedError, ItemNotFoundError
from app.catalogue.guidance import check_answers, next_question
from app.catalogue.guide import Answers, Guide
from app.catalogue.queries import get_item
from app.identity.errors import LevelTooLowError
from app.kit import clock
from app.kit.errors import NotFoundError
from app.mandates.party import Party
from miniapp_api.h5.form_reading import sent_of
from miniapp_api.h5.pages import moved, page
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()
_ANSWER = "a."
"""An answer is sent under this and the question's id."""
_STARTING = (
    ItemNotFoundError,
    LevelTooLowError,
    errors.AudienceMismatchError,
    errors.TooManyDraftsError,
    errors.ApplicationNotFoundError,
    NotFoundError,
)


class AnswersForm(QuerySchema):
    """Answers to guided questions, which come beside, each under ``a.`` and its question."""

    csrf_token: str = Field(default="", max_length=128)


class DraftAnswersForm(AnswersForm):
    """The same, of a draft: its revision that the page shows."""

    revision: int = Field(ge=1, le=2**31 - 1)


@routes.add(
    "GET",
    "/h5/items/<item_code:str>/apply",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    errors=(ItemNotFoundError, LevelTooLowError, errors.AudienceMismatchError),
)
async def open_applying(call: Call, item_code: str) -> HTTPResponse:
    """What is asked before a draft is begun, and the drafts that were begun already."""
    guide = (await get_item(item_code)).guide
    await drafts.require_applicant(call.party, guide)
    return await _ask(call, guide, {})


async def _ask(call: Call, guide: Guide, answers: Answers, *, draft: Application | None = None) -> HTTPResponse:
    """The questions; those that an answer leads to are there, and shown where it was given."""
    open_question = next_question(guide, answers) if guide.guidance else None
    return page(
        call.request,
        "apply.html",
        guide=guide,
        questions=_questions(guide, answers),
        draft=draft,
        unanswered=bool(answers) and open_question is not None,
        begun=[] if draft else await _drafts(call.party, guide.item_code),
    )


def _questions(guide: Guide, answers: Answers) -> list[dict[str, Any]]:
    """Each question with what was answered, whether it is asked beside that, and when it is, in JSON."""
    return [
        {
            "question": question,
            "given": answers.get(question.id),
            "asked": all(answers.get(other) in values for other, values in question.when.items()),
            "when": json.dumps(question.when) if question.when else "",
        }
        for question in (guide.guidance.questions if guide.guidance else [])
    ]


async def _drafts(party: Party, item_code: str) -> list[dict[str, Any]]:
    """The drafts that were begun for an item, the last touched first."""
    found = Application.filter(**party.owner, item_code=item_code, state=State.DRAFT)
    return [{"id": one.id, "at": clock.in_city(one.updated_at)} for one in await found.order_by("-updated_at").limit(3)]


def _answers(call: Call, guide: Guide) -> Answers:
    """The answers that a browser sent, as far as they are to questions that are put to whoever answers so."""
    sent = sent_of(call.request, _ANSWER)
    found: Answers = {}
    for question in guide.guidance.questions if guide.guidance else []:
        given = sent.get(_ANSWER + question.id, ())
        if given and all(found.get(other) in values for other, values in question.when.items()):
            found[question.id] = given[-1]
    check_answers(guide, found)
    return found


@routes.add(
    "POST",
    "/h5/items/<item_code:str>/apply",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=303,
    media_type="text/html",
    also=(200,),
    errors=(*_STARTING, AnswerInvalidError),
)
async def begin_applying(call: Call, item_code: str, form: AnswersForm) -> HTTPResponse:
    """Begin a draft; where an answer leads to another question, that is put first."""
    del form
    guide = (await get_item(item_code)).guide
    await drafts.require_applicant(call.party, guide)
    answers = _answers(call, guide)
    if next_question(guide, answers):
        return await _ask(call, guide, answers)
    application = await drafts.start_application(call.party, item_code, answers, call.house.shared)
    return moved(f"/h5/cases/{application.id}/form", status=303)


@routes.add(
    "GET",
    "/h5/cases/<application_id:uuid>/answers",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    errors=(errors.ApplicationNotFoundError, ItemNotFoundError, NotFoundError),
)
async def open_answers(call: Call, application_id: UUID) -> HTTPResponse:
    """The questions of a draft, with the answers that were given."""
    application, asked, _ = await queries.get_asked(call.party, application_id)
    if application.state is not State.DRAFT or asked.guide.guidance is None:
        return moved(f"/h5/cases/{application_id}")
    return await _ask(call, asked.guide, application.answers or {}, draft=application)


@routes.add(
    "POST",
    "/h5/cases/<application_id:uuid>/answers",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=303,
    media_type="text/html",
    also=(200,),
    errors=(
        errors.ApplicationNotFoundError,
        errors.NotADraftError,
        errors.DraftOutdatedError,
        AnswerInvalidError,
        AnswersUnfinishedError,
        ItemNotFoundError,
        NotFoundError,
    ),
)
async def change_answers(call: Call, application_id: UUID, form: DraftAnswersForm) -> HTTPResponse:
    """Answer a draft's questions anew; what is filled in stays as far as it is still asked for."""
    application, asked, _ = await queries.get_asked(call.party, application_id)
    answers = _answers(call, asked.guide)
    if next_question(asked.guide, answers):
        return await _ask(call, asked.guide, answers, draft=application)
    await filling.answer_questions(call.party, application_id, answers, form.revision)
    return moved(f"/h5/cases/{application_id}/form", status=303)
