"""Uploads in chunks: begun, continued from any device, completed or cancelled."""

from uuid import UUID

from pydantic import Field

from app.applications.errors import ApplicationNotFoundError
from app.applications.materials import errors, uploads
from app.kit.errors import NotFoundError
from miniapp_api.citizen.material_views import MaterialView, UploadList, UploadView
from miniapp_api.citizen.materials import ASKED_ERRORS, FILE_ERRORS, ROOM_ERRORS
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()
_OWN_ERRORS = (ApplicationNotFoundError, errors.UploadNotFoundError, NotFoundError)


class UploadRequest(Schema):
    """A file that is to come: its bytes, and the SHA-256 of all of them in hexadecimal."""

    material_id: str = Field(min_length=1, max_length=64)
    size: int = Field(ge=1, le=2**31 - 1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


@routes.add(
    "POST",
    "/api/v1/applications/<application_id:uuid>/uploads",
    actor=Actor.CITIZEN,
    acting=True,
    limit="upload",
    status=201,
    errors=(*ASKED_ERRORS, *ROOM_ERRORS, errors.UploadTooLargeError, errors.TooManyUploadsError),
)
async def begin_upload(call: Call, application_id: UUID, body: UploadRequest) -> UploadView:
    """Announce a file; the same file again answers how far it has come."""
    progress = await uploads.begin_upload(call.party, application_id, body.material_id, body.size, body.sha256)
    return UploadView.of(progress)


@routes.add(
    "GET",
    "/api/v1/applications/<application_id:uuid>/uploads",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    errors=(ApplicationNotFoundError, NotFoundError),
)
async def list_uploads(call: Call, application_id: UUID) -> UploadList:
    """Uploads that are under way."""
    found = await uploads.list_uploads(call.party, application_id)
    return UploadList(items=[UploadView.of(progress) for progress in found])


@routes.add(
    "GET",
    "/api/v1/applications/<application_id:uuid>/uploads/<upload_id:uuid>",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    errors=_OWN_ERRORS,
)
async def read_upload(call: Call, application_id: UUID, upload_id: UUID) -> UploadView:
    """How far an upload has come, and which chunks are there."""
    return UploadView.of(await uploads.read_upload(call.party, application_id, upload_id))


@routes.add(
    "PUT",
    "/api/v1/applications/<application_id:uuid>/uploads/<upload_id:uuid>/chunks/<number:int>",
    actor=Actor.CITIZEN,
    acting=True,
    limit="upload_chunk",
    raw=True,
    errors=(*_OWN_ERRORS, errors.UploadChunkInvalidError, errors.UploadChunkDiffersError),
)
async def put_chunk(call: Call, application_id: UUID, upload_id: UUID, number: int) -> UploadView:
    """Send a chunk as plain bytes; the first has the number 0, and once more it does nothing."""
    progress = await uploads.put_chunk(
        call.house.blobs, call.party, application_id, upload_id, number, call.request.body
    )
    return UploadView.of(progress)


@routes.add(
    "POST",
    "/api/v1/applications/<application_id:uuid>/uploads/<upload_id:uuid>/completion",
    actor=Actor.CITIZEN,
    acting=True,
    limit="upload",
    status=201,
    errors=(
        *_OWN_ERRORS,
        *ASKED_ERRORS,
        *ROOM_ERRORS,
        *FILE_ERRORS,
        errors.UploadIncompleteError,
        errors.UploadDigestWrongError,
    ),
)
async def complete_upload(call: Call, application_id: UUID, upload_id: UUID) -> MaterialView:
    """Make a material of what was sent; again, it answers the same one."""
    material = await uploads.complete_upload(
        call.house.blobs, call.party, application_id, upload_id, scan_needed=call.house.scanner is not None
    )
    return MaterialView.of(material)


@routes.add(
    "DELETE",
    "/api/v1/applications/<application_id:uuid>/uploads/<upload_id:uuid>",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    errors=_OWN_ERRORS,
)
async def cancel_upload(call: Call, application_id: UUID, upload_id: UUID) -> UploadList:
    """Give an upload up; those that are under way are answered."""
    await uploads.cancel_upload(call.party, application_id, upload_id)
    return await list_uploads(call, application_id)
