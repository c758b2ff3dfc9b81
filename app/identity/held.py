"""What identity holds about a person, and how it goes."""

from datetime import datetime
from uuid import UUID

from app.identity.models import Citizen, FaceVerification, ProvincialAccount, Session, WeChatAccount
from app.identity.sessions import REFRESH_LIFETIME
from app.kit import clock, db
from app.kit.held import Part, of_citizen

_OWNER = {"citizen_id": "即副本所属账号"}

PARTS = (
    Part(
        model=Citizen,
        name="citizen",
        title="账号和身份",
        fields={
            "id": "账号编号",
            "unionid": "微信开放平台标识",
            "level": "实名等级",
            "name": "姓名",
            "id_number": "身份证号码",
            "phone": "手机号码",
            "verified_at": "实名认证时间",
            "ward": "是否为被监护人",
            "created_at": "创建时间",
        },
        left_out={
            "id_number_hash": "由身份证号码计算的查找值，不可还原",
            "phone_hash": "由手机号码计算的查找值，不可还原",
            "deleted_at": "注销后不再提供副本",
            "joined_into": "合并后的账号在其自己的副本中",
        },
        find=of_citizen("id"),
        chain="citizen",
    ),
    Part(
        model=WeChatAccount,
        name="wechat_accounts",
        title="微信账号",
        fields={"id": "编号", "appid": "小程序或公众号", "openid": "微信标识", "created_at": "绑定时间"},
        left_out=_OWNER,
        find=of_citizen(),
    ),
    Part(
        model=Session,
        name="sessions",
        title="登录记录",
        fields={
            "id": "编号",
            "device": "设备",
            "created_at": "登录时间",
            "last_used_at": "最后使用时间",
            "ended_at": "结束时间",
            "ended_because": "结束原因",
        },
        left_out={
            **_OWNER,
            "staff_id": "工作人员的登录，不属于市民",
            "audience": "登录来自小程序还是网页，本系统内部标记",
            "wechat_account_id": "见“微信账号”",
        },
        find=of_citizen(),
    ),
    Part(
        model=ProvincialAccount,
        name="provincial_accounts",
        title="省统一身份认证账号",
        fields={"id": "编号", "issuer": "认证平台", "subject": "在该平台的标识", "created_at": "绑定时间"},
        left_out=_OWNER,
        find=of_citizen(),
    ),
    Part(
        model=FaceVerification,
        name="face_verifications",
        title="人脸核验记录",
        fields={"id": "编号", "created_at": "开始时间", "expires_at": "截止时间", "passed_at": "通过时间"},
        left_out={
            **_OWNER,
            "out_seq_no": "与微信核对用的流水号",
            "verify_id": "微信的一次性核验凭证；人脸图像由微信比对，本系统不留存",
            "name_verified_at": "即实名认证时间",
        },
        find=of_citizen(),
    ),
)

_END_SESSIONS = """
UPDATE sessions SET device = NULL, ended_at = COALESCE(ended_at, $2),
    ended_because = COALESCE(ended_because, 'account_deleted')
WHERE citizen_id = $1
"""
_ANONYMISE = """
UPDATE citizens SET name = NULL, id_number = NULL, id_number_hash = NULL, phone = NULL, phone_hash = NULL,
    unionid = NULL, verified_at = NULL, level = 0
WHERE id = ANY($1::uuid[]) AND deleted_at IS NOT NULL
"""
_STILL_NAMED = """
SELECT id FROM citizens WHERE deleted_at <= $1 AND (name IS NOT NULL OR id_number IS NOT NULL) AND id > $2
ORDER BY id LIMIT $3
"""
# A session that nobody ended is over when its last refresh token is.
_FORGET_SESSIONS = """
DELETE FROM sessions WHERE id = ANY(ARRAY(
    SELECT id FROM sessions WHERE ended_at < $1 OR (ended_at IS NULL AND COALESCE(last_used_at, created_at) < $2)
    ORDER BY id LIMIT $3
))
"""
_FORGET_FACES = """
DELETE FROM face_verifications WHERE id = ANY(ARRAY(
    SELECT id FROM face_verifications WHERE created_at < $1 ORDER BY id LIMIT $2
))
"""
_FORGET_TOKENS = """
DELETE FROM refresh_tokens WHERE id = ANY(ARRAY(
    SELECT id FROM refresh_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2
))
"""


async def delete_account(citizen_id: UUID) -> None:
    """End all sessions, unbind WeChat and the province, and forget phone and faces, within the caller's transaction.

    Name and number stay until ``anonymise``.
    """
    moment = clock.now()
    await db.execute(_END_SESSIONS, citizen_id, moment)
    for bound in (WeChatAccount, ProvincialAccount, FaceVerification):
        await bound.filter(citizen_id=citizen_id).delete()
    await Citizen.filter(id=citizen_id).update(
        deleted_at=moment, unionid=None, phone=None, phone_hash=None, id_number_hash=None
    )


async def anonymise(citizen_ids: list[UUID]) -> int:
    """Forget who these deleted citizens were; returns how many."""
    return await db.execute(_ANONYMISE, citizen_ids)


async def still_named(before: datetime, after: UUID, most: int) -> list[UUID]:
    """Citizens deleted before a moment whose name or number is still kept, in the order of ids after one."""
    return [row["id"] for row in await db.rows(_STILL_NAMED, before, after, most)]


async def forget_sessions(before: datetime, most: int) -> int:
    """Delete sessions that ended before a moment, with their tokens, at most so many; returns how many."""
    return await db.execute(_FORGET_SESSIONS, before, before - REFRESH_LIFETIME, most)


async def forget_face_verifications(before: datetime, most: int) -> int:
    """Delete comparisons of faces that began before a moment, at most so many; returns how many."""
    return await db.execute(_FORGET_FACES, before, most)


async def forget_refresh_tokens(before: datetime, most: int) -> int:
    """Delete refresh tokens that expired before a moment, at most so many; returns how many."""
    return await db.execute(_FORGET_TOKENS, before, most)
