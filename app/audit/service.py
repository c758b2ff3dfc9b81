"""Writing the audit, and checking that nobody changed a chain of it."""

import os
from typing import Any

from app.audit.chains import BrokenError, follow
from app.audit.digests import FIRST, OF_PROFILE, SALT_BYTES, Entry, digest_of
from app.audit.models import AuditRecord
from app.kit import clock
from app.kit.crypto import keyring


async def record(chain: str, actor: str, action: str, **details: Any) -> None:
    """Append a record to a chain, within the transaction of what it records, by two statements.

    The caller holds the lock of the chain's subject; where two appended at once all the same, the later one fails by
    the unique place in the chain. ``details`` are ids, states and field names, never personal values.
    """
    last = await AuditRecord.filter(chain=chain).order_by("-position").first().values_list("position", "digest")
    position, previous = (last[0] + 1, bytes(last[1])) if last else (1, FIRST)
    entry = Entry(
        chain=chain,
        position=position,
        at=clock.now(),
        actor=actor,
        action=action,
        details=details,
        previous=previous,
        algorithm=OF_PROFILE[keyring().profile],
        salt=os.urandom(SALT_BYTES),
    )
    await AuditRecord.create(
        chain=chain,
        position=position,
        at=entry.at,
        actor=actor,
        action=action,
        details=details,
        previous=previous,
        digest=digest_of(entry),
        algorithm=entry.algorithm,
        salt=entry.salt,
    )


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
