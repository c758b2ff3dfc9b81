"""Search by parts of words: trigrams over what people type."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0001_initial")]

    initial = False

    operations = [
        ops.RunSQL(
            "CREATE EXTENSION IF NOT EXISTS pg_trgm",
            reverse_sql="DROP EXTENSION pg_trgm",
        ),
        ops.RunSQL(
            "CREATE INDEX items_search ON items USING gin (name gin_trgm_ops, keywords gin_trgm_ops)",
            reverse_sql="DROP INDEX items_search",
        ),
    ]
