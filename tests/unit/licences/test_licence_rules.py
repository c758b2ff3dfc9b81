"""What a licence is worth."""

from datetime import date

import pytest

from app.licences.models import LicenceState
from app.licences.rules import valid_until
from app.licences.verdicts import Reason, judge_licence


@pytest.mark.parametrize(
    ("start", "years", "last"),
    [
        (date(2026, 11, 22), 5, date(2031, 11, 21)),
        (date(2024, 2, 29), 1, date(2025, 2, 28)),
        (date(2024, 2, 29), 4, date(2028, 2, 28)),
        (date(2026, 1, 1), 1, date(2026, 12, 31)),
    ],
)
def test_the_last_day_is_the_day_before_the_anniversary(start: date, years: int, last: date) -> None:
    """Also from a leap day."""
    assert valid_until(start, years) == last


@pytest.mark.parametrize(
    ("state", "today", "reason"),
    [
        (LicenceState.VALID, date(2031, 11, 21), Reason.VALID),
        (LicenceState.VALID, date(2031, 11, 22), Reason.LICENCE_EXPIRED),
        (LicenceState.REVOKED, date(2026, 11, 22), Reason.REVOKED),
        (LicenceState.REVOKED, date(2040, 1, 1), Reason.REVOKED),
    ],
)
def test_a_licence_is_judged_by_its_state_and_its_last_day(state: LicenceState, today: date, reason: Reason) -> None:
    """The last day still counts, and a revocation weighs more than the end."""
    verdict = judge_licence(state, date(2031, 11, 21), today)
    assert verdict.reason is reason
    assert verdict.word == ("valid" if reason is Reason.VALID else "refused")
