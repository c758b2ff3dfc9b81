"""What an application asks for: its item's version, in the situation that the applicant's answers led to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cachetools import LRUCache

from app.applications.models import Application
from app.applications.time_limits import Days
from app.catalogue import forms
from app.catalogue.errors import ItemNotFoundError, LifeEventNotFoundError
from app.catalogue.guidance import Asked, asked_for, next_question, variant_named
from app.catalogue.guide import Guide, GuidedQuestion, GuideMaterial, Variant
from app.catalogue.life_events import Links, link_fields
from app.catalogue.queries import get_item, get_life_event, known_to, version_heads


@dataclass(frozen=True, slots=True)
class Basis:
    """What a case is handled on: its item's time limits, where its office serves, and that department's name."""

    days: Days
    region: str
    office: str


# What applicants vouch for in a guide's variant, by the guide's digest and the variant's name.
_promised: LRUCache[tuple[str, str | None], tuple[Variant | None, list[GuideMaterial]]] = LRUCache(1024)
# The time limits and the region of a guide by its digest, which is another one where anything in it is.
_fixed: LRUCache[str, tuple[Days, str]] = LRUCache(4096)


@dataclass(frozen=True, slots=True)
class AskedApplication(Asked):
    """An application's guide, its variant, what both ask for, and the name of the department that handles it."""

    guide: Guide
    variant: Variant | None
    office: str

    def next_question(self, application: Application) -> GuidedQuestion | None:
        """The guided question to put to the applicant next, None where none is open."""
        return next_question(self.guide, application.answers or {})


async def asked_of(application: Application) -> AskedApplication:
    """What an application asks for. Raises ItemNotFoundError."""
    detail = await get_item(application.item_code, application.item_version)
    guide = detail.guide
    variant = variant_named(guide, application.variant)
    asked = asked_for(guide, variant)
    return AskedApplication(asked.form_schema, asked.materials, guide, variant, detail.department_name)


async def days_of(application: Application, digest: str | None) -> Days:
    """The time limits of an application's item, whose version has this ``digest``. Raises ItemNotFoundError."""
    return (await _fixed_of(application, digest))[0]


async def bases_of(applications: Sequence[Application]) -> list[Basis]:
    """What each of these is handled on. Raises ItemNotFoundError."""
    versions = [(one.item_code, one.item_version) for one in applications]
    heads, found = await version_heads(versions), []
    for application, version in zip(applications, versions, strict=True):
        head = heads.get(version)
        if head is None:
            raise ItemNotFoundError
        found.append(Basis(*await _fixed_of(application, head.digest), head.department_name))
    return found


async def promised_of(application: Application, digest: str | None) -> tuple[Variant | None, list[GuideMaterial]]:
    """An application's variant, and the materials in whose place a statement may stand.

    The item's version has this ``digest``. Raises ItemNotFoundError.
    """
    key = digest or "", application.variant
    found = _promised.get(key) if digest else None
    if found is None:
        asked = await asked_of(application)
        found = asked.variant, [one for one in asked.materials if one.promised]
        if digest:
            _promised[key] = found
    return found


async def _fixed_of(application: Application, digest: str | None) -> tuple[Days, str]:
    fixed = _fixed.get(digest) if digest else None
    if fixed is None:
        guide = (await get_item(application.item_code, application.item_version)).guide
        fixed = Days(guide.promised_days, guide.statutory_days), guide.region
        if digest:
            _fixed[digest] = fixed
    return fixed


async def links_of(life_event: str | None, schemas: dict[str, dict[str, Any]]) -> Links | None:
    """Which fields of the forms of one life event are asked once; None where there is no such life event any more."""
    if life_event is None:
        return None
    try:
        return link_fields(await get_life_event(life_event), schemas)
    except LifeEventNotFoundError:
        return None


async def missing_in(application: Application, schema: dict[str, Any]) -> list[dict[str, str]]:
    """What an application's form still lacks, and what of it has become wrong."""
    known = await known_to(schema, application.form)
    return forms.problems(schema, application.form, complete=True, known=known)
