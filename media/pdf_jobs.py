"""What is done to strangers' PDFs, as the child of ``media.confined``: written anew, and the first page drawn."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pikepdf
import pypdfium2
from pikepdf import Array, Dictionary, Name, Object, ObjectStreamMode, Page, Pdf, Stream, StreamDecodeLevel

from media.confined import Answer, serve

_UNPACKED = 256_000_000
"""Bytes that everything but pictures may unpack to: a page's text and lines are rarely a million."""

_PICTURE_PIXELS = 120_000_000
"""Pixels of one picture: an A3 sheet scanned at 600 dots an inch has 70 million."""

_ANNOTATIONS = 5_000
"""Annotations of all pages, each counted on every page that names it: what draws them into one page takes the square of
their number, about two seconds for so many."""

_OBJECTS = 300_000
"""Objects, which take about two seconds: ten million bytes hold several times as many."""

_SIDE = 14_400
"""Points of a page's side, 200 inches (ISO 32000-1, annex C)."""

_OF_PAGE = {"/Type", "/Parent", "/MediaBox", "/CropBox", "/Rotate", "/Resources", "/Contents", "/Group"}
"""What of a page draws it (ISO 32000-2, table 31); all else goes."""

_NOT_OF_STREAM = (
    *("/Metadata", "/PieceInfo", "/AF", "/LastModified", "/StructParent", "/StructParents", "/Measure", "/PtData"),
    *("/OPI", "/Alternates", "/Ref", "/F", "/FFilter", "/FDecodeParms"),
)
"""What a picture, a form or a font tells of people or fetches from elsewhere (ISO 32000-2, tables 5, 87 and 93)."""

_JPEG_KEPT = {0xE0, 0xE2, 0xEE}
"""The application segments of a JPEG that its colours depend on: JFIF, ICC profile, Adobe."""

_APPLICATION, _COMMENT, _SCAN, _END = range(0xE0, 0xF0), 0xFE, 0xDA, 0xD9
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""What ends the coded part of a JPEG's scan (ISO/IEC 10918-1, B.1.1)."""

_QUALITY = 80


class _Refused(Exception):  # noqa: N818  # an answer, not a failure
    """``args[0]`` is a code of ``DocumentRefusedError``."""


def clean(content: bytes, *, max_pages: int) -> Answer:
    """The pages alone, in a new PDF. Facts are ``pages``, ``width`` and ``height``, or ``refused``."""
    pikepdf.settings.set_qpdf_limits(
        doc_max_warnings=1_000,
        max_stream_filters=4,
        flate_max_memory=_UNPACKED,
        png_max_memory=_UNPACKED,
        tiff_max_memory=_UNPACKED,
        run_length_max_memory=_UNPACKED,
    )
    try:
        with Pdf.open(BytesIO(content)) as source, Pdf.new() as target:
            _hold_to(source, max_pages)
            source.generate_appearance_streams()
            source.flatten_annotations()
            _copy_pages(source, target)
            _strip_streams(target)
            sizes = [shown_size(page) for page in target.pages]
            return {"pages": len(sizes), "width": round(sizes[0][0]), "height": round(sizes[0][1])}, _written(target)
    except MemoryError:
        raise
    except _Refused as refused:
        return {"refused": refused.args[0]}, b""
    except pikepdf.PasswordError:
        return {"refused": "encrypted"}, b""
    except Exception as error:
        # qpdf and its binding have no common error for bad content: PdfError, TypeError, ValueError and others.
        return {"refused": "too_large" if "limit exceeded" in str(error) else "broken"}, b""


def _hold_to(source: Pdf, max_pages: int) -> None:
    """Refuse what cannot be kept whole."""
    if source.is_encrypted:
        raise _Refused("encrypted")
    if len(source.pages) > max_pages:
        raise _Refused("too_many_pages")
    if len(source.objects) > _OBJECTS or sum(map(_annotations, source.pages)) > _ANNOTATIONS:
        raise _Refused("too_complex")
    form = source.Root.get("/AcroForm")
    if source.Root.get("/NeedsRendering") or (isinstance(form, Dictionary) and _needs_its_program(form)):
        raise _Refused("unsupported_type")


def _annotations(page: Page) -> int:
    found = page.obj.get("/Annots")
    return len(found) if isinstance(found, Array) else 0


