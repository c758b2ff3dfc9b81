"""The form of an application on a page: filled in, saved as one types, and told what is wrong beside each field."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from pydantic import Field
from sanic import HTTPResponse

from app.applications import filling, queries
from app.applications.asked import AskedApplication
from app.applications.errors import ApplicationNotFoundError, DraftOutdatedError, NotADraftError
from app.applications.models import Application, State
from app.applications.prefill import marks_of
from app.catalogue import form_words
from app.catalogue.errors import FormInvalidError, ItemNotFoundError
from app.kit.errors import NotFoundError
from app.mandates.party import Party
from miniapp_api.citizen.application_views import ProblemView
from miniapp_api.h5.form_fields import FormField, Shown, fields_of
from miniapp_api.h5.form_lists import lists_of
from miniapp_api.h5.form_reading import read, sent_of
from miniapp_api.h5.pages import moved, page
from miniapp_api.h5.view import view_of
from miniapp_api.routing import Actor, Call, QuerySchema, Routes, Schema

routes = Routes()
_ERRORS = (ApplicationNotFoundError, NotADraftError, ItemNotFoundError, NotFoundError)
_MISSING = "required"


class FillingForm(QuerySchema):
    """The revision of the draft that the page shows, and where to go: on, or to the same page again.

    The fields come beside, each under ``f.`` and its name.
    """

    revision: int = Field(ge=1, le=2**31 - 1)
    go: str = Field(default="save", pattern="^(save|next)$")


class FillingQuery(QuerySchema):
    """Whether the form was just saved."""

    saved: bool = False


class KeptView(Schema):
    """What became of fields that were saved as somebody typed.

    ``wrong`` are those of them that were not kept; ``outdated`` says that nothing was, since another device changed the
    draft. ``computed`` are the fields that the server fills in, as people read them.
    """

    revision: int
    outdated: bool
    wrong: list[ProblemView]
    computed: dict[str, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """A save of what could be saved: ``wrong`` tells of the rest, ``missing`` of what the form still lacks.

    ``outdated`` says that nothing was saved, since the draft is another by now.
    """

    revision: int
    wrong: list[dict[str, str]]
    missing: list[dict[str, str]]
    outdated: bool = False


async def keep(party: Party, application_id: UUID, typed: dict[str, Any], revision: int) -> Kept:
    """Put into a draft what of ``typed`` is right; nothing of it is lost by what is wrong beside it.

    Raises ApplicationNotFoundError or NotADraftError.
    """
    wrong: list[dict[str, str]] = []
    try:
        try:
            saved = await filling.save_form(party, application_id, typed, revision)
        except FormInvalidError as refused:
            wrong = refused.context["fields"]
            unfit = {problem["field"].partition(".")[0] for problem in wrong}
            right = {name: value for name, value in typed.items() if name not in unfit}
            saved = await filling.save_form(party, application_id, right, revision)
    except DraftOutdatedError as other:
        return Kept(other.context["revision"], wrong, [], outdated=True)
    except FormInvalidError as again:
        # What another draft of the life event asks more strictly: nothing of this save can stand.
        return Kept(revision, again.context["fields"], [])
    return Kept(saved.application.revision, wrong, saved.missing)


async def fields_shown(asked: AskedApplication, form: dict[str, Any], shown: Shown) -> list[FormField]:
    """The fields of what an application asks, with the lists that they choose from."""
    lists = await lists_of(asked.form_schema, form)
    return fields_of(asked.form_schema, form, replace(shown, lists=lists))


def words_of(call: Call, asked: AskedApplication, problems: Iterable[dict[str, str]]) -> dict[str, str]:
    """What is wrong with fields, by their names, in the language of the page."""
    language = view_of(call.request).language
    return {one["field"]: form_words.told(asked.form_schema, one, language) for one in problems}


@routes.add(
    "GET",
    "/h5/cases/<application_id:uuid>/form",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    errors=_ERRORS,
)
async def open_form(call: Call, application_id: UUID, query: FillingQuery) -> HTTPResponse:
    """The form of a draft, as far as it is filled."""
    application, asked, _ = await queries.get_asked(call.party, application_id)
    if application.state is not State.DRAFT:
        return moved(f"/h5/cases/{application_id}")
    detail = await queries.get_application(call.party, application_id)
    # What is not filled yet is no mistake of anybody's.
    mistakes = [one for one in detail.missing if one["reason"] != _MISSING]
    wrong = words_of(call, asked, mistakes)
    return await _page(call, application, asked, application.form, wrong, saved=query.saved)


async def _page(
    call: Call,
    application: Application,
    asked: AskedApplication,
    form: dict[str, Any],
    wrong: dict[str, str],
    *,
    others: dict[str, str] | None = None,
    saved: bool = False,
) -> HTTPResponse:
    marks = await marks_of(application, view_of(call.request).language)
    shown = Shown(wrong=wrong, sources={mark.field: mark.title for mark in marks}, others=others or {})
    return page(
        call.request,
        "form.html",
        status=422 if wrong else 409 if others is not None else 200,
        case=application,
        variant=asked.variant,
        fields=await fields_shown(asked, form, shown),
        guided=asked.guide.guidance is not None,
        wrong=wrong,
        saved=saved,
        outdated=others is not None,
        away=application.prefill_away or [],
    )


@routes.add(
    "POST",
    "/h5/cases/<application_id:uuid>/form",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=303,
    media_type="text/html",
    also=(409, 422),
    errors=_ERRORS,
)
async def save_form_on_page(call: Call, application_id: UUID, form: FillingForm) -> HTTPResponse:
    """Save the form and go on; what is wrong is told on the same page, with everything as it was typed."""
    _, asked, _ = await queries.get_asked(call.party, application_id)
    typed = read(asked.form_schema, sent_of(call.request))
    kept = await keep(call.party, application_id, typed, form.revision)
    told = [*kept.wrong, *(kept.missing if form.go == "next" else [])]
    if not told and not kept.outdated:
        step = "materials" if form.go == "next" else "form?saved=true"
        return moved(f"/h5/cases/{application_id}/{step}", status=303)
    application, asked, _ = await queries.get_asked(call.party, application_id)
    beside = {**application.form, **{name: value for name, value in typed.items() if value is not None}}
    wrong = words_of(call, asked, reversed(told))
    others = await _others(asked, application, typed) if kept.outdated else None
    return await _page(call, application, asked, beside, wrong, others=others)


async def _others(asked: AskedApplication, application: Application, typed: dict[str, Any]) -> dict[str, str]:
    """What stands in a draft, as people read it, where somebody typed something else here."""
    fields = await fields_shown(asked, application.form, Shown())
    return {
        field.name: field.said()
        for field in fields
        if field.name in typed and typed[field.name] != application.form.get(field.name) and field.said()
    }


@routes.add(
    "POST",
    "/h5/cases/<application_id:uuid>/form/kept",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    errors=_ERRORS,
)
async def keep_typed(call: Call, application_id: UUID, form: FillingForm) -> KeptView:
    """Keep what somebody is typing. What is wrong is told and not kept; the rest is."""
    _, asked, _ = await queries.get_asked(call.party, application_id)
    typed = read(asked.form_schema, sent_of(call.request))
    kept = await keep(call.party, application_id, typed, form.revision)
    application, asked, _ = await queries.get_asked(call.party, application_id)
    fields, words = await fields_shown(asked, application.form, Shown()), words_of(call, asked, kept.wrong)
    return KeptView(
        revision=kept.revision,
        outdated=kept.outdated,
        wrong=[ProblemView(**{**one, "message": words[one["field"]]}) for one in kept.wrong],
        computed={field.name: field.written for field in fields if field.kind == "fixed"},
    )
