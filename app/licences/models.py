"""Rows of licences."""

from enum import StrEnum
from uuid import UUID

from tortoise import Model, fields

from app.identity.models import Citizen, Staff
from app.kit import clock, db
from app.kit.fields import sealed_json, sealed_text
from app.kit.ids import new_id
from app.mandates.models import Company


class LicenceState(StrEnum):
    """What a licence is worth at present."""

    VALID = "valid"
    REVOKED = "revoked"


class Licence(Model):
    """An e-licence. ``identifier`` follows GB/T 36904; ``values`` are its fields by name.

    It is the ``company``'s where there is one, else the ``citizen``'s.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    citizen: fields.ForeignKeyRelation[Citizen] = fields.ForeignKeyField(
        "jiaban.Citizen", related_name="licences", db_index=True
    )
    company: fields.ForeignKeyNullableRelation[Company] = fields.ForeignKeyField(
        "jiaban.Company", related_name="licences", db_index=True, null=True
    )
    type_code = fields.CharField(max_length=64)
    identifier = fields.CharField(max_length=128, unique=True)
    number = fields.CharField(max_length=64)
    case_no = fields.CharField(max_length=43, unique=True)
    state = fields.CharEnumField(LicenceState, max_length=16, default=LicenceState.VALID)
    state_reason = sealed_text(null=True)
    state_changed_at = fields.DatetimeField(null=True)
    holder = sealed_text()
    values = sealed_json()
    issuer = fields.CharField(max_length=128)
    issued_on = fields.DateField()
    valid_from = fields.DateField()
    valid_until = fields.DateField(db_index=True)
    version = fields.IntField(default=1)

    class Meta:
        """Table."""

        table = "licences"

    @classmethod
    async def move_in_name(cls, old: UUID, new: UUID) -> None:
        """Make the licences in one citizen's own name another's; a company's stay. Codes shown by the old one end."""
        moved = await db.rows(
            "UPDATE licences SET citizen_id = $2 WHERE citizen_id = $1 AND company_id IS NULL RETURNING id", old, new
        )
        end = "UPDATE presentations SET expires_at = $2 WHERE licence_id = ANY($1) AND expires_at > $2"
        await db.execute(end, [licence["id"] for licence in moved], clock.now())


class Presentation(Model):
    """A presentation code that was handed out; it is spent once.

    ``nonce`` and ``digest``, the SHA-256 of the whole decoded code, are in hexadecimal. ``mandate_id`` is the
    mandate by which it was handed out: when that ends, the code is worth nothing.
    """

    nonce = fields.CharField(max_length=32, primary_key=True)
    licence: fields.ForeignKeyRelation[Licence] = fields.ForeignKeyField(
        "jiaban.Licence", related_name="presentations", db_index=True
    )
    digest = fields.CharField(max_length=64)
    mandate_id = fields.UUIDField(null=True)
    issued_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(db_index=True)
    spent_at = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "presentations"


class Verification(Model):
    """Somebody scanned a code: who, where, with what verdict, and which fields they saw."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    licence: fields.ForeignKeyNullableRelation[Licence] = fields.ForeignKeyField(
        "jiaban.Licence", related_name="verifications", db_index=True, null=True
    )
    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField("jiaban.Staff", related_name="verifications")
    office = fields.CharField(max_length=128)
    verdict = fields.CharField(max_length=16)
    reason = fields.CharField(max_length=32)
    shown = fields.JSONField[list[str]]()
    idempotency_key = fields.CharField(max_length=128, null=True)
    code_digest = fields.CharField(max_length=64)
    at = fields.DatetimeField(db_index=True)

    class Meta:
        """Table."""

        table = "verifications"
        unique_together = (("staff", "idempotency_key"),)


class LicenceSerial(Model):
    """The last serial number given within one licence type and year."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    type_code = fields.CharField(max_length=64)
    year = fields.IntField()
    last_number = fields.IntField()

    class Meta:
        """Table."""

        table = "licence_serials"
        unique_together = (("type_code", "year"),)
