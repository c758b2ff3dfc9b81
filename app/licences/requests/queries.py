"""Reads of requests for more fields."""

from app.kit import clock
from app.licences.requests.models import FieldRequest
from app.mandates.party import Party

_MOST = 20


async def open_requests(party: Party) -> list[FieldRequest]:
    """What waits for a party's answer, as far as its mandate covers it, the oldest first; with their licences."""
    owner = {f"verification__licence__{name}": value for name, value in party.owner.items()}
    found = FieldRequest.filter(answer=None, expires_at__gt=clock.now(), **owner)
    covered = party.covered("licence")
    if covered is not None:
        found = found.filter(verification__licence__type_code__in=covered)
    return await found.order_by("id").limit(_MOST).select_related("verification__licence")
