"""The history of what a licence was worth, and when its holder was reminded."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from app.kit.fields import SealedField
from app.kit.ids import new_id
from app.licences.models import LicenceCause, LicenceState

# What the night looks for: those that run, by their end and by their type.
_INDEXES = {
    "licences_running": "licences (valid_until) WHERE state IN ('valid', 'suspended')",
    "licences_of_type": "licences (type_code, id) WHERE state = 'valid'",
}
_CAUSES = (
    "SUSPENDED: suspended\nRESUMED: resumed\nREVOKED: revoked\nCANCELLED: cancelled\nEXPIRED: expired\n"
    "SUPERSEDED: superseded"
)
_STATES = (
    "VALID: valid\nSUSPENDED: suspended\nREVOKED: revoked\nCANCELLED: cancelled\nEXPIRED: expired\n"
    "SUPERSEDED: superseded"
)


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0026_licence_keys")]

    initial = False

    operations = [
        ops.CreateModel(
            name="LicenceMove",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "licence",
                    fields.ForeignKeyField(
                        "jiaban.Licence",
                        source_field="licence_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="moves",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("cause", fields.CharEnumField(description=_CAUSES, enum_type=LicenceCause, max_length=16)),
                ("before", fields.CharEnumField(description=_STATES, enum_type=LicenceState, max_length=16)),
                ("after", fields.CharEnumField(description=_STATES, enum_type=LicenceState, max_length=16)),
                ("reason", SealedField()),
                ("actor", fields.CharField(max_length=64)),
                ("office", fields.CharField(max_length=128)),
                ("case_no", fields.CharField(null=True, max_length=43)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "licence_moves",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A change of what a licence is worth: who made it, why, and when.",
            },
            bases=["Model"],
        ),
        ops.AddField(model_name="Licence", name="end_reminded_on", field=fields.DateField(null=True)),
        ops.AddField(model_name="Licence", name="yearly_reminded_on", field=fields.DateField(null=True)),
        ops.RunSQL(
            [f"CREATE INDEX {name} ON {of}" for name, of in _INDEXES.items()],
            reverse_sql=[f"DROP INDEX {name}" for name in _INDEXES],
        ),
    ]
