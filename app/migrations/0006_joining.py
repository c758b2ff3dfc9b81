from tortoise import migrations
from tortoise.migrations import operations as ops
from app.kit.fields import SealedField
from app.kit.ids import new_id
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0005_staff")]

    initial = False

    operations = [
        ops.CreateModel(
            name="FaceVerification",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "citizen",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="citizen_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="face_verifications",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("out_seq_no", fields.CharField(unique=True, max_length=32)),
                ("verify_id", SealedField()),
                ("name_verified_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("passed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "face_verifications",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A comparison of a citizen's face with their identity card's, carried out by WeChat on the phone.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LoginState",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("digest", fields.CharField(unique=True, max_length=64)),
                ("kind", fields.CharField(max_length=16)),
                ("browser", fields.CharField(max_length=64)),
                ("nonce", fields.CharField(max_length=64)),
                ("verifier", SealedField()),
                ("return_to", fields.CharField(max_length=512)),
                ("session_id", fields.UUIDField(null=True)),
                ("expires_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "login_states",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A sign-in on its way through another site's page, by the SHA-256 of its ``state``; it is used once.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ProvincialAccount",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "citizen",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="citizen_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="provincial_accounts",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("issuer", fields.CharField(max_length=255)),
                ("subject", fields.CharField(max_length=255)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "provincial_accounts",
                "app": "jiaban",
                "unique_together": (("issuer", "subject"),),
                "pk_attr": "id",
                "table_description": "A citizen's account at the provincial identity platform: ``subject`` is its name for the citizen.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Citizen",
            name="joined_into",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="Session",
            name="wechat_account_id",
            field=fields.UUIDField(null=True),
        ),
    ]
