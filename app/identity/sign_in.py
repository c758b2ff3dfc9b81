"""Citizens sign in: through the mini-program, through a page of the official account, through the province."""

from dataclasses import dataclass
from uuid import UUID

from tortoise.exceptions import IntegrityError

from app.audit import service as audit
from app.identity import joining
from app.identity.errors import LoginCodeInvalidError, SnapshotUserError, WeChatUnavailableError
from app.identity.models import OPENID_LENGTH, Citizen, WeChatAccount
from app.identity.ports import WeChatLogin, WeChatPages
from app.identity.service import CODE_REFUSED, get_citizen
from app.kit import clock, db
from app.kit.db import transaction
from wechat.errors import WeChatError, WeChatRefusedError

_FIRST_UNIONID = """
UPDATE citizens SET unionid = $2
WHERE id = $1 AND unionid IS NULL AND deleted_at IS NULL AND joined_into IS NULL
"""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, and by which of their WeChat accounts."""

    citizen: Citizen
    account_id: UUID


async def sign_in(wechat: WeChatLogin, appid: str, code: str) -> SignedIn:
    """Who is behind a login code of the mini-program; made at the first login.

    Raises LoginCodeInvalidError or WeChatUnavailableError.
    """
    try:
        login = await wechat.code_to_session(code)
    except WeChatRefusedError as error:
        raise (LoginCodeInvalidError if error.code in CODE_REFUSED else WeChatUnavailableError) from error
    except WeChatError as error:
        raise WeChatUnavailableError from error
    return await enter(appid, login.openid, login.unionid)


async def sign_in_by_page(pages: WeChatPages, appid: str, code: str) -> SignedIn:
    """Who opened a page in WeChat and came back with a code; made at the first login.

    Raises SnapshotUserError for the made-up account that WeChat shows a snapshot of a page to, LoginCodeInvalidError
    or WeChatUnavailableError.
    """
    try:
        identity = await pages.oauth_identity(code)
    except WeChatRefusedError as error:
        raise (LoginCodeInvalidError if error.code in CODE_REFUSED else WeChatUnavailableError) from error
    except WeChatError as error:
        raise WeChatUnavailableError from error
    if identity.snapshot_user:
        raise SnapshotUserError
    return await enter(appid, identity.openid, identity.unionid)


async def enter(appid: str, openid: str, unionid: str | None) -> SignedIn:
    """The citizen whom one of our WeChat apps knows by ``openid``, and all of them by ``unionid``.

    A UnionID that was not known yet is kept; where it leads to another account, the two are one WeChat user's and are
    joined. Raises LoginCodeInvalidError where an id is longer than any of WeChat's.
    """
    if len(openid) > OPENID_LENGTH or len(unionid or "") > OPENID_LENGTH:
        raise LoginCodeInvalidError
    account = await _account_behind(appid, openid, unionid)
    citizen = account.citizen
    if unionid and citizen.unionid is None:
        citizen = await _learn_unionid(citizen, unionid)
    return SignedIn(citizen, account.id)


async def _account_behind(appid: str, openid: str, unionid: str | None, collisions: int = 2) -> WeChatAccount:
    known = await WeChatAccount.get_or_none(appid=appid, openid=openid).prefetch_related("citizen")
    if known:
        return known
    try:
        async with transaction():
            return await _make_account(appid, openid, unionid)
    except IntegrityError:
        # First logins at once: another made the citizen, by the UnionID in another app, or then the account here.
        if not collisions:
            raise
        return await _account_behind(appid, openid, unionid, collisions - 1)


async def _make_account(appid: str, openid: str, unionid: str | None) -> WeChatAccount:
    moment = clock.now()
    citizen = None
    if unionid:
        # Locked: an account that is being deleted meanwhile bears no UnionID afterwards.
        citizen = await Citizen.select_for_update(no_key=True).get_or_none(unionid=unionid)
    if citizen is None:
        citizen = await Citizen.create(unionid=unionid, created_at=moment)
        await audit.record(f"citizen:{citizen.id}", f"citizen:{citizen.id}", "citizen_created")
    return await WeChatAccount.create(citizen=citizen, appid=appid, openid=openid, created_at=moment)


async def _learn_unionid(citizen: Citizen, unionid: str) -> Citizen:
    try:
        async with transaction():
            if await db.execute(_FIRST_UNIONID, citizen.id, unionid):
                return await get_citizen(citizen.id)
    except IntegrityError:
        # Another account has it: they are one WeChat user's.
        return await _join_by_unionid(citizen.id, unionid)
    return await get_citizen(citizen.id)


async def _join_by_unionid(citizen_id: UUID, unionid: str) -> Citizen:
    other = await Citizen.get_or_none(unionid=unionid)
    if other is None:
        # It was deleted meanwhile.
        return await _learn_unionid(await get_citizen(citizen_id), unionid)
    async with transaction():
        mine, theirs = await joining.lock_citizens(citizen_id, other.id)
        if joining.is_gone(mine) or theirs.unionid != unionid:
            # Another sign-in at once has joined them.
            return await get_citizen(mine.joined_into or citizen_id)
        if not joining.are_compatible(mine, theirs):
            await audit.record(f"citizen:{mine.id}", "system", "joining_refused", citizen=str(theirs.id))
            return mine
        return await joining.join_wholly(mine, theirs, "unionid")
