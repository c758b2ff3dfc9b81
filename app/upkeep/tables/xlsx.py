"""Reading a workbook (ECMA-376) row by row in flat memory.

The reader of openpyxl keeps an element for every row and all shared strings, fills rows up to the size that the file
claims, and does not undo ``_xHHHH_``; so expat itself reads here.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from zipfile import ZipFile

from app.upkeep.tables.cells import Cell, Odd
from app.upkeep.tables.files import WIDEST, Meter, Table, sheet_named
from app.upkeep.tables.problems import TablesError
from app.upkeep.tables.signs import unescaped
from app.upkeep.tables.xlsx_parts import Parts, parse
from app.upkeep.tables.xlsx_strings import LONGEST_TEXT, Strings

MARK = "[Content_Types].xml"
"""The part that every workbook has."""

_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
_PLACES = {chr(ord("A") + place): place + 1 for place in range(26)}


@dataclass(frozen=True, slots=True)
class WorkSheet:
    """A sheet of a workbook: its title, its bytes once inflated, and its rows, as ``Table.rows`` gives them."""

    title: str
    size: int
    rows: Callable[[], Iterator[tuple[int, list[Cell]]]]


@dataclass(frozen=True, slots=True)
class Workbook:
    """A workbook. ``strings_size`` is what reading its texts counts; days are counted from 1900 or ``from_1904``."""

    sheets: list[WorkSheet]
    strings_size: int
    from_1904: bool


def xlsx_tables(archive: ZipFile, meter: Meter) -> tuple[list[Table], int]:
    """The tables of a workbook, and how many bytes reading them counts. Raises TablesError."""
    book = read_workbook(archive, meter)
    tables, total = [], book.strings_size
    for sheet in book.sheets:
        if found := sheet_named(sheet.title):
            tables.append(Table(found[0], sheet.title, found[1], sheet.rows))
            total += sheet.size
    return tables, total


def read_workbook(archive: ZipFile, meter: Meter) -> Workbook:
    """The workbook that an archive is, its rows not read yet. Raises TablesError."""
    if any(member.filename.lower().startswith("xl/externallinks/") for member in archive.infolist()):
        raise TablesError("external_links")
    parts = Parts(archive, meter)
    workbook = next((name for kind, name in parts.related("").values() if kind == "officeDocument"), "")
    if not workbook.lower().startswith("xl/"):
        raise TablesError("file_not_recognised")
    related = parts.related(workbook)
    strings = Strings(next((name for kind, name in related.values() if kind == "sharedStrings"), ""), parts)
    found, from_1904 = _sheets(parts, workbook)
    sheets = []
    for title, reference in found:
        if reference in related:
            name = related[reference][1]
            sheets.append(WorkSheet(title, parts.size(name), partial(_rows, parts, name, title, strings)))
    return Workbook(sheets, strings.size, from_1904)


def _sheets(parts: Parts, workbook: str) -> tuple[list[tuple[str, str]], bool]:
    found: list[tuple[str, str]] = []
    from_1904 = [False]

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "sheet":
            reference = next((value for name, value in attributes.items() if name.endswith(":id")), "")
            found.append((attributes.get("name", "").strip(), reference))
        elif tag == "workbookPr":
            from_1904[0] = attributes.get("date1904", "0") in ("1", "true")

    for _ in parse(parts.read(workbook), start):
        pass
    return found, from_1904[0]


def _rows(parts: Parts, name: str, title: str, strings: Strings) -> Iterator[tuple[int, list[Cell]]]:
    sheet = _SheetReader(strings)
    try:
        for _ in parse(parts.read(name, title), sheet.start, sheet.end, sheet.data, title):
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
        if self._taking and len(self._text) <= LONGEST_TEXT:
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
