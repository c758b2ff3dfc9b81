"""Columns whose values depend on keys: what of them is left to renew, and how one value is renewed.

A value is renewed by compare-and-set: what somebody else wrote meanwhile stays, and is looked at again where it needs
to be. Each UPDATE stands alone, so that it holds one row's lock for a moment and can be in nobody's way.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, NamedTuple, Protocol

from app.kit import db
from app.kit.crypto import FORMAT_NAMES, HEAD_LENGTH, Keyring, SealBrokenError
from media.storage import BlobMissingError, BlobStore

_PAGE = 200
_NAMED = re.compile(r"([!-9;-~]{1,32}):(aes|sm):")
Row = dict[str, Any]


class Under(NamedTuple):
    """What a value was sealed or hashed with: the key's id, and the profile (``direct`` for format 1)."""

    key_id: str
    form: str


UNNAMED = Under("(unnamed)", "aes")
UNREADABLE = Under("(unreadable)", "?")


class Outcome(Enum):
    """What came of one value. BROKEN: it stays as it is, since no key of the ring opens it."""

    RENEWED = auto()
    CHANGED = auto()
    CURRENT = auto()
    BROKEN = auto()


class Column(Protocol):
    """A column that depends on keys. ``kind`` names the ring: ``encryption`` or ``lookup``."""

    @property
    def name(self) -> str:
        """Table and column."""

    @property
    def kind(self) -> str:
        """The ring it depends on."""

    async def count(self, ring: Keyring) -> int:
        """How many rows ``pages`` has at present."""

    def pages(self, ring: Keyring) -> AsyncIterator[list[Row]]:
        """The rows that may need renewal, in the order of their primary keys, which each row has as ``id``."""

    async def renew(self, ring: Keyring, row: Row) -> Outcome:
        """Put one value under the active key and profile."""

    async def tally(self) -> Counter[Under]:
        """How many values are under which key."""


@dataclass(frozen=True)
class _InTable:
    table: str
    column: str
    primary_key: str

    @property
    def name(self) -> str:
        return f"{self.table}.{self.column}"

    async def _count(self, where: str, *values: Any) -> int:
        found = await db.row(f'SELECT count(*) AS number FROM "{self.table}" WHERE {where}', *values)  # noqa: S608  # names of our models
        return int(found["number"]) if found else 0

    async def _pages(self, where: str, *values: Any, more: str = "") -> AsyncIterator[list[Row]]:
        select = f'SELECT "{self.primary_key}" AS id, "{self.column}" AS value{more} FROM "{self.table}"'  # noqa: S608  # names of our models
        order = f'ORDER BY "{self.primary_key}" LIMIT {_PAGE}'
        page = await db.rows(f"{select} WHERE {where} {order}", *values)
        while page:
            yield page
            beyond = f'"{self.primary_key}" > ${len(values) + 1}'
            page = await db.rows(f"{select} WHERE {where} AND {beyond} {order}", *values, page[-1]["id"])

    async def _groups(self, head: str) -> AsyncIterator[tuple[Any, int]]:
        grouped = f'SELECT {head} AS head, count(*) AS number FROM "{self.table}"'  # noqa: S608  # names of our models
        for group in await db.rows(f'{grouped} WHERE "{self.column}" IS NOT NULL GROUP BY 1'):
            yield group["head"], group["number"]

    async def _replace(self, row: Row, new: Any) -> Outcome:
        sql = f'UPDATE "{self.table}" SET "{self.column}" = $1 WHERE "{self.primary_key}" = $2 AND "{self.column}" = $3'  # noqa: S608  # names of our models
        return Outcome.RENEWED if await db.execute(sql, new, row["id"], row["value"]) else Outcome.CHANGED


@dataclass(frozen=True)
class SealedColumn(_InTable):
    """Values sealed for ``place``."""

    place: str
    kind: str = field(default="encryption", init=False)

    def _left(self, ring: Keyring) -> tuple[str, int, bytes]:
        return f'substr("{self.column}", 1, $1) <> $2', len(ring.head), ring.head

    async def count(self, ring: Keyring) -> int:
        """See ``Column``."""
        return await self._count(*self._left(ring))

    def pages(self, ring: Keyring) -> AsyncIterator[list[Row]]:
        """See ``Column``."""
        return self._pages(*self._left(ring))

    async def renew(self, ring: Keyring, row: Row) -> Outcome:
        """See ``Column``."""
        try:
            plain = ring.open(bytes(row["value"]), self.place)
        except SealBrokenError:
            return Outcome.BROKEN
        return await self._replace(row, ring.seal(plain, self.place))

    async def tally(self) -> Counter[Under]:
        """See ``Column``."""
        length = f'CASE WHEN length("{self.column}") > 1 THEN 2 + get_byte("{self.column}", 1) END'
        counts: Counter[Under] = Counter()
        async for head, number in self._groups(f'substr("{self.column}", 1, {length})'):
            counts[under(bytes(head or b""))] += number
        return counts


