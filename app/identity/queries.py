"""Reads of identity."""

from uuid import UUID

from app.identity.errors import SessionEndedError
from app.identity.models import Staff, WeChatAccount
from app.kit import db

# Rows of other tables that refer to the citizen may come and go meanwhile.
_LOCK = "SELECT id FROM citizens WHERE id = $1 AND deleted_at IS NULL AND joined_into IS NULL FOR NO KEY UPDATE"


async def holds_stand_in_data(stand_in_appid: str) -> bool:
    """Whether the database holds demonstration accounts, or citizens whom only the stand-in of WeChat knows."""
    if await Staff.exists(demonstration=True):
        return True
    return await WeChatAccount.exists(appid__startswith=stand_in_appid)


async def lock_present(citizen_id: UUID) -> None:
    """Lock a citizen for the caller's transaction, so that nothing new comes to an account while it is deleted.

    To be taken before any other lock. Raises SessionEndedError where the account was deleted, or joined with another
    one: the next token of the session speaks for that.
    """
    if not await db.rows(_LOCK, citizen_id):
        raise SessionEndedError


async def was_deleted(citizen_id: UUID) -> bool:
    """Whether the citizen's account was deleted."""
    sql = "SELECT 1 AS deleted FROM citizens WHERE id = $1 AND deleted_at IS NOT NULL"
    return await db.row(sql, citizen_id) is not None
