"""A file of licences, a workbook or one CSV file, as rows."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from app.kit import texts
from app.licences.imports.columns import Heads, read_heads
from app.licences.imports.row_reading import RowReader
from app.licences.imports.rows import ImportedLicence, Types
from app.upkeep.tables.cells import Cell
from app.upkeep.tables.csvs import csv_rows
from app.upkeep.tables.files import Limits, Meter, file_chunks, open_archive
from app.upkeep.tables.problems import TablesError
from app.upkeep.tables.xlsx import MARK, read_workbook

_ZIP, _OLE = b"PK", bytes.fromhex("d0cf11e0")
_CHUNK = 1 << 20

SheetRows = Callable[[], Iterator[tuple[int, list[Cell]]]]


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One row: where it stands, the licence that it is, and else what is wrong, as headings and codes.

    ``number`` counts the rows of the whole file from 1; ``row`` is the sheet's own number.
    """

    number: int
    sheet: str
    row: int
    licence: ImportedLicence | None
    problems: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class LicenceFile:
    """An open file, its headings found right. ``total`` is how many bytes reading it counts."""

    sheets: list[tuple[str, SheetRows, Heads]]
    total: int
    from_1904: bool
    limits: Limits

    def rows(self, types: Types, today: date, skipped: int = 0) -> Iterator[ReadRow]:
        """All rows but the first ``skipped``. Raises TablesError where the file cannot be read on."""
        number = 0
        for title, rows, heads in self.sheets:
            reader = RowReader(heads, types, today=today, from_1904=self.from_1904)
            read = rows()
            next(read, None)
            for count, (row, cells) in enumerate(read, 1):
                if count > self.limits.rows:
                    raise TablesError("rows_too_many", title, row, most=self.limits.rows)
                number += 1
                if number > skipped:
                    yield ReadRow(number, title, row, *reader.read(cells))


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


@contextmanager
def open_licences(
    path: Path, types: Types, tell: Callable[[int], None], limits: Limits | None = None
) -> Iterator[LicenceFile]:
    """Open a workbook or a CSV file of licences. ``tell`` hears how many bytes were read.

    Raises TablesError on what is neither, and where the headings of a sheet are wrong.
    """
    limits = limits or Limits()
    meter = Meter(limits, tell)
    with path.open("rb") as file:
        head = file.read(4)
    if not head.startswith((_ZIP, _OLE)):
        rows = partial(csv_rows, partial(file_chunks, path, meter), "")
        yield _opened([("", rows)], types, 2 * path.stat().st_size, limits, from_1904=False)
        return
    with open_archive(path, limits) as archive:
        if MARK not in archive.namelist():
            raise TablesError("file_not_workbook")
        book = read_workbook(archive, meter)
        notes = texts.text("table_sheets", "notes")
        sheets = [sheet for sheet in book.sheets if sheet.title != notes]
        total = book.strings_size + sum(sheet.size for sheet in sheets)
        named = [(sheet.title, sheet.rows) for sheet in sheets]
        yield _opened(named, types, total, limits, from_1904=book.from_1904)


def _opened(
    named: list[tuple[str, SheetRows]], types: Types, total: int, limits: Limits, *, from_1904: bool
) -> LicenceFile:
    sheets = []
    for title, rows in named:
        first = next(rows(), None)
        # Excel gives a workbook empty sheets that nobody asked for.
        if first is not None:
            heads = read_heads(title, *first, types.offered, named=types.chosen is not None)
            sheets.append((title, rows, heads))
    if not sheets:
        raise TablesError("file_empty")
    return LicenceFile(sheets, total, from_1904, limits)
