"""Reads of the catalogue."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from cachetools import LRUCache

from app.catalogue.choices import Known, choices
from app.catalogue.errors import ItemNotFoundError, LifeEventNotFoundError
from app.catalogue.guide import Guide
from app.catalogue.licence_type import LicenceTypeDefinition
from app.catalogue.life_events import LifeEventDefinition
from app.catalogue.models import (
    ITEM_CODE_LENGTH,
    LIFE_EVENT_CODE_LENGTH,
    CodeList,
    Department,
    Item,
    LifeEvent,
    Region,
)
from app.kit import clock, db
from app.kit.errors import NotFoundError
from app.kit.lately import Lately
from app.kit.quick import Quick

_TYPES = "SELECT code, definition::text AS definition FROM licence_types WHERE code = ANY($1::text[])"
_ALL_TYPES = "SELECT definition::text AS definition FROM licence_types ORDER BY code"
_REGION_CODE = re.compile("[0-9]{6,12}")

# The newest version whose day has come is in effect: a later edit outranks what was planned before it.
_READ = """
SELECT version.guide, version.number, version.digest, version.offered, version.effective_on, department.name
FROM item_versions AS version JOIN departments AS department ON department.code = version.department
WHERE version.item_code = $1 AND version.state = 'published'
"""
_HEADS = """
SELECT version.item_code, version.number, version.digest, department.name
FROM unnest($1::text[], $2::int[]) AS given (item_code, number)
JOIN item_versions AS version ON version.item_code = given.item_code AND version.number = given.number
JOIN departments AS department ON department.code = version.department
WHERE version.state = 'published'
"""
_IN_EFFECT = _READ + "AND version.effective_on <= $2 ORDER BY version.number DESC LIMIT 1"
_OF_NUMBER = _READ + "AND version.number = $2"
_UNLESS_KNOWN = _IN_EFFECT.replace("version.guide", "CASE WHEN version.digest <> $3 THEN version.guide END AS guide")
_lately: Lately[tuple[Quick, str], LicenceTypeDefinition] = Lately()


@dataclass(frozen=True, slots=True)
class PublishedGuide:
    """A published version of an item; ``guide`` is JSON text, as it was written at publication."""

    guide: str
    version: int
    digest: str
    effective_on: date
    department_name: str

    @property
    def head(self) -> str:
        """What stands beside the guide in an answer, as JSON text."""
        beside = {
            "version": self.version,
            "effective_on": self.effective_on.isoformat(),
            "department_name": self.department_name,
        }
        return json.dumps(beside, ensure_ascii=False)

    @property
    def answer(self) -> str:
        """The guide with its head as JSON text, without reading it."""
        return f"{self.head[:-1]},{self.guide[1:]}"

    @property
    def etag(self) -> str:
        """Another one whenever ``answer`` is another."""
        return hashlib.sha256(f"{self.digest}{self.head}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class GuideAnswer:
    """A guide as it is answered: JSON in UTF-8, and its ETag."""

    guide: PublishedGuide
    content: bytes
    etag: str


# Some megabytes.
_answers: LRUCache[str, GuideAnswer] = LRUCache(256)


@dataclass(frozen=True, slots=True)
class ItemDetail:
    """An item with its whole guide, its department's name, and the version that this is."""

    guide: Guide
    department_name: str
    version: int


@dataclass(frozen=True, slots=True)
class VersionHead:
    """The digest of a version's guide, which is another one where anything in it is, and its department's name."""

    digest: str
    department_name: str


async def get_guide(item_code: str, version: int | None = None) -> PublishedGuide:
    """An item's guide, in one statement: the one in effect, or an older ``version``. Raises ItemNotFoundError.

    An item that is no longer offered is found by its versions alone.
    """
    if len(item_code) > ITEM_CODE_LENGTH:
        raise ItemNotFoundError
    found: dict[str, Any] | None
    if version is None:
        found = await db.row(_IN_EFFECT, item_code, clock.today())
        found = found if found and found["offered"] else None
    else:
        found = await db.row(_OF_NUMBER, item_code, version)
    if found is None:
        raise ItemNotFoundError
    return PublishedGuide(found["guide"], found["number"], found["digest"], found["effective_on"], found["name"])


