"""One chain: whether each record follows from the one before."""

import json
from collections.abc import Mapping
from typing import Any

from app.audit.digests import Entry, digest_of


class BrokenError(Exception):
    """The first row that is not as it was written; ``where`` names it, ``why`` says what is wrong with it."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where, self.why = where, why


def row_of(chain: str, position: int) -> str:
    """How a record is named to the operator."""
    return f"chain {chain}, position {position}"


def entry_of(row: Mapping[str, Any]) -> Entry:
    """A row of ``audit_records`` as what its digest is made from."""
    details = row["details"]
    return Entry(
        chain=row["chain"],
        position=row["position"],
        at=row["at"],
        actor=row["actor"],
        action=row["action"],
        details=json.loads(details) if isinstance(details, str) else details,
        previous=bytes(row["previous"]),
        algorithm=row["algorithm"],
        salt=None if row["salt"] is None else bytes(row["salt"]),
    )


def follow(row: Mapping[str, Any], position: int, previous: bytes) -> bytes:
    """The digest of the record that should stand at ``position`` after ``previous``. Raises BrokenError."""
    where = row_of(row["chain"], position)
    if row["position"] != position:
        raise BrokenError(where, "it is not there")
    entry, digest = entry_of(row), bytes(row["digest"])
    if entry.previous != previous:
        raise BrokenError(where, "it does not follow from the one before")
    try:
        right = digest_of(entry) == digest
    except ValueError:
        right = False
    if not right:
        raise BrokenError(where, "it is not what it was when it was written")
    return digest
