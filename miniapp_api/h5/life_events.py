"""Life events (一件事) on pages: the items chosen are begun together, filled in one by one, submitted together."""

from uuid import UUID, uuid4

from pydantic import Field
from sanic import HTTPResponse

from app.applications import errors, groups
from app.catalogue import errors as catalogue_errors
from app.catalogue.errors import LifeEventNotFoundError
from app.catalogue.queries import get_life_event
from app.identity.errors import LevelTooLowError
from app.kit.errors import NotFoundError
from miniapp_api.citizen.life_events import LifeEventView, read_group, read_life_event
from miniapp_api.errors import sentence_of
from miniapp_api.h5.pages import moved, page
from miniapp_api.parsing import form_values
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()
_ELSEWHERE = (302,)
_APPLY = "/h5/life-events/<life_event:str>/apply"
_GROUP = "/h5/life-event-applications/<group_id:uuid>"
_GROUP_ERRORS = (errors.ApplicationNotFoundError, catalogue_errors.ItemNotFoundError, NotFoundError)


class GroupSubmissionForm(QuerySchema):
    """Two sends of one form are one submission."""

    key: str = Field(min_length=16, max_length=64, pattern=r"^[0-9a-f]+$")


@routes.add(
    "GET",
    _APPLY,
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    also=_ELSEWHERE,
    errors=(LifeEventNotFoundError,),
)
async def open_group_start(call: Call, life_event: str) -> HTTPResponse:
    """Which items to begin: those that it needs, and of the others those that are wanted."""
    return page(call.request, "life_event_apply.html", event=await read_life_event(life_event))


@routes.add(
    "POST",
    _APPLY,
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=303,
    media_type="text/html",
    errors=(
        LifeEventNotFoundError,
        catalogue_errors.LifeEventItemsInvalidError,
        catalogue_errors.ItemNotFoundError,
        catalogue_errors.AnswersUnfinishedError,
        LevelTooLowError,
        errors.AudienceMismatchError,
        errors.TooManyDraftsError,
        errors.ApplicationNotFoundError,
        NotFoundError,
    ),
)
async def start_group_on_page(call: Call, life_event: str) -> HTTPResponse:
    """Begin a draft for each item chosen, all or none."""
    event = await read_life_event(life_event)
    wanted = {*_required(event), *form_values(call.request, "items")}
    group_id = await groups.start_group(call.party, life_event, {code: {} for code in wanted}, call.house.shared)
    return moved(f"/h5/life-event-applications/{group_id}", status=303)


def _required(event: LifeEventView) -> list[str]:
    return [item.item_code for item in event.items if item.required]


@routes.add(
    "GET",
    _GROUP,
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    also=_ELSEWHERE,
    errors=_GROUP_ERRORS,
)
async def open_group(call: Call, group_id: UUID) -> HTTPResponse:
    """The applications that I began together: which is to be filled in, where the others stand."""
    return await _group(call, group_id, {})


async def _group(call: Call, group_id: UUID, problems: dict[UUID, str], *, submitted: bool = False) -> HTTPResponse:
    group = await read_group(call, group_id)
    try:
        name = (await get_life_event(group.life_event)).name
    except LifeEventNotFoundError:
        name = ""
    return page(
        call.request,
        "life_event_group.html",
        group=group,
        name=name,
        problems=problems,
        submitted=submitted,
        key=uuid4().hex,
    )


@routes.add(
    "POST",
    f"{_GROUP}/submission",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    media_type="text/html",
    errors=(*_GROUP_ERRORS, errors.IdempotencyKeyReusedError),
)
async def submit_group_on_page(call: Call, group_id: UUID, form: GroupSubmissionForm) -> HTTPResponse:
    """Submit every draft that is complete, each by itself; the page says what the others lack."""
    outcomes = await groups.submit_group(call.party, group_id, form.key)
    problems = {one.application.id: sentence_of(call.request, one.problem) for one in outcomes if one.problem}
    return await _group(call, group_id, problems, submitted=len(problems) < len(outcomes))
