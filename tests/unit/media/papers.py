"""PDFs that tests make: honest ones, and with what must not stay in them."""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import piexif
import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String
from PIL import Image

A4 = (595, 842)
Change = Callable[[Pdf], None]


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """A picture as a file."""
    result = BytesIO()
    image.save(result, kind, **options)
    return result.getvalue()


def photo_with_position(maker: str = "SecretPhone") -> bytes:
    """A JPEG of 40 x 30 pixels, all red, that says where it was taken and with what."""
    gps = {piexif.GPSIFD.GPSLatitudeRef: b"N", piexif.GPSIFD.GPSLatitude: ((46, 1), (48, 1), (0, 1))}
    exif = piexif.dump({"0th": {piexif.ImageIFD.Make: maker.encode()}, "GPS": gps})
    return encoded(Image.new("RGB", (40, 30), "red"), "JPEG", exif=exif, comment=maker.encode())


def picture_of(pdf: Pdf, jpeg: bytes, size: tuple[int, int] = (40, 30)) -> Stream:
    """A JPEG as what a page can draw."""
    return pdf.make_stream(
        jpeg,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=size[0],
        Height=size[1],
        ColorSpace=Name.DeviceRGB,
        BitsPerComponent=8,
        Filter=Name.DCTDecode,
    )


def paper(*changes: Change, pages: int = 1, size: Sequence[float] = A4, **saved: Any) -> bytes:
    """A PDF whose pages each say their number in Helvetica, after ``changes`` were made to it."""
    with Pdf.new() as pdf:
        for number in range(1, pages + 1):
            pdf.add_blank_page()
            page = pdf.pages[-1]
            page.obj.MediaBox = Array([0, 0, *size])
            face = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
            page.obj.Resources = Dictionary(Font=Dictionary(F=face))
            page.obj.Contents = pdf.make_stream(b"BT /F 40 Tf 60 400 Td (page %d) Tj ET" % number)
        for change in changes:
            change(pdf)
        result = BytesIO()
        pdf.save(result, **saved)
    return result.getvalue()


def with_script(pdf: Pdf) -> None:
    """Scripts and actions at every place that runs by itself."""
    script = Dictionary(S=Name.JavaScript, JS=String("app.alert('secret-script')"))
    launch = Dictionary(S=Name.Launch, F=String("secret-program.exe"))
    pdf.Root.OpenAction = script
    pdf.Root.AA = Dictionary(WC=script)
    pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array([String("x"), script])))
    pdf.pages[0].obj.AA = Dictionary(O=Dictionary(S=Name.URI, URI=String("https://secret-address.example")))
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 99, 99]), A=launch)
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(link)])


def with_attachment(pdf: Pdf) -> None:
    """An attached file, named by the document and by a mark on the page."""
    pdf.attachments["secret-name.txt"] = b"secret-content"
    mark = Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=Array([0, 0, 20, 20]))
    mark.FS = pdf.attachments["secret-name.txt"].obj
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(mark)])


def with_metadata(pdf: Pdf) -> None:
    """Info, XMP, and data of programs."""
    pdf.docinfo["/Author"] = "secret-author"
    with pdf.open_metadata() as metadata:
        metadata["dc:creator"] = ["secret-creator"]
    pdf.pages[0].obj.PieceInfo = Dictionary(Word=Dictionary(Private=String("secret-draft")))
    pdf.pages[0].obj.Metadata = pdf.make_stream(b"<x>secret-page</x>")


def with_photo(pdf: Pdf) -> None:
    """A photograph that fills the page and says where it was taken."""
    picture = picture_of(pdf, photo_with_position("secret-phone") + b"secret-tail")
    picture.Metadata = pdf.make_stream(b"<x>secret-picture</x>")
    pdf.pages[0].obj.Resources.XObject = Dictionary(I=picture)
    pdf.pages[0].obj.Contents = pdf.make_stream(b"q 595 0 0 842 0 0 cm /I Do Q")


def with_form(pdf: Pdf) -> None:
    """A field that was filled in: a black box drawn where its letters would be, and a script that watches it."""
    drawn = pdf.make_stream(b"0 0 100 100 re f", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 100, 100]))
    field = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String("name"), V=String("secret-value"))
    field.Rect, field.F, field.AP = Array([100, 600, 200, 700]), 4, Dictionary(N=drawn)
    field.AA = Dictionary(K=Dictionary(S=Name.JavaScript, JS=String("secret-script")))
    field = pdf.make_indirect(field)
    pdf.pages[0].obj.Annots = Array([field])
    pdf.Root.AcroForm = Dictionary(Fields=Array([field]))


def opened(data: bytes) -> Pdf:
    """A PDF to look into."""
    return pikepdf.open(BytesIO(data))


def unpacked(data: bytes) -> bytes:
    """Everything a PDF holds, in the clear."""
    with opened(data) as pdf:
        result = BytesIO()
        pdf.save(result, qdf=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
        return result.getvalue()
