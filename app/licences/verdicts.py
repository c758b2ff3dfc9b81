"""Pure rules of verification: what a scanned code is worth."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from app.licences.models import LicenceState


class Reason(StrEnum):
    """Stable reason codes of a verification."""

    VALID = "valid"
    REPLAYED = "replayed"
    EXPIRED = "expired"
    REVOKED = "revoked"
    LICENCE_EXPIRED = "licence_expired"
    MANDATE_ENDED = "mandate_ended"
    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown_key"


UNSPENT = frozenset({Reason.REPLAYED, Reason.EXPIRED, Reason.MANDATE_ENDED})


@dataclass(frozen=True, slots=True)
class Verdict:
    """``valid`` or ``refused``, and why."""

    reason: Reason

    @property
    def word(self) -> str:
        """The verdict in one word."""
        return "valid" if self.reason is Reason.VALID else "refused"


def judge_licence(state: LicenceState, valid_until: date | None, today: date) -> Verdict:
    """What a licence is worth once its code was spent."""
    if state is LicenceState.REVOKED:
        return Verdict(Reason.REVOKED)
    return Verdict(Reason.LICENCE_EXPIRED if valid_until and today > valid_until else Reason.VALID)


def judge_unspent(spent_at: datetime | None, expires_at: datetime, moment: datetime) -> Verdict:
    """Why a genuine code could not be spent: it was before, its minute is over, or the mandate behind it ended."""
    if spent_at:
        return Verdict(Reason.REPLAYED)
    return Verdict(Reason.EXPIRED if expires_at <= moment else Reason.MANDATE_ENDED)
