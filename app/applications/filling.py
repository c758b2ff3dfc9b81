"""Filling drafts: fields saved as they are typed, guided questions answered anew."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.applications.asked import links_of, missing_in
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
    """A draft after a save, the fields still missing, and those that hold what they were filled with."""

    application: Application
    missing: list[dict[str, str]]
    prefilled: list[Mark]


async def save_form(party: Party, application_id: UUID, form: dict[str, Any]) -> Saved:
    """Put fields into a draft, each checked against the item's form.

    A field set to null is taken out; fields that are not named, and the verified identity, stay. What other drafts of
    the same life event ask as well is put into them too. Nothing is saved where one is wrong. Raises FormInvalidError,
    NotADraftError or ApplicationNotFoundError.
    """
    async with transaction():
        group = await hold_group(party, application_id)
        before = {one.id: one.form for one in group.members}
        changes = group.changes(form)
        problems: dict[str, dict[str, str]] = {}
        for one in group.drafts:
            if one.item_code in changes:
                schema = group.schemas[one.item_code]
                one.form = forms.merge(schema, one.form, changes[one.item_code], today=clock.today())
                found = forms.problems(schema, one.form, complete=False, known=await known_to(schema, one.form))
                problems.update({problem["field"]: problem for problem in found})
        if problems:
            raise FormInvalidError(fields=list(problems.values()))
        await fill_shared(group, set(form))
        await _write(party, group, before, application_id)
    application = group.application
    missing = await missing_in(application, group.schemas[application.item_code])
    return Saved(application, missing, await marks_of(application))


async def answer_questions(party: Party, application_id: UUID, answers: Answers) -> Application:
    """Answer a draft's guided questions anew; no answers ask the item as a whole again.

    Fields that are no longer asked leave the form, and what another draft of the life event was told comes in; files
    stay until the submission, should the applicant come back.
    Raises AnswerInvalidError, AnswersUnfinishedError, NotADraftError or ApplicationNotFoundError.
    """
    async with transaction():
        group = await hold_group(party, application_id)
        before = {one.id: one.form for one in group.members}
        application = group.application
        guide = (await get_item(application.item_code, application.item_version)).guide
        variant = variant_of(guide, answers)
        schema = asked_for(guide, variant).form_schema
        kept = {name: value for name, value in application.form.items() if name in schema["properties"]}
        application.form = forms.settle(schema, kept, today=clock.today())
        application.answers, application.variant = answers or None, variant.id if variant else None
        group.schemas[application.item_code] = schema
        group.links = await links_of(application.life_event, group.schemas)
        await fill_shared(group, set())
        await application.save(update_fields=["answers", "variant"])
        await _write(party, group, before, application_id)
        await audit.record(f"application:{application.id}", party.name, "draft_answered", questions=sorted(answers))
    return application


async def _write(party: Party, group: HeldGroup, before: dict[UUID, dict[str, Any]], touched: UUID) -> None:
    """Write the drafts that changed, and the one that was touched, with their audit."""
    for one in group.drafts:
        names = {name for name in {*one.form, *before[one.id]} if one.form.get(name) != before[one.id].get(name)}
        if names or one.id == touched:
            one.prefilled, one.updated_at = kept_marks(one, before[one.id]), clock.now()
            await one.save(update_fields=["form", "prefilled", "updated_at"])
            await audit.record(f"application:{one.id}", party.name, "draft_saved", fields=sorted(names))
