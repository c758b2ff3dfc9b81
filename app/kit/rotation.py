"""Putting everything that is sealed or hashed under the active keys and profile, while the product runs.

There is no state to keep: what is left is what carries another key's id. So it may be killed at any moment and run
again, and it ends when a whole pass finds nothing left but what cannot be opened.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tortoise import Model, Tortoise

from app.kit.columns import BlobColumn, Column, HashColumn, Outcome, Row, SealedColumn
from app.kit.crypto import Keyring
from app.kit.fields import BlobKeyField, LookupField, SealedField
from media.storage import BlobStore

_AT_ONCE = 8


def key_columns(blobs: BlobStore) -> list[Column]:
    """Every column of every model that depends on keys. Hashes come after what they are made from."""
    return [*_of_kind(SealedField, blobs), *_of_kind(LookupField, blobs), *_of_kind(BlobKeyField, blobs)]


def _of_kind(kind: type, blobs: BlobStore) -> Iterator[Column]:
    for model in _models():
        columns, table, primary_key = model._meta.fields_db_projection, model._meta.db_table, model._meta.db_pk_column
        for name, one in model._meta.fields_map.items():
            if not isinstance(one, kind):
                continue
            if isinstance(one, SealedField):
                yield SealedColumn(table, columns[name], primary_key, one.place)
            elif isinstance(one, LookupField):
                source = model._meta.fields_map[one.source]
                if type(source) is not SealedField:
                    raise TypeError(f"{table}.{name} is made from a field that is no sealed text")
                sealed = SealedColumn(table, columns[one.source], primary_key, source.place)
                yield HashColumn(table, columns[name], primary_key, sealed, one.purpose)
            elif isinstance(one, BlobKeyField):
                yield BlobColumn(table, columns[name], primary_key, blobs, blob_columns())


def _models() -> list[type[Model]]:
    if Tortoise.apps is None:
        raise RuntimeError("no models are registered")
    return sorted(Tortoise.apps["jiaban"].values(), key=lambda one: str(one._meta.db_table))


def blob_columns() -> tuple[tuple[str, str], ...]:
    """Every column that names blobs, with its table first."""
    return tuple(
        (str(model._meta.db_table), model._meta.fields_db_projection[name])
        for model in _models()
        for name, one in model._meta.fields_map.items()
        if isinstance(one, BlobKeyField)
    )


@dataclass(slots=True)
class Renewal:
    """How many values of each column were renewed, and the row ids of those that no key opens."""

    renewed: Counter[str] = field(default_factory=Counter)
    broken: dict[str, list[str]] = field(default_factory=dict)


async def renew(columns: Iterable[Column], ring: Keyring, seen: Callable[[str], None] = lambda _: None) -> Renewal:
    """Renew until nothing is left; ``seen`` is told the column of each value that was looked at.

    Every process that seals must already name the same active keys; what another one writes is renewed as well, but as
    long as it goes on writing there is no end.
    """
    result, columns = Renewal(), tuple(columns)
    while any([await _pass(column, ring, result, seen) for column in columns]):
        pass
    return result


async def _pass(column: Column, ring: Keyring, result: Renewal, seen: Callable[[str], None]) -> bool:
    """Look at the column once; whether there was anything that could be renewed."""
    gate, outcomes, broken = asyncio.Semaphore(_AT_ONCE), Counter[Outcome](), []

    async def one(row: Row) -> None:
        async with gate:
            outcome = await column.renew(ring, row)
        outcomes[outcome] += 1
        if outcome is Outcome.BROKEN:
            broken.append(str(row["id"]))
        seen(column.name)

    async for page in column.pages(ring):
        await asyncio.gather(*(one(row) for row in page))
    result.renewed[column.name] += outcomes[Outcome.RENEWED]
    result.broken[column.name] = broken
    return bool(outcomes[Outcome.RENEWED] or outcomes[Outcome.CHANGED])
