"""What a licence is worth changes: its state, its history, the audit and what its holder hears, together."""

from datetime import datetime
from uuid import UUID

from app.audit import service as audit
from app.catalogue import queries as catalogue
from app.kit import clock
from app.licences.errors import LicenceMoveError, LicenceNotFoundError
from app.licences.models import Licence, LicenceCause, LicenceMove, LicenceState
from app.licences.rules import next_state
from app.licences.status.service import mark
from app.licences.telling import tell

APPROVAL_SYSTEM, CLOCK = "approval_system", "clock"


async def lock_licence(licence_id: UUID) -> Licence:
    """A licence, locked for the caller's transaction. Raises LicenceNotFoundError."""
    licence = await Licence.select_for_update(no_key=True).get_or_none(id=licence_id)
    if licence is None:
        raise LicenceNotFoundError
    return licence


async def lock_newest(licence: Licence) -> Licence:
    """The newest version of a licence, locked for the caller's transaction: what is said of one counts for it.

    Whoever makes another version holds the one before, so none comes in between.
    """
    newest = await lock_licence(licence.id)
    while following := await Licence.select_for_update(no_key=True).get_or_none(previous_id=newest.id):
        newest = following
    return newest


async def move_licence(
    licence: Licence,
    cause: LicenceCause,
    *,
    actor: str,
    reason: str,
    office: str | None = None,
    case_no: str | None = None,
    at: datetime | None = None,
) -> LicenceMove:
    """Change what a locked licence is worth, within the caller's transaction.

    ``actor`` is ``approval_system``, ``clock`` or ``staff:<id>``; ``office`` is whom the holder is told of, its issuer
    unless given. Its holder hears of all but a version that follows. Raises LicenceMoveError.
    """
    before, after = licence.state, next_state(licence.state, cause)
    if after is None:
        raise LicenceMoveError(state=before)
    moment = at or clock.now()
    licence.state, licence.state_changed_at = after, moment
    licence.state_reason = None if after is LicenceState.VALID else reason
    await licence.save(update_fields=["state", "state_reason", "state_changed_at"])
    await mark(licence)
    move = await LicenceMove.create(
        licence=licence,
        cause=cause,
        before=before,
        after=after,
        reason=reason,
        actor=actor,
        office=office or licence.issuer,
        case_no=case_no,
        at=moment,
    )
    await audit.record(f"licence:{licence.id}", actor, f"licence_{cause}", case_no=case_no, before=before, after=after)
    if cause is not LicenceCause.SUPERSEDED:
        definition = await catalogue.get_licence_type(licence.type_code)
        # A message needs a number; a licence that no case led to has one that says nothing of anybody.
        number = case_no or licence.case_no or licence.reference
        told = {"note": reason, "office": move.office, "case_no": number}
        await tell(licence, f"licence_{cause}", str(move.id), None, definition, **told)
    return move


async def move_licence_of_case(case_no: str, cause: LicenceCause, reason: str) -> None:
    """Change the licence that a case led to, at its approval system's word, within the caller's transaction.

    It counts for the newest version of that licence. What it can no longer change is passed over.
    """
    licence = await Licence.get_or_none(case_no=case_no)
    if licence is None:
        return
    newest = await lock_newest(licence)
    if next_state(newest.state, cause) is None:
        await audit.record(
            f"licence:{newest.id}", APPROVAL_SYSTEM, "licence_move_passed_over", cause=cause, state=newest.state
        )
        return
    await move_licence(newest, cause, actor=APPROVAL_SYSTEM, reason=reason, case_no=case_no)
