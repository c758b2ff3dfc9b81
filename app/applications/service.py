"""What a citizen does with a case: submits, supplements and withdraws it."""

from typing import Any
from uuid import UUID

from prometheus_client import Counter
from tortoise.exceptions import IntegrityError

from app.applications.asked import asked_of
from app.applications.drafts import owned
from app.applications.errors import (
    DraftOutdatedError,
    IdempotencyKeyReusedError,
    MaterialsMissingError,
)
from app.applications.materials.rules import SET_ASIDE
from app.applications.materials.service import drop_unasked
from app.applications.models import Application, Material, State, Supplement
from app.applications.moving import move, require_move
from app.applications.numbers import new_case_number
from app.applications.prefill import kept_marks
from app.applications.replaced import AskedMaterial, materials_of
from app.applications.rules import Cause
from app.applications.telling import tell
from app.catalogue import forms
from app.catalogue.errors import FormInvalidError
from app.catalogue.queries import known_to
from app.identity.rules import require_level
from app.kit import clock, jobs
from app.kit.db import transaction
from app.mandates.party import Party
from app.mandates.queries import level_of

DELIVER_CASE = "approvals.deliver_case"
DELIVER_SUPPLEMENT = "approvals.deliver_supplement"
DELIVER_WITHDRAWAL = "approvals.deliver_withdrawal"

_SAVED = Counter("jiaban_saved_total", "fields and materials that applicants need not fill in or hand in", ["what"])


async def submit_application(
    party: Party, application_id: UUID, idempotency_key: str | None, revision: int | None = None
) -> Application:
    """Submit a draft: it gets its case number and goes to the approval system. Again, it answers the same.

    ``revision``, where given, is the one that the applicant has seen: no other is submitted. What they had neither to
    type nor to hand in is counted, and the licences that stood for materials are remembered.

    Raises StateForbidsError, DraftOutdatedError, FormInvalidError, MaterialsMissingError, LevelTooLowError,
    IdempotencyKeyReusedError or ApplicationNotFoundError.
    """
    async with transaction():
        application = await owned(party, application_id, lock=True)
        if idempotency_key:
            await _require_fresh(application, idempotency_key)
        if application.case_no:
            return application
        require_move(application, Cause.SUBMIT)
        if revision not in (None, application.revision):
            raise DraftOutdatedError(revision=application.revision)
        asked = await asked_of(application)
        require_level(await level_of(party), asked.guide.assurance_level)
        before, application.form = (
            application.form,
            forms.settle(asked.form_schema, application.form, today=clock.today()),
        )
        application.prefilled = kept_marks(application, before)
        await _require_valid(asked.form_schema, application.form)
        await _count_saved(application, await materials_of(party, asked, lock=True))
        await drop_unasked(application, asked)
        application.case_no = await new_case_number(application.item_code)
        application.idempotency_key = idempotency_key
        application.submitted_at = clock.now()
        await _save_submission(application)
        await _hand_in(application, None)
        await move(application, Cause.SUBMIT, party)
        await tell(application, "submitted", application.case_no)
        await jobs.defer(DELIVER_CASE, lock=application.case_no, case_no=application.case_no)
    _SAVED.labels("fields").inc(application.saved_fields or 0)
    _SAVED.labels("materials").inc(application.saved_materials or 0)
    return application


async def _require_fresh(application: Application, key: str) -> None:
    whose = application.citizen_id  # type: ignore[attr-defined]  # Tortoise adds it
    if await Application.filter(citizen_id=whose, idempotency_key=key).exclude(id=application.id).exists():
        raise IdempotencyKeyReusedError


async def _save_submission(application: Application) -> None:
    """Raises IdempotencyKeyReusedError where another of the applicant's took the key at the same moment."""
    fields = ("case_no", "form", "prefilled", "licences_used", "saved_fields", "saved_materials")
    try:
        await application.save(update_fields=[*fields, "idempotency_key", "submitted_at"])
    except IntegrityError as error:
        if application.idempotency_key is None:
            raise
        raise IdempotencyKeyReusedError from error


async def _count_saved(application: Application, materials: list[AskedMaterial]) -> None:
    """Raise MaterialsMissingError, or count what was saved. A file that was handed in all the same counts as one."""
    given = {
        material.material_id for material in await Material.filter(application=application).exclude(scan__in=SET_ASIDE)
    }
    waiting = [one for one in materials if one.material.id not in given]
    missing = [one.material for one in waiting if one.needed]
    if missing:
        raise MaterialsMissingError(materials=[{"id": material.id, "name": material.name} for material in missing])
    used = {one.material.id: str(one.licence.id) for one in waiting if one.licence}
    application.licences_used = used or None
    application.saved_fields = len(application.prefilled or {})
    application.saved_materials = len([one for one in waiting if one.replaced])


async def _require_valid(schema: dict[str, Any], form: dict[str, Any]) -> None:
    problems = forms.problems(schema, form, complete=True, known=await known_to(schema, form))
    if problems:
        raise FormInvalidError(fields=problems)


async def _hand_in(application: Application, supplement_id: UUID | None) -> None:
    waiting = Material.filter(application=application, handed_in_at=None).exclude(scan__in=SET_ASIDE)
    await waiting.update(handed_in_at=clock.now(), supplement_id=supplement_id)


async def supplement_application(
    party: Party, application_id: UUID, note: str, form: dict[str, Any], idempotency_key: str | None
) -> Application:
    """Hand in what the approval system asked for: corrected fields, and the materials uploaded since.

    The same key again answers the same. Raises StateForbidsError, FormInvalidError or ApplicationNotFoundError.
    """
    async with transaction():
        application = await owned(party, application_id, lock=True)
        if idempotency_key and await Supplement.exists(application=application, idempotency_key=idempotency_key):
            return application
        schema = (await asked_of(application)).form_schema
        merged = forms.merge(schema, application.form, form, today=clock.today())
        await _require_valid(schema, merged)
        require_move(application, Cause.SUPPLEMENT)
        supplement = await Supplement.create(
            application=application,
            note=note,
            form=_came_of(form, application.form, merged),
            idempotency_key=idempotency_key,
            created_at=clock.now(),
        )
        await _hand_in(application, supplement.id)
        before, application.form, application.supplement_note = application.form, merged, None
        application.prefilled = kept_marks(application, before)
        await application.save(update_fields=["form", "prefilled", "supplement_note"])
        await move(application, Cause.SUPPLEMENT, party)
        await jobs.defer(
            DELIVER_SUPPLEMENT,
            lock=application.case_no,
            case_no=application.case_no,
            supplement_id=str(supplement.id),
        )
    return application


def _came_of(changes: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What a supplement says of the form: what became of the fields it names, and of those that follow from them."""
    names = [name for name in {**before, **after} if name in changes or before.get(name) != after.get(name)]
    return {name: after.get(name) for name in names}


async def withdraw_application(party: Party, application_id: UUID, reason: str) -> Application:
    """Withdraw a case that was not decided yet. Again, it answers the same.

    Raises StateForbidsError or ApplicationNotFoundError.
    """
    async with transaction():
        application = await owned(party, application_id, lock=True)
        if application.state is State.WITHDRAWN:
            return application
        require_move(application, Cause.WITHDRAW)
        await move(application, Cause.WITHDRAW, party, note=reason or None)
        await tell(application, "withdrawn", str(application.case_no))
        await jobs.defer(DELIVER_WITHDRAWAL, lock=application.case_no, case_no=application.case_no)
    return application
