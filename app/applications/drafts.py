"""Drafts: begun with what is known already, filled as the citizen types, with photographs as materials."""

import asyncio
import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app.applications.asked import asked_of
from app.applications.errors import (
    ApplicationNotFoundError,
    AudienceMismatchError,
    MaterialUnknownError,
    StateForbidsError,
    TooManyMaterialsError,
    UploadBrokenError,
    UploadTooLargeError,
    UploadTooManyPixelsError,
    UploadUnsupportedError,
)
from app.applications.models import Application, Material, State
from app.applications.ports import SharedData
from app.applications.prefill import Prefill, Sources
from app.audit import service as audit
from app.catalogue.guidance import Asked, asked_for, variant_of
from app.catalogue.guide import Answers, Variant
from app.catalogue.queries import ItemDetail, get_item
from app.finding.service import count_use
from app.identity.queries import lock_present
from app.identity.rules import require_level
from app.kit import clock
from app.kit.blobs import doom, spare
from app.kit.crypto import keyring
from app.kit.db import AWAY, transaction
from app.kit.errors import DomainError
from app.kit.ids import new_id
from app.mandates.party import Party
from app.mandates.queries import level_of
from media.images import ImageRefusedError, inspect_photo
from media.storage import BlobStore

_log = logging.getLogger(__name__)

MAX_UPLOAD_BYTES = 10 * 1024 * 1024
_MAX_PIXELS = 50_000_000
_MAX_FILES = 30
# A file whose case has gone, or whose process died before its row was written, is deleted after this.
_UPLOAD_PATIENCE = timedelta(hours=1)
_TAKES_MATERIALS = {State.DRAFT, State.SUPPLEMENT_REQUESTED}

_REFUSED: dict[str, type[DomainError]] = {
    "empty": UploadBrokenError,
    "broken": UploadBrokenError,
    "too_large": UploadTooLargeError,
    "too_many_pixels": UploadTooManyPixelsError,
    "unsupported_type": UploadUnsupportedError,
}


async def owned(party: Party, application_id: UUID, *, lock: bool = False) -> Application:
    """The party's own application.

    Raises ApplicationNotFoundError, also where it is somebody else's, or MatterNotCoveredError.
    """
    query = Application.select_for_update() if lock else Application.all()
    application = await query.get_or_none(id=application_id, **party.owner)
    if application is None:
        raise ApplicationNotFoundError
    party.require("item", application.item_code)
    return application


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a draft begins with: the item's version, the situation, and the form as far as it is known already."""

    detail: ItemDetail
    answers: Answers
    variant: Variant | None
    prefill: Prefill


async def start_application(
    party: Party, item_code: str, answers: Answers | None = None, shared: SharedData | None = None
) -> Application:
    """Begin a draft, filled with what is known of whom it is for.

    ``answers`` to the item's guided questions narrow what it asks for; without any it is asked as a whole. Raises what
    ``prepare_draft`` raises.
    """
    prepared = await prepare_draft(party, item_code, answers or {}, Sources(party, shared))
    async with transaction():
        application = await begin_draft(party, prepared)
    await count_uses([item_code])
    return application


async def count_uses(item_codes: Iterable[str]) -> None:
    """Count what was begun. A count that is lost is logged: what was begun stands."""
    try:
        for item_code in item_codes:
            await count_use(item_code)
    except AWAY as error:
        _log.warning("use_not_counted", extra={"reason": type(error).__name__})


async def prepare_draft(party: Party, item_code: str, answers: Answers, sources: Sources) -> Prepared:
    """What a party's draft for an item begins with. Others may be asked: never within a transaction.

    Raises ItemNotFoundError, MatterNotCoveredError, LevelTooLowError, AudienceMismatchError, AnswerInvalidError or
    AnswersUnfinishedError.
    """
    detail = await get_item(item_code)
    guide = detail.guide
    party.require("item", item_code)
    require_level(await level_of(party), guide.assurance_level)
    audience = "company" if party.company_id else "person"
    if audience not in guide.audience:
        raise AudienceMismatchError(audience=guide.audience)
    variant = variant_of(guide, answers)
    return Prepared(detail, answers, variant, await sources.fill(asked_for(guide, variant).form_schema))


