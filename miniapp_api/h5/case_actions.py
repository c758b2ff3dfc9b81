"""What a citizen does about a case on a page of its own: withdraw, hurry, delete a draft, begin anew."""

from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

from pydantic import Field
from sanic import HTTPResponse

from app.applications import discarding, errors, notices, queries, service
from app.applications.materials.errors import DraftsTooLargeError
from app.applications.models import Application, State
from app.applications.rules import Cause, next_state
from app.catalogue.errors import ItemNotFoundError
from app.identity.errors import LevelTooLowError
from app.kit.errors import DomainError, NotFoundError
from miniapp_api.citizen.cases import resubmit_application
from miniapp_api.errors import sentence_of, status_of
from miniapp_api.h5.pages import moved, page
from miniapp_api.h5.typed import MOST_TYPED, written
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()
_OWN = (errors.ApplicationNotFoundError, ItemNotFoundError, NotFoundError)
_BEGINNING_ANEW = (
    errors.AudienceMismatchError,
    errors.TooManyDraftsError,
    DraftsTooLargeError,
    LevelTooLowError,
)
_CAME_TO_NOTHING = (State.NOT_ACCEPTED, State.REFUSED, State.WITHDRAWN, State.EXPIRED)
_CAUSES = {
    "supplement": Cause.SUPPLEMENT,
    "hurry": Cause.HURRY,
    "contact": Cause.CONTACT,
    "withdrawal": Cause.WITHDRAW,
}


def actions_of(state: State, *, submitted: bool) -> list[str]:
    """What the citizen may do about a case, each by the name of its page, the likeliest first."""
    if state is State.DRAFT:
        return ["form", "contact", "discard"]
    found = [name for name, cause in _CAUSES.items() if next_state(state, cause)]
    if state in _CAME_TO_NOTHING:
        found += ["resubmission"] if submitted else ["resubmission", "discard"]
    return found


class ReasonForm(QuerySchema):
    """Why; nothing need be said."""

    reason: str = Field(default="", max_length=MOST_TYPED)


class HurryForm(QuerySchema):
    """What is said to the office; ``key`` makes of two sends one."""

    reason: str = Field(default="", max_length=MOST_TYPED)
    key: str = Field(min_length=16, max_length=64, pattern=r"^[0-9a-f]+$")


class NothingMore(QuerySchema):
    """A form of one button."""

    csrf_token: str = Field(default="", max_length=128)


_LONGEST = {"withdrawal": 500, "hurry": 200}
"""Characters that may be said; a page without it asks nothing."""


async def _page(
    call: Call, application_id: UUID, action: str, *, said: str = "", refused: DomainError | None = None, key: str = ""
) -> HTTPResponse:
    application, _, _ = await queries.get_asked(call.party, application_id)
    too_long = len(said) > _LONGEST.get(action, 0)
    status = status_of(type(refused)) if refused else 422 if too_long else 200
    return page(
        call.request,
        "case_action.html",
        status=status,
        case=application,
        action=action,
        possible=action in actions_of(application.state, submitted=application.case_no is not None),
        longest=_LONGEST.get(action, 0),
        said=said,
        too_long=too_long,
        refused=sentence_of(call.request, refused) if refused else "",
        key=key or uuid4().hex,
    )


def _opens(action: str) -> Callable[[Call, UUID], Awaitable[HTTPResponse]]:
    async def open_action(call: Call, application_id: UUID) -> HTTPResponse:
        return await _page(call, application_id, action)

    open_action.__name__ = f"open_{action}"
    open_action.__doc__ = f"Where a citizen says yes to: {action}."
    return open_action


for _action in ("withdrawal", "hurry", "discard", "resubmission"):
    routes.add(
        "GET",
        f"/h5/cases/<application_id:uuid>/{_action}",
        actor=Actor.CITIZEN,
        acting=True,
        limit="read",
        media_type="text/html",
        errors=_OWN,
    )(_opens(_action))


def _back(application: Application, done: str) -> HTTPResponse:
    return moved(f"/h5/cases/{application.id}?done={done}", status=303)


@routes.add(
    "POST",
    "/h5/cases/<application_id:uuid>/withdrawal",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=303,
    media_type="text/html",
    also=(422,),
    errors=(*_OWN, errors.StateForbidsError),
)
async def withdraw_on_page(call: Call, application_id: UUID, form: ReasonForm) -> HTTPResponse:
    """Withdraw a case that was not decided yet."""
    reason = written(form.reason)
    if len(reason) > _LONGEST["withdrawal"]:
        return await _page(call, application_id, "withdrawal", said=reason)
    try:
        return _back(await service.withdraw_application(call.party, application_id, reason), "withdrawn")
    except errors.StateForbidsError as refused:
        return await _page(call, application_id, "withdrawal", said=reason, refused=refused)


@routes.add(
    "POST",
    "/h5/cases/<application_id:uuid>/hurry",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=303,
    media_type="text/html",
    also=(422,),
    errors=(*_OWN, errors.StateForbidsError, errors.HurriedAlreadyError),
)
async def hurry_on_page(call: Call, application_id: UUID, form: HurryForm) -> HTTPResponse:
    """Ask the office to hurry (催办), once in some working days."""
    reason = written(form.reason)
    if len(reason) > _LONGEST["hurry"]:
        return await _page(call, application_id, "hurry", said=reason, key=form.key)
    try:
        hurried = await notices.hurry_case(call.party, application_id, reason, form.key)
    except (errors.StateForbidsError, errors.HurriedAlreadyError) as refused:
        return await _page(call, application_id, "hurry", said=reason, refused=refused, key=form.key)
    return _back(hurried.application, "hurried")


@routes.add(
    "POST",
    "/h5/cases/<application_id:uuid>/discard",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=303,
    media_type="text/html",
    errors=(*_OWN, errors.NotADraftError),
)
async def discard_on_page(call: Call, application_id: UUID, form: NothingMore) -> HTTPResponse:
    """Delete a draft of mine."""
    del form
    try:
        await discarding.discard_draft(call.party, application_id)
    except errors.NotADraftError as refused:
        return await _page(call, application_id, "discard", refused=refused)
    return moved("/h5/cases", status=303)


@routes.add(
    "POST",
    "/h5/cases/<application_id:uuid>/resubmission",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=303,
    media_type="text/html",
    also=(200,),
    errors=(*_OWN, errors.StateForbidsError, *_BEGINNING_ANEW),
)
async def resubmit_on_page(call: Call, application_id: UUID, form: NothingMore) -> HTTPResponse:
    """Begin a case that came to nothing anew; what could not be taken over is said first."""
    del form
    try:
        begun = await resubmit_application(call, application_id)
    except (errors.StateForbidsError, errors.TooManyDraftsError, DraftsTooLargeError) as refused:
        return await _page(call, application_id, "resubmission", refused=refused)
    if begun.dropped or begun.materials_dropped or begun.answers_dropped:
        _, asked, _ = await queries.get_asked(call.party, application_id)
        names = {material.id: material.name for material in asked.guide.materials}
        return page(call.request, "resubmitted.html", begun=begun, names=names)
    return moved(f"/h5/cases/{begun.application.id}/form", status=303)
