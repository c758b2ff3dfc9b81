"""How materials and uploads look to citizens."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from app.applications.materials.reuse import Earlier
from app.applications.materials.rules import chunks_of
from app.applications.materials.uploads import Progress
from app.applications.models import Material
from app.kit import clock
from miniapp_api.routing import Schema


class MaterialView(Schema):
    """A file that was taken."""

    id: UUID
    material_id: str
    content_type: str
    size: int = Field(description="bytes")
    width: int = Field(description="pixels of a picture, points of a PDF's first page")
    height: int
    pages: int
    sha256: str
    scan: Literal["pending", "clean", "infected", "unscanned", "lost"] = Field(
        description="the virus scan; while it is pending nobody sees the file, and one that is infected or lost is gone"
    )
    trust: Literal["A", "B", "C", "D"] = Field(description="class of evidence by 国办函〔2016〕108号")
    has_preview: bool
    handed_in: bool = Field(description="it belongs to the case and cannot be deleted")
    reused_from: UUID | None = Field(description="the file of an earlier case that it is a copy of")

    @classmethod
    def of(cls, material: Material) -> "MaterialView":
        """The view of a material."""
        return cls(
            id=material.id,
            material_id=material.material_id,
            content_type=material.content_type,
            size=material.size,
            width=material.width,
            height=material.height,
            pages=material.pages,
            sha256=material.sha256,
            scan=material.scan.value,
            trust=material.trust.value,
            has_preview=material.preview_blob_key is not None,
            handed_in=material.handed_in_at is not None,
            reused_from=material.reused_from,
        )


class MaterialList(Schema):
    """Files of an application."""

    items: list[MaterialView]


class EarlierView(Schema):
    """A file that was given with an earlier case."""

    file_id: UUID
    application_id: UUID
    case_no: str | None
    item_name: str
    material_name: str
    given_on: str = Field(description="the day it was handed in")
    content_type: str
    size: int = Field(description="bytes")
    pages: int
    trust: Literal["A", "B", "C", "D"]

    @classmethod
    def of(cls, earlier: Earlier) -> "EarlierView":
        """The view of an earlier file."""
        material, case = earlier.material, earlier.material.application
        return cls(
            file_id=material.id,
            application_id=case.id,
            case_no=case.case_no,
            item_name=case.item_name,
            material_name=earlier.name,
            given_on=clock.in_city(material.handed_in_at or material.created_at)[:10],
            content_type=material.content_type,
            size=material.size,
            pages=material.pages,
            trust=material.trust.value,
        )


class EarlierList(Schema):
    """Files that were given before."""

    items: list[EarlierView]


class UploadView(Schema):
    """An upload: which chunks are there, and how far it has come."""

    id: UUID
    material_id: str
    size: int = Field(description="bytes of the whole file")
    received: int = Field(description="bytes that are there")
    progress: int = Field(ge=0, le=100, description="per cent")
    chunk_size: int = Field(description="bytes of each chunk but the last")
    chunk_count: int
    chunks: list[int] = Field(description="numbers of the chunks that are there")
    expires_at: str
    file_id: UUID | None = Field(description="the material that it became")

    @classmethod
    def of(cls, progress: Progress) -> "UploadView":
        """The view of an upload."""
        upload = progress.upload
        return cls(
            id=upload.id,
            material_id=upload.material_id,
            size=upload.size,
            received=progress.received,
            progress=progress.received * 100 // upload.size,
            chunk_size=upload.chunk_size,
            chunk_count=len(chunks_of(upload.size, upload.chunk_size)),
            chunks=progress.chunks,
            expires_at=clock.in_city(upload.expires_at),
            file_id=upload.file_id,
        )


class UploadList(Schema):
    """Uploads that are under way."""

    items: list[UploadView]
