"""Rows of signing keys."""

from enum import StrEnum

from tortoise import Model, fields

from app.kit.fields import sealed_text
from app.licences.keys.algorithms import Purpose


class Keeper(StrEnum):
    """Who keeps the private half: this row, or the device that the settings name."""

    ROW = "row"
    DEVICE = "device"


class LicenceKey(Model):
    """A key that signs what licences show. ``id`` is the ``kid`` of what it signed, ``algorithm`` an ``Algorithm``.

    It is published from ``made_at``, signs from ``signs_from`` until ``retired_at``, and what it signed is believed
    until ``gone_at``; either is NULL where no end is set. ``handle`` is what the keeper calls the private half by (the
    row: the key itself in hexadecimal), NULL once it can sign nothing any more.
    """

    id = fields.CharField(max_length=16, primary_key=True)
    purpose = fields.CharEnumField(Purpose, max_length=16, db_index=True)
    algorithm = fields.IntField()
    public = fields.BinaryField()
    keeper = fields.CharEnumField(Keeper, max_length=8)
    handle = sealed_text(null=True)
    made_at = fields.DatetimeField()
    signs_from = fields.DatetimeField()
    retired_at = fields.DatetimeField(null=True)
    gone_at = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "licence_keys"
