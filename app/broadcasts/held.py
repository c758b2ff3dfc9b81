"""What broadcasts hold about a person, and how it goes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from app.broadcasts.definitions import broadcasting
from app.broadcasts.models import Broadcast, BroadcastRecipient
from app.followers.models import Follower
from app.identity.models import WeChatAccount
from app.kit import db
from app.kit.held import Part

_ENDED = "state IN ('done', 'stopped', 'rejected') AND ended_at < $1"
_FORGET_RECIPIENTS = f"""
DELETE FROM broadcast_recipients WHERE id = ANY(ARRAY(
    SELECT recipient.id FROM broadcast_recipients AS recipient
    JOIN broadcast_slices AS slice ON slice.id = recipient.slice_id
    WHERE slice.broadcast_id IN (SELECT id FROM broadcasts WHERE {_ENDED})
    ORDER BY recipient.id LIMIT $2 FOR UPDATE OF recipient SKIP LOCKED
))
"""  # noqa: S608  # constants
_FORGET_BROADCASTS = f"""
DELETE FROM broadcasts WHERE {_ENDED} AND NOT EXISTS (
    SELECT 1 FROM broadcast_recipients AS recipient JOIN broadcast_slices AS slice ON slice.id = recipient.slice_id
    WHERE slice.broadcast_id = broadcasts.id
)
"""  # noqa: S608  # constants
# Those whose turn is yet to come are chosen as followers, whom an account here makes no difference to.
_FORGET_CITIZEN = """
UPDATE broadcast_recipients SET follower_id = NULL
WHERE state NOT IN ('waiting', 'open') AND follower_id IN (
    SELECT follower.id FROM followers AS follower
    JOIN wechat_accounts AS account ON account.appid = follower.appid AND account.openid = follower.openid
    WHERE account.citizen_id = $1
)
"""


async def _of_followers(citizen_id: UUID) -> Q:
    which = Q(id__isnull=True)
    for appid, openid in await WeChatAccount.filter(citizen_id=citizen_id).values_list("appid", "openid"):
        which |= Q(appid=appid, openid=openid)
    followers = [follower.id async for follower in Follower.filter(which)]
    return Q(follower_id__in=followers) if followers else Q(id__isnull=True)


async def _notice(recipient: BroadcastRecipient, citizen_id: UUID) -> dict[str, Any]:
    del citizen_id
    broadcast = await Broadcast.get(parts__id=recipient.slice_id)
    kind = broadcasting().kinds.get(broadcast.kind)
    names = kind.fields if kind else {}
    return {
        "kind": kind.title if kind else broadcast.kind,
        "notice": {names.get(key, key): value for key, value in broadcast.data.items()},
    }


PARTS = (
    Part(
        model=BroadcastRecipient,
        name="broadcast_recipients",
        title="公众号群发通知",
        fields={
            "kind": "种类",
            "notice": "内容",
            "state": "状态",
            "reason": "未送达的原因",
            "arrived": "微信是否确认送达",
            "msg_id": "微信消息编号",
            "attempts": "因微信繁忙而重试的次数",
            "updated_at": "时间",
        },
        left_out={
            "id": "本系统内部编号",
            "slice_id": "通知的批次，以“内容”表示",
            "follower_id": "即关注公众号的微信账号",
        },
        find=_of_followers,
        more=_notice,
    ),
)


async def forget_all(citizen_id: UUID) -> None:
    """Part a citizen from the broadcasts that reached them, within the caller's transaction; the counts stay.

    It comes before their WeChat accounts are unbound.
    """
    await db.execute(_FORGET_CITIZEN, citizen_id)


async def forget_broadcasts(before: datetime, most: int) -> int:
    """Delete recipients of broadcasts that ended before a moment, at most so many, at last the broadcasts.

    Returns how many.
    """
    gone = await db.execute(_FORGET_RECIPIENTS, before, most)
    return gone if gone == most else gone + await db.execute(_FORGET_BROADCASTS, before)
