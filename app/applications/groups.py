"""Applications for one life event (一件事): begun together, each item with its draft, shared fields asked once."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from app.applications.asked import AskedApplication, asked_of, links_of, missing_in
from app.applications.drafts import begin_draft, count_uses, prepare_draft
from app.applications.errors import ApplicationNotFoundError, IdempotencyKeyReusedError
from app.applications.models import Application, State
from app.applications.ports import SharedData
from app.applications.prefill import Sources
from app.applications.replaced import AskedMaterial, materials_of
from app.applications.rules import ENDED
from app.applications.service import submit_application
from app.catalogue.conditions import is_asked
from app.catalogue.guide import Answers
from app.catalogue.life_events import Links, choose_items
from app.catalogue.queries import get_life_event
from app.kit.db import transaction
from app.kit.errors import DomainError
from app.kit.ids import new_id
from app.mandates.party import Party


@dataclass(frozen=True, slots=True)
class Member:
    """One item's application within a group; ``fields`` are those to ask for here, others were asked for before."""

    application: Application
    asked: AskedApplication
    materials: list[AskedMaterial]
    fields: list[str]
    missing: list[dict[str, str]]


class GroupState(StrEnum):
    """How far all of a group are: some are drafts, all were handed in, all have ended."""

    FILLING = "filling"
    UNDER_WAY = "under_way"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Group:
    """The applications that were begun together for a life event, in its order."""

    id: UUID
    life_event: str
    members: list[Member]

    def count(self, state: GroupState) -> int:
        """How many are drafts, were handed in and are under way, or have ended."""
        return sum(_standing(one.application) is state for one in self.members)

    @property
    def state(self) -> GroupState:
        """How far they are together: as far as the one that is farthest behind."""
        return next(state for state in GroupState if self.count(state))

    @property
    def promised_on(self) -> date | None:
        """The latest day by which one of those under way is promised, None where none is or a clock stands still."""
        days = [
            one.application.promised_on for one in self.members if _standing(one.application) is GroupState.UNDER_WAY
        ]
        return None if None in days else max((day for day in days if day), default=None)


def _standing(application: Application) -> GroupState:
    if application.state is State.DRAFT:
        return GroupState.FILLING
    return GroupState.DONE if application.state in ENDED else GroupState.UNDER_WAY


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one member that was to be submitted: its case, or why it is still a draft."""

    application: Application
    problem: DomainError | None


async def start_group(
    party: Party, life_event: str, chosen: dict[str, Answers], shared: SharedData | None = None
) -> UUID:
    """Begin a draft for each item chosen of a life event, all or none; returns the group's id.

    ``chosen`` are answers to guided questions by item code. Raises LifeEventNotFoundError, LifeEventItemsInvalidError
    and what ``drafts.prepare_draft`` raises.
    """
    event = await get_life_event(life_event)
    sources = Sources(party, shared)
    prepared = [await prepare_draft(party, code, chosen[code], sources) for code in choose_items(event, chosen)]
    group_id = new_id()
    async with transaction():
        for one in prepared:
            await begin_draft(party, one, life_event=event.code, group_id=group_id)
    await count_uses(one.detail.guide.item_code for one in prepared)
    return group_id


async def submit_group(party: Party, group_id: UUID, idempotency_key: str | None) -> list[Outcome]:
    """Submit every draft of a group that is complete, each by itself: what one lacks stops no other.

    Once more, it answers the same case numbers and submits what has become complete. The key is the group's: the first
    that is submitted bears it. Raises IdempotencyKeyReusedError, ApplicationNotFoundError or MatterNotCoveredError.
    """
    outcomes = []
    for member in (await get_group(party, group_id)).members:
        try:
            outcomes.append(Outcome(await _submit(party, member.application, idempotency_key), None))
        except IdempotencyKeyReusedError:
            raise
        except DomainError as error:
            outcomes.append(Outcome(member.application, error))
    return outcomes


async def _submit(party: Party, application: Application, key: str | None) -> Application:
    try:
        return await submit_application(party, application.id, key)
    except IdempotencyKeyReusedError:
        if not await Application.exists(group_id=application.group_id, idempotency_key=key, **party.owner):
            raise
        return await submit_application(party, application.id, None)


def _to_ask(
    application: Application,
    asked: dict[str, AskedApplication],
    links: Links | None,
    missing: set[str],
    group: list[Application],
) -> list[str]:
    """The fields to ask with one item: those that no item before asks for, and those that none can answer any more.

    The item before may be handed in, may not ask for the field as it stands, or may hold what does not fit here.
    """
    members = {one.item_code: one for one in group}
    fields: list[str] = []
    for name in asked[application.item_code].form_schema["properties"]:
        leader = links.asked_at[application.item_code, name] if links else (application.item_code, name)
        other, definition = members[leader[0]], asked[leader[0]].form_schema["properties"][leader[1]]
        open_there = other.state is State.DRAFT and leader[1] not in other.form and is_asked(definition, other.form)
        if leader == (application.item_code, name) or (name in missing and not open_there):
            fields.append(name)
    return fields


async def get_group(party: Party, group_id: UUID) -> Group:
    """The applications that a party began together. Raises ApplicationNotFoundError or MatterNotCoveredError."""
    found = await Application.filter(group_id=group_id, **party.owner).order_by("id")
    if not found:
        raise ApplicationNotFoundError
    for application in found:
        party.require("item", application.item_code)
    asked = {application.item_code: await asked_of(application) for application in found}
    life_event = str(found[0].life_event)
    links = await links_of(life_event, {code: one.form_schema for code, one in asked.items()})
    members = []
    for application in found:
        one = asked[application.item_code]
        missing = await missing_in(application, one.form_schema)
        fields = _to_ask(application, asked, links, {problem["field"] for problem in missing}, found)
        members.append(Member(application, one, await materials_of(party, one), fields, missing))
    if links:
        order = links.item_codes
        members.sort(key=lambda one: order.index(one.application.item_code))
    return Group(group_id, life_event, members)
