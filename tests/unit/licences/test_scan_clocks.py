"""When a scan counts as made that a phone dates by a clock of its own."""

from datetime import UTC, datetime, timedelta

import pytest

from app.licences.verifying.clocks import LONGEST_OFFLINE, PHONE_SKEW, bounded

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
ISSUED = NOON - timedelta(hours=6)


@pytest.mark.parametrize(
    ("said", "at", "wrong"),
    [
        (NOON - timedelta(hours=1), NOON - timedelta(hours=1), False),
        (NOON + PHONE_SKEW, NOON, False),
        (NOON + PHONE_SKEW + timedelta(seconds=1), NOON, True),
        (NOON + timedelta(days=3650), NOON, True),
        (ISSUED - PHONE_SKEW, ISSUED, False),
        (ISSUED - PHONE_SKEW - timedelta(seconds=1), ISSUED, True),
        (datetime(1970, 1, 1, tzinfo=UTC), ISSUED, True),
    ],
)
def test_a_code_is_scanned_between_its_issue_and_the_handing_in(said: datetime, at: datetime, wrong: bool) -> None:
    """What cannot be is bounded, and marked where it is more than a small difference."""
    found = bounded(said, NOON, ISSUED)
    assert (found.at, found.wrong) == (at, wrong)


def test_what_is_no_code_of_ours_is_at_most_a_month_old() -> None:
    """So is a code that was issued longer ago."""
    for issued_at in (None, NOON - 3 * LONGEST_OFFLINE):
        found = bounded(NOON - 2 * LONGEST_OFFLINE, NOON, issued_at)
        assert (found.at, found.wrong) == (NOON - LONGEST_OFFLINE, True)


def test_a_code_from_the_future_was_scanned_when_it_was_handed_in() -> None:
    """Never after that, whatever the code says."""
    assert bounded(NOON, NOON, NOON + timedelta(hours=1)).at == NOON
