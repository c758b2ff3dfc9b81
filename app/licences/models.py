"""Rows of licences."""

from enum import StrEnum
from uuid import UUID

from tortoise import Model, fields

from app.catalogue.licence_type import Preset
from app.identity.models import Citizen
from app.kit import clock, db
from app.kit.fields import lookup_hash, sealed_json, sealed_text
from app.kit.ids import new_id
from app.licences.codes import CodeKind
from app.mandates.models import Company

HOLDER = "licence_holder"
"""The purpose of the hashes by which a holder's licences are found."""
DIGITS = "presentation_digits"
"""That of the hashes by which a code is found by its digits."""
PRESENTING = "licence_presentation"
"""The purpose that a holder consents to, or has withdrawn their consent to."""


_END_SHOWN = """
UPDATE presentations SET expires_at = $2 WHERE licence_id = ANY($1) AND kind <> 'paper' AND expires_at > $2
"""


class LicenceState(StrEnum):
    """What a licence is worth at present. What is suspended may become valid again; the rest after it are ends."""

    VALID = "valid"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class LicenceCause(StrEnum):
    """What changes what a licence is worth: the word of whoever issued it, a result that follows it, or time."""

    SUSPENDED = "suspended"
    RESUMED = "resumed"
    REVOKED = "revoked"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class Origin(StrEnum):
    """Where a licence comes from: issued here upon a case's result, or brought from the system that issued it."""

    ISSUED = "issued"
    IMPORTED = "imported"


class HolderKind(StrEnum):
    """By what a holder is known (CZZTDMLX of GB/T 36903): a citizen's number or a company's code."""

    PERSON = "111"
    COMPANY = "001"


class Licence(Model):
    """One version of an e-licence. ``identifier`` follows GB/T 36904; ``values`` are its fields by name.

    It is the ``company``'s where there is one, else the ``citizen``'s; one that was brought here for somebody without
    an account is nobody's until they come, known by ``holder_code``. ``previous`` is the version before it.
    ``reference`` is what codes call it by, 16 hexadecimal digits that say nothing. ``status_list`` and
    ``status_index`` are its place in the published status lists. Without ``valid_until`` it has no end.
    ``import_id`` is the import that brought it.
    ``end_reminded_on`` and ``yearly_reminded_on`` are when its holder was last reminded.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    citizen: fields.ForeignKeyNullableRelation[Citizen] = fields.ForeignKeyField(
        "jiaban.Citizen", related_name="licences", db_index=True, null=True
    )
    company: fields.ForeignKeyNullableRelation[Company] = fields.ForeignKeyField(
        "jiaban.Company", related_name="licences", db_index=True, null=True
    )
    type_code = fields.CharField(max_length=64)
    identifier = fields.CharField(max_length=128, unique=True)
    reference = fields.CharField(max_length=16, unique=True)
    number = fields.CharField(max_length=64)
    origin = fields.CharEnumField(Origin, max_length=16, default=Origin.ISSUED, db_default="issued")
    case_no = fields.CharField(max_length=43, unique=True, null=True)
    papers: fields.ReverseRelation["PaperCode"]
    previous: fields.ForeignKeyNullableRelation["Licence"] = fields.ForeignKeyField(
        "jiaban.Licence", related_name="next", db_index=True, null=True, on_delete=fields.OnDelete.SET_NULL
    )
    version = fields.IntField(default=1)
    state = fields.CharEnumField(LicenceState, max_length=16, default=LicenceState.VALID)
    state_reason = sealed_text(null=True)
    state_changed_at = fields.DatetimeField(null=True)
    holder = sealed_text()
    holder_kind = fields.CharEnumField(HolderKind, max_length=3, default=HolderKind.PERSON, db_default="111")
    holder_code = sealed_text(null=True)
    holder_hash = lookup_hash("holder_code", purpose=HOLDER)
    values = sealed_json()
    issuer = fields.CharField(max_length=128)
    issuer_code = fields.CharField(max_length=18)
    region = fields.CharField(max_length=12)
    issued_on = fields.DateField()
    valid_from = fields.DateField()
    valid_until = fields.DateField(db_index=True, null=True)
    import_id = fields.UUIDField(null=True)
    status_list = fields.IntField(null=True)
    status_index = fields.IntField(null=True)
    end_reminded_on = fields.DateField(null=True)
    yearly_reminded_on = fields.DateField(null=True)

    class Meta:
        """Table."""

        table = "licences"
        unique_together = (("status_list", "status_index"),)
        indexes = (("type_code", "number"),)

    @property
    def owned(self) -> bool:
        """Whether it is somebody's with an account here."""
        return bool(self.citizen_id or self.company_id)  # type: ignore[attr-defined]  # Tortoise adds them

    @classmethod
    async def move_in_name(cls, old: UUID, new: UUID) -> None:
        """Make the licences in one citizen's own name another's; a company's stay.

        Codes on the old one's phone end; paper is the same person's.
        """
        moved = await db.rows(
            "UPDATE licences SET citizen_id = $2 WHERE citizen_id = $1 AND company_id IS NULL RETURNING id", old, new
        )
        await db.execute(_END_SHOWN, [licence["id"] for licence in moved], clock.now())


