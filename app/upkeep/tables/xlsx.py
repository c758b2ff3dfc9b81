"""Reading a workbook (ECMA-376) row by row in flat memory.

The reader of openpyxl keeps an element for every row and all shared strings, fills rows up to the size that the file
claims, and does not undo ``_xHHHH_``; so expat itself reads here. A document type is refused, and with it every entity.
"""

import mmap
import posixpath
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from tempfile import TemporaryFile
from xml.parsers import expat
from zipfile import ZipFile

from app.upkeep.tables.cells import LONGEST, Cell, Odd
from app.upkeep.tables.files import WIDEST, Meter, Table, chunks, sheet_named
from app.upkeep.tables.problems import TablesError
from app.upkeep.tables.signs import unescaped

MARK = "[Content_Types].xml"
"""The part that every workbook has."""

_LONGEST_TOKEN = 1 << 20
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
_LONGEST_TEXT = 7 * LONGEST
_PLACES = {chr(ord("A") + place): place + 1 for place in range(26)}


class _Parts:
    """The parts of a workbook by their names."""

    def __init__(self, archive: ZipFile, meter: Meter) -> None:
        self._archive, self._meter = archive, meter
        self._members = {member.filename.lower(): member for member in archive.infolist()}

    def size(self, name: str) -> int:
        member = self._members.get(name.lower())
        if member is None:
            raise TablesError("file_broken")
        return member.file_size

    def read(self, name: str, title: str = "") -> Iterator[bytes]:
        self.size(name)
        return chunks(self._archive, self._members[name.lower()], self._meter, title)

    def related(self, name: str) -> dict[str, tuple[str, str]]:
        """The kind and the name of each part that a part refers to, by the reference's id."""
        folder, file = posixpath.split(name)
        found: dict[str, tuple[str, str]] = {}

        def start(tag: str, attributes: Mapping[str, str]) -> None:
            if tag == "Relationship" and attributes.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
                found[attributes.get("Id", "")] = (posixpath.basename(attributes.get("Type", "")), target.lstrip("/"))

        for _ in _parse(self.read(posixpath.join(folder, "_rels", f"{file}.rels")), start):
            pass
        return found


def xlsx_tables(archive: ZipFile, meter: Meter) -> tuple[list[Table], int]:
    """The sheets of a workbook, and how many bytes reading them counts. Raises TablesError."""
    if any(member.filename.lower().startswith("xl/externallinks/") for member in archive.infolist()):
        raise TablesError("external_links")
    parts = _Parts(archive, meter)
    workbook = next((name for kind, name in parts.related("").values() if kind == "officeDocument"), "")
    if not workbook.lower().startswith("xl/"):
        raise TablesError("file_not_recognised")
    related = parts.related(workbook)
    strings = Strings(next((name for kind, name in related.values() if kind == "sharedStrings"), ""), parts)
    tables, total = [], strings.size
    for title, reference in _sheets(parts, workbook):
        if (found := sheet_named(title)) and reference in related:
            name = related[reference][1]
            tables.append(Table(found[0], title, found[1], partial(_rows, parts, name, title, strings)))
            total += parts.size(name)
    return tables, total


