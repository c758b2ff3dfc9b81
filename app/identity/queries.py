"""Reads of identity."""

from app.identity.models import Staff, WeChatAccount


async def holds_stand_in_data(stand_in_appid: str) -> bool:
    """Whether the database holds demonstration accounts, or citizens whom only the stand-in of WeChat knows."""
    if await Staff.exists(demonstration=True):
        return True
    return await WeChatAccount.exists(appid__startswith=stand_in_appid)
