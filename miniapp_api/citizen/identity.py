"""Who a citizen is: phone, name, face."""

from uuid import UUID

from pydantic import Field

from app.consents import service as consents
from app.consents.errors import ConsentMissingError
from app.identity import errors, rules, service, verification
from app.identity.models import Citizen
from app.kit.errors import NotFoundError
from miniapp_api.auth import DEVICE_ID
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()


class PhoneRequest(Schema):
    """A WeChat phone code."""

    code: str = Field(min_length=1, max_length=512)


class RealNameRequest(Schema):
    """A name and a citizen identity number."""

    name: str = Field(min_length=1, max_length=64)
    id_number: str = Field(min_length=1, max_length=32)


class NameRequest(Schema):
    """The name that I bear now."""

    name: str = Field(min_length=1, max_length=64)


class CitizenView(Schema):
    """A citizen as they see themselves; names and numbers are masked."""

    id: UUID
    level: int = Field(description="assurance level: 0 WeChat, 1 phone, 2 name and number, 3 face")
    name: str | None
    id_number: str | None
    phone: str | None

    @classmethod
    def of(cls, citizen: Citizen) -> "CitizenView":
        """The view of a citizen."""
        return cls(
            id=citizen.id,
            level=citizen.level,
            name=rules.mask_name(citizen.name) if citizen.name else None,
            id_number=rules.mask_id_number(citizen.id_number) if citizen.id_number else None,
            phone=rules.mask_phone(citizen.phone) if citizen.phone else None,
        )


class FaceTaskAnswer(Schema):
    """What the phone hands to ``wx.requestFacialVerify`` within ``expires_in`` seconds."""

    id: UUID
    verify_id: str
    expires_in: int


@routes.add("GET", "/api/v1/identity", actor=Actor.CITIZEN, limit="read", errors=(NotFoundError,))
async def read_identity(call: Call) -> CitizenView:
    """Who I am here."""
    return CitizenView.of(await service.get_citizen(call.citizen_id))


@routes.add(
    "POST",
    "/api/v1/identity/phone",
    actor=Actor.CITIZEN,
    limit="phone",
    errors=(
        errors.PhoneCodeInvalidError,
        errors.PhoneUnsupportedError,
        errors.WeChatUnavailableError,
        NotFoundError,
    ),
)
async def bind_phone(call: Call, body: PhoneRequest) -> CitizenView:
    """Bind the phone number behind a WeChat phone code."""
    return CitizenView.of(await service.bind_phone(call.house.wechat, call.citizen_id, body.code))


@routes.add(
    "POST",
    "/api/v1/identity/real-name",
    actor=Actor.CITIZEN,
    limit="write",
    headers=(DEVICE_ID,),
    errors=(
        errors.IdNumberInvalidError,
        errors.RealNameMismatchError,
        errors.RealNameUnavailableError,
        errors.AlreadyVerifiedError,
        errors.MinorNeedsGuardianError,
        ConsentMissingError,
        NotFoundError,
    ),
)
async def verify_real_name(call: Call, body: RealNameRequest) -> CitizenView:
    """Verify name and identity number with the authority."""
    house = call.house
    await consents.respect_withdrawal(call.citizen_id, "real_name")
    citizen = await verification.verify_real_name(
        house.authority, call.citizen_id, body.name, body.id_number, device=call.device_id
    )
    return CitizenView.of(citizen)


@routes.add(
    "POST",
    "/api/v1/identity/name",
    actor=Actor.CITIZEN,
    limit="write",
    headers=(DEVICE_ID,),
    errors=(
        errors.LevelTooLowError,
        errors.RealNameMismatchError,
        errors.RealNameUnavailableError,
        NotFoundError,
    ),
)
async def correct_name(call: Call, body: NameRequest) -> CitizenView:
    """Correct my name, which has changed in law; the authority confirms it for my number."""
    house = call.house
    citizen = await verification.correct_name(house.authority, call.citizen_id, body.name, device=call.device_id)
    return CitizenView.of(citizen)


@routes.add(
    "POST",
    "/api/v1/identity/face-verifications",
    actor=Actor.CITIZEN,
    limit="write",
    status=201,
    headers=(DEVICE_ID,),
    errors=(
        errors.LevelTooLowError,
        errors.FaceNeedsMiniProgramError,
        errors.WeChatUnavailableError,
        ConsentMissingError,
        NotFoundError,
    ),
)
async def begin_face_verification(call: Call) -> FaceTaskAnswer:
    """Begin to prove by my face who I am; the phone goes on with ``wx.requestFacialVerify``."""
    house = call.house
    await consents.require_consent(call.citizen_id, "face")
    task = await verification.begin_face_verification(
        house.face,
        house.settings.wechat.mini_program_appid,
        call.citizen_id,
        call.session_id,
        device=call.device_id,
    )
    return FaceTaskAnswer(id=task.id, verify_id=task.verify_id, expires_in=task.expires_in)


@routes.add(
    "POST",
    "/api/v1/identity/face-verifications/<verification_id:uuid>/result",
    actor=Actor.CITIZEN,
    limit="write",
    errors=(
        errors.FaceVerificationNotFoundError,
        errors.FaceNotPassedError,
        errors.FaceNeedsMiniProgramError,
        errors.WeChatUnavailableError,
        NotFoundError,
    ),
)
async def finish_face_verification(call: Call, verification_id: UUID) -> CitizenView:
    """Take over what WeChat says of the comparison; my other accounts are joined with this one."""
    appid = call.house.settings.wechat.mini_program_appid
    citizen = await verification.finish_face_verification(
        call.house.face, appid, call.citizen_id, call.session_id, verification_id
    )
    return CitizenView.of(citizen)
