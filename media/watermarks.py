"""A copy that says, across all of it, what it is for: a watermark that lies in the pixels or in the page itself."""

import math
import zlib
from io import BytesIO

import pikepdf
from pikepdf import Array, Dictionary, Name, Page, Pdf, Stream
from PIL import Image, ImageDraw

from media.documents import PDF
from media.pdf_jobs import shown_size
from media.previews import as_jpeg, on_white
from media.typeset import MEDIUM, fit

JPEG = "image/jpeg"

_QUALITY = 88
_SLANT = 30
"""Degrees by which a line rises."""

_INK, _INK_SHARE = (70, 70, 70), 87
_EDGE, _EDGE_SHARE = (255, 255, 255), 76
"""Dark letters with a light edge, and their share of each pixel (0 to 255): one of the two shows on any ground."""

_LARGEST, _SMALLEST = 0.05, 0.028
"""The size of letters, as shares of a picture's shorter side."""

_DRAWN_PIXELS = 1_600
"""The longest side on which the lines are drawn, before they are enlarged to that of the picture; on a page of A4
137 dots an inch."""

_SHEET_STEP = 80

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
            return _marked_pdf(data, text), PDF
        with Image.open(BytesIO(data)) as image:
            photo = on_white(image)
    except (OSError, ValueError, pikepdf.PdfError, Image.DecompressionBombError) as error:
        raise NoWatermarkError("a file that cannot be marked") from error
    edge, ink = _masks(text, *_drawn_size(*photo.size))
    photo.paste(_EDGE, mask=edge.resize(photo.size, Image.Resampling.BICUBIC))
    photo.paste(_INK, mask=ink.resize(photo.size, Image.Resampling.BICUBIC))
    return as_jpeg(photo, _QUALITY), JPEG


def _drawn_size(width: int, height: int) -> tuple[int, int]:
    scale = min(_DRAWN_PIXELS / max(width, height), 1)
    return max(round(width * scale), 1), max(round(height * scale), 1)


def _sheet_size(width: float, height: float) -> tuple[int, int]:
    """Pixels of the sheet for a page: in steps, so that scans of slightly different sizes share one."""
    scale = _DRAWN_PIXELS / _SHEET_STEP / max(width, height)
    return max(round(width * scale), 1) * _SHEET_STEP, max(round(height * scale), 1) * _SHEET_STEP


def _masks(text: str, width: int, height: int) -> Masks:
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


def _marked_pdf(data: bytes, text: str) -> bytes:
    with Pdf.open(BytesIO(data)) as pdf:
        sheets: dict[tuple[int, int], pikepdf.Object] = {}
        for page in pdf.pages:
            size = _sheet_size(*shown_size(page))
            if size not in sheets:
                sheets[size] = _sheet(pdf, _masks(text, *size))
            _lay_over(pdf, page, sheets[size])
        result = BytesIO()
        pdf.save(result, deterministic_id=True)
    return result.getvalue()


def _sheet(pdf: Pdf, masks: Masks) -> pikepdf.Object:
    """Both masks with their colours as one drawing of a unit square, kept once for all pages of a size."""
    drawing = pdf.make_stream(
        b"/Edge Do /Ink Do",
        Type=Name.XObject,
        Subtype=Name.Form,
        BBox=Array([0, 0, 1, 1]),
        Resources=Dictionary(XObject=Dictionary()),
    )
    for name, colour, mask in (("/Edge", _EDGE, masks[0]), ("/Ink", _INK, masks[1])):
        share = _picture(pdf, mask.tobytes(), mask.size, Name.DeviceGray)
        drawing.Resources.XObject[name] = _picture(pdf, bytes(colour), (1, 1), Name.DeviceRGB, SMask=share)
    return drawing


def _picture(
    pdf: Pdf, pixels: bytes, size: tuple[int, int], space: pikepdf.Object, **more: pikepdf.Object
) -> pikepdf.Object:
    return pdf.make_stream(
        zlib.compress(pixels),
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=size[0],
        Height=size[1],
        ColorSpace=space,
        BitsPerComponent=8,
        Filter=Name.FlateDecode,
        **more,
    )


def _lay_over(pdf: Pdf, page: Page, sheet: pikepdf.Object) -> None:
    """Draw ``sheet`` over all of what is shown of the page, upright as it is shown."""
    x1, y1, x2, y2 = (float(edge) for edge in page.cropbox)
    left, right, bottom, top = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
    width, height = right - left, top - bottom
    # Where the sheet's unit square goes: a, b, c, d, e, f of ISO 32000-2, 8.3.3.
    matrix = {
        90: (0, height, -width, 0, right, bottom),
        180: (-width, 0, 0, -height, right, top),
        270: (0, -height, width, 0, left, top),
    }.get(int(page.obj.get("/Rotate", 0)) % 360, (width, 0, 0, height, left, bottom))
    draw = " ".join(f"{number:.4f}" for number in matrix)
    forms = Dictionary(Page=_as_drawing(pdf, page), Mark=sheet)
    page.obj.Resources = Dictionary(XObject=forms)
    page.obj.Contents = pdf.make_stream(f"/Page Do q {draw} cm /Mark Do Q".encode())


def _as_drawing(pdf: Pdf, page: Page) -> Stream:
    """All that the page draws, as one drawing: whatever it leaves open, or closes once too often, ends with it."""
    page.contents_coalesce()
    content = page.obj.get("/Contents")
    drawing = pdf.make_stream(
        content.read_raw_bytes() if isinstance(content, Stream) else b"",
        Type=Name.XObject,
        Subtype=Name.Form,
        BBox=page.mediabox,
        Resources=page.resources,
    )
    for key in ("/Filter", "/DecodeParms"):
        if isinstance(content, Stream) and key in content:
            drawing[key] = content[key]
    return drawing
