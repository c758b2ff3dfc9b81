"""Indexes by which work with cases stays as quick as it is, however many cases are over."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

# What fields declare with ``db_index`` that were added to tables: the ORM's AddField makes no index.
_DECLARED = (
    *("applications.company_id", "applications.group_id", "applications.resubmission_of"),
    *("licences.company_id", "sessions.staff_id", "readings.basic_code"),
)
# Partial ones, each as small as what is under way, or as what a night may delete.
_PARTIAL = {
    "applications_under_way": """
        applications (state, id)
        WHERE state NOT IN ('completed', 'draft', 'expired', 'not_accepted', 'refused', 'withdrawn')
    """,
    "applications_cases": "applications (updated_at) WHERE case_no IS NOT NULL",
    "applications_unsubmitted": "applications (updated_at) WHERE case_no IS NULL",
    "deliveries_undelivered": "deliveries (state, created_at) WHERE state <> 'delivered'",
    "deliveries_unnamed": "deliveries (id) WHERE connector IS NULL",
    "inbox_events_waiting": "inbox_events (case_no, sequence) WHERE applied_at IS NULL",
    "licences_revoked": "licences (state_changed_at) WHERE state = 'revoked'",
    "reviews_personal": "reviews (created_at) WHERE application_id IS NOT NULL OR author_id IS NOT NULL",
    "sessions_ended": "sessions (ended_at) WHERE ended_at IS NOT NULL",
    "citizens_deleted": "citizens (deleted_at) WHERE deleted_at IS NOT NULL",
}
# The planner reckons with the values of an expression only where all rows are in its index.
_SESSIONS_USED = "sessions ((COALESCE(last_used_at, created_at)))"
_INDEXES = {
    **{one.replace(".", "_"): "{} ({})".format(*one.split(".")) for one in _DECLARED},
    **_PARTIAL,
    "sessions_used": _SESSIONS_USED,
    "reviews_newest": "reviews (created_at, id)",
}


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0021_case_services")]

    initial = False

    operations = [
        ops.AlterField(
            model_name="Delivery",
            name="created_at",
            field=fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False),
        ),
        ops.AlterField(
            model_name="InboxEvent",
            name="received_at",
            field=fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False),
        ),
        ops.AlterField(
            model_name="Licence",
            name="valid_until",
            field=fields.DateField(db_index=True),
        ),
        ops.AlterField(
            model_name="Material",
            name="created_at",
            field=fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False),
        ),
        ops.AlterField(
            model_name="Message",
            name="created_at",
            field=fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False),
        ),
        ops.AlterField(
            model_name="Presentation",
            name="expires_at",
            field=fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddIndex(
            model_name="Rectification",
            index=Index(fields=["state", "answer_by"]),
        ),
        ops.AlterField(
            model_name="RefreshToken",
            name="expires_at",
            field=fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False),
        ),
        ops.AlterField(
            model_name="Send",
            name="citizen_id",
            field=fields.UUIDField(db_index=True),
        ),
        ops.AlterField(
            model_name="Send",
            name="created_at",
            field=fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False),
        ),
        ops.AlterField(
            model_name="Verification",
            name="at",
            field=fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False),
        ),
        ops.RunSQL(
            [f"CREATE INDEX {name} ON {of}" for name, of in _INDEXES.items()],
            reverse_sql=[f"DROP INDEX {name}" for name in _INDEXES],
        ),
    ]
