"""A copy that says, across all of it, what it is for: a watermark that lies in the pixels or in the page itself."""

import math
from io import BytesIO

from PIL import Image, ImageDraw

from media.documents import PDF
from media.previews import as_jpeg, on_white
from media.typeset import MEDIUM, fit

JPEG = "image/jpeg"

_QUALITY = 88
_SLANT = 30
"""Degrees by which a line rises."""

INK, _INK_SHARE = (70, 70, 70), 87
EDGE, _EDGE_SHARE = (255, 255, 255), 76
"""Dark letters with a light edge, and their share of each pixel (0 to 255): one of the two shows on any ground."""

_LARGEST, _SMALLEST = 0.05, 0.028
"""The size of letters, as shares of a picture's shorter side."""

DRAWN_PIXELS = 1_600
"""The longest side on which the lines are drawn, before they are enlarged to that of the picture; on a page of A4
137 dots an inch."""

Masks = tuple[Image.Image, Image.Image]


class NoWatermarkError(ValueError):
    """A file that cannot be marked. ``code`` is stable."""

    code = "no_watermark"


def watermarked(data: bytes, content_type: str, text: str) -> tuple[bytes, str]:
    """A marked copy and its type: a JPEG of a photo, a PDF of a PDF with every page marked.

    ``data`` is what ``inspect_file`` gave; ``text`` says purpose and date, and ends in an ellipsis where two lines do
    not hold it. Works on the calling thread: call it in a worker thread. Raises ``NoWatermarkError``.
    """
    try:
        if content_type == PDF:
            from media.marked_pages import marked_pages  # the binding of qpdf takes 8 MB, for few requests

            return marked_pages(data, text), PDF
        with Image.open(BytesIO(data)) as image:
            photo = on_white(image)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise NoWatermarkError("a file that cannot be marked") from error
    edge, ink = masks(text, *_drawn_size(*photo.size))
    photo.paste(EDGE, mask=edge.resize(photo.size, Image.Resampling.BICUBIC))
    photo.paste(INK, mask=ink.resize(photo.size, Image.Resampling.BICUBIC))
    return as_jpeg(photo, _QUALITY), JPEG


def _drawn_size(width: int, height: int) -> tuple[int, int]:
    scale = min(DRAWN_PIXELS / max(width, height), 1)
    return max(round(width * scale), 1), max(round(height * scale), 1)


def masks(text: str, width: int, height: int) -> Masks:
    """How much of the light edge and of the dark ink each pixel gets where ``text`` is repeated on rising lines."""
    short = max(min(width, height), 120)
    sizes = [max(round(short * share), 9) for share in (_LARGEST, (_LARGEST + _SMALLEST) / 2, _SMALLEST)]
    word = fit(text, weight=MEDIUM, sizes=sizes, width=max(round(0.9 * short), 200), most_lines=2)
    stride = round(max((word.font.getlength(line) for line in word.lines), default=0)) + 4 * word.size
    step = round(word.size * (4.5 + 1.25 * len(word.lines)))
    across = math.ceil(math.hypot(width, height))
    edge, ink = Image.new("L", (across, across)), Image.new("L", (across, across))
    draw_edge, draw_ink = ImageDraw.Draw(edge), ImageDraw.Draw(ink)
    for row, y in enumerate(range(0, across, step)):
        for x in range(-(row % 2) * stride // 2, across, stride):
            for n, line in enumerate(word.lines):
                at = (x, y + round(1.25 * word.size * n))
                draw_edge.text(at, line, font=word.font, fill=_EDGE_SHARE, stroke_width=max(word.size // 14, 1))
                draw_ink.text(at, line, font=word.font, fill=_INK_SHARE)
    return _turned(edge, width, height), _turned(ink, width, height)


def _turned(mask: Image.Image, width: int, height: int) -> Image.Image:
    turned = mask.rotate(_SLANT, Image.Resampling.BICUBIC)
    left, top = (mask.width - width) // 2, (mask.height - height) // 2
    return turned.crop((left, top, left + width, top + height))
