"""Materials: files that the applicant uploads, sees again, copies, gives once more or takes back."""

from uuid import UUID

from pydantic import Field
from sanic import HTTPResponse

from app.applications.errors import ApplicationNotFoundError, StateForbidsError
from app.applications.materials import copies, errors, queries, reuse, service
from app.catalogue.errors import ItemNotFoundError
from app.kit.errors import NotFoundError, TemporarilyUnavailableError
from miniapp_api.answers import file_answer
from miniapp_api.citizen.material_views import EarlierList, EarlierView, MaterialList, MaterialView
from miniapp_api.errors import UploadMissingError
from miniapp_api.routing import Actor, Call, QuerySchema, Routes, Schema, Word

routes = Routes()

ASKED_ERRORS = (
    ApplicationNotFoundError,
    StateForbidsError,
    errors.MaterialUnknownError,
    ItemNotFoundError,
    NotFoundError,
)
ROOM_ERRORS = (errors.TooManyMaterialsError, errors.MaterialTooLargeError, errors.DraftsTooLargeError)
FILE_ERRORS = (
    errors.UploadTooLargeError,
    errors.UploadTooManyPixelsError,
    errors.UploadTooManyPagesError,
    errors.UploadTooComplexError,
    errors.TooManyInspectionsError,
    errors.UploadEncryptedError,
    errors.UploadUnsupportedError,
    errors.UploadBrokenError,
)
SCAN_ERRORS = (errors.MaterialPendingError, errors.MaterialInfectedError, errors.MaterialLostError)
_READ_ERRORS = (ApplicationNotFoundError, NotFoundError, *SCAN_ERRORS)


class MaterialUpload(Schema):
    """A multipart form with the material's id and a photograph or PDF."""

    material_id: Word
    file: str = Field(json_schema_extra={"format": "binary"})


class ReuseRequest(Schema):
    """Which file of an earlier case to give for which material."""

    material_id: str = Field(min_length=1, max_length=64)
    file_id: UUID = Field(strict=False)


class EarlierQuery(QuerySchema):
    """The material that a file is wanted for, of which item."""

    item_code: str = Field(min_length=1, max_length=31)
    material_id: str = Field(min_length=1, max_length=64)


class CopyQuery(QuerySchema):
    """What the copy is for, as the citizen says it."""

    purpose: str = Field(min_length=1, max_length=40, pattern=r"\S")


@routes.add(
    "POST",
    "/api/v1/applications/<application_id:uuid>/materials",
    actor=Actor.CITIZEN,
    acting=True,
    limit="upload",
    status=201,
    upload=MaterialUpload,
    errors=(*ASKED_ERRORS, *ROOM_ERRORS, *FILE_ERRORS, UploadMissingError),
)
async def add_material(call: Call, application_id: UUID) -> MaterialView:
    """Upload a photograph or a PDF as a material."""
    files, form = call.request.files, call.request.form
    file = files.get("file") if files else None
    material_id = form.get("material_id") if form else None
    if file is None or not isinstance(material_id, str):
        raise UploadMissingError
    material = await service.add_material(
        call.house.blobs,
        call.party,
        application_id,
        material_id,
        file.body,
        scan_needed=call.house.scanner is not None,
    )
    return MaterialView.of(material)


@routes.add(
    "POST",
    "/api/v1/applications/<application_id:uuid>/materials/reuse",
    actor=Actor.CITIZEN,
    acting=True,
    limit="upload",
    status=201,
    errors=(*ASKED_ERRORS, *ROOM_ERRORS, errors.MaterialNotReusableError, *SCAN_ERRORS),
)
async def reuse_material(call: Call, application_id: UUID, body: ReuseRequest) -> MaterialView:
    """Give a file of an earlier case of mine once more."""
    material = await reuse.reuse_material(
        call.house.blobs,
        call.party,
        application_id,
        body.material_id,
        body.file_id,
        scan_needed=call.house.scanner is not None,
    )
    return MaterialView.of(material)


@routes.add(
    "GET",
    "/api/v1/materials",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    errors=(ItemNotFoundError, errors.MaterialUnknownError),
)
async def list_earlier_materials(call: Call, query: EarlierQuery) -> EarlierList:
    """Files that I gave before for this kind of material, the newest first, twenty at most."""
    found = await reuse.earlier_materials(call.party, query.item_code, query.material_id)
    return EarlierList(items=[EarlierView.of(earlier) for earlier in found])


@routes.add(
    "GET",
    "/api/v1/applications/<application_id:uuid>/materials/<file_id:uuid>",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="*/*",
    errors=_READ_ERRORS,
)
async def read_material(call: Call, application_id: UUID, file_id: UUID) -> HTTPResponse:
    """What I uploaded, as it was kept: upright and without its metadata."""
    material, content = await queries.read_own_material(call.house.blobs, call.party, application_id, file_id)
    return file_answer(content, material.content_type)


@routes.add(
    "GET",
    "/api/v1/applications/<application_id:uuid>/materials/<file_id:uuid>/preview",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="image/jpeg",
    errors=(*_READ_ERRORS, errors.PreviewMissingError),
)
async def read_preview(call: Call, application_id: UUID, file_id: UUID) -> HTTPResponse:
    """A small picture of what I uploaded."""
    content = await queries.read_preview(call.house.blobs, call.party, application_id, file_id)
    return file_answer(content, "image/jpeg")


@routes.add(
    "GET",
    "/api/v1/applications/<application_id:uuid>/materials/<file_id:uuid>/copy",
    actor=Actor.CITIZEN,
    acting=True,
    limit="copy",
    media_type="*/*",
    errors=(*_READ_ERRORS, errors.CopyImpossibleError, TemporarilyUnavailableError),
)
async def copy_material(call: Call, application_id: UUID, file_id: UUID, query: CopyQuery) -> HTTPResponse:
    """A copy that says across all of it what it is for, and since when."""
    content, content_type = await copies.copy_material(
        call.house.blobs, call.party, application_id, file_id, query.purpose.strip()
    )
    return file_answer(content, content_type)


@routes.add(
    "DELETE",
    "/api/v1/applications/<application_id:uuid>/materials/<file_id:uuid>",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    errors=(ApplicationNotFoundError, NotFoundError, errors.MaterialHandedInError),
)
async def delete_material(call: Call, application_id: UUID, file_id: UUID) -> MaterialList:
    """Delete a file that was not handed in; the others are answered."""
    await service.delete_material(call.party, application_id, file_id)
    left = await queries.list_materials(call.party, application_id)
    return MaterialList(items=[MaterialView.of(material) for material in left])
