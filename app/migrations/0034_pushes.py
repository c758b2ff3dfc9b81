from tortoise import migrations
from tortoise.migrations import operations as ops
from app.kit.fields import SealedJsonField
from app.kit.ids import new_id
from app.official_account.models import LateAnswer, PushState
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0033_wechat_tokens")]

    initial = False

    operations = [
        ops.CreateModel(
            name="FollowerSync",
            fields=[
                ("appid", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("started_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("next_openid", fields.CharField(null=True, max_length=64)),
                ("done", fields.IntField(default=0)),
                ("total", fields.IntField(default=0)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "follower_syncs",
                "app": "jiaban",
                "pk_attr": "appid",
                "table_description": "One reading of WeChat's list of an app's followers, which goes on where it was stopped.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StaffFollower",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "staff",
                    fields.OneToOneField(
                        "jiaban.Staff",
                        source_field="staff_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="follower",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("appid", fields.CharField(max_length=32)),
                ("openid", fields.CharField(null=True, max_length=64)),
                ("code_digest", fields.CharField(null=True, unique=True, max_length=64)),
                ("expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("bound_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("tagged_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "staff_followers",
                "app": "jiaban",
                "unique_together": (("appid", "openid"),),
                "pk_attr": "id",
                "table_description": "A member of staff who is known at the official account and sees the menu for staff.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="WeChatPush",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("appid", fields.CharField(max_length=32)),
                ("dedup_key", fields.CharField(max_length=64)),
                ("openid", fields.CharField(db_index=True, max_length=64)),
                ("kind", fields.CharField(max_length=64)),
                ("payload", SealedJsonField(null=True)),
                ("pushed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("received_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                (
                    "state",
                    fields.CharEnumField(
                        default=PushState.WAITING,
                        description="WAITING: waiting\nTAKEN: taken",
                        enum_type=PushState,
                        max_length=16,
                    ),
                ),
                (
                    "late",
                    fields.CharEnumField(
                        null=True,
                        description="OWED: owed\nSENDING: sending\nSENT: sent\nFAILED: failed\nUNCERTAIN: uncertain",
                        enum_type=LateAnswer,
                        max_length=16,
                    ),
                ),
                ("reason", fields.CharField(null=True, max_length=64)),
            ],
            options={
                "table": "wechat_pushes",
                "app": "jiaban",
                "unique_together": (("appid", "dedup_key"),),
                "pk_attr": "id",
                "table_description": "One push of WeChat's to one of our apps, kept once however often it comes.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Follower",
            name="scanned",
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddField(
            model_name="Follower",
            name="scanned_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Follower",
            name="synced_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
