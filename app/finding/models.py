"""Rows that searches read."""

from tortoise import Model, fields


class Reading(Model):
    """What searches read of items: those whose words are the same share one."""

    id = fields.UUIDField(primary_key=True)
    name = fields.CharField(max_length=255)
    keywords = fields.TextField()

    class Meta:
        """Table."""

        table = "readings"
