"""What an upload may be: a photo or a PDF, told by content and made safe."""

import hashlib
from dataclasses import dataclass, field

from media.documents import DocumentRefusedError, inspect_document, is_pdf
from media.images import ImageRefusedError, inspect_photo


class FileRefusedError(ValueError):
    """An upload that is not kept. ``code`` is one of ``ImageRefusedError`` and ``DocumentRefusedError``:

    ``empty``, ``too_large``, ``unsupported_type``, ``broken``, ``too_many_pixels`` of a photo, ``too_many_pages``,
    ``too_complex`` and ``encrypted`` of a PDF.
    """

    def __init__(self, code: str) -> None:
        """``code`` is stable and is all that is said: nothing of the upload goes into the message."""
        super().__init__(f"file refused: {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class InspectedFile:
    """A photo or a PDF that is safe to keep and to show, in our own encoding.

    ``width`` and ``height`` are pixels of a photo, points (1/72 inch) of a PDF's first page; a photo has one page.
    ``size`` and ``sha256`` (hexadecimal) are of ``data``, not of what was uploaded.
    """

    data: bytes = field(repr=False)
    content_type: str
    size: int
    width: int
    height: int
    pages: int
    sha256: str


def inspect_file(content: bytes, *, max_bytes: int, max_pixels: int, max_pages: int) -> InspectedFile:
    """Check an upload and encode it anew: JPEG, PNG, WebP or PDF, by content and never by name.

    Works on the calling thread or waits for another process: call it in a worker thread. Raises ``FileRefusedError``
    for any content, and OSError where no process can be started.
    """
    try:
        if is_pdf(content):
            document = inspect_document(content, max_bytes=max_bytes, max_pages=max_pages)
            return _inspected(document.data, document.content_type, document.width, document.height, document.pages)
        photo = inspect_photo(content, max_bytes=max_bytes, max_pixels=max_pixels)
        return _inspected(photo.data, photo.content_type, photo.width, photo.height, 1)
    except (DocumentRefusedError, ImageRefusedError) as error:
        raise FileRefusedError(error.code) from error


def _inspected(data: bytes, content_type: str, width: int, height: int, pages: int) -> InspectedFile:
    return InspectedFile(data, content_type, len(data), width, height, pages, hashlib.sha256(data).hexdigest())
