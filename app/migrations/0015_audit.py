"""Checkpoints of the audit, and records whose values can be shown one by one."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

# Every writer notes the chain, also a process of the release before. Records from before are noted once: the trigger
# stands first and locks out writers until all is done, so that none falls in between.
_NOTE = [
    """
    CREATE FUNCTION audit_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO audit_changes (chain) VALUES (NEW.chain);
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER audit_note_change AFTER INSERT ON audit_records
    FOR EACH ROW EXECUTE FUNCTION audit_note_change()
    """,
    "INSERT INTO audit_changes (chain) SELECT DISTINCT chain FROM audit_records",
]
_FORGET = ["DROP TRIGGER audit_note_change ON audit_records", "DROP FUNCTION audit_note_change()"]


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0014_wide_words")]

    initial = False

    operations = [
        ops.CreateModel(
            name="ChainHead",
            fields=[
                ("number", fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("chain", fields.CharField(max_length=80)),
                ("position", fields.IntField()),
                ("digest", fields.BinaryField()),
            ],
            options={
                "table": "audit_heads",
                "app": "jiaban",
                "unique_together": (("chain", "position"),),
                "pk_attr": "number",
                "table_description": "The last record of a chain at the time of a checkpoint: one leaf of its tree. Numbers run on without gaps.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ChangedChain",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("chain", fields.CharField(max_length=80)),
            ],
            options={
                "table": "audit_changes",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A chain that has a record which no checkpoint covers: written by the database itself with each record.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Checkpoint",
            fields=[
                ("number", fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("first_head", fields.BigIntField(unique=True)),
                ("heads", fields.IntField()),
                ("root", fields.BinaryField()),
                ("previous", fields.BinaryField()),
                ("key_id", fields.CharField(max_length=64)),
                ("signature", fields.BinaryField()),
            ],
            options={
                "table": "audit_checkpoints",
                "app": "jiaban",
                "pk_attr": "number",
                "table_description": "A signed word about the heads of all chains that changed since the one before it.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="AuditRecord",
            name="algorithm",
            field=fields.CharField(default="sha256", db_default="sha256", max_length=8),
        ),
        ops.AddField(
            model_name="AuditRecord",
            name="salt",
            field=fields.BinaryField(null=True),
        ),
        ops.RunSQL(_NOTE, reverse_sql=_FORGET),
    ]
