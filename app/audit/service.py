"""Writing the audit, and checking that nobody changed a chain of it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.audit.chains import BrokenError, follow
from app.audit.digests import FIRST, OF_PROFILE, SALT_BYTES, Entry, digest_of
from app.audit.models import AuditRecord
from app.kit import clock, db
from app.kit.crypto import keyring
from app.kit.many import insert_all

_LAST = """
SELECT given.chain, last.position, last.digest FROM unnest($1::text[]) AS given (chain) CROSS JOIN LATERAL (
    SELECT position, digest FROM audit_records AS record WHERE record.chain = given.chain
    ORDER BY position DESC LIMIT 1
) AS last
"""


@dataclass(frozen=True, slots=True)
class Deed:
    """What a record says: the fields are those of ``record``."""

    chain: str
    actor: str
    action: str
    details: dict[str, Any]


async def record(chain: str, actor: str, action: str, **details: Any) -> None:
    """Append a record to a chain, within the transaction of what it records, by two statements.

    The caller holds the lock of the chain's subject; where two appended at once all the same, the later one fails by
    the unique place in the chain. ``details`` are ids, states and field names, never personal values.
    """
    await record_all([Deed(chain, actor, action, details)])


async def record_all(deeds: Sequence[Deed]) -> None:
    """Append records to their chains, as ``record`` does one, by two statements in all."""
    found = await db.rows(_LAST, [deed.chain for deed in deeds])
    last = {row["chain"]: (row["position"], bytes(row["digest"])) for row in found}
    rows, algorithm = [], OF_PROFILE[keyring().profile]
    for deed in deeds:
        position, previous = last.get(deed.chain, (0, FIRST))
        entry = Entry(
            chain=deed.chain,
            position=position + 1,
            at=clock.now(),
            actor=deed.actor,
            action=deed.action,
            details=deed.details,
            previous=previous,
            algorithm=algorithm,
            salt=os.urandom(SALT_BYTES),
        )
        digest = digest_of(entry)
        last[deed.chain] = entry.position, digest
        rows.append(
            AuditRecord(
                chain=entry.chain,
                position=entry.position,
                at=entry.at,
                actor=entry.actor,
                action=entry.action,
                details=entry.details,
                previous=entry.previous,
                digest=digest,
                algorithm=entry.algorithm,
                salt=entry.salt,
            )
        )
    await insert_all(rows)


async def first_broken(chain: str) -> int | None:
    """The position of the first record of a chain that does not follow from the one before; None where all do."""
    previous, position = FIRST, 1
    async for row in AuditRecord.filter(chain=chain).order_by("position").values():
        try:
            previous = follow(row, position, previous)
        except BrokenError:
            return position
        position += 1
    return None
