"""Keys that sign what licences show, and the lists of what every licence is worth."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from app.kit.fields import SealedField
from app.licences.keys.algorithms import Purpose
from app.licences.keys.models import Keeper
from tortoise import fields


# Whatever deletes a licence, its place stays taken and worth nothing.
_ENDED_PLACES = [
    """
    CREATE FUNCTION licences_note_ended_place() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO licence_ended_places (status_list, status_index) VALUES (OLD.status_list, OLD.status_index)
        ON CONFLICT DO NOTHING;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER licences_note_ended_place AFTER DELETE ON licences FOR EACH ROW
    WHEN (OLD.status_list IS NOT NULL) EXECUTE FUNCTION licences_note_ended_place()
    """,
]


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0025_codes")]

    initial = False

    operations = [
        ops.CreateModel(
            name="LicenceKey",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                (
                    "purpose",
                    fields.CharEnumField(
                        db_index=True,
                        description="CODE: code\nPAPER: paper\nSTATUS: status\nCREDENTIAL: credential",
                        enum_type=Purpose,
                        max_length=16,
                    ),
                ),
                ("algorithm", fields.IntField()),
                ("public", fields.BinaryField()),
                (
                    "keeper",
                    fields.CharEnumField(description="ROW: row\nDEVICE: device", enum_type=Keeper, max_length=8),
                ),
                ("handle", SealedField(null=True)),
                ("made_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("signs_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("retired_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("gone_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "licence_keys",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A key that signs what licences show. ``id`` is the ``kid`` of what it signed, ``algorithm`` an ``Algorithm``.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="EndedPlace",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("status_list", fields.IntField()),
                ("status_index", fields.IntField()),
            ],
            options={
                "table": "licence_ended_places",
                "app": "jiaban",
                "unique_together": (("status_list", "status_index"),),
                "pk_attr": "id",
                "table_description": "A place whose licence was deleted: what was signed for it stays invalid, and no other licence gets it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StatusList",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("number", fields.IntField(unique=True)),
                ("scatter", SealedField()),
                ("token", fields.BinaryField(null=True)),
                ("digest", fields.CharField(null=True, max_length=64)),
                ("made_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "licence_status_lists",
                "app": "jiaban",
                "pk_attr": "number",
                "table_description": "One list of ``PLACES`` places. ``token`` is what is served, made at ``made_at``, with its SHA-256 in hexadecimal.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StatusMark",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("status_list", fields.IntField()),
            ],
            options={
                "table": "licence_status_marks",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A list in which something has changed since it was made.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            [
                "CREATE SEQUENCE licence_places MINVALUE 0 START 0",
                "CREATE INDEX licences_worthless ON licences (status_list) WHERE state <> 'valid'",
                "CREATE INDEX licences_lapsed ON licences (valid_until) WHERE state = 'valid'",
                *_ENDED_PLACES,
            ],
            reverse_sql=[
                "DROP TRIGGER licences_note_ended_place ON licences",
                "DROP FUNCTION licences_note_ended_place()",
                "DROP INDEX licences_lapsed",
                "DROP INDEX licences_worthless",
                "DROP SEQUENCE licence_places",
            ],
        ),
    ]
