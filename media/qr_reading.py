"""The text of a QR symbol on a photograph."""

from io import BytesIO

import zxingcpp
from PIL import Image

from media.images import inspect_photo

_MAX_BYTES = 10 * 1024 * 1024
_MAX_PIXELS = 50_000_000
_LONGEST = 1600
"""Pixels on the longer side: a symbol of version 12 that fills a third of the picture still has eight a module."""


def read_qr(photo: bytes) -> str | None:
    """The text of the largest QR symbol on a JPEG, PNG or WebP of 10 MB and 50 megapixels at most, None without one.

    Decodes on the calling thread: call it in a worker thread. Raises ``ImageRefusedError``.
    """
    clean = inspect_photo(photo, max_bytes=_MAX_BYTES, max_pixels=_MAX_PIXELS)
    with Image.open(BytesIO(clean.data)) as image:
        image.draft("L", (_LONGEST, _LONGEST))
        image.thumbnail((_LONGEST, _LONGEST))
        grey = image.convert("L")
    found = zxingcpp.read_barcodes(grey, zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    texts = [(_extent(one), one.text) for one in found if one.valid and one.text]
    return max(texts)[1] if texts else None


def _extent(symbol: zxingcpp.Barcode) -> int:
    corners = symbol.position
    return abs(corners.bottom_right.x - corners.top_left.x) + abs(corners.bottom_right.y - corners.top_left.y)
