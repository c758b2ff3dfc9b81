"""Files behind materials: checked, sealed, opened, let go."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

from app.applications.materials import rules
from app.applications.materials.errors import (
    MaterialInfectedError,
    MaterialLostError,
    MaterialPendingError,
    UploadBrokenError,
    UploadEncryptedError,
    UploadTooComplexError,
    UploadTooLargeError,
    UploadTooManyPagesError,
    UploadTooManyPixelsError,
    UploadUnsupportedError,
)
from app.applications.materials.turns import Turns
from app.applications.models import Material, Scan, Trust
from app.kit import clock
from app.kit.blobs import doom
from app.kit.crypto import keyring
from app.kit.errors import DomainError
from app.kit.ids import new_id
from media.documents import is_pdf
from media.files import FileRefusedError, InspectedFile, inspect_file
from media.storage import BlobStore

# A blob whose row was never written, since its case has gone or its process died, is deleted after this.
PATIENCE = timedelta(hours=1)

# In threads of their own: files that are slow, or wait for another process, keep sign-ins and blobs from no thread, and
# PDFs keep photos from none. So few bound the memory as well: each holds a whole picture several times.
_PAPERS = ThreadPoolExecutor(max_workers=3, thread_name_prefix="papers")
_PHOTOS = ThreadPoolExecutor(max_workers=3, thread_name_prefix="photos")

_TURNS = Turns(rules.MAX_INSPECTIONS_OF_ACCOUNT)

_REFUSED: dict[str, type[DomainError]] = {
    "empty": UploadBrokenError,
    "broken": UploadBrokenError,
    "too_large": UploadTooLargeError,
    "too_many_pixels": UploadTooManyPixelsError,
    "too_many_pages": UploadTooManyPagesError,
    "too_complex": UploadTooComplexError,
    "encrypted": UploadEncryptedError,
    "unsupported_type": UploadUnsupportedError,
}
_LIMITS = {
    "limit_bytes": rules.MAX_UPLOAD_BYTES,
    "limit_pixels": rules.MAX_PIXELS,
    "limit_pages": rules.MAX_PAGES,
}


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that lies sealed in the store and waits for its row: columns of ``Material``."""

    id: UUID
    blob_key: str
    content_type: str
    size: int
    width: int
    height: int
    pages: int
    sha256: str
    trust: Trust
    reused_from: UUID | None = None


async def inspected(account: UUID, content: bytes) -> InspectedFile:
    """A photograph or PDF made safe: its type told by content, upright, without metadata.

    One file of an account at a time: the threads are few, and others want one too. Raises TooManyInspectionsError,
    UploadTooComplexError, UploadTooLargeError, UploadTooManyPixelsError, UploadTooManyPagesError, UploadEncryptedError,
    UploadUnsupportedError or UploadBrokenError.
    """
    try:
        look = partial(
            inspect_file,
            content,
            max_bytes=rules.MAX_UPLOAD_BYTES,
            max_pixels=rules.MAX_PIXELS,
            max_pages=rules.MAX_PAGES,
        )
        return await _TURNS.do(account, _PAPERS if is_pdf(content) else _PHOTOS, look)
    except FileRefusedError as error:
        raise _REFUSED[error.code](**_LIMITS) from error


async def keep(blobs: BlobStore, file: InspectedFile) -> KeptFile:
    """Seal an uploaded file; it is spared when its row is written."""
    file_id = new_id()
    facts = (file.content_type, file.size, file.width, file.height, file.pages, file.sha256)
    return KeptFile(
        file_id, await keep_sealed(blobs, "materials", file_id, file.data), *facts, rules.trust_of("upload")
    )


async def keep_copy(blobs: BlobStore, source: Material, content: bytes) -> KeptFile:
    """Seal the content of a material once more, for another case."""
    file_id = new_id()
    facts = (source.content_type, source.size, source.width, source.height, source.pages, source.sha256)
    trust = rules.trust_of("upload", copied=source.trust)
    return KeptFile(file_id, await keep_sealed(blobs, "materials", file_id, content), *facts, trust, source.id)


async def keep_sealed(blobs: BlobStore, kind: str, blob_id: UUID, content: bytes) -> str:
    """Put a blob under a key of its own, which is returned; it goes after ``PATIENCE`` unless it is spared."""
    key = f"{kind}/{blob_id.hex[-2:]}/{blob_id.hex}"
    await doom([key], at=clock.now() + PATIENCE)
    await blobs.put(key, keyring().seal(content, key))
    return key


def require_safe(material: Material) -> None:
    """Raise MaterialPendingError, MaterialInfectedError or MaterialLostError, unless it may be shown and sent."""
    if material.scan is Scan.PENDING:
        raise MaterialPendingError
    if material.scan is Scan.INFECTED:
        raise MaterialInfectedError
    if material.scan is Scan.LOST:
        raise MaterialLostError


async def opened(blobs: BlobStore, material: Material) -> bytes:
    """The content of a material. Raises BlobMissingError."""
    return keyring().open(await blobs.get(material.blob_key), material.blob_key)


def keys_in(rows: Iterable[Mapping[str, str | None]]) -> list[str]:
    """The keys of blobs in rows of ``materials`` that are going."""
    return [key for row in rows for key in (row["blob_key"], row["preview_blob_key"]) if key]
