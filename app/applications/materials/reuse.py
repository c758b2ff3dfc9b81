"""Files that were given before, given once more."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tortoise.queryset import QuerySet

from app.applications.materials.errors import MaterialNotReusableError, MaterialUnknownError
from app.applications.materials.files import keep_copy, opened, require_safe
from app.applications.materials.rules import SAFE
from app.applications.materials.service import require_asked, require_place, write_material
from app.applications.models import Material
from app.catalogue.errors import ItemNotFoundError
from app.catalogue.guide import GuideMaterial
from app.catalogue.queries import get_item
from app.kit.db import transaction
from app.kit.errors import NotFoundError
from app.mandates.party import Party
from media.storage import BlobStore

_LOOKED_AT, _SHOWN = 300, 20


@dataclass(frozen=True, slots=True)
class Earlier:
    """A file that was handed in with a case; ``material.application`` is loaded."""

    material: Material
    name: str


async def earlier_materials(party: Party, item_code: str, material_id: str) -> list[Earlier]:
    """The party's own files that can be given for a material of an item, the newest first, each content once.

    Raises ItemNotFoundError, MatterNotCoveredError or MaterialUnknownError.
    """
    party.require("item", item_code)
    guide = (await get_item(item_code)).guide
    wanted = next((one for one in guide.materials if one.id == material_id), None)
    if wanted is None:
        raise MaterialUnknownError
    found: dict[str, Earlier] = {}
    async for earlier in _fitting(_handed_in(party), item_code, wanted):
        found.setdefault(earlier.material.sha256, earlier)
        if len(found) == _SHOWN:
            break
    return list(found.values())


async def reuse_material(
    blobs: BlobStore, party: Party, application_id: UUID, material_id: str, file_id: UUID, *, scan_needed: bool
) -> Material:
    """Give a file of an earlier case of the party's own once more: a copy under a key of its own.

    Raises NotFoundError, MaterialNotReusableError, MaterialPendingError, MaterialInfectedError, and what
    ``require_asked`` and ``write_material`` raise.
    """
    application, wanted = await require_asked(party, application_id, material_id)
    given = await _handed_in(party, safe=False).get_or_none(id=file_id)
    if given is None:
        raise NotFoundError
    require_safe(given)
    fitting = [one async for one in _fitting(_handed_in(party).filter(id=file_id), application.item_code, wanted)]
    if not fitting:
        raise MaterialNotReusableError
    await require_place(party, application, material_id, given.size)
    kept = await keep_copy(blobs, given, await opened(blobs, given))
    async with transaction():
        return await write_material(party, application_id, material_id, kept, scan_needed=scan_needed)


def _handed_in(party: Party, *, safe: bool = True) -> QuerySet[Material]:
    """Files of the party's own cases, as far as its mandate covers their items, the newest first."""
    whose: dict[str, Any] = {f"application__{column}": value for column, value in party.owner.items() if value}
    found = Material.filter(handed_in_at__not_isnull=True, **whose)
    if not party.company_id:
        found = found.filter(application__company_id__isnull=True)
    covered = party.covered("item")
    if covered is not None:
        found = found.filter(application__item_code__in=covered)
    if safe:
        found = found.filter(scan__in=SAFE)
    return found.select_related("application").order_by("-id")


async def _fitting(files: QuerySet[Material], item_code: str, wanted: GuideMaterial) -> AsyncIterator[Earlier]:
    """Those that were given for the same material: the same one of the same item, or one of the same name."""
    names: dict[tuple[str, int], dict[str, str]] = {}
    for material in await files.limit(_LOOKED_AT):
        case = material.application
        version = (case.item_code, case.item_version)
        if version not in names:
            names[version] = await _names(*version)
        name = names[version].get(material.material_id, "")
        if (case.item_code == item_code and material.material_id == wanted.id) or name == wanted.name:
            yield Earlier(material, name or wanted.name)


async def _names(item_code: str, version: int) -> dict[str, str]:
    try:
        guide = (await get_item(item_code, version)).guide
    except ItemNotFoundError:
        return {}
    return {material.id: material.name for material in guide.materials}
