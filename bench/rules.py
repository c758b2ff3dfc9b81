"""Rules of the town that every side applies alike: they are no framework's."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from app.applications.time_limits import Days, Mark, reckon
from app.kit import texts

REACH = {"contact": {"phone": None, "address": None}, "delivery": {"method": "electronic"}}
"""How an applicant is reached who said nothing of it."""


def limit_moves(promised: int, statutory: int, timeline: Iterable[tuple[str, datetime]]) -> list[dict[str, Any]]:
    """The days on which the time limits of a case moved, by the kinds and moments of its timeline."""
    found = []
    for move in reckon(Days(promised, statutory), [Mark.of(kind, at) for kind, at in timeline]).moves:
        due = move.due
        found.append(
            {
                "on": move.on.isoformat(),
                "cause": move.cause.value,
                "text": texts.text("limit_move", move.cause),
                "promised_on": due.promised.day.isoformat() if due else None,
                "statutory_on": due.statutory.day.isoformat() if due else None,
                "provisional": due.provisional if due else False,
            }
        )
    return found
