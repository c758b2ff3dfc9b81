"""When sessions end by themselves."""

from datetime import UTC, datetime, timedelta

import pytest

from app.identity.rules import Audience
from app.identity.sessions import session_end

OPENED = datetime(2026, 11, 27, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("audience", "refreshed_after", "ends_after"),
    [
        (Audience.CITIZEN, timedelta(0), timedelta(days=30)),
        (Audience.CITIZEN, timedelta(days=29), timedelta(days=59)),
        (Audience.CITIZEN, timedelta(days=350), timedelta(days=365)),
        (Audience.H5, timedelta(days=350), timedelta(days=365)),
        (Audience.STAFF, timedelta(0), timedelta(hours=12)),
        (Audience.STAFF, timedelta(hours=11), timedelta(hours=12)),
    ],
)
def test_a_session_ends_unused_and_ends_in_any_case(
    audience: Audience, refreshed_after: timedelta, ends_after: timedelta
) -> None:
    """Citizens' thirty days after its last refreshing and a year after it began, staff's with the day's work."""
    assert session_end(audience, OPENED, OPENED + refreshed_after) == OPENED + ends_after
