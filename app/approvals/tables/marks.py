"""How far the approval system's rows were read, so that none is missed that is committed late.

Numbers and times are given when a row is written, but it is seen when its transaction commits: a later number may be
seen before a smaller one. So each row carries the transaction that wrote it last (``write_mark``, kept by a trigger),
and PostgreSQL tells below which transaction all have ended (``pg_snapshot_xmin``). The mark never moves past that one;
rows beyond it are read all the same, and again until they lie below.
"""

from dataclasses import dataclass
from typing import Any

import asyncpg

PAGE = 200

_SETTLED = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::numeric"
_WORD = """
SELECT table_name, rank, id, write_mark::text AS write_mark, body FROM pro_word
WHERE write_mark >= $1::text::xid8 AND (write_mark, rank, id) > ($1::text::xid8, $2::int, $3::bigint)
  AND ($4::text IS NULL OR write_mark < $4::text::xid8)
ORDER BY pro_word.write_mark, rank, id LIMIT $5
"""


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place behind one row: the transaction that wrote it, the rank of its table, its id."""

    transaction: int = 0
    rank: int = -1
    row: int = 0

    @classmethod
    def read(cls, text: str) -> "Mark":
        """A mark that was written as a cursor; ``0`` is the start."""
        transaction, _, rest = text.partition(".")
        rank, _, row = rest.partition(".")
        return cls(int(transaction), int(rank), int(row)) if rest else cls(int(transaction))

    def __str__(self) -> str:
        """As a cursor."""
        return f"{self.transaction}.{self.rank}.{self.row}"


async def rows_after(connection: asyncpg.Connection, mark: Mark) -> tuple[list[dict[str, Any]], Mark]:
    """The rows behind a mark, at most a page of settled ones, and where to read on; within one snapshot.

    A mark from beyond all transactions is another server's, whose database was moved: then all is read again.
    """
    settled = int(await connection.fetchval(_SETTLED))
    if mark.transaction > settled:
        mark = Mark()
    page = await connection.fetch(_WORD, *_values(mark), str(settled), PAGE)
    after = Mark(int(page[-1]["write_mark"]), page[-1]["rank"], page[-1]["id"]) if page else mark
    if len(page) == PAGE:
        return [dict(row) for row in page], after
    unsettled = await connection.fetch(_WORD, *_values(max(mark, Mark(settled))), None, None)
    return [dict(row) for row in (*page, *unsettled)], after


def _values(mark: Mark) -> tuple[str, int, int]:
    return str(mark.transaction), mark.rank, mark.row
