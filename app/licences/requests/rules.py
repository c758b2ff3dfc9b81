"""Pure rules of requests for more fields."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

from app.licences.requests.models import Answer, FieldRequest

ANSWER_WITHIN = timedelta(minutes=3)
READ_WITHIN = timedelta(minutes=10)
ASK_WITHIN = timedelta(minutes=10)
"""How long after a verification its officer may ask for more: the citizen still stands there."""


class Standing(StrEnum):
    """Where a request stands."""

    PENDING = "pending"
    EXPIRED = "expired"
    REFUSED = "refused"
    ALLOWED = "allowed"
    READ = "read"


def standing(request: FieldRequest, moment: datetime) -> Standing:
    """Where a request stands at a moment; what was allowed and not read in time has expired too."""
    if request.answer is None:
        return Standing.PENDING if moment < request.expires_at else Standing.EXPIRED
    if request.answer is Answer.REFUSED:
        return Standing.REFUSED
    if request.read_at:
        return Standing.READ
    return Standing.ALLOWED if request.readable_until and moment < request.readable_until else Standing.EXPIRED


def may_be_asked_for(wanted: Collection[str], known: Collection[str], shown: Collection[str]) -> bool:
    """Whether these are fields of the licence, each named once, none of which was shown already."""
    return bool(wanted) and len(set(wanted)) == len(wanted) and set(wanted) <= set(known) - set(shown)
