"""Pure rules of verification: what a scanned code is worth."""

from datetime import date, datetime, timedelta
from enum import StrEnum

from app.licences.models import LicenceState

SKEW = timedelta(seconds=30)
"""How far the clocks of two servers of ours may lie apart."""


class Verdict(StrEnum):
    """A verification in one word. What is genuine only still has to be compared with the identity card."""

    VALID = "valid"
    GENUINE = "genuine"
    REFUSED = "refused"


class Reason(StrEnum):
    """Stable reason codes of a verification."""

    VALID = "valid"
    GENUINE_OFFLINE = "genuine_offline"
    GENUINE_PAPER = "genuine_paper"
    REPLAYED = "replayed"
    EXPIRED = "expired"
    CLOCK_SKEW = "clock_skew"
    MANDATE_ENDED = "mandate_ended"
    LEVEL_TOO_LOW = "level_too_low"
    OUTSIDE_DUTY = "outside_duty"
    REVOKED = "revoked"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    SUSPENDED = "suspended"
    LICENCE_EXPIRED = "licence_expired"
    NO_MATCH = "no_match"
    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown_key"

    @property
    def verdict(self) -> Verdict:
        """The verdict that this is the reason of."""
        if self is Reason.VALID:
            return Verdict.VALID
        return Verdict.GENUINE if self in {Reason.GENUINE_OFFLINE, Reason.GENUINE_PAPER} else Verdict.REFUSED


ABOUT_THE_LICENCE = frozenset(
    {Reason.REVOKED, Reason.CANCELLED, Reason.SUPERSEDED, Reason.SUSPENDED, Reason.LICENCE_EXPIRED}
)
"""Refusals of a code that proved its licence: which one it is, and why it is worth nothing, may be told."""

_OF_STATE = {
    LicenceState.REVOKED: Reason.REVOKED,
    LicenceState.CANCELLED: Reason.CANCELLED,
    LicenceState.SUPERSEDED: Reason.SUPERSEDED,
    LicenceState.SUSPENDED: Reason.SUSPENDED,
    LicenceState.EXPIRED: Reason.LICENCE_EXPIRED,
}


def shows_licence(reason: Reason) -> bool:
    """Whether a verification that ended so may tell whose and which licence it is."""
    return reason.verdict is not Verdict.REFUSED or reason in ABOUT_THE_LICENCE


def judge_licence(state: LicenceState, valid_until: date | None, today: date) -> Reason:
    """What a licence is worth by itself; its last day still counts, and a state weighs more than the end."""
    if state is not LicenceState.VALID:
        return _OF_STATE[state]
    return Reason.LICENCE_EXPIRED if valid_until and today > valid_until else Reason.VALID


def judge_unspent(spent_at: datetime | None, expires_at: datetime, moment: datetime) -> Reason:
    """Why a genuine code could not be spent: it was before, its minute is over, or the mandate behind it ended."""
    if spent_at:
        return Reason.REPLAYED
    return Reason.EXPIRED if expires_at <= moment else Reason.MANDATE_ENDED
