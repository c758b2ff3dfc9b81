"""Rows, as far as this service needs their columns; the tables are the product's."""

from typing import Any

from django.contrib.postgres.search import SearchVectorField
from django.db import models

from app.kit.crypto import keyring


class SealedField(models.BinaryField):
    """Text that is sealed at rest for its table and column."""

    def from_db_value(self, value: Any, *_: Any) -> str | None:
        """Open what came from the database."""
        if value is None:
            return None
        return keyring().open(bytes(value), f"{self.model._meta.db_table}.{self.column}").decode()


class _Owned(models.Model):
    class Meta:
        """The product's migrations make the tables."""

        abstract = True
        managed = False
        app_label = "django_house"


class Citizen(_Owned):
    """A citizen."""

    id = models.UUIDField(primary_key=True)
    level = models.SmallIntegerField()

    class Meta(_Owned.Meta):
        """Table."""

        db_table = "citizens"


class Session(_Owned):
    """A sign-in of a citizen."""

    id = models.UUIDField(primary_key=True)
    citizen = models.ForeignKey(Citizen, models.CASCADE, null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta(_Owned.Meta):
        """Table."""

        db_table = "sessions"


class LicenceType(_Owned):
    """A kind of licence."""

    code = models.CharField(max_length=64, primary_key=True)
    name = models.CharField(max_length=128)
    definition = models.JSONField()

    class Meta(_Owned.Meta):
        """Table."""

        db_table = "licence_types"


class Licence(_Owned):
    """A licence."""

    id = models.UUIDField(primary_key=True)
    citizen = models.ForeignKey(Citizen, models.CASCADE, null=True)
    company_id = models.UUIDField(null=True)
    type = models.ForeignKey(LicenceType, models.CASCADE, db_column="type_code", db_constraint=False)
    identifier = models.CharField(max_length=128)
    number = models.CharField(max_length=64)
    case_no = models.CharField(max_length=43, null=True)
    state = models.CharField(max_length=16)
    state_reason = SealedField(null=True)
    values = SealedField()
    issuer = models.CharField(max_length=128)
    issued_on = models.DateField()
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)

    class Meta(_Owned.Meta):
        """Table."""

        db_table = "licences"


class LicenceMove(_Owned):
    """A change of what a licence is worth."""

    id = models.UUIDField(primary_key=True)
    licence = models.ForeignKey(Licence, models.CASCADE, related_name="moves")
    cause = models.CharField(max_length=16)
    before = models.CharField(max_length=16)
    after = models.CharField(max_length=16)
    reason = SealedField()
    office = models.CharField(max_length=128)
    case_no = models.CharField(max_length=43, null=True)
    at = models.DateTimeField()

    class Meta(_Owned.Meta):
        """Table."""

        db_table = "licence_moves"
        ordering = ("-at", "-id")


class Item(_Owned):
    """A service item as it is found."""

    item_code = models.CharField(max_length=31, primary_key=True)
    name = models.CharField(max_length=255)
    short_name = models.CharField(max_length=20)
    department = models.CharField(max_length=32)
    region = models.CharField(max_length=12)
    level = models.CharField(max_length=16)
    audience = models.JSONField()
    handling = models.CharField(max_length=16)
    promised_days = models.IntegerField()
    online_depth = models.IntegerField()

    class Meta(_Owned.Meta):
        """Table."""

        db_table = "items"


class ItemText(_Owned):
    """The words of an item, cut by jieba, for full text search; the benchmark makes the table."""

    item = models.OneToOneField(Item, models.CASCADE, primary_key=True, db_column="item_code", related_name="text")
    document = SearchVectorField()

    class Meta(_Owned.Meta):
        """Table."""

        db_table = "peer_item_texts"


class Department(_Owned):
    """A department of the city."""

    code = models.CharField(max_length=32, primary_key=True)
    name = models.CharField(max_length=128)

    class Meta(_Owned.Meta):
        """Table."""

        db_table = "departments"


class ItemVersion(_Owned):
    """A version of an item; its guide is JSON text."""

    id = models.UUIDField(primary_key=True)
    item_code = models.CharField(max_length=31)
    number = models.IntegerField(null=True)
    state = models.CharField(max_length=16)
    guide = models.TextField()
    offered = models.BooleanField()
    effective_on = models.DateField()
    department = models.ForeignKey(Department, models.CASCADE, db_column="department", db_constraint=False)

    class Meta(_Owned.Meta):
        """Table."""

        db_table = "item_versions"


class Application(_Owned):
    """A case."""

    id = models.UUIDField(primary_key=True)
    citizen = models.ForeignKey(Citizen, models.CASCADE)
    company_id = models.UUIDField(null=True)
    mandate_id = models.UUIDField(null=True)
    item_code = models.CharField(max_length=31)
    item_name = models.CharField(max_length=255)
    item_version = models.IntegerField()
    life_event = models.CharField(max_length=64, null=True)
    group_id = models.UUIDField(null=True)
    state = models.CharField(max_length=32)
    form = SealedField()
    prefill_away = models.JSONField(null=True)
    saved_fields = models.IntegerField(null=True)
    saved_materials = models.IntegerField(null=True)
    case_no = models.CharField(max_length=43, null=True)
    revision = models.IntegerField()
    resubmission_of = models.UUIDField(null=True)
    contact = SealedField(null=True)
    delivery = SealedField(null=True)
    result = SealedField(null=True)
    supplement_note = SealedField(null=True)
    promised_on = models.DateField(null=True)
    statutory_on = models.DateField(null=True)
    promised_provisional = models.BooleanField()
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)

    class Meta(_Owned.Meta):
        """Table."""

        db_table = "applications"


class TimelineEntry(_Owned):
    """Something that happened to a case."""

    id = models.UUIDField(primary_key=True)
    application = models.ForeignKey(Application, models.CASCADE, related_name="timeline")
    kind = models.CharField(max_length=32)
    state = models.CharField(max_length=32)
    note = SealedField(null=True)
    mandate_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta(_Owned.Meta):
        """Table."""

        db_table = "timeline_entries"
        ordering = ("id",)


class Material(_Owned):
    """A file that was handed in."""

    id = models.UUIDField(primary_key=True)
    application = models.ForeignKey(Application, models.CASCADE, related_name="materials")
    material_id = models.CharField(max_length=64)
    content_type = models.CharField(max_length=64)
    size = models.IntegerField()
    width = models.IntegerField()
    height = models.IntegerField()
    pages = models.IntegerField()
    sha256 = models.CharField(max_length=64)
    preview_blob_key = models.CharField(max_length=128, null=True)
    scan = models.CharField(max_length=16)
    trust = models.CharField(max_length=1)
    reused_from = models.UUIDField(null=True)
    handed_in_at = models.DateTimeField(null=True)

    class Meta(_Owned.Meta):
        """Table."""

        db_table = "materials"
        ordering = ("id",)
