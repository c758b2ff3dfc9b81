"""Reads of identity."""

from collections.abc import Iterable
from uuid import UUID

from app.identity.errors import SessionEndedError
from app.identity.models import Staff, WeChatAccount
from app.kit import db

# Rows of other tables that refer to the citizen may come and go meanwhile.
_LOCK = "SELECT id FROM citizens WHERE id = $1 AND deleted_at IS NULL AND joined_into IS NULL FOR NO KEY UPDATE"
_HOLD = "SELECT id, joined_into, deleted_at FROM citizens WHERE id = ANY($1::uuid[]) ORDER BY id FOR KEY SHARE"


async def holds_stand_in_data(stand_in_appid: str) -> bool:
    """Whether the database holds demonstration accounts, or citizens whom only the stand-in of WeChat knows."""
    if await Staff.exists(demonstration=True):
        return True
    return await WeChatAccount.exists(appid__startswith=stand_in_appid)


async def staff_names(ids: Iterable[UUID]) -> dict[UUID, str]:
    """By what name members of staff are known to their colleagues."""
    return {member.id: member.name or member.username for member in await Staff.filter(id__in=set(ids))}


async def lock_present(citizen_id: UUID) -> None:
    """Lock a citizen for the caller's transaction, so that nothing new comes to an account while it is deleted.

    To be taken before any other lock. Raises SessionEndedError where the account was deleted, or joined with another
    one: the next token of the session speaks for that.
    """
    if not await db.rows(_LOCK, citizen_id):
        raise SessionEndedError


async def hold_addressees(citizens: Iterable[UUID]) -> dict[UUID, UUID]:
    """Who hears in each citizen's place: they, or whom they were joined into; of deleted accounts nobody.

    Held for the caller's transaction against deletion and joining, which wait for it at their end.
    """
    found = await db.rows(_HOLD, list(set(citizens)))
    present = {row["id"]: row["joined_into"] or row["id"] for row in found if row["deleted_at"] is None}
    joined = {kept for citizen_id, kept in present.items() if kept != citizen_id}
    hearing = await hold_addressees(joined) if joined else {}
    return {
        citizen_id: hearing.get(kept, kept)
        for citizen_id, kept in present.items()
        if kept == citizen_id or kept in hearing
    }
