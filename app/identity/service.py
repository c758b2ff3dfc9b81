"""Use cases of a citizen's identity."""

from uuid import UUID

from redis.asyncio import Redis
from tortoise.exceptions import IntegrityError

from app.audit import service as audit
from app.identity import rules
from app.identity.errors import (
    AlreadyVerifiedError,
    LoginCodeInvalidError,
    PhoneCodeInvalidError,
    PhoneUnsupportedError,
    RealNameMismatchError,
    RealNameUnavailableError,
    WeChatUnavailableError,
)
from app.identity.models import OPENID_LENGTH, Citizen, WeChatAccount
from app.identity.ports import RealNameAuthority, WeChatLogin
from app.kit import clock, limits
from app.kit.crypto import keyring
from app.kit.db import transaction
from app.kit.errors import NotFoundError
from app.kit.ports import PortError
from wechat.client import LoginSession
from wechat.errors import WeChatError, WeChatRefusedError

_CODE_REFUSED = {40029, 40163, 40226}


async def sign_in(wechat: WeChatLogin, appid: str, code: str) -> Citizen:
    """The citizen behind a WeChat login code; made at the first login.

    Raises LoginCodeInvalidError or WeChatUnavailableError.
    """
    try:
        login = await wechat.code_to_session(code)
    except WeChatRefusedError as error:
        raise (LoginCodeInvalidError if error.code in _CODE_REFUSED else WeChatUnavailableError) from error
    except WeChatError as error:
        raise WeChatUnavailableError from error
    if len(login.openid) > OPENID_LENGTH or len(login.unionid or "") > OPENID_LENGTH:
        # No id of WeChat's is that long.
        raise LoginCodeInvalidError
    return await _citizen_behind(appid, login)


async def _citizen_behind(appid: str, login: LoginSession, collisions: int = 2) -> Citizen:
    known = await _citizen_of(appid, login.openid)
    if known:
        return known
    try:
        async with transaction():
            return await _make_citizen(appid, login)
    except IntegrityError:
        # First logins at once: another made the citizen, by the UnionID in another app, or then the account here.
        if not collisions:
            raise
        return await _citizen_behind(appid, login, collisions - 1)


async def _citizen_of(appid: str, openid: str) -> Citizen | None:
    account = await WeChatAccount.get_or_none(appid=appid, openid=openid).prefetch_related("citizen")
    return account.citizen if account else None


async def _make_citizen(appid: str, login: LoginSession) -> Citizen:
    moment = clock.now()
    citizen = await Citizen.get_or_none(unionid=login.unionid) if login.unionid else None
    if citizen is None:
        citizen = await Citizen.create(unionid=login.unionid, created_at=moment)
        await audit.record(f"citizen:{citizen.id}", f"citizen:{citizen.id}", "citizen_created")
    await WeChatAccount.create(citizen=citizen, appid=appid, openid=login.openid, created_at=moment)
    return citizen


async def get_citizen(citizen_id: UUID) -> Citizen:
    """The citizen with this id. Raises NotFoundError."""
    citizen = await Citizen.get_or_none(id=citizen_id)
    if citizen is None:
        raise NotFoundError
    return citizen


async def openid_of(citizen_id: UUID, appid: str) -> str | None:
    """The openid by which one of our WeChat apps knows the citizen, None where it does not."""
    account = await WeChatAccount.filter(citizen_id=citizen_id, appid=appid).first()
    return account.openid if account else None


async def bind_phone(wechat: WeChatLogin, citizen_id: UUID, code: str) -> Citizen:
    """Take over the phone number behind a WeChat phone code.

    Raises PhoneCodeInvalidError, PhoneUnsupportedError or WeChatUnavailableError.
    """
    try:
        phone = await wechat.phone_number(code)
    except WeChatRefusedError as error:
        raise (PhoneCodeInvalidError if error.code in _CODE_REFUSED else WeChatUnavailableError) from error
    except WeChatError as error:
        raise WeChatUnavailableError from error
    if phone.country_code != "86" or not rules.is_mainland_phone(phone.number):
        raise PhoneUnsupportedError
    async with transaction():
        citizen = await _locked(citizen_id)
        citizen.phone = phone.number
        citizen.phone_hash = keyring().lookup(phone.number, "phone")
        citizen.level = max(citizen.level, rules.Level.PHONE)
        await citizen.save(update_fields=["phone", "phone_hash", "level"])
        await audit.record(f"citizen:{citizen.id}", f"citizen:{citizen.id}", "phone_bound", level=citizen.level)
    return citizen


async def verify_real_name(
    authority: RealNameAuthority, redis: Redis, citizen_id: UUID, name: str, id_number: str
) -> Citizen:
    """Verify a name and an identity number with the authority and raise the citizen to REAL_NAME.

    Tries that ask the authority are counted per citizen. Raises IdNumberInvalidError, AlreadyVerifiedError,
    RealNameMismatchError, RealNameUnavailableError or RateLimitedError.
    """
    number, name = rules.parse_id_number(id_number, today=clock.today()), name.strip()
    citizen = await get_citizen(citizen_id)
    if _is_already(citizen, name, number):
        return citizen
    await limits.hold(limits.rules()["real_name"], str(citizen_id), redis)
    try:
        matches = await authority.matches(name, number)
    except PortError as error:
        raise RealNameUnavailableError from error
    if not matches:
        raise RealNameMismatchError
    async with transaction():
        citizen = await _locked(citizen_id)
        if _is_already(citizen, name, number):
            return citizen
        citizen.name, citizen.id_number = name, number
        citizen.id_number_hash = keyring().lookup(number, "id_number")
        citizen.level = max(citizen.level, rules.Level.REAL_NAME)
        citizen.verified_at = clock.now()
        await citizen.save(update_fields=["name", "id_number", "id_number_hash", "level", "verified_at"])
        await audit.record(f"citizen:{citizen.id}", f"citizen:{citizen.id}", "real_name_verified", level=citizen.level)
    return citizen


def _is_already(citizen: Citizen, name: str, number: str) -> bool:
    if citizen.level < rules.Level.REAL_NAME:
        return False
    if (citizen.name, citizen.id_number) != (name, number):
        raise AlreadyVerifiedError
    return True


async def _locked(citizen_id: UUID) -> Citizen:
    citizen = await Citizen.select_for_update().get_or_none(id=citizen_id)
    if citizen is None:
        raise NotFoundError
    return citizen
