"""Pure rules of verification: what a scanned code is worth."""

from datetime import date, timedelta
from enum import StrEnum

from app.licences.codes import CodeKind
from app.licences.models import LicenceState
from app.licences.presenting.spending import Unspent

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
    CODE_ENDED = "code_ended"
    LEVEL_TOO_LOW = "level_too_low"
    OUTSIDE_DUTY = "outside_duty"
    REVOKED = "revoked"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    SUSPENDED = "suspended"
    LICENCE_EXPIRED = "licence_expired"
    NOT_BEGUN = "not_begun"
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
    {
        Reason.REVOKED,
        Reason.CANCELLED,
        Reason.SUPERSEDED,
        Reason.SUSPENDED,
        Reason.LICENCE_EXPIRED,
        Reason.NOT_BEGUN,
    }
)
"""Refusals of a code that proved its licence: which one it is, and why it is worth nothing, may be told."""

_OF_STATE = {
    LicenceState.REVOKED: Reason.REVOKED,
    LicenceState.CANCELLED: Reason.CANCELLED,
    LicenceState.SUPERSEDED: Reason.SUPERSEDED,
    LicenceState.SUSPENDED: Reason.SUSPENDED,
    LicenceState.EXPIRED: Reason.LICENCE_EXPIRED,
}

OF_KIND = {
    CodeKind.LIVE: Reason.VALID,
    CodeKind.HELD: Reason.GENUINE_OFFLINE,
    CodeKind.PAPER: Reason.GENUINE_PAPER,
}
"""What a code of each kind comes to where nothing stands against it."""
OF_UNSPENT = {
    Unspent.REPLAYED: Reason.REPLAYED,
    Unspent.EXPIRED: Reason.EXPIRED,
    Unspent.MANDATE_ENDED: Reason.MANDATE_ENDED,
    Unspent.ENDED: Reason.CODE_ENDED,
}
"""What a genuine code comes to that could not be spent."""


def shows_licence(reason: Reason) -> bool:
    """Whether a verification that ended so may tell whose and which licence it is."""
    return reason.verdict is not Verdict.REFUSED or reason in ABOUT_THE_LICENCE


def judge_licence(state: LicenceState, valid_from: date, valid_until: date | None, today: date) -> Reason:
    """What a licence is worth by itself; its first and last day count, and a state weighs more than either."""
    if state is not LicenceState.VALID:
        return _OF_STATE[state]
    if today < valid_from:
        return Reason.NOT_BEGUN
    return Reason.LICENCE_EXPIRED if valid_until and today > valid_until else Reason.VALID
