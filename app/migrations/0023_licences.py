"""Licences with versions, more states, holders without an account, and a place in the status lists."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from app.kit.fields import LookupField, SealedField
from app.licences.models import HolderKind, LicenceState, Origin
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint

# What the AddField of the ORM makes no index for.
_INDEXES = {
    "licences_previous": "licences (previous_id)",
    "licences_holder": "licences (holder_hash)",
    "licences_ended": "licences (state_changed_at) WHERE state IN ('cancelled', 'revoked', 'superseded')",
}
# An identifier says who issued (GB/T 36904), a number begins with the region and ends with a year and seven digits.
_FILL = """
UPDATE licences SET
    reference = substr(replace(gen_random_uuid()::text, '-', ''), 17, 16),
    issuer_code = split_part(identifier, '.', 7),
    region = left(number, -11),
    holder_kind = CASE WHEN company_id IS NULL THEN '111' ELSE '001' END
"""


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0022_case_indexes")]

    initial = False

    operations = [
        ops.AlterModelOptions(
            name="Licence",
            options={
                "table": "licences",
                "app": "jiaban",
                "unique_together": (("status_list", "status_index"),),
                "pk_attr": "id",
                "table_description": "One version of an e-licence. ``identifier`` follows GB/T 36904; ``values`` are its fields by name.",
            },
        ),
        ops.AlterField(
            model_name="Licence",
            name="case_no",
            field=fields.CharField(null=True, unique=True, max_length=43),
        ),
        ops.AlterField(
            model_name="Licence",
            name="citizen",
            field=fields.ForeignKeyField(
                "jiaban.Citizen",
                source_field="citizen_id",
                null=True,
                db_index=True,
                db_constraint=True,
                to_field="id",
                related_name="licences",
                on_delete=OnDelete.CASCADE,
            ),
        ),
        ops.AlterField(
            model_name="Licence",
            name="state",
            field=fields.CharEnumField(
                default=LicenceState.VALID,
                description="VALID: valid\nSUSPENDED: suspended\nREVOKED: revoked\nCANCELLED: cancelled\nEXPIRED: expired\nSUPERSEDED: superseded",
                enum_type=LicenceState,
                max_length=16,
            ),
        ),
        ops.AlterField(
            model_name="Licence",
            name="valid_until",
            field=fields.DateField(null=True, db_index=True),
        ),
        ops.AddField(
            model_name="Licence",
            name="holder_code",
            field=SealedField(null=True),
        ),
        ops.AddField(
            model_name="Licence",
            name="holder_hash",
            field=LookupField(null=True, db_index=True, source="holder_code", purpose="licence_holder", max_length=128),
        ),
        ops.AddField(
            model_name="Licence",
            name="holder_kind",
            field=fields.CharEnumField(
                default=HolderKind.PERSON,
                db_default="111",
                description="PERSON: 111\nCOMPANY: 001",
                enum_type=HolderKind,
                max_length=3,
            ),
        ),
        ops.AddField(
            model_name="Licence",
            name="issuer_code",
            field=fields.CharField(max_length=18, null=True),
        ),
        ops.AddField(
            model_name="Licence",
            name="origin",
            field=fields.CharEnumField(
                default=Origin.ISSUED,
                db_default="issued",
                description="ISSUED: issued\nIMPORTED: imported",
                enum_type=Origin,
                max_length=16,
            ),
        ),
        ops.AddField(
            model_name="Licence",
            name="previous",
            field=fields.ForeignKeyField(
                "jiaban.Licence",
                source_field="previous_id",
                null=True,
                db_index=True,
                db_constraint=True,
                to_field="id",
                related_name="next",
                on_delete=OnDelete.SET_NULL,
            ),
        ),
        ops.AddField(
            model_name="Licence",
            name="reference",
            field=fields.CharField(unique=True, max_length=16, null=True),
        ),
        ops.AddField(
            model_name="Licence",
            name="region",
            field=fields.CharField(max_length=12, null=True),
        ),
        ops.AddField(
            model_name="Licence",
            name="status_index",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="Licence",
            name="status_list",
            field=fields.IntField(null=True),
        ),
        ops.AddConstraint(
            model_name="Licence",
            constraint=UniqueConstraint(fields=("status_list", "status_index"), name=None),
        ),
        ops.RunSQL(_FILL, reverse_sql=ops.RunSQL.noop),
        ops.AlterField(
            model_name="Licence",
            name="reference",
            field=fields.CharField(unique=True, max_length=16),
        ),
        ops.AlterField(
            model_name="Licence",
            name="issuer_code",
            field=fields.CharField(max_length=18),
        ),
        ops.AlterField(
            model_name="Licence",
            name="region",
            field=fields.CharField(max_length=12),
        ),
        ops.RunSQL(
            ["DROP INDEX licences_revoked", *(f"CREATE INDEX {name} ON {of}" for name, of in _INDEXES.items())],
            reverse_sql=[f"DROP INDEX {name}" for name in _INDEXES],
        ),
    ]
