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
)
from app.identity.models import Citizen, LoginState, ProvincialAccount
from app.identity.ports import ProvincialIdentity, ProvincialIdentityProvider
from app.identity.rules import Level
from app.identity.service import lock_citizen
from app.identity.verification import confirm_identity
from app.kit import clock
from app.kit.db import transaction
from app.kit.ports import PortError, RefusedError


async def sign_in_by_province(
    provider: ProvincialIdentityProvider, issuer: str, login: LoginState, *, code: str, redirect_uri: str
) -> Citizen:
    """Who came back from the province; whoever was signed in here before gets the account there.

    A face that the province compared joins accounts as one compared here does. Raises ProvinceRefusedError,
    ProvinceUnavailableError, AlreadyVerifiedError where the account here is another person's, or
    MinorNeedsGuardianError.
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
    citizen_id = await _citizen_behind(issuer, identity.subject, login.citizen_id)
    return await _take_over(citizen_id, identity, number)


async def _citizen_behind(issuer: str, subject: str, signed_in: UUID | None, collisions: int = 1) -> UUID:
    """The citizen of an account at the province, which is one citizen's for good."""
    known = await ProvincialAccount.get_or_none(issuer=issuer, subject=subject)
    if known:
        owner: UUID = known.citizen_id  # type: ignore[attr-defined]  # Tortoise adds it
        return owner
    try:
        async with transaction():
            moment = clock.now()
            citizen_id = (await lock_citizen(signed_in)).id if signed_in else await _new_citizen()
            await ProvincialAccount.create(citizen_id=citizen_id, issuer=issuer, subject=subject, created_at=moment)
            await audit.record(f"citizen:{citizen_id}", f"citizen:{citizen_id}", "provincial_account_bound")
            return citizen_id
    except IntegrityError:
        if not collisions:
            raise
        return await _citizen_behind(issuer, subject, signed_in, collisions - 1)


async def _new_citizen() -> UUID:
    citizen = await Citizen.create(created_at=clock.now())
    await audit.record(f"citizen:{citizen.id}", f"citizen:{citizen.id}", "citizen_created")
    return citizen.id


async def _take_over(citizen_id: UUID, identity: ProvincialIdentity, number: str) -> Citizen:
    async with transaction():
        citizen, _ = await joining.lock_person(citizen_id)
        if citizen.id_number is not None and citizen.id_number != number:
            raise AlreadyVerifiedError
        if citizen.name != identity.name:
            await confirm_identity(citizen, identity.name, number, "real_name_from_province")
    if identity.level < Level.FACE:
        return citizen
    async with transaction():
        citizen, others = await joining.lock_person(citizen_id)
        if citizen.id_number != number or citizen.level >= Level.FACE:
            return citizen
        citizen.level = Level.FACE
        await citizen.save(update_fields=["level"])
        await audit.record(f"citizen:{citizen.id}", f"citizen:{citizen.id}", "face_from_province", level=citizen.level)
        return await joining.join_by_face(citizen, others)
