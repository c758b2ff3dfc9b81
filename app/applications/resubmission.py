"""Beginning a case anew that came to nothing: a draft of the item as it is offered now, filled with the old form.

What the old form says wins over what is known from elsewhere; the verified identity is as it is today.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from app.applications.asked import asked_of
from app.applications.drafts import Prepared, begin_draft, count_uses, lock_drafts, owned, prepare_draft
from app.applications.errors import StateForbidsError
from app.applications.materials.allowance import require_allowance
from app.applications.materials.errors import MaterialTooLargeError, TooManyMaterialsError
from app.applications.materials.files import KeptFile, keep_copy, opened
from app.applications.materials.rules import SAFE
from app.applications.materials.service import require_room, write_material
from app.applications.models import Application, Material, State
from app.applications.ports import SharedData
from app.applications.prefill import Prefill, Sources
from app.catalogue import forms
from app.catalogue.errors import AnswerInvalidError, AnswersUnfinishedError
from app.catalogue.form_words import title_of
from app.catalogue.guidance import asked_for
from app.catalogue.queries import known_to
from app.kit import clock
from app.kit.db import transaction
from app.mandates.party import Party
from media.storage import BlobMissingError, BlobStore

_log = logging.getLogger(__name__)

_CAME_TO_NOTHING = (State.NOT_ACCEPTED, State.REFUSED, State.WITHDRAWN, State.EXPIRED)


@dataclass(frozen=True, slots=True)
class Dropped:
    """A field of the old form that the new draft does not have: no longer asked, or no longer valid."""

    field: str
    title: str


@dataclass(frozen=True, slots=True)
class Resubmission:
    """A draft that was begun anew, and what of the old case it could not take over.

    ``answers_dropped`` says that the guided questions are others by now and have to be answered again.
    """

    draft: Application
    dropped: list[Dropped]
    materials_dropped: list[str]
    answers_dropped: bool


async def resubmit_application(
    blobs: BlobStore,
    party: Party,
    application_id: UUID,
    shared: SharedData | None = None,
    *,
    scan_needed: bool,
) -> Resubmission:
    """Begin a case that came to nothing, or a draft that lapsed, anew. While that is a draft, it answers the same one.

    Raises StateForbidsError, ApplicationNotFoundError, TooManyDraftsError, DraftsTooLargeError where its files have no
    place beside those of the party's other drafts, and what ``drafts.prepare_draft`` raises but for answers, which are
    dropped where the item asks others by now.
    """
    old = await owned(party, application_id)
    if old.state not in _CAME_TO_NOTHING:
        raise StateForbidsError(state=old.state)
    prepared, kept = await _prepare(party, old, Sources(party, shared))
    draft = await _begun(party, old)
    if draft is None:
        asked = asked_for(prepared.detail.guide, prepared.variant)
        files = await _files(old, [material.id for material in asked.materials])
        await require_allowance(party, sum(file.size for file in files))
        copies = await _copies(blobs, files)
        draft = await _begin(party, old, prepared, copies, scan_needed=scan_needed)
    dropped = await _dropped(old, prepared.prefill.form)
    left = await _materials(old) - await _materials(draft)
    return Resubmission(draft, dropped, sorted(left), not kept)


async def _prepare(party: Party, old: Application, sources: Sources) -> tuple[Prepared, bool]:
    """What the new draft begins with, and whether the old answers still lead somewhere."""
    answers, kept = old.answers or {}, True
    try:
        prepared = await prepare_draft(party, old.item_code, answers, sources)
    except (AnswerInvalidError, AnswersUnfinishedError):
        prepared, kept = await prepare_draft(party, old.item_code, {}, sources), False
    schema = asked_for(prepared.detail.guide, prepared.variant).form_schema
    known = prepared.prefill
    form = await _filled(schema, known.form, old.form)
    sources_kept = {name: source for name, source in known.sources.items() if form.get(name) == known.form.get(name)}
    prefill = Prefill(form, sources_kept, known.away, known.queried)
    return replace(prepared, prefill=prefill), kept


async def _filled(schema: dict[str, Any], known: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """The form with every field of the old one that is still asked and still valid."""
    fields = schema["properties"]
    taken = {name: value for name, value in old.items() if name in fields and not fields[name].get("readOnly")}
    while True:
        form = forms.merge(schema, known, taken, today=clock.today())
        problems = forms.problems(schema, form, complete=False, known=await known_to(schema, form))
        wrong = {problem["field"].partition(".")[0] for problem in problems} & set(taken)
        if not wrong:
            return form
        taken = {name: value for name, value in taken.items() if name not in wrong}


async def _dropped(old: Application, form: dict[str, Any]) -> list[Dropped]:
    schema = (await asked_of(old)).guide.form_schema
    return [Dropped(name, title_of(schema, (name,))) for name in old.form if name not in form]


async def _materials(application: Application) -> set[str]:
    return {material.material_id for material in await Material.filter(application=application)}


async def _begun(party: Party, old: Application) -> Application | None:
    found = Application.filter(resubmission_of=old.id, state=State.DRAFT, **party.owner)
    return await found.order_by("-id").first()


async def _files(old: Application, wanted: list[str]) -> list[Material]:
    """The old case's files for these materials, as many as a draft takes: it may have more, from its supplements."""
    files: list[Material] = []
    safe = Material.filter(application=old, material_id__in=wanted, scan__in=SAFE)
    for material in await safe.order_by("id"):
        with suppress(TooManyMaterialsError, MaterialTooLargeError):
            require_room(((file.material_id, file.size) for file in files), material.material_id, material.size)
            files.append(material)
    return files


async def _copies(blobs: BlobStore, files: list[Material]) -> list[tuple[str, KeptFile]]:
    """Copies of these files, each under a key of its own; a lost one is left out and logged."""
    copies = []
    for material in files:
        try:
            copies.append((material.material_id, await keep_copy(blobs, material, await opened(blobs, material))))
        except BlobMissingError:
            _log.error("material_lost", extra={"material": str(material.id)})  # its place says nothing
    return copies


async def _begin(
    party: Party, old: Application, prepared: Prepared, copies: list[tuple[str, KeptFile]], *, scan_needed: bool
) -> Application:
    async with transaction():
        await lock_drafts(party)
        await owned(party, old.id, lock=True)
        # Whoever asked at the same moment has begun it by now.
        if begun := await _begun(party, old):
            return begun
        draft = await begin_draft(party, prepared, resubmission_of=old.id)
        for material_id, kept in copies:
            await write_material(party, draft.id, material_id, kept, scan_needed=scan_needed)
    await count_uses([old.item_code])
    return draft
