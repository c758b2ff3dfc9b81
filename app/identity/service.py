"""A citizen's account: who it is, its phone number, how our WeChat apps know it."""

from uuid import UUID

from app.audit import service as audit
from app.identity import rules
from app.identity.errors import PhoneCodeInvalidError, PhoneUnsupportedError, WeChatUnavailableError
from app.identity.models import Citizen, WeChatAccount
from app.identity.ports import WeChatLogin
from app.kit.crypto import keyring
from app.kit.db import transaction
from app.kit.errors import NotFoundError
from wechat.errors import WeChatError, WeChatRefusedError

# Codes of WeChat that are wrong, used, too old, or a risky account's: only the citizen can get another.
CODE_REFUSED = frozenset({40029, 40163, 40226, 42003})


async def get_citizen(citizen_id: UUID) -> Citizen:
    """The citizen with this id. Raises NotFoundError."""
    citizen = await Citizen.get_or_none(id=citizen_id)
    if citizen is None:
        raise NotFoundError
    return citizen


async def openid_of(citizen_id: UUID, appid: str) -> str | None:
    """The openid by which one of our WeChat apps knows the citizen, the newest of several, None where it does not."""
    account = await WeChatAccount.filter(citizen_id=citizen_id, appid=appid).order_by("-created_at", "-id").first()
    return account.openid if account else None


async def bind_phone(wechat: WeChatLogin, citizen_id: UUID, code: str) -> Citizen:
    """Take over the phone number behind a WeChat phone code.

    Raises PhoneCodeInvalidError, PhoneUnsupportedError or WeChatUnavailableError.
    """
    try:
        phone = await wechat.phone_number(code)
    except WeChatRefusedError as error:
        raise (PhoneCodeInvalidError if error.code in CODE_REFUSED else WeChatUnavailableError) from error
    except WeChatError as error:
        raise WeChatUnavailableError from error
    if phone.country_code != "86" or not rules.is_mainland_phone(phone.number):
        raise PhoneUnsupportedError
    async with transaction():
        citizen = await lock_citizen(citizen_id)
        citizen.phone = phone.number
        citizen.phone_hash = keyring().lookup(phone.number, "phone")
        citizen.level = max(citizen.level, rules.Level.PHONE)
        await citizen.save(update_fields=["phone", "phone_hash", "level"])
        await audit.record(f"citizen:{citizen.id}", f"citizen:{citizen.id}", "phone_bound", level=citizen.level)
    return citizen


async def lock_citizen(citizen_id: UUID) -> Citizen:
    """The citizen with this id, or whom they were joined into, locked for the caller's transaction.

    Raises NotFoundError, also where the account was deleted.
    """
    while True:
        present = Citizen.select_for_update(no_key=True).get_or_none(id=citizen_id, deleted_at=None, joined_into=None)
        if citizen := await present:
            return citizen
        gone = await Citizen.get_or_none(id=citizen_id, deleted_at=None)
        if gone is None or gone.joined_into is None:
            raise NotFoundError
        citizen_id = gone.joined_into
