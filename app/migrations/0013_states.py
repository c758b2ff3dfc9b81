"""All states of a case, its statutory day, and the word for a special procedure.

A state is renamed: processes of the release before write the old word, so they must be stopped first.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops
from app.applications.models import State
from tortoise import fields


_RENAME = (
    "UPDATE applications SET state = '{1}' WHERE state = '{0}'",
    "UPDATE timeline_entries SET state = '{1}' WHERE state = '{0}'",
    "UPDATE timeline_entries SET kind = '{1}' WHERE kind = '{0}'",
    "UPDATE inbox_events SET kind = '{1}' WHERE kind = '{0}'",
)


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0012_prefill")]

    initial = False

    operations = [
        ops.AlterField(
            model_name="Application",
            name="state",
            field=fields.CharEnumField(
                default=State.DRAFT,
                description="DRAFT: draft\nSUBMITTED: submitted\nDELIVERED: delivered\nPRE_REVIEW: pre_review\nACCEPTED: accepted\nNOT_ACCEPTED: not_accepted\nSUPPLEMENT_REQUESTED: supplement_requested\nSUPPLEMENTED: supplemented\nUNDER_REVIEW: under_review\nSPECIAL_PROCEDURE: special_procedure\nAPPROVED: approved\nREFUSED: refused\nCOMPLETED: completed\nWITHDRAWN: withdrawn\nEXPIRED: expired",
                enum_type=State,
                max_length=32,
            ),
        ),
        ops.AddField(
            model_name="Application",
            name="statutory_on",
            field=fields.DateField(null=True),
        ),
        ops.AlterField(
            model_name="TimelineEntry",
            name="state",
            field=fields.CharEnumField(
                description="DRAFT: draft\nSUBMITTED: submitted\nDELIVERED: delivered\nPRE_REVIEW: pre_review\nACCEPTED: accepted\nNOT_ACCEPTED: not_accepted\nSUPPLEMENT_REQUESTED: supplement_requested\nSUPPLEMENTED: supplemented\nUNDER_REVIEW: under_review\nSPECIAL_PROCEDURE: special_procedure\nAPPROVED: approved\nREFUSED: refused\nCOMPLETED: completed\nWITHDRAWN: withdrawn\nEXPIRED: expired",
                enum_type=State,
                max_length=32,
            ),
        ),
        *(
            ops.RunSQL(sql.format("paused", "special_procedure"), reverse_sql=sql.format("special_procedure", "paused"))
            for sql in _RENAME
        ),
        ops.RunSQL(
            "CREATE INDEX applications_provisional ON applications (id) WHERE promised_provisional",
            reverse_sql="DROP INDEX applications_provisional",
        ),
    ]
