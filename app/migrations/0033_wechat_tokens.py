"""Tokens of the city's own WeChat apps, shared by all processes while Redis is away."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from app.kit.fields import SealedField


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0032_broadcasts")]

    initial = False

    operations = [
        ops.CreateModel(
            name="WeChatToken",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=128)),
                ("token", SealedField()),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "wechat_tokens",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A token of one of the city's own apps that all processes share; ``id`` is the app's id and the token's kind.",
            },
            bases=["Model"],
        )
    ]
