"""Rows of status lists."""

from tortoise import Model, fields

from app.kit.fields import sealed_text


class StatusList(Model):
    """One list of ``PLACES`` places. ``token`` is what is served, made at ``made_at``, with its SHA-256 in hexadecimal.

    ``scatter`` is the key (hexadecimal) that spreads the places in which licences are issued over the list.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.IntField(unique=True)
    scatter = sealed_text()
    token = fields.BinaryField(null=True)
    digest = fields.CharField(max_length=64, null=True)
    made_at = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "licence_status_lists"


class StatusMark(Model):
    """A list in which something has changed since it was made."""

    id = fields.BigIntField(primary_key=True)
    status_list = fields.IntField()

    class Meta:
        """Table."""

        table = "licence_status_marks"


class EndedPlace(Model):
    """A place whose licence was deleted: what was signed for it stays invalid, and no other licence gets it.

    A trigger writes it.
    """

    id = fields.BigIntField(primary_key=True)
    status_list = fields.IntField()
    status_index = fields.IntField()

    class Meta:
        """Table."""

        table = "licence_ended_places"
        unique_together = (("status_list", "status_index"),)