def _sheets(parts: _Parts, workbook: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "sheet":
            reference = next((value for name, value in attributes.items() if name.endswith(":id")), "")
            found.append((attributes.get("name", "").strip(), reference))

    for _ in _parse(parts.read(workbook), start):
        pass
    return found


def _nothing(*_: object) -> None:
    return None


def _refuse_doctype(*_: object) -> None:
    raise TablesError("file_broken")


def _parse(
    pieces: Iterable[bytes],
    start: Callable[[str, Mapping[str, str]], None],
    end: Callable[[str], None] = _nothing,
    data: Callable[[str], None] = _nothing,
    title: str = "",
) -> Iterator[None]:
    """Hand a part's elements, without their prefixes, to the functions; yields after each piece.

    Whether a part has a prefix is told by its root, since asking every element costs as much as reading it.
    """

    def first(name: str, attributes: Mapping[str, str]) -> None:
        if ":" in name:
            parser.StartElementHandler = lambda name, attributes: start(name[name.rfind(":") + 1 :], attributes)
            parser.EndElementHandler = lambda name: end(name[name.rfind(":") + 1 :])
        else:
            parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.StartElementHandler(name, attributes)

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = first
    parser.CharacterDataHandler = data
    fed = 0
    try:
        for piece in pieces:
            parser.Parse(piece, False)
            fed += len(piece)
            if fed - parser.CurrentByteIndex > _LONGEST_TOKEN:
                raise TablesError("file_broken", title)
            yield
        parser.Parse(b"", True)
        yield
    except expat.ExpatError as error:
        raise TablesError("file_broken", title) from error


class Strings:
    """The shared strings of a workbook, kept in a file beside memory. They are read when the first is asked for."""

    def __init__(self, name: str, parts: _Parts) -> None:
        self.size = parts.size(name) if name else 0
        self._name, self._parts = name, parts
        self._ends = array("Q", [0])
        self._text: mmap.mmap | bytes | None = None

    def __getitem__(self, number: int) -> str:
        """The string with this number. Raises IndexError where there is none."""
        if self._text is None:
            self._text = self._read()
        if not 0 <= number < len(self._ends) - 1:
            raise IndexError(number)
        return self._text[self._ends[number] : self._ends[number + 1]].decode("utf-8", "surrogatepass")

    def _read(self) -> mmap.mmap | bytes:
        if not self._name:
            return b""
        held, taking, ready = [""], [False, False], list[str]()

        def start(tag: str, attributes: Mapping[str, str]) -> None:
            del attributes
            taking[0] = tag == "t"
            taking[1] = taking[1] or tag == "rPh"

        def end(tag: str) -> None:
            taking[0] = False
            if tag == "rPh":
                taking[1] = False
            elif tag == "si":
                ready.append(unescaped(held[0]))
                held[0] = ""

        def data(text: str) -> None:
            # Phonetic hints (rPh) are no part of the text.
            if taking[0] and not taking[1] and len(held[0]) <= _LONGEST_TEXT:
                held[0] += text

        with TemporaryFile() as file:
            for _ in _parse(self._parts.read(self._name), start, end, data):
                for text in ready:
                    self._ends.append(self._ends[-1] + file.write(text.encode("utf-8", "surrogatepass")))
                ready.clear()
            file.flush()
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if self._ends[-1] else b""


def _rows(parts: _Parts, name: str, title: str, strings: Strings) -> Iterator[tuple[int, list[Cell]]]:
    sheet = _SheetReader(strings)
    try:
        for _ in _parse(parts.read(name, title), sheet.start, sheet.end, sheet.data, title):
            yield from sheet.ready
            sheet.ready.clear()
    except (ValueError, LookupError) as error:
        raise TablesError("file_broken", title, sheet.number) from error


class _SheetReader:
    """Collects the rows of a sheet's XML."""

    def __init__(self, strings: Strings) -> None:
        self.ready: list[tuple[int, list[Cell]]] = []
        self.number = 0
        self._strings = strings
        self._cells: list[Cell] = []
        self._place = 0
        self._kind, self._text, self._formula = "n", "", False
        self._taking = self._hint = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "c":
            self._place = _place(attributes["r"]) if "r" in attributes else self._place + 1
            self._kind, self._text, self._formula = attributes.get("t", "n"), "", False
        elif tag in ("v", "t"):
            self._taking = not self._hint
        elif tag == "row":
            self.number = int(attributes.get("r", self.number + 1))
            if not 0 < self.number <= _LAST_ROW:
                raise ValueError(self.number)
            self._cells, self._place = [""] * (WIDEST + 1), 0
        elif tag == "f":
            self._formula = True
        elif tag == "rPh":
            self._hint = True

    def data(self, text: str) -> None:
        if self._taking and len(self._text) <= _LONGEST_TEXT:
            self._text += text

    def end(self, tag: str) -> None:
        if tag in ("v", "t"):
            self._taking = False
        elif tag == "c":
            if self._text or self._formula:
                self._cells[min(self._place - 1, WIDEST)] = self._cell()
        elif tag == "row":
            if any(self._cells):
                self.ready.append((self.number, self._cells))
        elif tag == "rPh":
            self._hint = False

    def _cell(self) -> Cell:
        if self._formula:
            return Odd("formula", "")
        match self._kind:
            case "s":
                return self._strings[int(self._text)]
            case "inlineStr" | "str":
                return unescaped(self._text)
            case "b":
                return Odd("boolean", self._text)
            case "e":
                return Odd("error", self._text)
        return Odd("number", self._text)


def _place(reference: str) -> int:
    """The number of a cell's column, from 1; raises KeyError or ValueError where the reference names none."""
    place = 0
    for sign in reference.rstrip("0123456789"):
        place = place * 26 + _PLACES[sign]
    if not 0 < place <= _LAST_COLUMN:
        raise ValueError(reference)
    return place
