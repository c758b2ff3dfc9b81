"""What a record's digest is made from, in either format and with either algorithm."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.audit.digests import ALGORITHMS, Entry, commitment, commitments_of, digest_of, opening_of

ENTRY = Entry(
    chain="application:1",
    position=2,
    at=datetime(2026, 11, 20, 1, 2, 3, 456, tzinfo=UTC),
    actor="citizen:1 by mandate:2",
    action="draft_saved",
    details={"fields": ["名称"], "number": 1},
    previous=bytes(range(32)),
    algorithm="sha256",
    salt=bytes(16),
)
KINDS = [ENTRY, replace(ENTRY, algorithm="sm3"), replace(ENTRY, salt=None)]
CHANGES: list[dict[str, Any]] = [
    {"chain": "application:2"},
    {"position": 3},
    {"at": datetime(2026, 11, 20, 1, 2, 3, 457, tzinfo=UTC)},
    {"actor": "citizen:2 by mandate:2"},
    {"actor": "staff:1"},
    {"action": "draft_saved "},
    {"details": {"fields": ["名称"]}},
    {"details": {"fields": ["名称"], "number": "1"}},
    {"details": {"fields": ["名称"], "numbers": 1}},
    {"previous": bytes(32)},
]


def test_sm3_is_that_of_the_standard() -> None:
    """GB/T 32905-2016, example 1."""
    expected = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert ALGORITHMS["sm3"].hash(b"abc").hex() == expected


@pytest.mark.parametrize("changed", CHANGES, ids=str)
@pytest.mark.parametrize("entry", KINDS, ids=["sha256", "sm3", "first format"])
def test_every_value_counts(entry: Entry, changed: dict[str, Any]) -> None:
    """None can be another without the digest being another."""
    assert digest_of(replace(entry, **changed)) != digest_of(entry)


@pytest.mark.parametrize(("algorithm", "salt"), [("md5", bytes(16)), ("sm3", None), ("", None)])
def test_what_has_no_format_has_no_digest(algorithm: str, salt: bytes | None) -> None:
    """Rather than pass for something else."""
    with pytest.raises(ValueError, match=r"algorithm|alone"):
        digest_of(replace(ENTRY, algorithm=algorithm, salt=salt))


def test_one_opening_opens_one_commitment() -> None:
    """Whoever is shown one value learns the opening of no other."""
    openings = {opening_of(ENTRY, name) for name in ENTRY.values}
    assert len(openings) == len(ENTRY.values) == 3
    opening = opening_of(ENTRY, "actor")
    assert commitments_of(ENTRY)["actor"] == commitment("sha256", opening, "actor", ENTRY.actor).hex()
    assert commitments_of(ENTRY)["actor"] != commitment("sha256", opening, "actor", "citizen:1").hex()


def test_equal_values_of_two_records_are_committed_to_unlike() -> None:
    """Nobody sees from two records that the same person did both."""
    other = replace(ENTRY, salt=b"x" * 16)
    assert not set(commitments_of(ENTRY).values()) & set(commitments_of(other).values())
