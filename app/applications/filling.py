"""Filling drafts: fields saved as they are typed, guided questions answered anew, from several devices at once.

Whoever saves says which revision of the draft they have seen. What was changed since is never written over: they are
told, read it again, and save anew. A save that the draft holds already, as after a reply that was lost, counts as done.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.applications.asked import links_of, missing_in
from app.applications.errors import DraftOutdatedError
from app.applications.models import Application
from app.applications.prefill import Mark, kept_marks, marks_of
from app.applications.shared_fields import HeldGroup, fill_shared, hold_group
from app.audit import service as audit
from app.catalogue import forms
from app.catalogue.errors import FormInvalidError
from app.catalogue.guidance import asked_for, variant_of
from app.catalogue.guide import Answers
from app.catalogue.queries import get_item, known_to
from app.kit import clock
from app.kit.db import transaction
from app.mandates.party import Party


@dataclass(frozen=True, slots=True)
class Saved:
    """A draft after a save, the fields still missing, those that hold what they were filled with, and changed mates."""

    application: Application
    missing: list[dict[str, str]]
    prefilled: list[Mark]
    mates: list[Application]


@dataclass(frozen=True, slots=True)
class Answered:
    """A draft whose questions were answered, and the mates that changed with it."""

    application: Application
    mates: list[Application]


async def save_form(party: Party, application_id: UUID, form: dict[str, Any], revision: int) -> Saved:
    """Put fields into a draft, each checked against the item's form.

    A field set to null is taken out; fields that are not named, and the verified identity, stay. What other drafts of
    the same life event ask as well is put into them too. Nothing is saved where one is wrong. Raises FormInvalidError,
    DraftOutdatedError, NotADraftError or ApplicationNotFoundError.
    """
    async with transaction():
        group = await hold_group(party, application_id)
        application = group.application
        before = {one.id: one.form for one in group.members}
        changes = group.changes(form)
        for one in group.drafts:
            if one.item_code in changes:
                one.form = forms.merge(
                    group.schemas[one.item_code], one.form, changes[one.item_code], today=clock.today()
                )
        mates: list[Application] = []
        if revision == application.revision:
            await _require_valid(group, changes)
            await fill_shared(group, set(form))
            mates = await _write(party, group, before)
        elif application.form != before[application.id]:
            raise DraftOutdatedError(revision=application.revision)
    missing = await missing_in(application, group.schemas[application.item_code])
    return Saved(application, missing, await marks_of(application), mates)


async def _require_valid(group: HeldGroup, changes: dict[str, dict[str, Any]]) -> None:
    problems: dict[str, dict[str, str]] = {}
    for one in group.drafts:
        if one.item_code in changes:
            schema = group.schemas[one.item_code]
            found = forms.problems(schema, one.form, complete=False, known=await known_to(schema, one.form))
            problems.update({problem["field"]: problem for problem in found})
    if problems:
        raise FormInvalidError(fields=list(problems.values()))


async def answer_questions(party: Party, application_id: UUID, answers: Answers, revision: int) -> Answered:
    """Answer a draft's guided questions anew; no answers ask the item as a whole again.

    Fields that are no longer asked leave the form, and what another draft of the life event was told comes in; files
    stay until the submission, should the applicant come back.
    Raises AnswerInvalidError, AnswersUnfinishedError, DraftOutdatedError, NotADraftError or ApplicationNotFoundError.
    """
    async with transaction():
        group = await hold_group(party, application_id)
        application = group.application
        if revision != application.revision:
            if application.answers == (answers or None):
                return Answered(application, [])
            raise DraftOutdatedError(revision=application.revision)
        before = {one.id: one.form for one in group.members}
        guide = (await get_item(application.item_code, application.item_version)).guide
        variant = variant_of(guide, answers)
        schema = asked_for(guide, variant).form_schema
        kept = {name: value for name, value in application.form.items() if name in schema["properties"]}
        application.form = forms.settle(schema, kept, today=clock.today())
        answered = application.answers != (answers or None)
        application.answers, application.variant = answers or None, variant.id if variant else None
        group.schemas[application.item_code] = schema
        group.links = await links_of(application.life_event, group.schemas)
        await fill_shared(group, set())
        await application.save(update_fields=["answers", "variant"])
        mates = await _write(party, group, before, answered=answered)
        await audit.record(f"application:{application.id}", party.name, "draft_answered", questions=sorted(answers))
    return Answered(application, mates)


async def _write(
    party: Party, group: HeldGroup, before: dict[UUID, dict[str, Any]], *, answered: bool = False
) -> list[Application]:
    """Write the drafts that changed, and the one that was touched, with their audit; returns the mates that changed."""
    mates = []
    for one in group.drafts:
        touched = one is group.application
        names = {name for name in {*one.form, *before[one.id]} if one.form.get(name) != before[one.id].get(name)}
        if names and not touched:
            mates.append(one)
        if names or touched:
            one.revision += bool(names or (touched and answered))
            one.prefilled, one.updated_at = kept_marks(one, before[one.id]), clock.now()
            await one.save(update_fields=["form", "prefilled", "revision", "updated_at"])
            await audit.record(f"application:{one.id}", party.name, "draft_saved", fields=sorted(names))
    return mates
