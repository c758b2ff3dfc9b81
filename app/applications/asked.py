"""What an application asks for: its item's version, in the situation that the applicant's answers led to."""

from dataclasses import dataclass
from typing import Any

from cachetools import LRUCache

from app.applications.models import Application
from app.applications.time_limits import Days
from app.catalogue import forms
from app.catalogue.errors import LifeEventNotFoundError
from app.catalogue.guidance import Asked, asked_for, next_question, variant_named
from app.catalogue.guide import Guide, GuidedQuestion, Variant
from app.catalogue.life_events import Links, link_fields
from app.catalogue.queries import get_item, get_life_event, known_to

# By the digest of a guide, which is another one where anything in it is.
_days: LRUCache[str, Days] = LRUCache(4096)


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
    days = _days.get(digest) if digest else None
    if days is None:
        guide = (await get_item(application.item_code, application.item_version)).guide
        days = Days(guide.promised_days, guide.statutory_days)
        if digest:
            _days[digest] = days
    return days


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
