"""Rows of identity. Names, identity numbers and phone numbers are sealed, and found by keyed hashes."""

from uuid import UUID

from tortoise import Model, fields

from app.identity.rules import Audience
from app.kit.fields import lookup_hash, sealed_json, sealed_text
from app.kit.ids import new_id

OPENID_LENGTH = 64


class Citizen(Model):
    """A person who uses the mini-app, from the first login on. ``level`` is the assurance level, 0 to 3.

    A ``ward`` is a child for whom a guardian acts; it has no account of its own. An account that turned out to be
    another one's person is empty, and says by ``joined_into`` whose. ``deleted_at`` is set when the account was
    deleted; name and number stay for as long as something must be kept, and then go too.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    unionid = fields.CharField(max_length=OPENID_LENGTH, null=True, unique=True)
    level = fields.SmallIntField(default=0)
    name = sealed_text(null=True)
    id_number = sealed_text(null=True)
    id_number_hash = lookup_hash("id_number", purpose="id_number")
    phone = sealed_text(null=True)
    phone_hash = lookup_hash("phone", purpose="phone")
    verified_at = fields.DatetimeField(null=True)
    ward = fields.BooleanField(null=True)
    joined_into = fields.UUIDField(null=True)
    deleted_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "citizens"


class WeChatAccount(Model):
    """A citizen's account with one of our WeChat apps."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    citizen: fields.ForeignKeyRelation[Citizen] = fields.ForeignKeyField(
        "jiaban.Citizen", related_name="wechat_accounts", db_index=True
    )
    appid = fields.CharField(max_length=32)
    openid = fields.CharField(max_length=OPENID_LENGTH)
    created_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "wechat_accounts"
        unique_together = (("appid", "openid"),)


class ProvincialAccount(Model):
    """A citizen's account at the provincial identity platform: ``subject`` is its name for the citizen."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    citizen: fields.ForeignKeyRelation[Citizen] = fields.ForeignKeyField(
        "jiaban.Citizen", related_name="provincial_accounts", db_index=True
    )
    issuer = fields.CharField(max_length=255)
    subject = fields.CharField(max_length=255)
    created_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "provincial_accounts"
        unique_together = (("issuer", "subject"),)


class FaceVerification(Model):
    """A comparison of a citizen's face with their identity card's, carried out by WeChat on the phone.

    ``out_seq_no`` is ours, ``verify_id`` WeChat's name for it; ``name_verified_at`` says which name and number were
    compared. ``passed_at`` is set once, when it is first heard.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    citizen: fields.ForeignKeyRelation[Citizen] = fields.ForeignKeyField(
        "jiaban.Citizen", related_name="face_verifications", db_index=True
    )
    out_seq_no = fields.CharField(max_length=32, unique=True)
    verify_id = sealed_text()
    name_verified_at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    passed_at = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "face_verifications"


class LoginState(Model):
    """A sign-in on its way through another site's page, by the SHA-256 of its ``state``; it is used once.

    ``browser`` is the SHA-256 of a cookie, so that it ends in the browser it began in. ``nonce`` and ``verifier`` go
    with OpenID Connect. ``session_id`` is the session that asked for it, where one did.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    digest = fields.CharField(max_length=64, unique=True)
    kind = fields.CharField(max_length=16)
    browser = fields.CharField(max_length=64)
    nonce = fields.CharField(max_length=64)
    verifier = sealed_text()
    return_to = fields.CharField(max_length=512)
    session_id = fields.UUIDField(null=True)
    expires_at = fields.DatetimeField(db_index=True)

    class Meta:
        """Table."""

        table = "login_states"


class Session(Model):
    """One sign-in of a citizen or a member of staff; its refresh tokens are one family.

    ``audience`` is the surface it is good for, that of citizens' phones where it is empty. ``wechat_account_id`` is
    the account at WeChat that signed in, ``device`` what the device calls itself.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    citizen: fields.ForeignKeyNullableRelation[Citizen] = fields.ForeignKeyField(
        "jiaban.Citizen", related_name="sessions", db_index=True, null=True
    )
    staff: fields.ForeignKeyNullableRelation["Staff"] = fields.ForeignKeyField(
        "jiaban.Staff", related_name="sessions", db_index=True, null=True
    )
    audience = fields.CharEnumField(Audience, max_length=16, null=True)
    wechat_account_id = fields.UUIDField(null=True)
    device = fields.CharField(max_length=128, null=True)
    created_at = fields.DatetimeField()
    last_used_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    ended_because = fields.CharField(max_length=32, null=True)

    class Meta:
        """Table."""

        table = "sessions"

    @property
    def surface(self) -> Audience:
        """The surface this session is good for."""
        return self.audience or Audience.CITIZEN

    @property
    def owner_id(self) -> UUID:
        """The citizen or member of staff whose session this is."""
        owner: UUID = self.citizen_id or self.staff_id  # type: ignore[attr-defined]  # Tortoise adds them
        return owner


class RefreshToken(Model):
    """A refresh token by its hash; used once.

    ``answer`` is what its use gave, sealed and kept for the retry that brings the same ``idempotency_key``.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    session: fields.ForeignKeyRelation[Session] = fields.ForeignKeyField(
        "jiaban.Session", related_name="refresh_tokens", db_index=True
    )
    digest = fields.CharField(max_length=64, unique=True)
    expires_at = fields.DatetimeField(db_index=True)
    used_at = fields.DatetimeField(null=True)
    idempotency_key = fields.CharField(max_length=128, null=True)
    answer = sealed_json(null=True)

    class Meta:
        """Table."""

        table = "refresh_tokens"


class Staff(Model):
    """A member of staff of a department in a region. ``duties`` name what they may do.

    ``department`` is a code, ``*`` for every one; ``region`` a code of the national list, the whole city where it is
    empty. ``otp_secret`` is the base32 secret of the second factor (RFC 6238), ``otp_step`` the last time step whose
    code was used. ``work_user_id`` is who this is in 企业微信. ``password_given`` was chosen by an administrator and
    must be changed before anything else. ``demonstration`` accounts bar production.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    username = fields.CharField(max_length=64, unique=True)
    password_hash = fields.CharField(max_length=255)
    password_given = fields.BooleanField(null=True)
    otp_secret = sealed_text(null=True)
    otp_step = fields.BigIntField(null=True)
    work_user_id = fields.CharField(max_length=64, null=True, unique=True)
    name = sealed_text(null=True)
    office = fields.CharField(max_length=128)
    department = fields.CharField(max_length=32)
    region = fields.CharField(max_length=12, null=True)
    duties = fields.JSONField[list[str]]()
    active = fields.BooleanField(default=True)
    demonstration = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "staff"
