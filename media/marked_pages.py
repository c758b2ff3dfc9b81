"""The watermark of a PDF: one drawing, laid over each page."""

import zlib
from io import BytesIO

import pikepdf
from pikepdf import Array, Dictionary, Name, Page, Pdf, Stream

from media.pdf_jobs import shown_size
from media.watermarks import DRAWN_PIXELS, EDGE, INK, Masks, masks

_SHEET_STEP = 80


def marked_pages(data: bytes, text: str) -> bytes:
    """A PDF with ``text`` across every page. Raises ValueError for a file that is none."""
    try:
        return _marked(data, text)
    except pikepdf.PdfError as error:
        raise ValueError("a file that cannot be marked") from error


def _sheet_size(width: float, height: float) -> tuple[int, int]:
    """Pixels of the sheet for a page: in steps, so that scans of slightly different sizes share one."""
    scale = DRAWN_PIXELS / _SHEET_STEP / max(width, height)
    return max(round(width * scale), 1) * _SHEET_STEP, max(round(height * scale), 1) * _SHEET_STEP


def _marked(data: bytes, text: str) -> bytes:
    with Pdf.open(BytesIO(data)) as pdf:
        sheets: dict[tuple[int, int], pikepdf.Object] = {}
        for page in pdf.pages:
            size = _sheet_size(*shown_size(page))
            if size not in sheets:
                sheets[size] = _sheet(pdf, masks(text, *size))
            _lay_over(pdf, page, sheets[size])
        result = BytesIO()
        pdf.save(result, deterministic_id=True)
    return result.getvalue()


def _sheet(pdf: Pdf, both: Masks) -> pikepdf.Object:
    """Both masks with their colours as one drawing of a unit square, kept once for all pages of a size."""
    drawing = pdf.make_stream(
        b"/Edge Do /Ink Do",
        Type=Name.XObject,
        Subtype=Name.Form,
        BBox=Array([0, 0, 1, 1]),
        Resources=Dictionary(XObject=Dictionary()),
    )
    for name, colour, mask in (("/Edge", EDGE, both[0]), ("/Ink", INK, both[1])):
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