@dataclass(frozen=True)
class HashColumn(_InTable):
    """Keyed hashes, each made anew from the sealed value in ``source`` of its row."""

    source: SealedColumn
    purpose: str
    kind: str = field(default="lookup", init=False)

    def _left(self, ring: Keyring) -> tuple[str, str]:
        return f'NOT starts_with("{self.column}", $1)', ring.lookup_head

    async def count(self, ring: Keyring) -> int:
        """See ``Column``."""
        return await self._count(*self._left(ring))

    def pages(self, ring: Keyring) -> AsyncIterator[list[Row]]:
        """See ``Column``."""
        return self._pages(*self._left(ring), more=f', "{self.source.column}" AS source')

    async def renew(self, ring: Keyring, row: Row) -> Outcome:
        """See ``Column``. While the hash is the same, so is what it was made from."""
        if row["source"] is None:
            return Outcome.BROKEN
        try:
            value = ring.open(bytes(row["source"]), self.source.place).decode()
        except SealBrokenError:
            return Outcome.BROKEN
        return await self._replace(row, ring.lookup(value, self.purpose))

    async def tally(self) -> Counter[Under]:
        """See ``Column``."""
        counts: Counter[Under] = Counter()
        async for head, number in self._groups(f"regexp_replace(\"{self.column}\", '[0-9a-f]{{64}}$', '')"):
            named = _NAMED.fullmatch(head)
            counts[Under(named[1], named[2]) if named else UNREADABLE if head else UNNAMED] += number
        return counts


@dataclass(frozen=True)
class BlobColumn(_InTable):
    """Keys of blobs, whose contents are sealed for the place of their key.

    A blob is put once and never changed, so that nothing can come between reading and putting it; one that no row of
    any table names any more is deleted again. ``named_in`` are all tables that name blobs, with the column.
    """

    blobs: BlobStore
    named_in: tuple[tuple[str, str], ...]
    kind: str = field(default="encryption", init=False)

    @property
    def _named(self) -> str:
        return f'"{self.column}" IS NOT NULL'

    async def count(self, ring: Keyring) -> int:
        """See ``Column``. All keys: what a blob is under shows in the blob alone."""
        del ring
        return await self._count(self._named)

    def pages(self, ring: Keyring) -> AsyncIterator[list[Row]]:
        """See ``Column``."""
        del ring
        return self._pages(self._named)

    async def renew(self, ring: Keyring, row: Row) -> Outcome:
        """See ``Column``. A blob that is not there is under no key."""
        key = row["value"]
        try:
            if (await self.blobs.head(key, HEAD_LENGTH)).startswith(ring.head):
                return Outcome.CURRENT
            sealed = ring.seal(ring.open(await self.blobs.get(key), key), key)
        except BlobMissingError:
            return Outcome.CURRENT
        except SealBrokenError:
            return Outcome.BROKEN
        await self.blobs.put(key, sealed)
        if not await self._is_named(key):
            await self.blobs.delete(key)
        return Outcome.RENEWED

    async def _is_named(self, key: str) -> bool:
        """Whether a row names the blob, in one look: it may go from one table to another meanwhile."""
        names = [f'SELECT 1 AS named FROM "{table}" WHERE "{one}" = $1' for table, one in self.named_in]  # noqa: S608  # names of our models
        places = " UNION ALL ".join(names)
        return await db.row(f"{places} LIMIT 1", key) is not None

    async def tally(self) -> Counter[Under]:
        """See ``Column``."""
        counts: Counter[Under] = Counter()
        async for page in self._pages(self._named):
            counts.update(filter(None, await asyncio.gather(*(self._under(row["value"]) for row in page))))
        return counts

    async def _under(self, key: str) -> Under | None:
        try:
            return under(await self.blobs.head(key, HEAD_LENGTH))
        except BlobMissingError:
            return None


def under(sealed: bytes) -> Under:
    """What a value was sealed with, by its first ``HEAD_LENGTH`` bytes. Of what nobody sealed nothing is said."""
    form = FORMAT_NAMES.get(sealed[0]) if len(sealed) > 1 else None
    key_id = sealed[2 : 2 + sealed[1]] if form else b""
    return Under(key_id.decode(), form) if form and key_id.isascii() and key_id.decode().isprintable() else UNREADABLE
