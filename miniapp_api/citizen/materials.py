"""Materials: photographs that the applicant uploads."""

from uuid import UUID

from pydantic import Field
from sanic import HTTPResponse

from app.applications import errors
from app.applications.materials import queries, service
from app.catalogue import errors as catalogue_errors
from app.kit.errors import NotFoundError
from miniapp_api.answers import file_answer
from miniapp_api.citizen.application_views import MaterialView
from miniapp_api.errors import UploadMissingError
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()


class MaterialUpload(Schema):
    """A multipart form with the material's id and a photograph."""

    material_id: str
    file: str = Field(json_schema_extra={"format": "binary"})


@routes.add(
    "POST",
    "/api/v1/applications/<application_id:uuid>/materials",
    actor=Actor.CITIZEN,
    acting=True,
    limit="upload",
    status=201,
    upload=MaterialUpload,
    errors=(
        errors.ApplicationNotFoundError,
        errors.StateForbidsError,
        errors.MaterialUnknownError,
        errors.TooManyMaterialsError,
        errors.UploadTooLargeError,
        errors.UploadTooManyPixelsError,
        errors.UploadUnsupportedError,
        errors.UploadBrokenError,
        UploadMissingError,
        catalogue_errors.ItemNotFoundError,
        NotFoundError,
    ),
)
async def add_material(call: Call, application_id: UUID) -> MaterialView:
    """Upload a photograph as a material."""
    files, form = call.request.files, call.request.form
    file = files.get("file") if files else None
    material_id = form.get("material_id") if form else None
    if file is None or not isinstance(material_id, str):
        raise UploadMissingError
    material = await service.add_material(call.house.blobs, call.party, application_id, material_id, file.body)
    return MaterialView.of(material)


@routes.add(
    "GET",
    "/api/v1/applications/<application_id:uuid>/materials/<file_id:uuid>",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="image/*",
    errors=(errors.ApplicationNotFoundError, NotFoundError),
)
async def read_material(call: Call, application_id: UUID, file_id: UUID) -> HTTPResponse:
    """What I uploaded, as it was kept: upright and without its metadata."""
    material, content = await queries.read_own_material(call.house.blobs, call.party, application_id, file_id)
    return file_answer(content, material.content_type)
