"""How much a party may have lying in what it has not handed in, so that nobody fills the store with it."""

from app.applications.materials.errors import DraftsTooLargeError
from app.applications.materials.rules import SET_ASIDE
from app.applications.models import Material, State
from app.mandates.party import Party

TAKES_MATERIALS = frozenset({State.DRAFT, State.SUPPLEMENT_REQUESTED})


class _Installed:
    max_bytes: int | None = None


def install(max_bytes: int) -> None:
    """Make this the most bytes that a party's drafts hold together."""
    _Installed.max_bytes = max_bytes


async def require_allowance(party: Party, size: int) -> None:
    """Raise DraftsTooLargeError where so many bytes more are too many for the party: a person, or a company.

    Counted is what lies in the store and may still be handed in. It holds for as long as ``lock_drafts`` does. Raises
    RuntimeError before ``install``.
    """
    if _Installed.max_bytes is None:
        raise RuntimeError("no allowance is installed")
    if await _held(party) + size > _Installed.max_bytes:
        raise DraftsTooLargeError(limit_bytes=_Installed.max_bytes)


async def _held(party: Party) -> int:
    if party.company_id:
        found = Material.filter(application__company_id=party.company_id)
    else:
        found = Material.filter(application__citizen_id=party.citizen_id, application__company_id__isnull=True)
    open_ones = found.filter(handed_in_at=None, application__state__in=list(TAKES_MATERIALS))
    sizes: list[int] = await open_ones.exclude(scan__in=SET_ASIDE).values_list("size", flat=True)  # type: ignore[assignment]
    return sum(sizes)
