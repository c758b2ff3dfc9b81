"""An officer asks for more fields; the citizen answers within three minutes; what was allowed is read once."""

from dataclasses import dataclass
from uuid import UUID

from app.audit import service as audit
from app.catalogue import queries as catalogue
from app.catalogue.licence_type import LicenceTypeDefinition, Preset
from app.identity.models import Staff
from app.kit import clock, db
from app.kit.db import transaction
from app.licences.errors import (
    FieldRequestImpossibleError,
    FieldRequestNotFoundError,
    FieldRequestOverError,
    FieldRequestPendingError,
    FieldsNotAskableError,
    FieldsUnreadableError,
    VerificationNotFoundError,
)
from app.licences.models import Licence
from app.licences.queries import shown_licence
from app.licences.requests import rules
from app.licences.requests.models import Answer, FieldRequest
from app.licences.verifying.models import Verification, Way
from app.licences.verifying.telling import tell_of
from app.licences.verifying.verdicts import Reason, Verdict
from app.mandates.party import Party

# Whoever changes the row has answered.
_ANSWER = """
UPDATE field_requests SET answer = $2, answered_at = $3, answered_by = $4, readable_until = $5
WHERE id = $1 AND answer IS NULL AND expires_at > $3
"""
# Whoever changes the row reads; a lost reply is had again with its key.
_READ = """
UPDATE field_requests SET read_at = COALESCE(read_at, $2), read_key = $3
WHERE id = $1 AND answer = 'allowed' AND readable_until > $2 AND (read_at IS NULL OR read_key = $3)
"""


@dataclass(frozen=True, slots=True)
class ReadFields:
    """Fields that were allowed, of the licence as it is at present."""

    request: FieldRequest
    licence: Licence
    definition: LicenceTypeDefinition


async def ask_for_fields(staff: Staff, verification_id: UUID, wanted: list[str], purpose: str) -> FieldRequest:
    """Ask for more fields of a licence that this member of staff has just verified; the citizen is told.

    The same once more while it waits gives the same request. Raises VerificationNotFoundError,
    FieldRequestImpossibleError, FieldsNotAskableError or FieldRequestPendingError.
    """
    moment = clock.now()
    async with transaction():
        verification = await _own_verification(staff, verification_id)
        good = Reason(verification.reason).verdict is not Verdict.REFUSED and verification.way is Way.ONLINE
        # A proof of age keeps to itself which licence it is of: whether there is such a field would tell.
        good = good and verification.preset != Preset.AGE_60
        if not good or verification.licence_id is None or moment > verification.at + rules.ASK_WITHIN:
            raise FieldRequestImpossibleError
        licence = await Licence.select_for_update(no_key=True).get(id=verification.licence_id)
        pending = await FieldRequest.filter(verification=verification, answer=None, expires_at__gt=moment).first()
        if pending and (pending.wanted, pending.purpose) == (wanted, purpose):
            return pending
        if pending:
            raise FieldRequestPendingError
        if not licence.owned:
            raise FieldRequestImpossibleError
        definition = await catalogue.get_licence_type(licence.type_code)
        known = [field.name for field in definition.fields if field.name in licence.values]
        if not rules.may_be_asked_for(wanted, known, await _seen(verification)):
            raise FieldsNotAskableError
        request = await FieldRequest.create(
            verification=verification,
            wanted=wanted,
            purpose=purpose,
            asked_at=moment,
            expires_at=moment + rules.ANSWER_WITHIN,
        )
        await _record(licence, f"staff:{staff.id}", "fields_requested", request)
        until = clock.minute_written(request.expires_at)
        await tell_of(verification, licence, "fields_requested", str(request.id), note=purpose, until=until)
    return request


async def answer_request(party: Party, request_id: UUID, answer: Answer) -> FieldRequest:
    """Say yes or no to a request about a party's own licence; whoever acts needs the level to show it.

    The same answer once more changes nothing. Raises FieldRequestNotFoundError, MatterNotCoveredError,
    LevelTooLowError or FieldRequestOverError.
    """
    request = await FieldRequest.get_or_none(
        id=request_id, **{f"verification__licence__{name}": value for name, value in party.owner.items()}
    ).select_related("verification")
    if request is None or request.verification.licence_id is None:
        raise FieldRequestNotFoundError
    licence = await shown_licence(party, request.verification.licence_id)
    moment = clock.now()
    readable = moment + rules.READ_WITHIN if answer is Answer.ALLOWED else None
    async with transaction():
        await Licence.select_for_update(no_key=True).get(id=licence.id)
        if await db.execute(_ANSWER, request_id, answer.value, moment, party.actor_id, readable):
            await _record(licence, party.name, f"fields_{answer.value}", request)
    answered = await FieldRequest.get(id=request_id)
    if answered.answer is not answer:
        raise FieldRequestOverError
    return answered


async def read_fields(staff: Staff, request_id: UUID, key: str | None) -> ReadFields:
    """Read what a citizen allowed, once; a lost reply is had again with its ``key``.

    Raises FieldRequestNotFoundError or FieldsUnreadableError.
    """
    request = await get_request(staff, request_id)
    async with transaction():
        licence = await Licence.select_for_update(no_key=True).get(id=request.verification.licence_id)
        if not await db.execute(_READ, request_id, clock.now(), key):
            raise FieldsUnreadableError
        await _record(licence, f"staff:{staff.id}", "fields_read", request)
    definition = await catalogue.get_licence_type(licence.type_code)
    return ReadFields(await FieldRequest.get(id=request_id), licence, definition)


async def get_request(staff: Staff, request_id: UUID) -> FieldRequest:
    """A request of a member of staff's own, with its verification. Raises FieldRequestNotFoundError."""
    request = await FieldRequest.get_or_none(id=request_id, verification__staff=staff).select_related("verification")
    if request is None or request.verification.duty not in staff.duties:
        raise FieldRequestNotFoundError
    return request


async def _own_verification(staff: Staff, verification_id: UUID) -> Verification:
    found = await Verification.select_for_update(no_key=True).get_or_none(id=verification_id, staff=staff)
    if found is None or found.duty not in staff.duties:
        raise VerificationNotFoundError
    return found


async def _seen(verification: Verification) -> list[str]:
    """What its officer saw already, at the scan or since."""
    read = await FieldRequest.filter(verification=verification, read_at__isnull=False)
    return [*verification.shown, *(name for request in read for name in request.wanted)]


async def _record(licence: Licence, actor: str, action: str, request: FieldRequest) -> None:
    what = {"request": str(request.id), "fields": request.wanted}
    await audit.record(f"licence:{licence.id}", actor, action, **what)
