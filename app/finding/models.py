"""Rows that searches read, what is counted of uses, and what a citizen keeps at hand."""

from typing import Any
from uuid import UUID

from tortoise import Model, fields
from tortoise.contrib.postgres.fields import TSVectorField

from app.catalogue.models import ITEM_CODE_LENGTH
from app.identity.models import Citizen
from app.kit import db
from app.kit.ids import new_id


class Reading(Model):
    """What searches read of items: those whose words are the same share one.

    ``title`` and ``keywords`` are plain (``words.plain``), keywords with a line each. ``words`` are those of the name
    (weight A), keywords as a whole (B) and their parts (C); ``texts`` are the words of the rest of the guide, which are
    looked at where the others find nothing.
    """

    id = fields.UUIDField(primary_key=True)
    name = fields.CharField(max_length=255)
    keywords = fields.TextField()
    title = fields.TextField(default="")
    basic_code = fields.CharField(max_length=12, default="", db_index=True)
    department = fields.CharField(max_length=32, default="")
    audience = fields.JSONField[list[str]](default=list)
    themes = fields.JSONField[list[str]](default=list)
    words: Any = TSVectorField(null=True)
    texts: Any = TSVectorField(null=True)

    class Meta:
        """Table."""

        table = "readings"


class Phrase(Model):
    """A name or keyword of a service, by which it is suggested and found by its sound.

    A text may be both, of two offices: each of the two stays as long as somebody says so.
    ``parts`` are its ends from each character on (``words.ends``); weight A where the end is
    the whole of a name, B of a keyword, C and D where it begins within one.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    basic_code = fields.CharField(max_length=12)
    text = fields.CharField(max_length=255)
    plain = fields.TextField()
    named = fields.BooleanField()
    sound = fields.TextField()
    parts: Any = TSVectorField()

    class Meta:
        """Table."""

        table = "phrases"
        unique_together = (("basic_code", "text", "named"),)


class SearchWord(Model):
    """In how many readings a word stands; the empty word stands in each."""

    word = fields.CharField(max_length=64, primary_key=True)
    readings = fields.IntField()

    class Meta:
        """Table."""

        table = "search_words"


class ItemUse(Model):
    """How often an item was used on a day: of whom is kept nowhere."""

    id = fields.BigIntField(primary_key=True)
    item_code = fields.CharField(max_length=ITEM_CODE_LENGTH)
    day = fields.DateField(db_index=True)
    count = fields.IntField()

    class Meta:
        """Table."""

        table = "item_uses"
        unique_together = (("item_code", "day"),)


class Popularity(Model):
    """How often a service was used of late, wherever it is offered; counted anew every night."""

    basic_code = fields.CharField(max_length=12, primary_key=True)
    uses = fields.IntField()

    class Meta:
        """Table."""

        table = "popularity"


_KEEP_ONE = """
DELETE FROM {table} WHERE citizen_id = $1 AND item_code IN (SELECT item_code FROM {table} WHERE citizen_id = $2)
"""
_MOVE = "UPDATE {table} SET citizen_id = $2 WHERE citizen_id = $1"


async def _move_items(table: str, old: UUID, new: UUID) -> None:
    """Make a citizen's list of items another's, who keeps one of each."""
    await db.execute(_KEEP_ONE.format(table=table), old, new)
    await db.execute(_MOVE.format(table=table), old, new)


class Favourite(Model):
    """An item that a citizen has marked."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    citizen: fields.ForeignKeyRelation[Citizen] = fields.ForeignKeyField("jiaban.Citizen", related_name="favourites")
    item_code = fields.CharField(max_length=ITEM_CODE_LENGTH)
    created_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "favourites"
        unique_together = (("citizen", "item_code"),)

    @classmethod
    async def move(cls, old: UUID, new: UUID) -> None:
        """Add one citizen's favourites to another's."""
        await _move_items("favourites", old, new)


class RecentItem(Model):
    """An item that a citizen has opened, and when last."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    citizen: fields.ForeignKeyRelation[Citizen] = fields.ForeignKeyField("jiaban.Citizen", related_name="recent_items")
    item_code = fields.CharField(max_length=ITEM_CODE_LENGTH)
    opened_at = fields.DatetimeField(db_index=True)

    class Meta:
        """Table."""

        table = "recent_items"
        unique_together = (("citizen", "item_code"),)

    @classmethod
    async def move(cls, old: UUID, new: UUID) -> None:
        """Add what one citizen has opened to another's."""
        await _move_items("recent_items", old, new)


class RecentItemsOff(Model):
    """A citizen who does not want to have it kept which items they open."""

    citizen_id: Any = fields.UUIDField(primary_key=True)
    since = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "recent_items_off"

    @classmethod
    async def move(cls, old: UUID, new: UUID) -> None:
        """Whoever did not want it under one account does not want it under the other."""
        await db.execute(
            "INSERT INTO recent_items_off (citizen_id, since) SELECT $2, since FROM recent_items_off"
            " WHERE citizen_id = $1 ON CONFLICT DO NOTHING",
            old,
            new,
        )
        await db.execute("DELETE FROM recent_items_off WHERE citizen_id = $1", old)
        await db.execute(
            "DELETE FROM recent_items USING recent_items_off AS off"
            " WHERE off.citizen_id = $1 AND recent_items.citizen_id = $1",
            new,
        )
