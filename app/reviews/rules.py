"""Pure rules of reviews: what may be reviewed, what is masked, what is public, and when it can be told."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from app.applications.rules import Cause as CaseCause
from app.kit import clock
from app.reviews.models import CommentState, Stage

LEVELS = range(1, 6)
SATISFIED_FROM = 3
LONGEST_COMMENT = 500

_MASK = "***"
# Seven digits in a row, however they are parted or written, are a number by which somebody can be found: identity,
# telephone, bank card, case. Python's \d means the full-width ones too.
_NUMBER = re.compile(r"(?:\d[\s\-－—.·]?){6,}\d[Xx]?")
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_SHORTEST_NAME = 2


class Tone(StrEnum):
    """Whether a level is a good review (5 to 3) or a bad one (2 and 1)."""

    GOOD = "good"
    BAD = "bad"


def tone_of(level: int) -> Tone:
    """The tone of a level (国办发〔2019〕51号: 不满意 and 非常不满意 are bad reviews)."""
    return Tone.GOOD if level >= SATISFIED_FROM else Tone.BAD


_OPENED_BY: dict[str, Stage] = {
    CaseCause.ACCEPTED: Stage.ACCEPTANCE,
    CaseCause.NOT_ACCEPTED: Stage.ACCEPTANCE,
    CaseCause.APPROVED: Stage.RESULT,
    CaseCause.REFUSED: Stage.RESULT,
}


def stages_of(timeline: Iterable[tuple[str, datetime]]) -> dict[Stage, datetime]:
    """The stages that a case has been through and when, by its timeline of causes; the last time counts."""
    reached: dict[Stage, datetime] = {}
    for kind, at in timeline:
        stage = _OPENED_BY.get(kind)
        if stage is not None:
            reached[stage] = max(at, reached.get(stage, at))
    return reached


def closes_at(reached: datetime, days: int) -> datetime:
    """Until when a stage may be reviewed that was reached at a moment."""
    return reached + timedelta(days=days)


def masked(text: str, names: Iterable[str] = ()) -> str:
    """A text without numbers and addresses by which somebody can be found, and without these names."""
    text = _ADDRESS.sub(_MASK, _NUMBER.sub(_MASK, text))
    for name in names:
        if len(name) >= _SHORTEST_NAME:
            text = text.replace(name, _MASK)
    return text.strip()


class Judgement(StrEnum):
    """What decides about a comment: WeChat's verdict, or a member of staff."""

    PASS = "pass"  # noqa: S105  # WeChat's word, not a secret
    RISKY = "risky"
    UNSURE = "unsure"
    RELEASE = "release"
    WITHHOLD = "withhold"


_C = CommentState
# Nothing leads from RISKY, and nothing but a verdict from CHECKING: no comment is public that WeChat refused, or that
# nobody looked at.
COMMENTS: dict[Judgement, dict[CommentState, CommentState]] = {
    Judgement.PASS: {_C.CHECKING: _C.RELEASED},
    Judgement.RISKY: {_C.CHECKING: _C.RISKY},
    Judgement.UNSURE: {_C.CHECKING: _C.UNDECIDED},
    Judgement.RELEASE: {_C.UNDECIDED: _C.RELEASED, _C.WITHHELD: _C.RELEASED},
    Judgement.WITHHOLD: {_C.UNDECIDED: _C.WITHHELD, _C.RELEASED: _C.WITHHELD},
}


def period(at: datetime, month: int, year: int, small: int) -> str | None:
    """When a review was given, as exactly as can be told: ``2026-11``, ``2026``, or None.

    ``month`` and ``year`` are how many reviews of the item that month and that year had. Of fewer than ``small`` one
    could be told from the others by its time.
    """
    local = at.astimezone(clock.CITY_TIME)
    if month >= small:
        return f"{local:%Y-%m}"
    return f"{local:%Y}" if year >= small else None


def satisfaction(counts: dict[int, int]) -> float | None:
    """The share of good reviews, None without any."""
    total = sum(counts.values())
    return sum(counts[level] for level in counts if level >= SATISFIED_FROM) / total if total else None