async def begin_draft(
    party: Party, prepared: Prepared, *, life_event: str | None = None, group_id: UUID | None = None
) -> Application:
    """Write a draft, within the caller's transaction; ``group_id`` joins those that were begun for one life event."""
    await lock_present(party.citizen_id or party.actor_id)
    guide, variant, known = prepared.detail.guide, prepared.variant, prepared.prefill
    application = await Application.create(
        citizen_id=party.citizen_id or party.actor_id,
        company_id=party.company_id,
        mandate_id=party.mandate_id,
        item_code=guide.item_code,
        item_name=guide.name,
        item_version=prepared.detail.version,
        answers=prepared.answers or None,
        variant=variant.id if variant else None,
        life_event=life_event,
        group_id=group_id,
        form=known.form,
        prefilled=known.sources or None,
        prefill_away=known.away or None,
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    chain = f"application:{application.id}"
    await audit.record(chain, party.name, "draft_started", item=guide.item_code)
    shared = sorted(source for source in known.sources.values() if source.startswith("shared."))
    if known.queried:
        asked = {"queried": known.queried, "fields": shared, "away": known.away}
        await audit.record(chain, party.name, "shared_data_fetched", **asked)
    return application


async def drop_unasked(application: Application, asked: Asked) -> None:
    """Delete files that another answer had asked for, within the caller's transaction."""
    waiting = Material.filter(application=application, handed_in_at=None)
    unasked = await waiting.exclude(material_id__in=[material.id for material in asked.materials])
    if unasked:
        await Material.filter(id__in=[material.id for material in unasked]).delete()
        await doom([material.blob_key for material in unasked])


async def add_material(
    blobs: BlobStore, party: Party, application_id: UUID, material_id: str, content: bytes
) -> Material:
    """Take a photograph as a material: its content is checked, its metadata removed, and it is sealed.

    Raises UploadTooLargeError, UploadTooManyPixelsError, UploadUnsupportedError, UploadBrokenError,
    MaterialUnknownError, TooManyMaterialsError, StateForbidsError or ApplicationNotFoundError.
    """
    application = await owned(party, application_id)
    _require_open(application)
    asked = await asked_of(application)
    # Who asks for a supplement may ask for any material of the item.
    wanted = asked.materials if application.state is State.DRAFT else asked.guide.materials
    if material_id not in {material.id for material in wanted}:
        raise MaterialUnknownError
    try:
        photo = await asyncio.to_thread(inspect_photo, content, max_bytes=MAX_UPLOAD_BYTES, max_pixels=_MAX_PIXELS)
    except ImageRefusedError as error:
        raise _REFUSED[error.code](limit_bytes=MAX_UPLOAD_BYTES, limit_pixels=_MAX_PIXELS) from error
    file_id = new_id()
    blob_key = f"materials/{file_id.hex[-2:]}/{file_id.hex}"
    await doom([blob_key], at=clock.now() + _UPLOAD_PATIENCE)
    await blobs.put(blob_key, keyring().seal(photo.data, blob_key))
    async with transaction():
        application = await owned(party, application_id, lock=True)
        _require_open(application)
        if await Material.filter(application=application).count() >= _MAX_FILES:
            raise TooManyMaterialsError(limit=_MAX_FILES)
        material = await Material.create(
            id=file_id,
            application=application,
            material_id=material_id,
            content_type=photo.content_type,
            size=len(photo.data),
            width=photo.width,
            height=photo.height,
            sha256=hashlib.sha256(photo.data).hexdigest(),
            blob_key=blob_key,
            created_at=clock.now(),
        )
        await spare(blob_key)
        await audit.record(f"application:{application.id}", party.name, "material_added", material=material_id)
    return material


def _require_open(application: Application) -> None:
    if application.state not in _TAKES_MATERIALS:
        raise StateForbidsError(state=application.state)
