"""Rows of the catalogue. They come from ``config/city/`` and hold nothing personal."""

from typing import Any

from tortoise import Model, fields

ITEM_CODE_LENGTH = 31


class Region(Model):
    """A city, county, township or village by its code in the national list (6, 9 or 12 digits)."""

    code = fields.CharField(max_length=12, primary_key=True)
    name = fields.CharField(max_length=64)
    parent = fields.CharField(max_length=12, null=True, db_index=True)
    level = fields.CharField(max_length=16)

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
    """A service item: what is searched stands in columns, the whole guide in ``guide``."""

    item_code = fields.CharField(max_length=ITEM_CODE_LENGTH, primary_key=True)
    name = fields.CharField(max_length=255)
    short_name = fields.CharField(max_length=20)
    keywords = fields.TextField()
    department = fields.CharField(max_length=32)
    region = fields.CharField(max_length=12, db_index=True)
    audience = fields.JSONField[list[str]]()
    guide = fields.JSONField[dict[str, Any]]()
    digest = fields.CharField(max_length=64)

    class Meta:
        """Table."""

        table = "items"


class LicenceType(Model):
    """A kind of e-licence: its fields, who may see which, its card."""

    code = fields.CharField(max_length=64, primary_key=True)
    name = fields.CharField(max_length=128)
    definition = fields.JSONField[dict[str, Any]]()

    class Meta:
        """Table."""

        table = "licence_types"
