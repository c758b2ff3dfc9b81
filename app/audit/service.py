"""Writing the audit, and checking that nobody changed it."""

import hashlib
import json
from datetime import datetime
from typing import Any

from app.audit.models import AuditRecord
from app.kit import clock

FIRST = bytes(32)


def digest_of(previous: bytes, chain: str, position: int, at: datetime, actor: str, action: str, details: Any) -> bytes:
    """The hash of one record: SHA-256 over the hash before it and the record as canonical JSON."""
    record = [chain, position, at.isoformat(timespec="microseconds"), actor, action, details]
    text = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()


async def record(chain: str, actor: str, action: str, **details: Any) -> None:
    """Append a record to a chain, within the transaction of what it records.

    The caller holds the lock of the chain's subject. ``details`` are ids, states and field names, never personal
    values.
    """
    last = await AuditRecord.filter(chain=chain).order_by("-position").first()
    position, previous = (last.position + 1, bytes(last.digest)) if last else (1, FIRST)
    at = clock.now()
    digest = digest_of(previous, chain, position, at, actor, action, details)
    await AuditRecord.create(
        chain=chain,
        position=position,
        at=at,
        actor=actor,
        action=action,
        details=details,
        previous=previous,
        digest=digest,
    )


async def first_broken(chain: str) -> int | None:
    """The position of the first record of a chain that does not follow from the one before; None where all do."""
    previous, expected = FIRST, 1
    async for entry in AuditRecord.filter(chain=chain).order_by("position"):
        digest = digest_of(previous, chain, expected, entry.at, entry.actor, entry.action, entry.details)
        if entry.position != expected or bytes(entry.previous) != previous or bytes(entry.digest) != digest:
            return expected
        previous, expected = digest, expected + 1
    return None
