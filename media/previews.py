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
            image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
            return as_jpeg(on_white(image), _QUALITY)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise NoPreviewError("a photo that cannot be drawn") from error


def on_white(image: Image.Image) -> Image.Image:
    """``image`` in RGB; what is transparent shows white."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    glass = image.convert("RGBA")
    ground = Image.new("RGB", glass.size, "white")
    ground.paste(glass, mask=glass)
    return ground


def as_jpeg(image: Image.Image, quality: int) -> bytes:
    """An RGB picture as a JPEG without metadata."""
    result = BytesIO()
    image.save(result, "JPEG", quality=quality)
    return result.getvalue()
