"""The arithmetic of figures about items: shares, cuts of time limits, visits saved. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

_STRICT = ConfigDict(extra="forbid", frozen=True)


class Target(BaseModel):
    """The ``share`` of items that can be handled online by the end of a day, 0 to 1."""

    model_config = _STRICT
    by: date
    share: Decimal = Field(ge=0, le=1)


class Targets(BaseModel):
    """``config/city/targets.yaml``: from which depth on an item counts as online, which ``levels`` are measured."""

    model_config = _STRICT
    online_depth: int = Field(ge=1, le=4)
    visits_before: int = Field(ge=0)
    levels: list[str] = Field(min_length=1)
    online: list[Target]


@dataclass(frozen=True, slots=True)
class Tally:
    """What is counted of items, to be added up.

    ``items`` all of them, ``online`` those that can be handled online; ``limited`` those with a statutory limit, whose
    limits add up to ``statutory`` and ``promised`` working days, and whose cuts (0 to 1) to ``cuts``.
    """

    items: int = 0
    online: int = 0
    limited: int = 0
    statutory: int = 0
    promised: int = 0
    cuts: float = 0.0

    @classmethod
    def of(cls, *, depth: int, statutory: int, promised: int, online_from: int) -> "Tally":
        """The tally of one item."""
        limited = statutory > 0
        return cls(
            items=1,
            online=int(depth >= online_from),
            limited=int(limited),
            statutory=statutory if limited else 0,
            promised=promised if limited else 0,
            cuts=1 - promised / statutory if limited else 0.0,
        )

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.items + other.items,
            self.online + other.online,
            self.limited + other.limited,
            self.statutory + other.statutory,
            self.promised + other.promised,
            self.cuts + other.cuts,
        )

    @property
    def online_share(self) -> float | None:
        """网上可办率, 0 to 1; None where there is no item."""
        return self.online / self.items if self.items else None

    @property
    def total_cut(self) -> float | None:
        """The part of all statutory days that is promised away, 0 to 1; None where no item has a limit."""
        return 1 - self.promised / self.statutory if self.statutory else None

    @property
    def mean_cut(self) -> float | None:
        """The mean of the items' own cuts, in which a short limit weighs as much as a long one."""
        return self.cuts / self.limited if self.limited else None


def reached(tally: Tally, target: Target) -> bool | None:
    """Whether a target is reached; None where there is no item. Counted in items, so that no rounding decides."""
    return tally.online >= target.share * tally.items if tally.items else None


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits that citizens were spared in so many ``cases`` of so many ``items``; ``unknown`` cases are of none."""

    items: int = 0
    cases: int = 0
    saved: int = 0
    unknown: int = 0


def visits_saved(counted: Iterable[tuple[int | None, int]], before: int) -> Visits:
    """Of each item the visits that it takes, None where there is no such item, and its number of cases.

    An item that takes more visits than ``before`` saves none; it takes none away from the others either.
    """
    items = cases = saved = unknown = 0
    for visits, number in counted:
        if visits is None:
            unknown += number
        else:
            items, cases, saved = items + 1, cases + number, saved + max(0, before - visits) * number
    return Visits(items, cases, saved, unknown)
