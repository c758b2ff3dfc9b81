"""Members of staff are known at the official account, and see their menu there.

Who is signed in as staff gets a code and sends it to the account from their own WeChat; the worker gives them the tag
that the menu is for, and takes it from whoever is no member of staff any more. The menu opens nothing by itself: each
page it leads to asks for a sign-in, so guessing a code gains nothing but buttons.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from app.audit import service as audit
from app.identity.models import Staff
from app.kit import clock, db, jobs
from app.kit.apart import Apart
from app.kit.db import transaction
from app.kit.ids import new_id
from app.kit.ports import TryLaterError
from app.official_account.counter import say
from app.official_account.definitions import definitions
from app.official_account.models import StaffFollower
from wechat.codes import Advice
from wechat.errors import WeChatError, WeChatRefusedError
from wechat.official import Tag

TAG_STAFF = "official_account.tag_staff"
UNTAG = "official_account.untag"
CODE_LIFE = timedelta(minutes=10)
_DIGITS = 8
_CODE = re.compile(rf"(?<!\d)\d{{{_DIGITS}}}(?!\d)", re.ASCII)

# A new code ends the one before; who is bound already stays it until the new one is sent.
_GIVE_CODE = """
INSERT INTO staff_followers (id, staff_id, appid, code_digest, expires_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (staff_id) DO UPDATE SET appid = excluded.appid, code_digest = excluded.code_digest,
    expires_at = excluded.expires_at
"""
_LEAVE = "DELETE FROM staff_followers WHERE appid = $1 AND openid = $2 AND code_digest IS DISTINCT FROM $3"
_BIND = """
UPDATE staff_followers SET openid = $3, bound_at = $4, tagged_at = NULL, code_digest = NULL, expires_at = NULL
WHERE appid = $1 AND code_digest = $2 AND expires_at > $4
"""
_UNTAGGED = "UPDATE staff_followers SET tagged_at = NULL WHERE appid = $1 AND openid = $2"


class Tags(Protocol):
    """WeChat's tags; raises the errors of ``wechat.errors``."""

    async def tags(self) -> list[Tag]:
        """All tags of the account."""

    async def create_tag(self, name: str) -> Tag:
        """Make a tag."""

    async def tag_users(self, tag_id: int, openids: list[str]) -> None:
        """Give followers a tag."""

    async def untag_users(self, tag_id: int, openids: list[str]) -> None:
        """Take a tag from followers."""


@dataclass(frozen=True, slots=True)
class BindingCode:
    """What a member of staff sends to the official account to be known there."""

    code: str = field(repr=False)
    expires_at: datetime


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


async def give_code(staff: Staff, appid: str) -> BindingCode:
    """A code for a member of staff, good for ten minutes; the one before it is good no more."""
    code = "".join(secrets.choice("0123456789") for _ in range(_DIGITS))
    expires_at = clock.now() + CODE_LIFE
    await db.rows(_GIVE_CODE, new_id(), staff.id, appid, _digest(code), expires_at)
    return BindingCode(code, expires_at)


async def bind(words: str, appid: str, openid: str) -> str:
    """Bind a follower by the code in what they wrote; what is said to them. Once more, it says the same."""
    found = _CODE.search(words)
    if found is None:
        return say("staff_how")
    digest = _digest(found[0])
    async with transaction():
        row = await StaffFollower.select_for_update().get_or_none(
            appid=appid, code_digest=digest, expires_at__gt=clock.now(), staff__active=True
        )
        if row is None:
            bound = await StaffFollower.exists(appid=appid, openid=openid)
            return say("staff_bound") if bound else say("staff_code_wrong")
        # One WeChat is one member of staff's.
        await db.execute(_LEAVE, appid, openid, digest)
        await db.execute(_BIND, appid, digest, openid, clock.now())
        await audit.record(f"staff:{row.staff_id}", f"staff:{row.staff_id}", "official_account_bound")  # type: ignore[attr-defined]  # Tortoise adds it
        await jobs.defer(TAG_STAFF)
        if row.openid not in {None, openid}:
            await jobs.defer(UNTAG, openid=row.openid)
    return say("staff_bound")


async def unbind(staff: Staff) -> bool:
    """Let a member of staff be nobody to the official account; returns whether they were somebody."""
    async with transaction():
        row = await StaffFollower.select_for_update().get_or_none(staff=staff)
        if row is None or row.openid is None:
            return False
        await row.delete()
        await audit.record(f"staff:{staff.id}", f"staff:{staff.id}", "official_account_unbound")
        await jobs.defer(UNTAG, openid=row.openid)
        return True


async def came_back(appid: str, openid: str) -> None:
    """Give a member of staff who follows anew the tag again, which WeChat took, within the caller's transaction."""
    if await db.execute(_UNTAGGED, appid, openid):
        await jobs.defer(TAG_STAFF)


async def tag_staff(wechat: Tags, appid: str) -> None:
    """Bring WeChat's tags in line with who is bound and active. Once more, it does nothing.

    One that WeChat refuses holds up no other. Raises TryLaterError where WeChat is away, RowsFailedError.
    """
    rows = await StaffFollower.filter(appid=appid, openid__not_isnull=True).prefetch_related("staff")
    gains = [row for row in rows if row.staff.active and row.tagged_at is None]
    loses = [row for row in rows if not row.staff.active and row.tagged_at is not None]
    if not gains and not loses:
        return
    try:
        tag = await tag_id(wechat)
    except WeChatError as error:
        raise TryLaterError("unreachable") from error
    with Apart(TAG_STAFF) as apart:
        for row in gains:
            with apart.row(str(row.id)):
                await wechat.tag_users(tag, [str(row.openid)])
                await _note(row.id, clock.now())
        for row in loses:
            with apart.row(str(row.id)):
                await wechat.untag_users(tag, [str(row.openid)])
                await _note(row.id, None)


async def untag(wechat: Tags, appid: str, openid: str) -> None:
    """Take the tag from a follower who is no member of staff any more. Raises TryLaterError where WeChat is away."""
    if await StaffFollower.exists(appid=appid, openid=openid):
        return
    try:
        await wechat.untag_users(await tag_id(wechat), [openid])
    except WeChatRefusedError as error:
        # Whoever left WeChat or the account has no tag to be taken.
        if error.advice in {Advice.RETRY, Advice.QUOTA, Advice.REFRESH_TOKEN}:
            raise TryLaterError(f"wechat_{error.code}") from error
    except WeChatError as error:
        raise TryLaterError("unreachable") from error


async def tag_id(wechat: Tags) -> int:
    """WeChat's number of the tag that the menu for staff is for; it is made where it is missing."""
    name = definitions().staff_menu.tag
    known = {tag.name: tag.id for tag in await wechat.tags()}
    return known[name] if name in known else (await wechat.create_tag(name)).id


async def _note(row_id: UUID, at: datetime | None) -> None:
    await StaffFollower.filter(id=row_id).update(tagged_at=at)