def _needs_its_program(form: Dictionary) -> bool:
    """Whether what was filled in has no drawing yet, and is of letters that qpdf cannot draw."""
    if not form.get("/NeedAppearances"):
        return False
    return not all(str(value).isascii() for value in _values(form))


def _values(form: Dictionary) -> Iterator[Object]:
    """What the fields were filled in with; what is named several times is looked at once, or few would be many."""
    waiting, seen = [form.get("/Fields")], set()
    while waiting:
        found = waiting.pop()
        if isinstance(found, Object) and found.is_indirect:
            if found.objgen in seen:
                continue
            seen.add(found.objgen)
        if isinstance(found, Array):
            waiting += found.as_list()
        elif isinstance(found, Dictionary):
            if isinstance(value := found.get("/V"), pikepdf.String):
                yield value
            waiting.append(found.get("/Kids"))


def _copy_pages(source: Pdf, target: Pdf) -> None:
    for page in source.pages:
        for key in set(page.obj.keys()) - _OF_PAGE:
            del page.obj[key]
    target.pages.extend(source.pages)
    if not target.pages:
        raise _Refused("broken")
    # Which layers show at first; without it all would.
    if isinstance(layers := source.Root.get("/OCProperties"), Dictionary):
        target.Root.OCProperties = target.copy_foreign(source.make_indirect(layers))


def _strip_streams(target: Pdf) -> None:
    """Hold every stream to its size, and take from it what does not draw."""
    unpacked = 0
    for stream in target.objects:
        if not isinstance(stream, Stream):
            continue
        for key in _NOT_OF_STREAM:
            if key in stream:
                del stream[key]
        if stream.get("/Subtype") == Name.Image:
            _strip_picture(stream)
        else:
            unpacked += len(stream.read_bytes())
        if unpacked > _UNPACKED:
            raise _Refused("too_large")


def _strip_picture(picture: Stream) -> None:
    if int(picture.Width) * int(picture.Height) > _PICTURE_PIXELS:
        raise _Refused("too_large")
    filters = picture.get("/Filter")
    if filters == Name.DCTDecode or (isinstance(filters, Array) and filters.as_list() == [Name.DCTDecode]):
        raw = _jpeg_without_metadata(picture.read_raw_bytes())
        picture.write(raw, filter=Name.DCTDecode, decode_parms=_only(picture.get("/DecodeParms")))


def _only(parameters: Any) -> Any:
    return parameters[0] if isinstance(parameters, Array) else parameters


def _jpeg_without_metadata(data: bytes) -> bytes:
    """The same coded picture without EXIF, XMP, comments, and whatever stands behind its end."""
    kept = [data[:2]]
    at = 2
    while (found := _MARKER.search(data, at)) and data[(at := found.start()) + 1] != _END:
        kind = data[at + 1]
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if kind == _SCAN:
            following = _MARKER.search(data, end)
            end = following.start() if following else len(data)
        if kind in _JPEG_KEPT or not (kind in _APPLICATION or kind == _COMMENT):
            kept.append(data[at:end])
        at = end
    return b"".join([*kept, b"\xff\xd9"])


def shown_size(page: Page) -> tuple[float, float]:
    """Width and height in points as the page is shown, turned. Raises ValueError where it cannot be shown."""
    left, bottom, right, top = (float(edge) for edge in page.cropbox)
    width, height = abs(right - left), abs(top - bottom)
    if not (0 < width <= _SIDE and 0 < height <= _SIDE):
        raise ValueError("a page of a size that cannot be shown")
    turned = int(page.obj.get("/Rotate", 0)) % 180 == 90  # noqa: PLR2004  # degrees
    return (height, width) if turned else (width, height)


def _written(target: Pdf) -> bytes:
    result = BytesIO()
    target.save(
        result,
        deterministic_id=True,
        fix_metadata_version=False,
        object_stream_mode=ObjectStreamMode.generate,
        stream_decode_level=StreamDecodeLevel.none,
    )
    return result.getvalue()


def draw(content: bytes, *, longest: int) -> Answer:
    """A JPEG of the first page, ``longest`` pixels on its longer side."""
    with pypdfium2.PdfDocument(content) as document:
        page = document[0]
        picture = page.render(scale=longest / max(page.get_size())).to_pil()
    result = BytesIO()
    picture.convert("RGB").save(result, "JPEG", quality=_QUALITY)
    return {}, result.getvalue()


if __name__ == "__main__":
    serve({"clean": clean, "draw": draw})
