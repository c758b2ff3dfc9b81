"""Which channels, when, and how long they are tried."""

from datetime import UTC, datetime, time, timedelta

import pytest

from app.kit.clock import CITY_TIME
from app.notifications.rules import USUAL_QUIET, Channel, Preferences, Quiet, Urgency, due, patience_ends, pause, wanted

ALL = [Channel.MINI_PROGRAM, Channel.OFFICIAL_ACCOUNT, Channel.SMS]


def at(text: str) -> datetime:
    """A moment of 27 November in the city."""
    return datetime.combine(datetime(2026, 11, 27, tzinfo=UTC).date(), time.fromisoformat(text), CITY_TIME)


@pytest.mark.parametrize(
    ("quiet", "moment", "until"),
    [
        (USUAL_QUIET, "21:59", None),
        (USUAL_QUIET, "22:00", (28, "07:00")),
        (USUAL_QUIET, "23:59", (28, "07:00")),
        (USUAL_QUIET, "00:00", (27, "07:00")),
        (USUAL_QUIET, "06:59", (27, "07:00")),
        (USUAL_QUIET, "07:00", None),
        (Quiet(time(12), time(14)), "11:59", None),
        (Quiet(time(12), time(14)), "12:00", (27, "14:00")),
        (Quiet(time(12), time(14)), "14:00", None),
        (Quiet(time(22), time(0)), "23:30", (28, "00:00")),
    ],
)
def test_what_is_normal_waits_for_the_end_of_the_quiet_hours(
    quiet: Quiet, moment: str, until: tuple[int, str] | None
) -> None:
    """Also over midnight; the first moment is quiet, the last one is not."""
    expected = at(moment) if until is None else at(until[1]).replace(day=until[0])
    assert due(at(moment), Urgency.NORMAL, quiet) == expected
    assert due(at(moment).astimezone(UTC), Urgency.NORMAL, quiet) == expected


def test_what_is_legal_waits_for_nothing() -> None:
    """Nor does anything where somebody has no quiet hours."""
    assert due(at("23:00"), Urgency.LEGAL, USUAL_QUIET) == at("23:00")
    assert due(at("23:00"), Urgency.NORMAL, None) == at("23:00")


def test_preferences_concern_what_is_normal() -> None:
    """A group that is turned off goes to the inbox alone; a channel is left out, in the order of the others."""
    off = Preferences(frozenset({"reviews"}), frozenset({"mini_program"}))
    assert wanted(ALL, Urgency.NORMAL, "reviews", off) == []
    assert wanted(ALL, Urgency.NORMAL, "cases", off) == ALL[1:]
    assert wanted(ALL, Urgency.LEGAL, "reviews", off) == ALL


def test_pauses_grow_and_are_spread() -> None:
    """Each twice the one before, by a quarter more or less, ten minutes at most, and as long as a quota asks for."""
    for attempts, seconds in ((1, 1), (2, 2), (6, 32), (12, 600), (5000, 600)):
        pauses = {pause(attempts).total_seconds() for _ in range(50)}
        assert len(pauses) > 1
        assert all(seconds * 0.75 <= one <= seconds * 1.25 for one in pauses)
    assert all(3600 < pause(1, 3600).total_seconds() < 3601 for _ in range(50))


def test_a_channel_has_its_time() -> None:
    """A legal message is not left to a channel that is away for long."""
    assert patience_ends(at("10:00"), Urgency.LEGAL) == at("10:30")
    assert patience_ends(at("10:00"), Urgency.NORMAL) - at("10:00") == timedelta(days=1)