async def answered_guide(item_code: str) -> GuideAnswer:
    """The answer of the guide in effect, as ``get_guide`` finds it; never within a transaction.

    The guide's text comes from the database only where it is another one than was answered before. Raises
    ItemNotFoundError.
    """
    if len(item_code) > ITEM_CODE_LENGTH:
        raise ItemNotFoundError
    before = _answers.get(item_code)
    found = await db.quick().row(_UNLESS_KNOWN, item_code, clock.today(), before.guide.digest if before else "")
    if found is None or not found["offered"]:
        raise ItemNotFoundError
    text = before.guide.guide if before and found["guide"] is None else found["guide"]
    guide = PublishedGuide(text, found["number"], found["digest"], found["effective_on"], found["name"])
    if before is None or before.guide != guide:
        before = _answers[item_code] = GuideAnswer(guide, guide.answer.encode(), guide.etag)
    return before


async def get_item(item_code: str, version: int | None = None) -> ItemDetail:
    """An item as ``get_guide`` finds it, with its guide read. Raises ItemNotFoundError."""
    found = await get_guide(item_code, version)
    return ItemDetail(Guide.model_validate_json(found.guide), found.department_name, found.version)


async def version_heads(versions: Iterable[tuple[str, int]]) -> dict[tuple[str, int], VersionHead]:
    """The heads of those of these versions, by the item's code and the number, that are published."""
    wanted = set(versions)
    found = await db.rows(_HEADS, [code for code, _ in wanted], [number for _, number in wanted])
    return {(row["item_code"], row["number"]): VersionHead(row["digest"], row["name"]) for row in found}


async def known_to(schema: dict[str, Any], form: dict[str, Any]) -> Known:
    """What the city's lists know of the values that were chosen in a form."""
    chosen = list(choices(schema, form))
    lists = {choice.codes for choice in chosen if choice.codes is not None}
    places = {choice.value for choice in chosen if choice.codes is None and _REGION_CODE.fullmatch(choice.value)}
    codes = await CodeList.filter(code__in=lists) if lists else []
    regions = await Region.filter(code__in=places) if places else []
    return Known(
        codes={found.code: frozenset(entry["code"] for entry in found.entries) for found in codes},
        regions={found.code: found.level for found in regions},
    )


async def list_life_events() -> list[LifeEventDefinition]:
    """All life events, in the city's order."""
    found = await LifeEvent.all().order_by("position")
    return [LifeEventDefinition.model_validate(event.definition) for event in found]


async def get_life_event(code: str) -> LifeEventDefinition:
    """A life event by its code. Raises LifeEventNotFoundError."""
    found = await LifeEvent.get_or_none(code=code) if len(code) <= LIFE_EVENT_CODE_LENGTH else None
    if found is None:
        raise LifeEventNotFoundError
    return LifeEventDefinition.model_validate(found.definition)


async def names_of(item_codes: Iterable[str]) -> dict[str, str]:
    """The names of those of these items that are offered now."""
    found = await Item.filter(item_code__in=list(item_codes))
    return {item.item_code: item.name for item in found}


async def get_department(code: str) -> Department:
    """A department by its code. Raises NotFoundError."""
    department = await Department.get_or_none(code=code)
    if department is None:
        raise NotFoundError
    return department


async def get_licence_types(codes: list[str]) -> dict[str, LicenceTypeDefinition]:
    """Those of these licence types that exist, by code."""
    found = await db.rows(_TYPES, codes) if codes else []
    return {kind["code"]: _licence_type(kind["definition"]) for kind in found}


async def all_licence_types() -> list[LicenceTypeDefinition]:
    """Every licence type, by its code."""
    return [_licence_type(kind["definition"]) for kind in await db.rows(_ALL_TYPES)]


async def get_licence_type(code: str) -> LicenceTypeDefinition:
    """A licence type by its code. Raises NotFoundError."""
    found = await db.row(_TYPES, [code])
    if found is None:
        raise NotFoundError
    return _licence_type(found["definition"])


async def licence_type_lately(code: str) -> LicenceTypeDefinition:
    """A licence type by its code, as the catalogue said a second ago at most. Raises NotFoundError."""
    known = _lately.get((db.quick(), code))
    if known is None:
        known = _lately[db.quick(), code] = await get_licence_type(code)
    return known


@lru_cache(maxsize=1024)
def _licence_type(definition: str) -> LicenceTypeDefinition:
    """What a definition says, which is read once while it stays the same."""
    return LicenceTypeDefinition.model_validate_json(definition)
