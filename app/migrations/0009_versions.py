"""Versions of items, the tree of regions, themes, halls and life events.

Lists are made anew from the guides, by the worker within minutes, or by ``jiaban load-city``.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from app.catalogue.models import VersionOrigin, VersionState
from app.kit.fields import LtreeField, SealedJsonField
from app.kit.ids import new_id
from json import dumps, loads
from uuid import uuid4
from tortoise import fields

# Guides as they were become the first version of their item, in the shape that is read now.
_KEEP_GUIDES = """
INSERT INTO item_versions (id, item_code, number, state, department, guide, digest, offered, effective_on, note, reason, origin, revision,
    created_at, updated_at, published_at)
SELECT gen_random_uuid(), item_code, 1, 'published', department, (
    (guide - 'form') || jsonb_build_object(
        'themes', '[]'::jsonb, 'links', '[]'::jsonb, 'guidance', null,
        'form_schema', guide -> 'form' -> 'schema', 'form_example', guide -> 'form' -> 'example',
        'materials', (
            SELECT COALESCE(jsonb_agg(CASE WHEN jsonb_typeof(material -> 'replaced_by') = 'string' THEN
                material || jsonb_build_object('replaced_by', jsonb_build_object(
                    'kind', 'shared_data', 'source', '', 'title', material -> 'replaced_by'))
                ELSE material END), '[]'::jsonb)
            FROM jsonb_array_elements(guide -> 'materials') AS material
        )
    )
)::text, digest, true, CURRENT_DATE - 1, '', '', 'city', 1, now(), now(), now()
FROM items
"""


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0008_privacy")]

    initial = False

    operations = [
        ops.RunSQL("CREATE EXTENSION IF NOT EXISTS ltree", reverse_sql="DROP EXTENSION ltree"),
        ops.CreateModel(
            name="Hall",
            fields=[
                ("code", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("name", fields.CharField(max_length=128)),
                ("kind", fields.CharField(max_length=16)),
                ("region", fields.CharField(max_length=12)),
                ("address", fields.CharField(max_length=255)),
                ("hours", fields.CharField(max_length=128)),
                ("phone", fields.CharField(max_length=64)),
                ("longitude", fields.FloatField()),
                ("latitude", fields.FloatField()),
            ],
            options={
                "table": "halls",
                "app": "jiaban",
                "pk_attr": "code",
                "table_description": "A service hall. Its position is in degrees, GCJ-02.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ItemVersion",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("item_code", fields.CharField(max_length=31)),
                ("number", fields.IntField(null=True)),
                (
                    "state",
                    fields.CharEnumField(
                        default=VersionState.DRAFT,
                        description="DRAFT: draft\nPROPOSED: proposed\nREJECTED: rejected\nPUBLISHED: published",
                        enum_type=VersionState,
                        max_length=16,
                    ),
                ),
                ("department", fields.CharField(max_length=32)),
                ("guide", fields.TextField(unique=False)),
                ("digest", fields.CharField(max_length=64)),
                ("offered", fields.BooleanField(default=True)),
                ("effective_on", fields.DateField()),
                ("note", fields.TextField(default="", unique=False)),
                ("revision", fields.IntField(default=1)),
                ("reason", fields.TextField(default="", unique=False)),
                (
                    "origin",
                    fields.CharEnumField(
                        default=VersionOrigin.STAFF,
                        description="CITY: city\nTABLES: tables\nSTAFF: staff",
                        enum_type=VersionOrigin,
                        max_length=16,
                    ),
                ),
                ("author_id", fields.UUIDField(null=True)),
                ("reviewer_id", fields.UUIDField(null=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("published_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "item_versions",
                "app": "jiaban",
                "unique_together": (("item_code", "number"),),
                "pk_attr": "id",
                "table_description": "One version of an item: its whole guide, and from which day it holds.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LifeEvent",
            fields=[
                ("code", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("name", fields.CharField(max_length=64)),
                ("position", fields.IntField()),
                (
                    "definition",
                    fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
                ),
            ],
            options={
                "table": "life_events",
                "app": "jiaban",
                "pk_attr": "code",
                "table_description": "What people come for that takes several items (一件事); ``position`` is its place in the list.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LifeEventItem",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("life_event", fields.CharField(max_length=64)),
                ("item_code", fields.CharField(db_index=True, max_length=31)),
            ],
            options={
                "table": "life_event_items",
                "app": "jiaban",
                "unique_together": (("life_event", "item_code"),),
                "pk_attr": "id",
                "table_description": "An item that a life event covers.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Reading",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("name", fields.CharField(max_length=255)),
                ("keywords", fields.TextField(unique=False)),
            ],
            options={
                "table": "readings",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "What searches read of items: those whose words are the same share one.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Theme",
            fields=[
                ("code", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("name", fields.CharField(max_length=64)),
                ("audience", fields.CharField(max_length=16)),
                ("position", fields.IntField()),
            ],
            options={
                "table": "themes",
                "app": "jiaban",
                "pk_attr": "code",
                "table_description": "A theme by which people or companies look for items; ``position`` is its place in the list.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Application",
            name="answers",
            field=SealedJsonField(null=True),
        ),
        ops.AddField(
            model_name="Application",
            name="group_id",
            field=fields.UUIDField(null=True, db_index=True),
        ),
        ops.AddField(
            model_name="Application",
            name="life_event",
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddField(
            model_name="Application",
            name="item_version",
            field=fields.IntField(default=1, db_default=1),
        ),
        ops.AddField(
            model_name="Application",
            name="variant",
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.RunSQL(_KEEP_GUIDES, reverse_sql="DELETE FROM item_versions"),
        ops.RunSQL("DELETE FROM items", reverse_sql="SELECT 1"),
        ops.RunSQL("DROP INDEX items_search", reverse_sql="SELECT 1"),
        ops.AlterModelOptions(
            name="Item",
            options={
                "table": "items",
                "app": "jiaban",
                "pk_attr": "item_code",
                "table_description": "A service item as it is found: what lists and filters need of the version that is in effect.",
            },
        ),
        ops.RemoveField(model_name="Item", name="guide"),
        ops.AddField(
            model_name="Item",
            name="themes",
            field=fields.JSONField(
                default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
            ),
        ),
        ops.AddField(
            model_name="Item",
            name="basic_code",
            field=fields.CharField(default="", max_length=12),
        ),
        ops.AddField(
            model_name="Item",
            name="handling",
            field=fields.CharField(default="promised", max_length=16),
        ),
        ops.AddField(
            model_name="Item",
            name="level",
            field=fields.CharField(default="city", max_length=16),
        ),
        ops.AddField(
            model_name="Item",
            name="online_depth",
            field=fields.IntField(default=0),
        ),
        ops.AddField(
            model_name="Item",
            name="promised_days",
            field=fields.IntField(default=0),
        ),
        ops.AddField(
            model_name="Item",
            name="reading",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="Item",
            name="statutory_days",
            field=fields.IntField(default=0),
        ),
        ops.AddField(
            model_name="Item",
            name="version",
            field=fields.IntField(default=1),
        ),
        ops.AddField(
            model_name="Item",
            name="visits",
            field=fields.IntField(default=0),
        ),
        ops.RemoveField(model_name="Item", name="digest"),
        ops.RemoveField(model_name="Item", name="keywords"),
        ops.AlterModelOptions(
            name="Region",
            options={
                "table": "regions",
                "app": "jiaban",
                "pk_attr": "code",
                "table_description": "A province, city, county, township or village by its code in the national list (6, 9 or 12 digits).",
            },
        ),
        ops.AddField(
            model_name="Region",
            name="path",
            field=LtreeField(null=True, unique=False),
        ),
        ops.RunSQL("CREATE INDEX regions_path ON regions USING gist (path)", reverse_sql="DROP INDEX regions_path"),
    ]
