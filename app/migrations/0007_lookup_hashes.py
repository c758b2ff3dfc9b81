from tortoise import migrations
from tortoise.migrations import operations as ops
from app.kit.fields import BlobKeyField, LookupField


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0006_joining")]

    initial = False

    operations = [
        ops.AlterField(
            model_name="Citizen",
            name="id_number_hash",
            field=LookupField(null=True, db_index=True, source="id_number", purpose="id_number", max_length=128),
        ),
        ops.AlterField(
            model_name="Citizen",
            name="phone_hash",
            field=LookupField(null=True, db_index=True, source="phone", purpose="phone", max_length=128),
        ),
        ops.AlterField(
            model_name="Material",
            name="blob_key",
            field=BlobKeyField(max_length=128),
        ),
    ]
