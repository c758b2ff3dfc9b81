"""Life events (一件事): several items begun together, shared fields asked once."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from app.applications import errors, groups
from app.catalogue import errors as catalogue_errors
from app.catalogue import queries
from app.catalogue.life_events import LifeEventDefinition
from app.identity.errors import LevelTooLowError
from app.kit import texts
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


class GroupCounts(Schema):
    """How many applications of a group are drafts, are under way, have ended."""

    filling: int
    under_way: int
    done: int


class GroupView(Schema):
    """The applications that were begun together for a life event, and how far they are together.

    ``state`` is that of the one farthest behind; ``promised_on`` the latest day by which one under way is promised,
    null while one's clock stands still.
    """

    id: UUID
    life_event: str
    state: Literal["filling", "under_way", "done"]
    counts: GroupCounts
    promised_on: str | None
    items: list[MemberView]


class ProblemOfMember(Schema):
    """Why a draft was not submitted, as a request for it alone would be told."""

    code: str
    message: str
    context: dict[str, Any]


class OutcomeView(Schema):
    """What became of one application: its case number, or what its draft lacks."""

    application_id: UUID
    item_code: str
    item_name: str
    state: str
    case_no: str | None
    problem: ProblemOfMember | None

    @classmethod
    def of(cls, outcome: groups.Outcome) -> "OutcomeView":
        """The view of an outcome."""
        application, error = outcome.application, outcome.problem
        message = texts.text("errors", error.code) if error else ""
        return cls(
            application_id=application.id,
            item_code=application.item_code,
            item_name=application.item_name,
            state=application.state.value,
            case_no=application.case_no,
            problem=ProblemOfMember(code=error.code, message=message, context=error.context) if error else None,
        )


class GroupSubmission(Schema):
    """What became of each application of a group, in the life event's order."""

    items: list[OutcomeView]


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
    return GroupView(
        id=group.id,
        life_event=group.life_event,
        state=group.state.value,
        counts=GroupCounts(**{state.value: group.count(state) for state in groups.GroupState}),
        promised_on=group.promised_on.isoformat() if group.promised_on else None,
        items=members,
    )


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
        errors.TooManyDraftsError,
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


@routes.add(
    "POST",
    "/api/v1/life-event-applications/<group_id:uuid>/submission",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    headers=("Idempotency-Key",),
    errors=(
        errors.ApplicationNotFoundError,
        errors.IdempotencyKeyReusedError,
        catalogue_errors.ItemNotFoundError,
        NotFoundError,
    ),
)
async def submit_group(call: Call, group_id: UUID) -> GroupSubmission:
    """Submit every draft of a life event that is complete, each by itself, and say what the others lack.

    Submitting again answers the same case numbers.
    """
    outcomes = await groups.submit_group(call.party, group_id, call.idempotency_key)
    return GroupSubmission(items=[OutcomeView.of(outcome) for outcome in outcomes])
