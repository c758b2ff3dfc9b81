"""Pure decisions of notifications: which channels, when, how long to try, and what comes of it."""

import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from app.kit.clock import CITY_TIME


class Channel(StrEnum):
    """By which way a message reaches somebody."""

    MINI_PROGRAM = "mini_program"
    OFFICIAL_ACCOUNT = "official_account"
    SMS = "sms"
    INBOX = "inbox"


class Urgency(StrEnum):
    """LEGAL: what the law has people told, and what guards an account: no preference holds it up."""

    NORMAL = "normal"
    LEGAL = "legal"


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of the city's day in which nothing normal is sent: from the first moment until before the last."""

    start: time
    end: time

    def ends(self, moment: datetime) -> datetime | None:
        """When the quiet that holds at a moment is over; None where none holds."""
        local = moment.astimezone(CITY_TIME)
        clock = local.time().replace(tzinfo=None)
        over_midnight = self.start > self.end
        within = (clock >= self.start or clock < self.end) if over_midnight else self.start <= clock < self.end
        if not within:
            return None
        day = local.date() + timedelta(days=1) if over_midnight and clock >= self.start else local.date()
        return datetime.combine(day, self.end, CITY_TIME)


USUAL_QUIET = Quiet(time(22), time(7))


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a citizen wants of normal messages: which groups and channels not, and when not."""

    muted_groups: frozenset[str] = frozenset()
    muted_channels: frozenset[str] = frozenset()
    quiet: Quiet | None = USUAL_QUIET


USUAL = Preferences()


def wanted(channels: Collection[Channel], urgency: Urgency, group: str, preferences: Preferences) -> list[Channel]:
    """The channels beside the inbox by which a message may go, in order. Legal messages heed no preference."""
    if urgency is Urgency.LEGAL:
        return list(channels)
    if group in preferences.muted_groups:
        return []
    return [channel for channel in channels if channel not in preferences.muted_channels]


def due(moment: datetime, urgency: Urgency, quiet: Quiet | None) -> datetime:
    """When a message of a moment may be sent."""
    if urgency is Urgency.LEGAL or quiet is None:
        return moment
    return quiet.ends(moment) or moment


_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=10)
_SPREAD = 0.25
_PATIENCE = {Urgency.LEGAL: timedelta(minutes=30), Urgency.NORMAL: timedelta(days=1)}


def pause(attempts: int, retry_after: float = 0.0) -> timedelta:
    """How long a send rests after a try that can pass: twice as long each time, spread, and as long as is asked for."""
    grown = min(_FIRST_PAUSE.total_seconds() * 2.0 ** min(attempts - 1, 16), _LONGEST_PAUSE.total_seconds())
    spread = grown * random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311  # spreads load, guards nothing
    return timedelta(seconds=max(spread, retry_after + spread / 4 if retry_after else 0.0))


def patience_ends(first_due: datetime, urgency: Urgency) -> datetime:
    """Until when one channel is tried. A legal message goes on to the next channel soon, a normal one can wait."""
    return first_due + _PATIENCE[urgency]
