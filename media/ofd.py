"""A printable document as OFD (GB/T 33190-2016): a ZIP of XML, with the fonts of its text and its pictures inside.

Coordinates are millimetres from the upper left corner, as the layout has them. Only what the layout needs is written:
text with the advance of each character, paths and pictures.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from itertools import count
from xml.etree import ElementTree as ET
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from media.paper_layout import (
    HAIRLINE,
    HEIGHT,
    INK,
    LEFT,
    RIGHT,
    SHADE,
    WIDTH,
    Box,
    Colour,
    Document,
    Mark,
    Picture,
    Rule,
    Text,
    characters_of,
    laid_out,
)
from media.typeset import UNITS_PER_EM, clean, length

_SPACE = "http://www.ofdspec.org/2016"
_HAIRLINE_WIDTH = 0.2

# What XML 1.0 has no place for, though Unicode does.
_NOT_IN_XML = dict.fromkeys((0xFFFE, 0xFFFF), "\ufffd")


@dataclass
class _Package:
    """The parts of a document as they are gathered; ``ids`` number what others refer to, in all of it."""

    ids: Iterator[int] = field(default_factory=lambda: count(1))
    fonts: dict[int, int] = field(default_factory=dict)
    pictures: dict[bytes, int] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def add_fonts(self, characters: dict[int, set[str]]) -> None:
        from media.fonts import document_font  # fontTools takes 10 MB, for what few processes ever draw

        listed = _element("Res", BaseLoc="Res")
        fonts = ET.SubElement(listed, _tag("Fonts"))
        for weight, used in sorted(characters.items()):
            self.fonts[weight] = next(self.ids)
            name = f"NotoSansCJKsc-{weight}"
            file = f"{name}.ttf"
            face = _element("Font", fonts, ID=self.fonts[weight], FontName=name, FamilyName="Noto Sans CJK SC")
            _element("FontFile", face).text = file
            self.files[f"Doc_0/Res/{file}"] = document_font(weight, used)
        self.files["Doc_0/PublicRes.xml"] = _written(listed)

    def add_pictures(self, marks: Iterable[Mark]) -> None:
        listed = _element("Res", BaseLoc="Res")
        media = ET.SubElement(listed, _tag("MultiMedias"))
        for png in dict.fromkeys(mark.png for mark in marks if isinstance(mark, Picture)):
            self.pictures[png] = next(self.ids)
            file = f"image_{self.pictures[png]}.png"
            entry = _element("MultiMedia", media, ID=self.pictures[png], Type="Image", Format="PNG")
            _element("MediaFile", entry).text = file
            self.files[f"Doc_0/Res/{file}"] = png
        self.files["Doc_0/DocumentRes.xml"] = _written(listed)

    def add_page(self, path: str, marks: list[Mark]) -> None:
        page = _element("Page")
        layer = _element("Layer", _element("Content", page), ID=next(self.ids), Type="Body")
        for mark in marks:
            match mark:
                case Text():
                    self._add_text(layer, mark)
                case Box():
                    self._add_box(layer, mark)
                case Rule():
                    self._add_rule(layer, mark)
                case Picture():
                    self._add_picture(layer, mark)
        self.files[path] = _written(page)

    def _add_text(self, layer: ET.Element, mark: Text) -> None:
        if not mark.text:
            return
        text, em = mark.text.translate(_NOT_IN_XML), mark.type.em
        advances = [length(character, mark.type.weight, UNITS_PER_EM) * em / UNITS_PER_EM for character in mark.text]
        font, where = self.fonts[mark.type.weight], _numbers(mark.x, mark.top, sum(advances), mark.type.line)
        object_ = _element("TextObject", layer, ID=next(self.ids), Boundary=where, Font=font, Size=_numbers(em))
        _element("FillColor", object_, Value=_colour(mark.type.colour))
        steps = {"DeltaX": _numbers(*advances[:-1])} if len(text) > 1 else {}
        code = _element("TextCode", object_, X="0", Y=_numbers(mark.base - mark.top), **steps)
        code.text = text

    def _add_box(self, layer: ET.Element, mark: Box) -> None:
        where, fill = _numbers(mark.x, mark.top, mark.width, mark.height), str(mark.shaded).lower()
        width = _numbers(_HAIRLINE_WIDTH)
        object_ = _element("PathObject", layer, ID=next(self.ids), Boundary=where, LineWidth=width, Fill=fill)
        _element("StrokeColor", object_, Value=_colour(HAIRLINE))
        if mark.shaded:
            _element("FillColor", object_, Value=_colour(SHADE))
        right, bottom = _numbers(mark.width), _numbers(mark.height)
        outline = f"M 0 0 L {right} 0 L {right} {bottom} L 0 {bottom} C"
        _element("AbbreviatedData", object_).text = outline

    def _add_rule(self, layer: ET.Element, mark: Rule) -> None:
        where = _numbers(LEFT, mark.y - mark.thickness / 2, RIGHT - LEFT, mark.thickness)
        middle, width = _numbers(mark.thickness / 2), _numbers(mark.thickness)
        object_ = _element("PathObject", layer, ID=next(self.ids), Boundary=where, LineWidth=width)
        _element("StrokeColor", object_, Value=_colour(INK))
        _element("AbbreviatedData", object_).text = f"M 0 {middle} L {_numbers(RIGHT - LEFT)} {middle}"

    def _add_picture(self, layer: ET.Element, mark: Picture) -> None:
        where = _numbers(mark.x, mark.top, mark.width, mark.height)
        # A picture is a unit square; the matrix makes it as large as its boundary.
        matrix = _numbers(mark.width, 0, 0, mark.height, 0, 0)
        resource = self.pictures[mark.png]
        _element("ImageObject", layer, ID=next(self.ids), Boundary=where, CTM=matrix, ResourceID=resource)


def render_ofd(document: Document) -> bytes:
    """The OFD of a document; the same document gives the same bytes with the same libraries.

    Draws on the calling thread. Raises ``QrTooLongError``, and ``ValueError`` for a text no symbol is made of.
    """
    pages = laid_out(document)
    package = _Package()
    package.add_fonts(characters_of(pages))
    package.add_pictures(mark for marks in pages for mark in marks)
    listed = _element("Pages")
    for number, marks in enumerate(pages):
        place = f"Pages/Page_{number}/Content.xml"
        _element("Page", listed, ID=next(package.ids), BaseLoc=place)
        package.add_page(f"Doc_0/{place}", marks)
    package.files["Doc_0/Document.xml"] = _written(_root(next(package.ids), listed))
    package.files["OFD.xml"] = _written(_entry(document, package.files))
    return _zipped(package.files)


def _root(highest: int, pages: ET.Element) -> ET.Element:
    root = _element("Document")
    common = _element("CommonData", root)
    _element("MaxUnitID", common).text = str(highest)
    _element("PhysicalBox", _element("PageArea", common)).text = _numbers(0, 0, WIDTH, HEIGHT)
    _element("PublicRes", common).text = "PublicRes.xml"
    _element("DocumentRes", common).text = "DocumentRes.xml"
    root.append(pages)
    return root


def _entry(document: Document, files: dict[str, bytes]) -> ET.Element:
    """What names the document and leads to it; its id is made from what is in it."""
    said: dict[str, str] = {
        "DocID": hashlib.sha256(b"".join(content for _, content in sorted(files.items()))).hexdigest()[:32],
        "Title": document.title,
        "Author": document.author,
        "Subject": document.number,
        "CreationDate": date.isoformat(document.made_at.date()),
        "Creator": "jiaban",
    }
    root = _element("OFD", DocType="OFD", Version="1.0")
    body = _element("DocBody", root)
    info = _element("DocInfo", body)
    for name, text in said.items():
        _element(name, info).text = clean(text).translate(_NOT_IN_XML)
    _element("DocRoot", body).text = "Doc_0/Document.xml"
    return root


def _tag(name: str) -> str:
    return f"{{{_SPACE}}}{name}"


def _element(name: str, parent: ET.Element | None = None, **attributes: object) -> ET.Element:
    said = {key: str(value) for key, value in attributes.items()}
    return ET.Element(_tag(name), said) if parent is None else ET.SubElement(parent, _tag(name), said)


def _numbers(*values: float) -> str:
    return " ".join(f"{value:.3f}".rstrip("0").rstrip(".") for value in values)


def _colour(colour: Colour) -> str:
    return " ".join(str(share) for share in colour)


def _written(root: ET.Element) -> bytes:
    ET.register_namespace("ofd", _SPACE)
    written: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def _zipped(files: dict[str, bytes]) -> bytes:
    """A ZIP without times; what leads to the rest comes first."""
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as package:
        for path in sorted(files, key=lambda path: (path != "OFD.xml", path)):
            package.writestr(ZipInfo(path), files[path], ZIP_DEFLATED)
    return out.getvalue()
