"""Rows of the catalogue. They hold nothing personal."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from tortoise import Model, fields

from app.kit.fields import LtreeField
from app.kit.ids import new_id

ITEM_CODE_LENGTH = 31
LIFE_EVENT_CODE_LENGTH = 64
CODE_LIST_LENGTH = 32


class Region(Model):
    """A province, city, county, township or village by its code in the national list (6, 9 or 12 digits).

    ``path`` is its place in the tree: the codes from the province down to itself, joined by dots.
    """

    code = fields.CharField(max_length=12, primary_key=True)
    name = fields.CharField(max_length=64)
    parent = fields.CharField(max_length=12, null=True, db_index=True)
    level = fields.CharField(max_length=16)
    path = LtreeField(null=True)

    class Meta:
        """Table."""

        table = "regions"


class Department(Model):
    """A department of the city. ``uscc`` is its unified social credit code (GB 32100)."""

    code = fields.CharField(max_length=32, primary_key=True)
    name = fields.CharField(max_length=128)
    short_name = fields.CharField(max_length=64)
    uscc = fields.CharField(max_length=18, unique=True)
    region = fields.CharField(max_length=12)

    class Meta:
        """Table."""

        table = "departments"


class Item(Model):
    """A service item as it is found: what lists and filters need of the version that is in effect.

    ``reading`` names what searches read of it (``app/finding``): items whose words are the same share one.
    """

    item_code = fields.CharField(max_length=ITEM_CODE_LENGTH, primary_key=True)
    basic_code = fields.CharField(max_length=12, default="")
    name = fields.CharField(max_length=255)
    short_name = fields.CharField(max_length=20)
    department = fields.CharField(max_length=32)
    region = fields.CharField(max_length=12, db_index=True)
    level = fields.CharField(max_length=16, default="city")
    audience = fields.JSONField[list[str]]()
    themes = fields.JSONField[list[str]](default=list)
    handling = fields.CharField(max_length=16, default="promised")
    statutory_days = fields.IntField(default=0)
    promised_days = fields.IntField(default=0)
    online_depth = fields.IntField(default=0)
    visits = fields.IntField(default=0)
    version = fields.IntField(default=1)
    reading = fields.UUIDField(null=True)

    class Meta:
        """Table."""

        table = "items"


class VersionState(StrEnum):
    """Where a version of an item stands. Only published ones are shown to citizens."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    REJECTED = "rejected"
    PUBLISHED = "published"


class VersionOrigin(StrEnum):
    """Where a version was written: in the city's files, in tables that were imported, or by staff."""

    CITY = "city"
    TABLES = "tables"
    STAFF = "staff"


class ItemVersion(Model):
    """One version of an item: its whole guide, and from which day it holds.

    ``guide`` is the guide as JSON text, in its author's order, as citizens are answered. ``number`` is given at
    publication and counts from 1 within the item. A version with ``offered`` false ends the item. ``author_id`` and
    ``reviewer_id`` are the staff who wrote and published it; both are empty where it has another ``origin``.

    While it is written (``app/upkeep``), ``revision`` counts its changes, ``writers`` are the ids of all who wrote in
    it, ``based_on`` is the newest number when it was begun, ``region`` where it is to be offered, and ``reason`` why it
    was rejected.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    item_code = fields.CharField(max_length=ITEM_CODE_LENGTH)
    number = fields.IntField(null=True)
    state = fields.CharEnumField(VersionState, max_length=16, default=VersionState.DRAFT)
    department = fields.CharField(max_length=32)
    guide = fields.TextField()
    digest = fields.CharField(max_length=64)
    offered = fields.BooleanField(default=True)
    effective_on = fields.DateField()
    note = fields.TextField(default="")
    author_id: UUID | None = fields.UUIDField(null=True)
    reviewer_id: UUID | None = fields.UUIDField(null=True)
    revision = fields.IntField(default=1)
    writers = fields.JSONField[list[str]](null=True)
    based_on = fields.IntField(null=True)
    region = fields.CharField(max_length=12, null=True)
    reason = fields.TextField(default="")
    origin = fields.CharEnumField(VersionOrigin, max_length=16, default=VersionOrigin.STAFF)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    published_at = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "item_versions"
        unique_together = (("item_code", "number"),)


class LicenceType(Model):
    """A kind of e-licence: its fields, who may see which, its card."""

    code = fields.CharField(max_length=64, primary_key=True)
    name = fields.CharField(max_length=128)
    definition = fields.JSONField[dict[str, Any]]()

    class Meta:
        """Table."""

        table = "licence_types"


class CodeList(Model):
    """A list of codes that a national ``standard`` gives; ``entries`` are ``{code, name}`` in its order."""

    code = fields.CharField(max_length=CODE_LIST_LENGTH, primary_key=True)
    title = fields.CharField(max_length=64)
    standard = fields.CharField(max_length=64)
    entries = fields.JSONField[list[dict[str, str]]]()

    class Meta:
        """Table."""

        table = "code_lists"


class Theme(Model):
    """A theme by which people or companies look for items; ``position`` is its place in the list."""

    code = fields.CharField(max_length=32, primary_key=True)
    name = fields.CharField(max_length=64)
    audience = fields.CharField(max_length=16)
    position = fields.IntField()

    class Meta:
        """Table."""

        table = "themes"


class Hall(Model):
    """A service hall. Its position is in degrees, GCJ-02."""

    code = fields.CharField(max_length=32, primary_key=True)
    name = fields.CharField(max_length=128)
    kind = fields.CharField(max_length=16)
    region = fields.CharField(max_length=12)
    address = fields.CharField(max_length=255)
    hours = fields.CharField(max_length=128)
    phone = fields.CharField(max_length=64)
    longitude = fields.FloatField()
    latitude = fields.FloatField()

    class Meta:
        """Table."""

        table = "halls"


class LifeEvent(Model):
    """What people come for that takes several items (一件事); ``position`` is its place in the list."""

    code = fields.CharField(max_length=LIFE_EVENT_CODE_LENGTH, primary_key=True)
    name = fields.CharField(max_length=64)
    position = fields.IntField()
    definition = fields.JSONField[dict[str, Any]]()

    class Meta:
        """Table."""

        table = "life_events"


class LifeEventItem(Model):
    """An item that a life event covers."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    life_event = fields.CharField(max_length=LIFE_EVENT_CODE_LENGTH)
    item_code = fields.CharField(max_length=ITEM_CODE_LENGTH, db_index=True)

    class Meta:
        """Table."""

        table = "life_event_items"
        unique_together = (("life_event", "item_code"),)
