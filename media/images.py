"""What an upload must survive before it is kept: real type, size, pixel count, a full decode, and no metadata left."""

import hashlib
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import Literal

from PIL import ExifTags, Image, ImageCms
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

Refusal = Literal["empty", "too_large", "too_many_pixels", "unsupported_type", "broken"]

_QUALITY = 88

_SCAN_WORK = 4_000_000_000
"""Pixels times scans a JPEG may ask for, about four seconds of one core.

A progressive scan of 75 bytes makes the decoder walk the whole picture again, so a file of ten megabytes could keep
it busy for an hour. An honest file has about ten scans; the bytes of the marker also turn up by chance in a video
that a phone appends to its photo, hence the room.
"""

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each EXIF orientation (Exif 2.32, tag 0x0112); 1 and anything unknown is upright already."""


class ImageRefusedError(ValueError):
    """An upload that is not kept. ``code`` says why:

    ``empty`` no bytes; ``too_large`` more bytes than allowed; ``unsupported_type`` not a still JPEG, PNG or WebP;
    ``too_many_pixels`` by its header; ``broken`` what cannot be decoded to the end.
    """

    def __init__(self, code: Refusal) -> None:
        """``code`` is stable and is all that is said: nothing of the upload goes into the message."""
        super().__init__(f"image refused: {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture that is safe to keep and to show.

    ``data`` is our own encoding, upright, in sRGB, without metadata; ``width`` and ``height`` are its pixels and
    ``sha256`` its digest in hexadecimal. The digest is of ``data``, not of what was uploaded.
    """

    data: bytes = field(repr=False)
    content_type: str
    width: int
    height: int
    sha256: str


def inspect_photo(data: bytes, *, max_bytes: int, max_pixels: int) -> Photo:
    """Check an uploaded picture and encode it anew in its own type (JPEG and WebP at quality 88).

    The type is told by content; an animation is refused, as ``Photo`` is one picture. Decodes on the calling thread:
    call it in a worker thread. Raises ``ImageRefusedError`` and nothing else for any content.
    """
    if not data:
        raise ImageRefusedError("empty")
    if len(data) > max_bytes:
        raise ImageRefusedError("too_large")
    kind, opener = _recognise(data)
    try:
        if kind == "WEBP":
            _hold_to_pixels(_webp_canvas(data), max_pixels)
        # The plugin is opened by itself: Image.open would judge the pixels by a limit of the whole process.
        with opener(BytesIO(data)) as image:
            _hold_to_pixels(image.size, max_pixels)
            _hold_to_one_cheap_picture(kind, image, data)
            image.load()
            clean = _without_metadata(image)
        encoded = BytesIO()
        clean.save(encoded, kind, quality=_QUALITY)
    except ImageRefusedError:
        raise
    except Exception as error:
        # Pillow has no common error for bad content: OSError, SyntaxError, struct.error, zlib.error and others.
        raise ImageRefusedError("broken") from error
    result = encoded.getvalue()
    return Photo(result, Image.MIME[kind], clean.width, clean.height, hashlib.sha256(result).hexdigest())


def _recognise(data: bytes) -> tuple[str, Callable[[BytesIO], ImageFile]]:
    """Pillow's name for the type and what opens it, by the signature alone. Raises ``ImageRefusedError``."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG", JpegImageFile
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG", PngImageFile
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP", WebPImageFile
    raise ImageRefusedError("unsupported_type")


def _webp_canvas(data: bytes) -> tuple[int, int]:
    """Width and height from a WebP header (RFC 9649, sections 2.5 to 2.7): opening one sets memory aside for both.

    Raises ``struct.error`` or ``ImageRefusedError``.
    """
    first = data[12:16]
    if first == b"VP8X":
        low_w, high_w, low_h, high_h = struct.unpack_from("<HBHB", data, 24)
        return (high_w << 16 | low_w) + 1, (high_h << 16 | low_h) + 1
    if first == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if first == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise ImageRefusedError("broken")


def _hold_to_pixels(size: tuple[int, int], max_pixels: int) -> None:
    if size[0] * size[1] > max_pixels:
        raise ImageRefusedError("too_many_pixels")


def _hold_to_one_cheap_picture(kind: str, image: ImageFile, data: bytes) -> None:
    """Refuse an animation, and a JPEG whose scans cost more than a picture is worth."""
    if getattr(image, "is_animated", False):
        raise ImageRefusedError("unsupported_type")
    if kind == "JPEG" and data.count(b"\xff\xda") * image.width * image.height > _SCAN_WORK:
        raise ImageRefusedError("broken")


def _without_metadata(image: ImageFile) -> Image.Image:
    """A new picture in L, RGB or RGBA, upright and in sRGB, that carries pixels and nothing else."""
    orientation = _orientation(image)
    profile = image.info.get("icc_profile")
    plain = _in_srgb(_in_common_mode(image), profile)
    if orientation in _UPRIGHT:
        plain = plain.transpose(_UPRIGHT[orientation])
    clean = plain.copy()
    clean.info.clear()
    return clean


def _orientation(image: ImageFile) -> int | None:
    """The EXIF (or XMP) orientation; ``None`` where there is none or the block is damaged, which spoils no picture."""
    with suppress(Exception):
        value = image.getexif().get(ExifTags.Base.Orientation)
        return value if isinstance(value, int) else None
    return None


def _in_common_mode(image: Image.Image) -> Image.Image:
    """L, RGB or RGBA, 8 bits each."""
    if image.mode.startswith("I"):
        # 16-bit grey, brought to 8 bits by its upper byte: a plain conversion would clip it to white.
        return image.point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in {"1", "L"} else "RGB")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours brought from ``profile`` to sRGB; a profile that is damaged or of another colour space is left out."""
    if profile:
        with suppress(ImageCms.PyCMSError, OSError):
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, _srgb(), outputMode=image.mode)
            if converted is not None:
                return converted
    return image


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
