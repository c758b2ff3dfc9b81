"""Rows of imports."""

from tortoise import Model, fields

from app.kit.ids import new_id


class LicenceImport(Model):
    """A file of licences that is being brought here, or was: it is known by the SHA-256 of its bytes.

    ``licence_type`` is the type that was named for all its rows, empty where each names its own. ``rows_done`` counts
    the rows that are through, of all sheets in order; the rest are those by what came of them. ``actor`` began it.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    digest = fields.CharField(max_length=64)
    licence_type = fields.CharField(max_length=64)
    actor = fields.CharField(max_length=64)
    rows_done = fields.IntField(default=0)
    added = fields.IntField(default=0)
    followed = fields.IntField(default=0)
    moved = fields.IntField(default=0)
    unchanged = fields.IntField(default=0)
    refused = fields.IntField(default=0)
    begun_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "licence_imports"
        unique_together = (("digest", "licence_type"),)


class LicenceImportProblem(Model):
    """What is wrong with a row of an import, without what stands in it; ``row`` is the sheet's own number."""

    id = fields.BigIntField(primary_key=True)
    licence_import: fields.ForeignKeyRelation[LicenceImport] = fields.ForeignKeyField(
        "jiaban.LicenceImport", related_name="problems", db_index=True
    )
    sheet = fields.CharField(max_length=64)
    row = fields.IntField()
    column = fields.CharField(max_length=128)
    code = fields.CharField(max_length=64)

    class Meta:
        """Table."""

        table = "licence_import_problems"
