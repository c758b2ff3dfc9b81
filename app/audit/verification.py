"""Checking the whole audit, every record, head and checkpoint, in one view of the database and in little memory."""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from app.audit.chains import BrokenError, follow, row_of
from app.audit.checkpoints import hash_of, head_leaf, statement_of
from app.audit.digests import FIRST
from app.audit.merkle import Tree
from app.kit import db
from app.kit.db import transaction
from app.kit.record_signing import RecordSignature, RecordSigner

_PAGE = 2000

_CHECKPOINTS = "SELECT * FROM audit_checkpoints ORDER BY number"
_HEADS = "SELECT * FROM audit_heads ORDER BY number"
_RECORDS = """
SELECT record.chain, record.position, at, actor, action, details, previous, record.digest, algorithm, salt,
       head.digest AS head
FROM audit_records AS record
LEFT JOIN audit_heads AS head ON head.chain = record.chain AND head.position = record.position
ORDER BY record.chain, record.position
"""
_HEADS_WITHOUT_RECORD = """
SELECT chain, position FROM audit_heads AS head
WHERE NOT EXISTS (SELECT 1 FROM audit_records AS r WHERE r.chain = head.chain AND r.position = head.position)
ORDER BY chain, position LIMIT 1
"""
_NOT_NOTED = """
SELECT chain FROM unnest($1::text[]) WITH ORDINALITY AS tail(chain, place)
WHERE NOT EXISTS (SELECT 1 FROM audit_changes WHERE audit_changes.chain = tail.chain)
ORDER BY place LIMIT 1
"""
_COUNTS = """
SELECT (SELECT count(*) FROM audit_records) AS records, (SELECT count(*) FROM audit_checkpoints) AS checkpoints
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found whole. ``waiting`` chains have records that the next checkpoint covers.

    ``newest`` is the number and the hash of the newest checkpoint, None where there is none.
    """

    records: int
    chains: int
    waiting: int
    checkpoints: int
    newest: tuple[int, str] | None


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who is told how far it is: ``sizes`` of checkpoints and records before, then each number that was done."""

    sizes: Callable[[int, int], None]
    checkpoints: Callable[[int], None]
    records: Callable[[int], None]


async def verify(signer: RecordSigner, watcher: Watcher) -> Checked:
    """Check the whole audit as it stands at this moment, beside everything that goes on. Raises BrokenError."""
    async with transaction():
        await db.rows("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        (sizes,) = await db.rows(_COUNTS)
        watcher.sizes(sizes["checkpoints"], sizes["records"])
        newest = await _check_checkpoints(signer, watcher)
        if lost := await db.row(_HEADS_WITHOUT_RECORD):
            raise BrokenError(row_of(lost["chain"], lost["position"]), "a checkpoint covers it, and it is not there")
        chains, waiting = await _check_records(watcher)
    return Checked(sizes["records"], chains, waiting, sizes["checkpoints"], newest)


async def _stream(name: str, sql: str) -> AsyncIterator[list[dict[str, Any]]]:
    """What a query answers, by the page, from a cursor of the database."""
    await db.rows(f"DECLARE {name} NO SCROLL CURSOR FOR {sql}")
    while page := await db.rows(f"FETCH {_PAGE} FROM {name}"):
        yield page
    await db.rows(f"CLOSE {name}")


async def _singly(pages: AsyncIterator[list[dict[str, Any]]]) -> AsyncIterator[dict[str, Any]]:
    async for page in pages:
        for row in page:
            yield row


async def _check_checkpoints(signer: RecordSigner, watcher: Watcher) -> tuple[int, str] | None:
    heads = _singly(_stream("heads", _HEADS))
    previous, number, next_head = FIRST, 0, 1
    async for page in _stream("checkpoints", _CHECKPOINTS):
        for row in page:
            number += 1
            where = f"checkpoint {number}"
            if row["number"] != number:
                raise BrokenError(where, "it is not there")
            said = statement_of(number, row["at"], row["heads"], bytes(row["root"]), bytes(row["previous"]))
            signature = RecordSignature(row["key_id"], bytes(row["signature"]))
            if not signer.is_ours("checkpoint", said, signature):
                raise BrokenError(where, "no key of ours signed it like this")
            if bytes(row["previous"]) != previous:
                raise BrokenError(where, "it does not follow from the one before")
            if row["first_head"] != next_head or await _root(heads, next_head, row["heads"]) != bytes(row["root"]):
                raise BrokenError(where, "its heads are not those that it was made over")
            previous, next_head = hash_of(said), next_head + row["heads"]
        watcher.checkpoints(len(page))
    async for head in heads:
        raise BrokenError(f"head {head['number']}", "no checkpoint was made over it")
    return (number, previous.hex()) if number else None


async def _root(heads: AsyncIterator[dict[str, Any]], first: int, count: int) -> bytes | None:
    """The root over the next heads; None where one is missing."""
    tree = Tree()
    for number in range(first, first + count):
        head = await anext(heads, None)
        if head is None or head["number"] != number:
            return None
        tree.add(head_leaf(head["chain"], head["position"], bytes(head["digest"])))
    return tree.root()


async def _check_records(watcher: Watcher) -> tuple[int, int]:
    """Check every record; returns the number of chains, and of those that wait for a checkpoint."""
    chain, position, previous, covered = None, 0, FIRST, True
    chains = waiting = 0
    async for page in _stream("records", _RECORDS):
        tails: list[str] = []
        for row in page:
            if row["chain"] != chain:
                tails += [] if covered or chain is None else [chain]
                chain, position, previous = row["chain"], 0, FIRST
                chains += 1
            position += 1
            previous = follow(row, position, previous)
            covered = row["head"] is not None
            if covered and bytes(row["head"]) != previous:
                raise BrokenError(row_of(row["chain"], position), "a checkpoint covers it as something else")
        await _check_noted(tails)
        waiting += len(tails)
        watcher.records(len(page))
    last = [] if covered or chain is None else [chain]
    await _check_noted(last)
    return chains, waiting + len(last)


async def _check_noted(tails: Iterable[str]) -> None:
    """What no checkpoint covers is noted for the next one, or it would never be covered."""
    if lost := await db.row(_NOT_NOTED, list(tails)):
        raise BrokenError(f"chain {lost['chain']}", "no checkpoint covers its last record, nor will one")
