"""What is wrong with a verification: the citizen objects, or its code was scanned twice; the supervision answers."""

from uuid import UUID

from tortoise.expressions import Q

from app.audit import service as audit
from app.catalogue import queries as catalogue
from app.identity.models import Staff
from app.identity.rules import EVERY_DEPARTMENT, region_prefix
from app.identity.staff_accounts import Scope
from app.kit import clock
from app.kit.db import transaction
from app.kit.paging import Page, newest_first
from app.licences.errors import (
    ConcernAnsweredError,
    ConcernNotFoundError,
    OwnVerificationError,
    VerificationNotFoundError,
)
from app.licences.models import Licence
from app.licences.queries import get_licence
from app.licences.verifying.models import Concern, ConcernKind, Verification
from app.licences.verifying.telling import tell_of
from app.mandates.party import Party


async def object_to(party: Party, licence_id: UUID, verification_id: UUID) -> Concern:
    """Object to a verification of a party's own licence; once more changes nothing.

    Raises LicenceNotFoundError, MatterNotCoveredError or VerificationNotFoundError.
    """
    licence = await get_licence(party, licence_id)
    async with transaction():
        await Licence.select_for_update(no_key=True).get(id=licence.id)
        verification = await Verification.get_or_none(id=verification_id, licence=licence)
        if verification is None:
            raise VerificationNotFoundError
        if not await Concern.exists(verification=verification, kind=ConcernKind.OBJECTION):
            await raise_concern(verification, ConcernKind.OBJECTION, licence)
            what = {"verification": str(verification_id)}
            await audit.record(f"licence:{licence.id}", party.name, "verification_objected", **what)
    return await Concern.get(verification=verification, kind=ConcernKind.OBJECTION)


async def raise_concern(verification: Verification, kind: ConcernKind, licence: Licence) -> None:
    """Put something about a verification before the supervision, within the caller's transaction; once of each kind."""
    staff = await Staff.get_or_none(id=verification.staff_id) if verification.staff_id else None
    definition = await catalogue.get_licence_type(licence.type_code)
    concern = Concern(
        verification=verification,
        kind=kind,
        department=staff.department if staff else definition.department,
        region=staff.region if staff else licence.region,
        raised_at=clock.now(),
    )
    await Concern.bulk_create([concern], ignore_conflicts=True)


def _within(scope: Scope) -> Q:
    which = Q(region__startswith=region_prefix(scope.region))
    if not region_prefix(scope.region):
        which |= Q(region=None)
    return which if scope.department == EVERY_DEPARTMENT else which & Q(department=scope.department)


async def list_concerns(scope: Scope, *, kind: ConcernKind | None, answered: bool, cursor: str | None) -> Page[Concern]:
    """Concerns within a scope that were answered, or wait for it, each with its verification; the newest first.

    Raises InvalidCursorError.
    """
    found = Concern.filter(_within(scope), answered_at__isnull=not answered)
    if kind is not None:
        found = found.filter(kind=kind)
    return await newest_first(found.select_related("verification__licence"), cursor)


async def answer_concern(scope: Scope, concern_id: UUID, answer: str) -> Concern:
    """Answer a concern within one's scope, about somebody else's verification; the citizen reads the answer.

    Raises ConcernNotFoundError, OwnVerificationError, or ConcernAnsweredError where it was answered otherwise before.
    """
    async with transaction():
        concern = await Concern.select_for_update(of=("verification_concerns",)).get_or_none(
            _within(scope), id=concern_id
        )
        if concern is None:
            raise ConcernNotFoundError
        await concern.fetch_related("verification__licence")
        verification = concern.verification
        if verification.staff_id == scope.staff_id:
            raise OwnVerificationError
        if concern.answered_at:
            if concern.answer != answer:
                raise ConcernAnsweredError
            return concern
        concern.answer, concern.answered_at, concern.answered_by = answer, clock.now(), scope.staff_id
        await concern.save(update_fields=["answer", "answered_at", "answered_by"])
        licence = await Licence.select_for_update(no_key=True).get(id=verification.licence_id)
        what = {"verification": str(verification.id), "kind": concern.kind.value}
        await audit.record(f"licence:{licence.id}", scope.name, "concern_answered", **what)
        await tell_of(verification, licence, "concern_answered", str(concern.id), note=answer)
    return concern
