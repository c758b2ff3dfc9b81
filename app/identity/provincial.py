"""Signing in through the province: its word on name and number, and on the face, counts here too."""

from uuid import UUID

from tortoise.exceptions import IntegrityError

from app.audit import service as audit
from app.identity import joining, rules
from app.identity.errors import (
    AlreadyVerifiedError,
    IdNumberInvalidError,
    MinorNeedsGuardianError,
    ProvinceRefusedError,
    ProvinceUnavailableError,
    SessionEndedError,
)
from app.identity.models import Citizen, LoginState, ProvincialAccount
from app.identity.ports import ProvincialIdentity, ProvincialIdentityProvider
from app.identity.rules import Level
from app.identity.verification import confirm_identity
from app.kit import clock
from app.kit.db import transaction
from app.kit.ports import PortError, RefusedError


async def sign_in_by_province(
    provider: ProvincialIdentityProvider,
    issuer: str,
    login: LoginState,
    *,
    code: str,
    redirect_uri: str,
    linked: UUID | None,
) -> Citizen:
    """Who came back from the province; the citizen ``linked`` asked to have the account there and its level.

    Without that wish nobody who is signed in on the browser gets anything: it may be somebody else's. A face that the
    province compared joins accounts as one compared here does. Raises ProvinceRefusedError, ProvinceUnavailableError,
    AlreadyVerifiedError where the account here is another person's, MinorNeedsGuardianError or SessionEndedError.
    """
    try:
        identity = await provider.finish(
            code=code, redirect_uri=redirect_uri, nonce=login.nonce, verifier=login.verifier
        )
        number = rules.parse_id_number(identity.id_number, today=clock.today())
    except (RefusedError, IdNumberInvalidError) as error:
        raise ProvinceRefusedError from error
    except PortError as error:
        raise ProvinceUnavailableError from error
    if clock.today() < rules.fourteenth_birthday(number):
        raise MinorNeedsGuardianError(age=rules.AGE_OF_OWN_CONSENT)
    citizen = await _take_over(issuer, identity, number, linked)
    return await _take_over_face(citizen.id, number) if identity.level >= Level.FACE else citizen


async def _take_over(
    issuer: str, identity: ProvincialIdentity, number: str, linked: UUID | None, tries: int = 3
) -> Citizen:
    """Bind the account and take over name and number, both or neither."""
    try:
        async with transaction():
            known = await ProvincialAccount.get_or_none(issuer=issuer, subject=identity.subject)
            owner: UUID | None = known.citizen_id if known else None  # type: ignore[attr-defined]  # Tortoise adds it
            citizen, _ = await joining.lock_person(linked or owner or await _new_citizen())
            if citizen.id_number is not None and citizen.id_number != number:
                raise AlreadyVerifiedError
            if known is None:
                await ProvincialAccount.create(
                    citizen_id=citizen.id, issuer=issuer, subject=identity.subject, created_at=clock.now()
                )
                await audit.record(f"citizen:{citizen.id}", f"citizen:{citizen.id}", "provincial_account_bound")
            if citizen.name != identity.name:
                await confirm_identity(citizen, identity.name, number, "real_name_from_province")
            return citizen
    except (IntegrityError, SessionEndedError):
        # Bound, joined or deleted by another at once.
        if tries == 1:
            raise
        return await _take_over(issuer, identity, number, linked, tries - 1)


async def _new_citizen() -> UUID:
    citizen = await Citizen.create(created_at=clock.now())
    await audit.record(f"citizen:{citizen.id}", f"citizen:{citizen.id}", "citizen_created")
    return citizen.id


async def _take_over_face(citizen_id: UUID, number: str) -> Citizen:
    async with transaction():
        citizen, others = await joining.lock_person(citizen_id)
        if citizen.id_number != number or citizen.level >= Level.FACE:
            return citizen
        citizen.level = Level.FACE
        await citizen.save(update_fields=["level"])
        await audit.record(f"citizen:{citizen.id}", f"citizen:{citizen.id}", "face_from_province", level=citizen.level)
        return await joining.join_by_face(citizen, others)