class LicenceMove(Model):
    """A change of what a licence is worth: who made it, why, and when.

    ``actor`` is ``approval_system``, ``clock`` or ``staff:<id>``, ``office`` the authority that its holder is told.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    licence: fields.ForeignKeyRelation[Licence] = fields.ForeignKeyField(
        "jiaban.Licence", related_name="moves", db_index=True
    )
    cause = fields.CharEnumField(LicenceCause, max_length=16)
    before = fields.CharEnumField(LicenceState, max_length=16)
    after = fields.CharEnumField(LicenceState, max_length=16)
    reason = sealed_text()
    actor = fields.CharField(max_length=64)
    office = fields.CharField(max_length=128)
    case_no = fields.CharField(max_length=43, null=True)
    at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "licence_moves"


class Presentation(Model):
    """A code that was handed out; a live or held one is spent once.

    ``nonce`` and ``digest``, the SHA-256 of the whole decoded code, are in hexadecimal; ``digits_hash`` finds a live
    one by its digits. ``mandate_id`` and ``session_id`` are those by which it was handed out: when either ends, or at
    ``ended_at``, the code is worth nothing.
    """

    nonce = fields.CharField(max_length=32, primary_key=True)
    licence: fields.ForeignKeyRelation[Licence] = fields.ForeignKeyField(
        "jiaban.Licence", related_name="presentations", db_index=True
    )
    kind = fields.CharEnumField(CodeKind, max_length=8, default=CodeKind.LIVE, db_default="live")
    preset = fields.CharEnumField(Preset, max_length=8, default=Preset.ALL, db_default="all")
    digest = fields.CharField(max_length=64)
    digits_hash = fields.CharField(max_length=128, null=True, unique=True)
    mandate_id = fields.UUIDField(null=True)
    session_id = fields.UUIDField(null=True)
    issued_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(db_index=True)
    spent_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "presentations"


class PaperEnd(StrEnum):
    """Why a code on paper ended before its time."""

    LOST = "lost"
    REPLACED = "replaced"


class PaperCode(Model):
    """A code that a window printed for a person who was there, with what the member of staff saw and why they did it.

    ``document`` is the paper by which the person proved themself; ``ended_by`` is who ended it, as in the audit. It has
    a place of its own in the status lists, by which a scanner without network learns that it was lost.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    presentation: fields.OneToOneRelation[Presentation] = fields.OneToOneField(
        "jiaban.Presentation", related_name="paper"
    )
    # Tortoise adds it.
    presentation_id: str
    licence: fields.ForeignKeyRelation[Licence] = fields.ForeignKeyField(
        "jiaban.Licence", related_name="papers", db_index=True
    )
    staff_id = fields.UUIDField()
    office = fields.CharField(max_length=128)
    document = fields.CharField(max_length=32)
    reason = sealed_text()
    status_list = fields.IntField()
    status_index = fields.IntField()
    ended_at = fields.DatetimeField(null=True)
    ended_because = fields.CharEnumField(PaperEnd, max_length=16, null=True)
    ended_by = fields.CharField(max_length=128, null=True)

    class Meta:
        """Table."""

        table = "paper_codes"
        unique_together = (("status_list", "status_index"),)


class DigitMiss(Model):
    """A member of staff entered digits that stand for no code."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    staff_id = fields.UUIDField(db_index=True)
    at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "digit_misses"


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
