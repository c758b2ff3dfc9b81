"""Rows of what WeChat pushes, and of staff who are known at the official account."""

from enum import StrEnum

from tortoise import Model, fields

from app.identity.models import OPENID_LENGTH, Staff
from app.kit.fields import sealed_json
from app.kit.ids import new_id


class PushState(StrEnum):
    """Whether what a push changes here was taken over."""

    WAITING = "waiting"
    TAKEN = "taken"


class LateAnswer(StrEnum):
    """Where a person's answer stands that was not ready in time and goes as a message of its own.

    UNCERTAIN: cut off before its record; it may have arrived and is never repeated.
    """

    OWED = "owed"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


class WeChatPush(Model):
    """One push of WeChat's to one of our apps, kept once however often it comes.

    ``kind`` is the event's name, of a message its type. ``payload`` is what it said, and goes as soon as nothing needs
    it any more: what remains serves to know a repetition. ``pushed_at`` is WeChat's time. ``late`` is None for what was
    answered at once, or is not answered at all; ``reason`` says why a late answer failed.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    appid = fields.CharField(max_length=32)
    dedup_key = fields.CharField(max_length=64)
    openid = fields.CharField(max_length=OPENID_LENGTH, db_index=True)
    kind = fields.CharField(max_length=64)
    payload = sealed_json(null=True)
    pushed_at = fields.DatetimeField()
    received_at = fields.DatetimeField(db_index=True)
    state = fields.CharEnumField(PushState, max_length=16, default=PushState.WAITING)
    late: LateAnswer | None = fields.CharEnumField(LateAnswer, max_length=16, null=True)  # type: ignore[assignment]  # the ORM types no empty enum
    reason = fields.CharField(max_length=64, null=True)

    class Meta:
        """Table."""

        table = "wechat_pushes"
        unique_together = (("appid", "dedup_key"),)


class StaffFollower(Model):
    """A member of staff who is known at the official account and sees the menu for staff.

    Until ``openid`` is known, whoever sends the code of ``code_digest`` (SHA-256) before ``expires_at`` is it.
    ``tagged_at`` is when WeChat took over the tag that shows the menu.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    staff: fields.OneToOneRelation[Staff] = fields.OneToOneField("jiaban.Staff", related_name="follower")
    appid = fields.CharField(max_length=32)
    openid = fields.CharField(max_length=OPENID_LENGTH, null=True)
    code_digest = fields.CharField(max_length=64, null=True, unique=True)
    expires_at = fields.DatetimeField(null=True)
    bound_at = fields.DatetimeField(null=True)
    tagged_at = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "staff_followers"
        unique_together = (("appid", "openid"),)
