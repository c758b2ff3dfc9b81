"""What a scanned code is worth."""

from datetime import date, timedelta

import pytest

from app.kit import texts
from app.licences.codes import CodeKind
from app.licences.models import LicenceState
from app.licences.presenting.spending import Unspent
from app.licences.verifying.verdicts import (
    OF_KIND,
    OF_UNSPENT,
    Reason,
    Verdict,
    judge_licence,
    shows_licence,
)

FIRST, LAST = date(2026, 11, 22), date(2031, 11, 21)


@pytest.mark.parametrize(
    ("state", "today", "reason"),
    [
        (LicenceState.VALID, FIRST, Reason.VALID),
        (LicenceState.VALID, FIRST - timedelta(days=1), Reason.NOT_BEGUN),
        (LicenceState.REVOKED, FIRST - timedelta(days=1), Reason.REVOKED),
        (LicenceState.VALID, LAST, Reason.VALID),
        (LicenceState.VALID, LAST + timedelta(days=1), Reason.LICENCE_EXPIRED),
        (LicenceState.EXPIRED, LAST, Reason.LICENCE_EXPIRED),
        (LicenceState.SUSPENDED, LAST, Reason.SUSPENDED),
        (LicenceState.REVOKED, LAST, Reason.REVOKED),
        (LicenceState.REVOKED, date(2040, 1, 1), Reason.REVOKED),
        (LicenceState.CANCELLED, date(2040, 1, 1), Reason.CANCELLED),
        (LicenceState.SUPERSEDED, LAST, Reason.SUPERSEDED),
    ],
)
def test_a_licence_is_judged_by_its_state_and_its_days(state: LicenceState, today: date, reason: Reason) -> None:
    """The first and the last day count, and a state weighs more than either."""
    assert judge_licence(state, FIRST, LAST, today) is reason


def test_every_state_of_a_licence_is_judged_and_one_alone_is_worth_something() -> None:
    """A licence without an end has no last day to pass."""
    reasons = {state: judge_licence(state, FIRST, None, date.max) for state in LicenceState}
    assert [state for state, reason in reasons.items() if reason is Reason.VALID] == [LicenceState.VALID]


def test_every_kind_of_code_and_every_way_of_not_being_spent_has_a_reason() -> None:
    """Only a live code is plain valid; what was not spent is refused."""
    assert set(OF_KIND) == set(CodeKind)
    assert [kind for kind, reason in OF_KIND.items() if reason.verdict is Verdict.VALID] == [CodeKind.LIVE]
    assert set(OF_UNSPENT) == set(Unspent)
    assert {reason.verdict for reason in OF_UNSPENT.values()} == {Verdict.REFUSED}


def test_every_reason_has_its_verdict_and_its_sentence() -> None:
    """What waits for the identity card is never plain valid, and all the rest is refused."""
    assert [reason for reason in Reason if reason.verdict is Verdict.VALID] == [Reason.VALID]
    assert {reason for reason in Reason if reason.verdict is Verdict.GENUINE} == {
        Reason.GENUINE_OFFLINE,
        Reason.GENUINE_PAPER,
    }
    assert texts.keys("reason") == {reason.value for reason in Reason}
    assert texts.keys("verdict") == {verdict.value for verdict in Verdict}


@pytest.mark.parametrize("reason", [Reason.REPLAYED, Reason.EXPIRED, Reason.MALFORMED, Reason.NO_MATCH])
def test_a_code_that_proved_nothing_shows_no_licence(reason: Reason) -> None:
    """Nor does one that was used, or whose minute is over; a revoked licence is named."""
    assert not shows_licence(reason)
    assert shows_licence(Reason.REVOKED)
    assert shows_licence(Reason.GENUINE_PAPER)
