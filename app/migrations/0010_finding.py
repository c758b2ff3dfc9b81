"""What searches and suggestions read, uses, favourites and opened items.

What was indexed before is left behind: every item is brought into effect, and with that indexed, once more, by the
worker within minutes or by ``jiaban load-city``.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from app.kit.ids import new_id
from json import dumps, loads
from tortoise.contrib.postgres.fields import TSVectorField
from tortoise.fields.base import OnDelete
from uuid import uuid4
from tortoise import fields

_RANK = "(CASE level WHEN 'city' THEN 0 WHEN 'county' THEN 1 WHEN 'township' THEN 2 ELSE 3 END)"

# Entries that wait in a pending list make the planner read whole tables instead of the index.
_AT_ONCE = "WITH (fastupdate = off)"


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0009_versions")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Favourite",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "citizen",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="citizen_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="favourites",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("item_code", fields.CharField(max_length=31)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "favourites",
                "app": "jiaban",
                "unique_together": (("citizen", "item_code"),),
                "pk_attr": "id",
                "table_description": "An item that a citizen has marked.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ItemUse",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("item_code", fields.CharField(max_length=31)),
                ("day", fields.DateField(db_index=True)),
                ("count", fields.IntField()),
            ],
            options={
                "table": "item_uses",
                "app": "jiaban",
                "unique_together": (("item_code", "day"),),
                "pk_attr": "id",
                "table_description": "How often an item was used on a day: of whom is kept nowhere.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Phrase",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("basic_code", fields.CharField(max_length=12)),
                ("text", fields.CharField(max_length=255)),
                ("plain", fields.CharField(max_length=255)),
                ("named", fields.BooleanField()),
                ("sound", fields.CharField(max_length=255)),
                ("parts", TSVectorField(source_fields=(), stored=False)),
            ],
            options={
                "table": "phrases",
                "app": "jiaban",
                "unique_together": (("basic_code", "text", "named"),),
                "pk_attr": "id",
                "table_description": "A name or keyword of a service, by which it is suggested and found by its sound.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Popularity",
            fields=[
                ("basic_code", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=12)),
                ("uses", fields.IntField()),
            ],
            options={
                "table": "popularity",
                "app": "jiaban",
                "pk_attr": "basic_code",
                "table_description": "How often a service was used of late, wherever it is offered; counted anew every night.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RecentItem",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "citizen",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="citizen_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="recent_items",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("item_code", fields.CharField(max_length=31)),
                ("opened_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "recent_items",
                "app": "jiaban",
                "unique_together": (("citizen", "item_code"),),
                "pk_attr": "id",
                "table_description": "An item that a citizen has opened, and when last.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RecentItemsOff",
            fields=[
                ("citizen_id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("since", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "recent_items_off",
                "app": "jiaban",
                "pk_attr": "citizen_id",
                "table_description": "A citizen who does not want to have it kept which items they open.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SearchWord",
            fields=[
                ("word", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("readings", fields.IntField()),
            ],
            options={
                "table": "search_words",
                "app": "jiaban",
                "pk_attr": "word",
                "table_description": "In how many readings a word stands; the empty word stands in each.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Reading",
            name="audience",
            field=fields.JSONField(
                default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
            ),
        ),
        ops.AddField(
            model_name="Reading",
            name="basic_code",
            field=fields.CharField(default="", db_index=True, max_length=12),
        ),
        ops.AddField(
            model_name="Reading",
            name="department",
            field=fields.CharField(default="", max_length=32),
        ),
        ops.AddField(
            model_name="Reading",
            name="themes",
            field=fields.JSONField(
                default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
            ),
        ),
        ops.AddField(
            model_name="Reading",
            name="texts",
            field=TSVectorField(null=True, source_fields=(), stored=False),
        ),
        ops.AddField(
            model_name="Reading",
            name="title",
            field=fields.CharField(default="", max_length=255),
        ),
        ops.AddField(
            model_name="Reading",
            name="words",
            field=TSVectorField(null=True, source_fields=(), stored=False),
        ),
    ] + [
        ops.RunSQL(made, reverse_sql=undone)
        for made, undone in (
            (f"CREATE INDEX readings_words ON readings USING gin (words) {_AT_ONCE}", "DROP INDEX readings_words"),
            (f"CREATE INDEX readings_texts ON readings USING gin (texts) {_AT_ONCE}", "DROP INDEX readings_texts"),
            (f"CREATE INDEX phrases_parts ON phrases USING gin (parts) {_AT_ONCE}", "DROP INDEX phrases_parts"),
            (
                f"CREATE INDEX phrases_sound ON phrases USING gin (sound gin_trgm_ops) {_AT_ONCE} WHERE length(plain) <= 16",
                "DROP INDEX phrases_sound",
            ),
            # The highest office that offers what a reading says, or a service, is the first entry.
            (f"CREATE INDEX items_reading ON items (reading, {_RANK}, item_code)", "DROP INDEX items_reading"),
            (f"CREATE INDEX items_basic_code ON items (basic_code, {_RANK}, item_code)", "DROP INDEX items_basic_code"),
            # Words are compared row by row where many match: they stay in the row as they are. Texts move out first.
            ("ALTER TABLE readings ALTER words SET STORAGE MAIN", "SELECT 1"),
            ("ALTER TABLE phrases ALTER parts SET STORAGE MAIN", "SELECT 1"),
            # A version of 0 is never the one in effect.
            ("UPDATE items SET reading = NULL, version = 0", "SELECT 1"),
            ("DELETE FROM readings", "SELECT 1"),
        )
    ]
