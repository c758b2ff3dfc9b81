"""What the house holds about a person, table by table: each room tells its own parts (PIPL, articles 44 and 45)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from tortoise import Model
from tortoise.expressions import Q

from app.kit import clock, db
from media.storage import BlobStore

_SLICE = 500
Finder = Callable[[UUID], Awaitable[Q]]


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file that goes into a citizen's copy under ``name``."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Part:
    """What one table holds about a citizen.

    ``fields`` are the columns that the citizen's copy shows, each with its Chinese title; ``left_out`` are all others,
    each with the reason. ``more`` adds what a column alone does not say, or says it in its place; ``file`` is the file
    behind a row. ``chain`` begins the names of the audit chains that are about the rows.
    """

    model: type[Model]
    name: str
    title: str
    fields: Mapping[str, str]
    find: Finder
    left_out: Mapping[str, str] = field(default_factory=dict)
    more: Callable[[Any, UUID], Awaitable[dict[str, Any]]] | None = None
    file: Callable[[Any, BlobStore], Awaitable[HeldFile]] | None = None
    chain: str | None = None

    async def rows(self, citizen_id: UUID) -> AsyncIterator[Any]:
        """The rows about a citizen in the order of their keys, fetched by the slice."""
        which, last = await self.find(citizen_id), None
        key = self.model._meta.pk_attr
        while True:
            query = self.model.filter(which)
            found = await (query if last is None else query.filter(pk__gt=last)).order_by(key).limit(_SLICE)
            for row in found:
                yield row
            if len(found) < _SLICE:
                return
            last = found[-1].pk

    async def count(self, citizen_id: UUID) -> int:
        """How many rows are about a citizen."""
        return await self.model.filter(await self.find(citizen_id)).count()

    async def shown(self, row: Any, citizen_id: UUID) -> dict[str, Any]:
        """A row as the copy shows it, ready for JSON."""
        values = {name: plain(getattr(row, name)) for name in self.fields if hasattr(row, name)}
        return {**values, **(await self.more(row, citizen_id) if self.more else {})}


@dataclass(frozen=True, slots=True)
class _OfCitizen:
    column: str
    also: Mapping[str, Any]

    async def __call__(self, citizen_id: UUID) -> Q:
        return Q(**{self.column: citizen_id, **self.also})


def of_citizen(column: str = "citizen_id", **also: Any) -> Finder:
    """Rows whose ``column`` is the citizen's id, and of which ``also`` holds."""
    return _OfCitizen(column, also)


async def count_all(parts: Iterable[Part], citizen_id: UUID) -> dict[str, int]:
    """How many rows of each part are about a citizen, by one statement where a column of their own tells it."""
    counts, together = dict[str, int](), dict[str, str]()
    for part in parts:
        find, meta = part.find, part.model._meta
        column = meta.fields_db_projection.get(find.column) if isinstance(find, _OfCitizen) and not find.also else None
        if column:
            together[part.name] = f"(SELECT count(*) FROM {meta.db_table} WHERE {column} = $1) AS {part.name}"  # noqa: S608
        else:
            counts[part.name] = await part.count(citizen_id)
    if together:
        counts.update(*await db.rows(f"SELECT {', '.join(together.values())}", citizen_id))
    return counts


def plain(value: Any) -> Any:
    """A value of a column as JSON has it: moments in the city's time, the rest by their text."""
    if isinstance(value, datetime):
        return clock.in_city(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, UUID) else value
