"""What the drafts of one life event share: held together, and each filled with what another was told."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.applications.asked import asked_of, links_of
from app.applications.drafts import owned
from app.applications.errors import ApplicationNotFoundError, NotADraftError
from app.applications.models import Application, State
from app.catalogue import forms
from app.catalogue.life_events import Links, Place
from app.catalogue.queries import known_to
from app.kit import clock
from app.mandates.party import Party


@dataclass(slots=True)
class HeldGroup:
    """A draft, what was begun together with it as far as the party may act for that, and their forms' schemas."""

    application: Application
    members: list[Application]
    schemas: dict[str, dict[str, Any]]
    links: Links | None

    @property
    def drafts(self) -> list[Application]:
        """Those that may still be written into."""
        return [one for one in self.members if one.state is State.DRAFT]

    def changes(self, form: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Changes to the draft's form as changes to those that ask for the same, by item."""
        code = self.application.item_code
        return self.links.spread(code, form) if self.links else {code: form}


async def hold_group(party: Party, application_id: UUID) -> HeldGroup:
    """A draft and its group, all held within the caller's transaction, in an order that is always the same.

    Raises ApplicationNotFoundError, MatterNotCoveredError or NotADraftError.
    """
    application = await owned(party, application_id)
    mine = Application.filter(**party.owner).order_by("id")
    mine = mine.filter(group_id=application.group_id) if application.group_id else mine.filter(id=application_id)
    covered = party.covered("item")
    held = [one for one in await mine.select_for_update() if covered is None or one.item_code in covered]
    found = next((one for one in held if one.id == application_id), None)
    if found is None:
        raise ApplicationNotFoundError
    if found.state is not State.DRAFT:
        raise NotADraftError(state=found.state)
    schemas = {one.item_code: (await asked_of(one)).form_schema for one in held}
    return HeldGroup(found, held, schemas, await links_of(found.life_event, schemas))


async def fill_shared(group: HeldGroup, changed: set[str]) -> None:
    """Put what one form was told into the empty fields of the others that ask for the same by now.

    A form may come to ask for a field only later, by another answer or choice. ``changed`` names the fields of the
    group's draft that were set or taken out just now: they are as they shall be everywhere.
    """
    if group.links is None:
        return
    asked_at = group.links.asked_at
    left_alone = {asked_at.get((group.application.item_code, name)) for name in changed}
    told: dict[Place, Any] = {}
    for one in group.members:
        for name, value in one.form.items():
            leader = asked_at.get((one.item_code, name))
            if leader is not None and leader not in left_alone:
                told.setdefault(leader, value)
    for one in group.drafts:
        # Each round may answer what another field is asked for.
        while fresh := await _fitting(one, group, told):
            one.form = fresh


async def _fitting(one: Application, group: HeldGroup, told: dict[Place, Any]) -> dict[str, Any] | None:
    """The draft's form with one more field filled, None where none is left that is asked, empty and takes its value."""
    schema, links = group.schemas[one.item_code], group.links
    for name in schema["properties"]:
        leader = links.asked_at.get((one.item_code, name)) if links else None
        if leader not in told or name in one.form:
            continue
        form = forms.merge(schema, one.form, {name: told[leader]}, today=clock.today())
        problems = forms.problems(schema, form, complete=False, known=await known_to(schema, form))
        if name in form and not problems:
            return form
    return None
