"""Rows of uploads that come in chunks. A chunk is sealed like any file, and gone after a day."""

from tortoise import Model, fields

from app.applications.models import Application
from app.kit.fields import sealed_blob_key
from app.kit.ids import new_id


class Upload(Model):
    """A file on its way, begun by the citizen ``actor_id``: its size and SHA-256 as announced.

    ``file_id`` is the material that it became; its chunks are gone by then.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    application: fields.ForeignKeyRelation[Application] = fields.ForeignKeyField(
        "jiaban.Application", related_name="uploads", db_index=True
    )
    actor_id = fields.UUIDField(db_index=True)
    material_id = fields.CharField(max_length=64)
    size = fields.IntField()
    sha256 = fields.CharField(max_length=64)
    chunk_size = fields.IntField()
    file_id = fields.UUIDField(null=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "uploads"


class UploadChunk(Model):
    """A chunk that arrived; ``number`` counts from 0. Its blob is doomed from the start, at the upload's end."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    upload: fields.ForeignKeyRelation[Upload] = fields.ForeignKeyField("jiaban.Upload", related_name="chunks")
    number = fields.IntField()
    size = fields.IntField()
    sha256 = fields.CharField(max_length=64)
    blob_key = sealed_blob_key()

    class Meta:
        """Table."""

        table = "upload_chunks"
        unique_together = (("upload", "number"),)
