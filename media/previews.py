"""Small pictures of what was uploaded, to be looked at in a list."""

from io import BytesIO

from PIL import Image

from media.confined import ConfinedError, run_confined
from media.documents import PDF

_QUALITY = 80


class NoPreviewError(ValueError):
    """A file that cannot be drawn. ``code`` is stable."""

    code = "no_preview"


def preview_of(data: bytes, content_type: str, *, longest: int = 480) -> bytes:
    """A JPEG of a photo or of a PDF's first page, at most ``longest`` pixels on its longer side, on white.

    ``data`` is what ``inspect_file`` gave. Works on the calling thread or waits for another process: call it in a
    worker thread. Raises ``NoPreviewError``, and OSError where no process can be started.
    """
    if content_type == PDF:
        try:
            return run_confined("media.pdf_jobs", "draw", data, longest=longest)[1]
        except ConfinedError as error:
            raise NoPreviewError("a PDF that cannot be drawn") from error
    try:
        with Image.open(BytesIO(data)) as image:
            image.draft("RGB", (longest, longest))
            return as_jpeg(_reduced(image, longest), _QUALITY)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise NoPreviewError("a photo that cannot be drawn") from error


def _reduced(image: Image.Image, longest: int) -> Image.Image:
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return image


def as_jpeg(image: Image.Image, quality: int) -> bytes:
    """``image`` as a JPEG without metadata; what is transparent shows white."""
    if image.has_transparency_data:
        glass = image.convert("RGBA")
        image = Image.new("RGB", glass.size, "white")
        image.paste(glass, mask=glass)
    result = BytesIO()
    image.convert("RGB").save(result, "JPEG", quality=quality)
    return result.getvalue()
