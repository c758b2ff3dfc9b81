"""How far the approval system's rows were read, so that none is missed that is committed late.

Numbers and times are given when a row is written, but it is seen when its transaction commits: a later number may be
seen before a smaller one. So each row carries the transaction that wrote it last (``write_mark``, kept by a trigger),
and PostgreSQL tells which transactions had not ended when one looked (``pg_current_snapshot``). A mark remembers them:
what they wrote is read whenever they end, and nothing else below the mark is read again.
"""

from dataclasses import dataclass
from typing import Any

import asyncpg

PAGE = 200
_LONGEST = 64

_SNAPSHOT = """
SELECT pg_snapshot_xmax(seen)::text AS after, array(SELECT pg_snapshot_xip(seen)::text) AS open
FROM pg_current_snapshot() AS seen
"""
_WORD = "SELECT table_name, rank, id, write_mark::text AS write_mark, body FROM pro_word"
# Two statements, since each alone is answered in the order of an index.
_LATE = f"""
{_WORD} WHERE write_mark = ANY($1::text[]::xid8[]) ORDER BY pro_word.write_mark, rank, id LIMIT $2
"""
_BEHIND = f"""
{_WORD} WHERE write_mark >= $1::text::xid8 AND (write_mark, rank, id) > ($1::text::xid8, $2::int, $3::bigint)
ORDER BY pro_word.write_mark, rank, id LIMIT $4
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place behind one row: the transaction that wrote it, the rank of its table, its id.

    ``open`` are the transactions below it that had not ended, in order: what they wrote is not read yet.
    """

    transaction: int = 0
    rank: int = -1
    row: int = 0
    open: tuple[int, ...] = ()

    @classmethod
    def read(cls, text: str) -> "Mark":
        """A mark that was written as a cursor; ``0`` is the start."""
        place, _, below = text.partition("~")
        transaction, _, rest = place.partition(".")
        rank, _, row = rest.partition(".")
        still_open = tuple(int(transaction) - int(one) for one in below.split(",") if one)
        return cls(int(transaction), int(rank), int(row), still_open) if rest else cls(int(transaction))

    def __str__(self) -> str:
        """As a cursor: the place, and how far below it each open transaction lies."""
        place = f"{self.transaction}.{self.rank}.{self.row}"
        below = ",".join(str(self.transaction - one) for one in self.open)
        return f"{place}~{below}" if below else place

    def shortened(self) -> "Mark":
        """The same, or the last before it whose cursor fits its column: what lies between is read again."""
        return self if len(str(self)) <= _LONGEST else Mark(self.open[-1], open=self.open[:-1]).shortened()


async def rows_after(connection: asyncpg.Connection, mark: Mark) -> tuple[list[dict[str, Any]], Mark]:
    """The rows behind a mark, about a page, and where to read on; within one snapshot.

    Where an open transaction wrote more than a page, all that lies above it is read once more. A mark from beyond all
    transactions is another server's, whose database was moved: then all is read again.
    """
    snapshot = await connection.fetchrow(_SNAPSHOT)
    after, still_open = int(snapshot["after"]), sorted(int(one) for one in snapshot["open"])
    if mark.transaction > after:
        mark = Mark()
    rows = await connection.fetch(_LATE, [str(one) for one in mark.open], PAGE) if mark.open else []
    if len(rows) < PAGE:
        place = (str(mark.transaction), mark.rank, mark.row)
        behind = await connection.fetch(_BEHIND, *place, PAGE)
        if len(behind) < PAGE:
            return _read(rows + behind, mark, Mark(after, open=tuple(still_open)))
        rows += behind
    last, transaction = rows[-1], int(rows[-1]["write_mark"])
    reached = Mark(transaction, last["rank"], last["id"], tuple(one for one in still_open if one < transaction))
    if reached != reached.shortened():
        # A page would end before the place where the next begins: so there is one page alone.
        rows += await connection.fetch(_BEHIND, str(transaction), last["rank"], last["id"], None)
        reached = Mark(after, open=tuple(still_open))
    return _read(rows, mark, reached)


def _read(rows: list[asyncpg.Record], before: Mark, after: Mark) -> tuple[list[dict[str, Any]], Mark]:
    return [dict(row) for row in rows], after.shortened() if rows else before
