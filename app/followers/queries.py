"""Reads of followers."""

from app.followers.models import Follower


async def is_following(appid: str, openid: str) -> bool:
    """Whether an account follows the app, so that the app may write to it."""
    return await Follower.exists(appid=appid, openid=openid, subscribed=True)
