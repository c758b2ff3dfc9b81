"""Checkpoints: a signed word, each minute, about where every chain stands that changed since the last one.

The database notes each new record's chain in ``audit_changes`` within the transaction of the record. A checkpoint takes
the notes that it can see and reads the heads of their chains in the same statement, hence by the same snapshot: of a
transaction that is still open neither record nor note is seen, and the next checkpoint finds both, in whatever order
they were begun. Notes, heads and checkpoint change in one transaction, so that one that was cut off was never there.
"""

import hashlib
import logging
from datetime import datetime
from typing import Any

from app.audit.digests import FIRST, canonical
from app.audit.merkle import leaf_hash, root_of
from app.audit.models import Checkpoint
from app.kit import clock, db
from app.kit.db import transaction
from app.kit.record_signing import RecordSigner

_log = logging.getLogger(__name__)
MOST_NOTES = 4096
"""Notes that one checkpoint takes: what bounds its tree, and the work of a proof."""

_LOCK = 7_201_311_424

_TAKE = """
WITH noted AS (
    DELETE FROM audit_changes
    WHERE id = ANY(ARRAY(SELECT id FROM audit_changes ORDER BY id LIMIT $1))
    RETURNING chain
)
SELECT changed.chain, head.position, head.digest, known.number IS NOT NULL AS known,
       (SELECT count(*) FROM noted) AS notes
FROM (SELECT DISTINCT chain FROM noted) AS changed
LEFT JOIN LATERAL (
    SELECT position, digest FROM audit_records WHERE chain = changed.chain ORDER BY position DESC LIMIT 1
) AS head ON TRUE
LEFT JOIN audit_heads AS known ON known.chain = changed.chain AND known.position = head.position
ORDER BY changed.chain
"""

_KEEP_HEADS = """
INSERT INTO audit_heads (number, chain, position, digest)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::int[], $4::bytea[])
"""


def head_leaf(chain: str, position: int, digest: bytes) -> bytes:
    """The leaf hash of one head."""
    return leaf_hash(canonical([chain, position, digest.hex()]))


def statement_of(number: int, at: datetime, heads: int, root: bytes, previous: bytes) -> bytes:
    """What a checkpoint says and what is signed, as canonical JSON."""
    said: dict[str, Any] = {
        "number": number,
        "at": at.isoformat(timespec="microseconds"),
        "heads": heads,
        "root": root.hex(),
        "previous": previous.hex(),
    }
    return canonical(said)


def statement(checkpoint: Checkpoint) -> bytes:
    """The statement of a kept checkpoint."""
    root, previous = bytes(checkpoint.root), bytes(checkpoint.previous)
    return statement_of(checkpoint.number, checkpoint.at, checkpoint.heads, root, previous)


def hash_of(said: bytes) -> bytes:
    """The hash by which the next checkpoint names one with this statement."""
    return hashlib.sha256(said).digest()


async def make_checkpoints(signer: RecordSigner) -> int:
    """Cover every change that is there, by as many checkpoints as it takes; returns how many.

    What comes in meanwhile is left to the next run, and all of it to somebody else who is at it already.
    """
    made = 0
    while True:
        async with transaction():
            notes, checkpoint = await _make_next(signer)
        if checkpoint is not None:
            made += 1
            # The log is kept apart from the database: it tells whether the last checkpoints were taken away.
            newest = {"number": checkpoint.number, "hash": hash_of(statement(checkpoint)).hex()}
            _log.info("audit_checkpoint", extra=newest)
        if notes < MOST_NOTES:
            return made


async def _make_next(signer: RecordSigner) -> tuple[int, Checkpoint | None]:
    """Make one checkpoint within the caller's transaction; returns how many notes it took, and the checkpoint."""
    free = await db.row("SELECT pg_try_advisory_xact_lock($1) AS mine", _LOCK)
    if not (free and free["mine"]):
        return 0, None
    taken = await db.rows(_TAKE, MOST_NOTES)
    notes = taken[0]["notes"] if taken else 0
    heads = [head for head in taken if head["position"] is not None and not head["known"]]
    if not heads:
        return notes, None
    last = await Checkpoint.all().order_by("-number").first()
    root = root_of([head_leaf(head["chain"], head["position"], bytes(head["digest"])) for head in heads])
    number, first = (last.number + 1, last.first_head + last.heads) if last else (1, 1)
    previous, at = hash_of(statement(last)) if last else FIRST, clock.now()
    signature = signer.sign("checkpoint", statement_of(number, at, len(heads), root, previous))
    checkpoint = await Checkpoint.create(
        number=number,
        at=at,
        first_head=first,
        heads=len(heads),
        root=root,
        previous=previous,
        key_id=signature.key_id,
        signature=signature.value,
    )
    columns = [[head[name] for head in heads] for name in ("chain", "position", "digest")]
    await db.rows(_KEEP_HEADS, list(range(first, first + len(heads))), *columns)
    return notes, checkpoint
