"""Uploads in chunks, for networks that break: what has arrived stays, and any device goes on from there.

A chunk is put under a key that is doomed from the start, soon after the upload's end: whatever dies, nothing
lies in the store for good.
"""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from app.applications.drafts import lock_drafts, owned
from app.applications.materials import rules
from app.applications.materials.errors import (
    TooManyUploadsError,
    UploadChunkDiffersError,
    UploadChunkInvalidError,
    UploadDigestWrongError,
    UploadIncompleteError,
    UploadNotFoundError,
    UploadTooLargeError,
)
from app.applications.materials.files import PATIENCE, inspected, keep
from app.applications.materials.models import Upload, UploadChunk
from app.applications.materials.service import require_asked, require_place, write_material
from app.applications.models import Material
from app.kit import clock, retention
from app.kit.blobs import doom
from app.kit.crypto import keyring
from app.kit.db import transaction
from app.kit.ids import new_id
from app.mandates.party import Party
from media.storage import BlobMissingError, BlobStore


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an upload has come: the numbers of the chunks that are there, and their bytes."""

    upload: Upload
    chunks: list[int]
    received: int


async def begin_upload(party: Party, application_id: UUID, material_id: str, size: int, sha256: str) -> Progress:
    """Announce a file by its size and SHA-256. The same file again is the upload that is under way.

    Raises UploadTooLargeError, TooManyUploadsError, and what ``require_asked``, ``lock_drafts`` and ``require_place``
    raise.
    """
    if size > rules.MAX_UPLOAD_BYTES:
        raise UploadTooLargeError(limit_bytes=rules.MAX_UPLOAD_BYTES)
    await require_asked(party, application_id, material_id)
    async with transaction():
        await lock_drafts(party)
        application = await owned(party, application_id, lock=True)
        under_way = Upload.filter(file_id=None, expires_at__gt=clock.now())
        of_case = under_way.filter(application=application)
        upload = await of_case.filter(material_id=material_id, size=size, sha256=sha256).first()
        if upload is None:
            of_account = await under_way.filter(actor_id=party.actor_id)
            full = sum(one.size for one in of_account) + size > rules.MAX_UPLOAD_BYTES_OF_ACCOUNT
            if full or await of_case.count() >= rules.MAX_UPLOADS_OF_CASE:
                raise TooManyUploadsError(
                    limit=rules.MAX_UPLOADS_OF_CASE, limit_bytes=rules.MAX_UPLOAD_BYTES_OF_ACCOUNT
                )
            await require_place(party, application, material_id, size)
            upload = await Upload.create(
                application=application,
                actor_id=party.actor_id,
                material_id=material_id,
                size=size,
                sha256=sha256,
                chunk_size=rules.CHUNK_BYTES,
                created_at=clock.now(),
                expires_at=retention.terms()["uploads"].after(clock.now()),
            )
    return await _progress(upload)


async def list_uploads(party: Party, application_id: UUID) -> list[Progress]:
    """The uploads of the party's own application that are under way.

    Raises ApplicationNotFoundError or MatterNotCoveredError.
    """
    application = await owned(party, application_id)
    under_way = Upload.filter(application=application, file_id=None, expires_at__gt=clock.now())
    return [await _progress(upload) for upload in await under_way.order_by("id")]


async def read_upload(party: Party, application_id: UUID, upload_id: UUID) -> Progress:
    """How far an upload has come. Raises ApplicationNotFoundError, MatterNotCoveredError or UploadNotFoundError."""
    return await _progress(await _own(party, application_id, upload_id))


async def put_chunk(
    blobs: BlobStore, party: Party, application_id: UUID, upload_id: UUID, number: int, content: bytes
) -> Progress:
    """Take a chunk; the same one again changes nothing, and so does any that comes after the completion.

    Raises UploadChunkInvalidError, UploadChunkDiffersError, UploadNotFoundError, ApplicationNotFoundError or
    MatterNotCoveredError.
    """
    upload = await _own(party, application_id, upload_id)
    chunks = rules.chunks_of(upload.size, upload.chunk_size)
    if number not in chunks:
        raise UploadChunkInvalidError(chunks=len(chunks))
    if len(content) != (expected := rules.length_of(number, upload.size, upload.chunk_size)):
        raise UploadChunkInvalidError(chunks=len(chunks), expected_bytes=expected)
    digest = hashlib.sha256(content).hexdigest()
    if upload.file_id is None and not await _is_there(upload, number, digest):
        chunk_id = new_id()
        key = f"uploads/{chunk_id.hex[-2:]}/{chunk_id.hex}"
        await doom([key], at=upload.expires_at + PATIENCE)
        await blobs.put(key, keyring().seal(content, key))
        async with transaction():
            upload = await _own(party, application_id, upload_id, lock=True)
            if upload.file_id is None and not await _is_there(upload, number, digest):
                await UploadChunk.create(
                    id=chunk_id, upload=upload, number=number, size=len(content), sha256=digest, blob_key=key
                )
    return await _progress(upload)


async def complete_upload(
    blobs: BlobStore, party: Party, application_id: UUID, upload_id: UUID, *, scan_needed: bool
) -> Material:
    """Make a material of what has arrived, as one request with the whole file does. Again, it is the same material.

    Raises UploadIncompleteError, UploadDigestWrongError, after which the file is to be sent anew, UploadNotFoundError,
    and what ``add_material`` raises.
    """
    upload = await _own(party, application_id, upload_id)
    if made := await _made(upload):
        return made
    try:
        content = await _whole(blobs, upload)
    except UploadIncompleteError:
        # Another completion may have been quicker, and have let the chunks go.
        if made := await _made(await _own(party, application_id, upload_id)):
            return made
        raise
    if hashlib.sha256(content).hexdigest() != upload.sha256:
        await cancel_upload(party, application_id, upload_id)
        raise UploadDigestWrongError
    application, _ = await require_asked(party, application_id, upload.material_id)
    file = await inspected(party.actor_id, content)
    await require_place(party, application, upload.material_id, file.size)
    kept = await keep(blobs, file)
    async with transaction():
        # Whose it is first, then the case, then what belongs to it, as everybody who takes them.
        await lock_drafts(party)
        await owned(party, application_id, lock=True)
        upload = await _own(party, application_id, upload_id, lock=True)
        if made := await _made(upload):
            await doom([kept.blob_key])
            return made
        material = await write_material(party, application_id, upload.material_id, kept, scan_needed=scan_needed)
        upload.file_id = material.id
        await upload.save(update_fields=["file_id"])
        await _let_go(upload)
    return material


async def cancel_upload(party: Party, application_id: UUID, upload_id: UUID) -> None:
    """Give an upload up; a material that it became stays.

    Raises UploadNotFoundError, ApplicationNotFoundError or MatterNotCoveredError.
    """
    async with transaction():
        upload = await _own(party, application_id, upload_id, lock=True)
        await _let_go(upload)
        await upload.delete()


async def _own(party: Party, application_id: UUID, upload_id: UUID, *, lock: bool = False) -> Upload:
    application = await owned(party, application_id)
    query = Upload.select_for_update() if lock else Upload.all()
    upload = await query.get_or_none(id=upload_id, application=application, expires_at__gt=clock.now())
    if upload is None:
        raise UploadNotFoundError
    return upload


async def _progress(upload: Upload) -> Progress:
    if upload.file_id:
        return Progress(upload, list(rules.chunks_of(upload.size, upload.chunk_size)), upload.size)
    there = await UploadChunk.filter(upload=upload).order_by("number").values("number", "size")
    return Progress(upload, [one["number"] for one in there], sum(one["size"] for one in there))


async def _is_there(upload: Upload, number: int, digest: str) -> bool:
    """Whether this chunk is there already. Raises UploadChunkDiffersError where it is another one."""
    chunk = await UploadChunk.get_or_none(upload=upload, number=number)
    if chunk and chunk.sha256 != digest:
        raise UploadChunkDiffersError(number=number)
    return chunk is not None


async def _made(upload: Upload) -> Material | None:
    """The material that an upload became. Raises UploadNotFoundError where that was deleted."""
    if upload.file_id is None:
        return None
    material = await Material.get_or_none(id=upload.file_id)
    if material is None:
        raise UploadNotFoundError
    return material


async def _whole(blobs: BlobStore, upload: Upload) -> bytes:
    """All chunks together. Raises UploadIncompleteError."""
    chunks = await UploadChunk.filter(upload=upload).order_by("number")
    there = {chunk.number for chunk in chunks}
    missing = [number for number in rules.chunks_of(upload.size, upload.chunk_size) if number not in there]
    if missing:
        raise UploadIncompleteError(missing=missing)
    try:
        return b"".join([keyring().open(await blobs.get(chunk.blob_key), chunk.blob_key) for chunk in chunks])
    except BlobMissingError as error:
        raise UploadIncompleteError(missing=list(there)) from error


async def _let_go(upload: Upload) -> None:
    keys = await UploadChunk.filter(upload=upload).values_list("blob_key", flat=True)
    await UploadChunk.filter(upload=upload).delete()
    await doom([str(key) for key in keys])
