from tortoise import migrations
from tortoise.migrations import operations as ops
from app.kit.ids import new_id
from tortoise.contrib.postgres.fields import ArrayField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0001_foundation")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Follower",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("appid", fields.CharField(max_length=32)),
                ("openid", fields.CharField(max_length=64)),
                ("subscribed", fields.BooleanField()),
                ("subscribed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("unsubscribed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("scene", fields.CharField(null=True, max_length=64)),
                ("region", fields.CharField(null=True, max_length=12)),
                ("tag_ids", ArrayField(default=list, element_type="INTEGER")),
                ("seen_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "followers",
                "app": "jiaban",
                "unique_together": (("appid", "openid"),),
                "pk_attr": "id",
                "table_description": "Somebody who follows the official account, or did: known by an openid alone until they bind their account.",
            },
            bases=["Model"],
        ),
    ]
