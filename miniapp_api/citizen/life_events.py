"""Life events (一件事): several items begun together, shared fields asked once."""

from uuid import UUID

from pydantic import Field

from app.applications import errors, groups
from app.catalogue import errors as catalogue_errors
from app.catalogue import queries
from app.catalogue.life_events import LifeEventDefinition
from app.identity.errors import LevelTooLowError
from app.kit.errors import NotFoundError
from miniapp_api.citizen.application_views import ApplicationEntry, AskedView, ProblemView
from miniapp_api.citizen.items import AnswersField
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()


class LifeEventItemView(Schema):
    """An item of a life event; ``name`` is null where it is not offered at present."""

    item_code: str
    name: str | None
    required: bool


class LifeEventView(Schema):
    """A life event with the items that it covers."""

    code: str
    name: str
    summary: str
    audience: list[str]
    themes: list[str]
    keywords: list[str]
    items: list[LifeEventItemView]


class LifeEventList(Schema):
    """All life events."""

    items: list[LifeEventView]


class ChosenItem(Schema):
    """An item to begin, with the answers to its guided questions, if it has any."""

    item_code: str = Field(min_length=1, max_length=31)
    answers: AnswersField = Field(default_factory=dict, max_length=50)


class StartGroupRequest(Schema):
    """The items chosen of a life event: all that it needs, and of the others those that are wanted."""

    items: list[ChosenItem] = Field(min_length=1, max_length=50)


class MemberView(Schema):
    """One item's application within a group.

    ``fields`` are those to ask for with this item, in their order: others were asked for with an item before, and what
    is saved there is saved here too.
    """

    application: ApplicationEntry
    fields: list[str]
    form: dict[str, object]
    missing: list[ProblemView]
    asked: AskedView


class GroupView(Schema):
    """The applications that were begun together for a life event."""

    id: UUID
    life_event: str
    items: list[MemberView]


def _group(group: groups.Group) -> GroupView:
    members = [
        MemberView(
            application=ApplicationEntry.of(member.application),
            fields=member.fields,
            form=member.application.form,
            missing=[ProblemView(**problem) for problem in member.missing],
            asked=AskedView.of(member.application, member.asked, member.materials),
        )
        for member in group.members
    ]
    return GroupView(id=group.id, life_event=group.life_event, items=members)


async def _views(events: list[LifeEventDefinition]) -> list[LifeEventView]:
    names = await queries.names_of(item.item_code for event in events for item in event.items)
    return [
        LifeEventView(
            **event.model_dump(exclude={"items", "same"}),
            items=[
                LifeEventItemView(item_code=item.item_code, name=names.get(item.item_code), required=item.required)
                for item in event.items
            ],
        )
        for event in events
    ]


@routes.add("GET", "/api/v1/life-events", actor=Actor.ANYONE, limit="browse")
async def list_life_events() -> LifeEventList:
    """What people come for that takes several items."""
    return LifeEventList(items=await _views(await queries.list_life_events()))


@routes.add(
    "GET",
    "/api/v1/life-events/<life_event:str>",
    actor=Actor.ANYONE,
    limit="browse",
    errors=(catalogue_errors.LifeEventNotFoundError,),
)
async def read_life_event(life_event: str) -> LifeEventView:
    """One life event with the items it covers."""
    (view,) = await _views([await queries.get_life_event(life_event)])
    return view


@routes.add(
    "POST",
    "/api/v1/life-events/<life_event:str>/applications",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=201,
    errors=(
        catalogue_errors.LifeEventNotFoundError,
        catalogue_errors.LifeEventItemsInvalidError,
        catalogue_errors.ItemNotFoundError,
        catalogue_errors.AnswerInvalidError,
        catalogue_errors.AnswersUnfinishedError,
        LevelTooLowError,
        errors.AudienceMismatchError,
        errors.ApplicationNotFoundError,
        NotFoundError,
    ),
)
async def start_group(call: Call, life_event: str, body: StartGroupRequest) -> GroupView:
    """Begin a draft for each item chosen, all or none. Forms are saved and files added as for any application."""
    chosen = {item.item_code: item.answers for item in body.items}
    group_id = await groups.start_group(call.party, life_event, chosen, call.house.shared)
    return _group(await groups.get_group(call.party, group_id))


@routes.add(
    "GET",
    "/api/v1/life-event-applications/<group_id:uuid>",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    errors=(errors.ApplicationNotFoundError, catalogue_errors.ItemNotFoundError, NotFoundError),
)
async def read_group(call: Call, group_id: UUID) -> GroupView:
    """The applications that I began together."""
    return _group(await groups.get_group(call.party, group_id))
