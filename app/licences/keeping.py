"""Staff of the department that issued a licence look it up, and suspend, resume, revoke or cancel it with a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.audit import service as audit
from app.catalogue.models import Department
from app.identity.models import Staff
from app.identity.staff_accounts import Scope
from app.kit.db import transaction
from app.licences.errors import LicenceNotFoundError
from app.licences.models import Licence, LicenceCause, LicenceMove
from app.licences.moving import lock_licence, lock_newest, move_licence
from app.licences.queries import by_name, list_moves

_MOST = 20


@dataclass(frozen=True, slots=True)
class LicenceHistory:
    """A licence with the history of what it was worth, the latest move first."""

    licence: Licence
    moves: Sequence[LicenceMove]


async def find_licences(staff: Staff, name: str) -> list[LicenceHistory]:
    """The licences of the member's department of an identifier, number or case number, at most 20, the newest first.

    The search stands in the audit of each.
    """
    named = by_name(name.strip())
    found = await Licence.filter(named).order_by("-version", "id").limit(_MOST) if named else []
    kept = [licence for licence in found if await _keeps(staff, licence)]
    async with transaction():
        # In one order, so that no two who search wait for each other.
        for licence in sorted(kept, key=lambda one: one.id):
            await audit.record(f"licence:{licence.id}", f"staff:{staff.id}", "licence_looked_up", office=staff.office)
    return [LicenceHistory(licence, await list_moves(licence)) for licence in kept]


async def move_by_staff(staff: Staff, licence_id: UUID, cause: LicenceCause, reason: str) -> LicenceHistory:
    """Change what a licence is worth, in its newest version, for its issuer.

    Raises LicenceNotFoundError, also for another department's, or LicenceMoveError.
    """
    async with transaction():
        licence = await lock_newest(await lock_licence(licence_id))
        if not await _keeps(staff, licence):
            raise LicenceNotFoundError
        await move_licence(licence, cause, actor=f"staff:{staff.id}", reason=reason, office=staff.office)
    return LicenceHistory(licence, await list_moves(licence))


async def _keeps(staff: Staff, licence: Licence) -> bool:
    """Whether a licence was issued by the member's department within their region; one of another city is nobody's."""
    issuer = await Department.get_or_none(uscc=licence.issuer_code)
    return issuer is not None and Scope.of(staff).covers(licence.region, issuer.code)
