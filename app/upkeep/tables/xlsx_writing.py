"""Writing a workbook: openpyxl makes its shell, the rows are put into it as they were kept.

Text cells are inline strings in the text format, so that Excel neither runs nor changes what they hold, nor does it
when somebody edits them.
"""

import shutil
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO, Any
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from app.upkeep.tables.layout import SHEETS, Column, Sheet, words
from app.upkeep.tables.signs import escaped
from app.upkeep.tables.writing import cells_of, member

LAST_ROW = 1_048_576
"""Rows of a sheet, by Excel's own limit; after them it goes on in another one."""

_WIDTHS = {"text": 28, "list": 28, "json": 40, "code": 18, "conditions": 24}
_NARROW = 12
_END = b"</sheetData>"
_TOP = Alignment(wrap_text=True, vertical="top")
_LETTERS = [get_column_letter(number) for number in range(1, 65)]


class XlsxWriter:
    """A workbook with a sheet for each table, and more where one is full. ``last_row`` is Excel's own but in tests."""

    def __init__(self, last_row: int = LAST_ROW) -> None:
        self._last_row = last_row
        self._book = Workbook()
        self._book.remove(self._book.worksheets[0])
        self._parts = {sheet.name: [_Part(self._book, sheet, sheet.title)] for sheet in SHEETS}

    def add(self, sheet: Sheet, values: list[Any]) -> None:
        """Take a row. Raises TablesError where a cell would be too long."""
        parts = self._parts[sheet.name]
        if parts[-1].row == self._last_row:
            parts.append(_Part(self._book, sheet, f"{sheet.title}_{len(parts) + 1}"))
        parts[-1].add(values)

    def save(self, file: IO[bytes]) -> None:
        """Write the whole file."""
        shell = BytesIO()
        self._book.save(shell)
        parts = {one.title: part for part, one in zip(self._all_parts(), self._book.worksheets, strict=True)}
        names = {f"xl/worksheets/sheet{number}.xml": one.title for number, one in enumerate(self._book.worksheets, 1)}
        with ZipFile(shell) as before, ZipFile(file, "w", ZIP_DEFLATED) as after:
            for name in before.namelist():
                if name in names:
                    parts[names[name]].put(before.read(name), name, after)
                else:
                    after.writestr(name, before.read(name))

    def close(self) -> None:
        """Let go of the rows."""
        for part in self._all_parts():
            part.rows.close()

    def _all_parts(self) -> "list[_Part]":
        every = [part for parts in self._parts.values() for part in parts]
        return sorted(every, key=lambda part: self._book.worksheets.index(part.shell))


class _Part:
    """One sheet of the workbook: its shell, and its rows as XML in a file beside memory."""

    def __init__(self, book: Workbook, sheet: Sheet, title: str) -> None:
        self.sheet, self.row = sheet, 1
        self.shell = book.create_sheet(title)
        _dress(self.shell, sheet)
        styled = WriteOnlyCell(self.shell)
        styled.number_format, styled.alignment = "@", _TOP
        self._style = styled.style_id
        self.rows = TemporaryFile()  # noqa: SIM115  # it is open as long as the part is

    def add(self, values: list[Any]) -> None:
        """Take a row."""
        self.row += 1
        cells = "".join(
            self._cell(place, cell)
            for place, cell in enumerate(cells_of(self.sheet, values, self.row))
            if cell not in (None, "")
        )
        self.rows.write(f'<row r="{self.row}">{cells}</row>'.encode())

    def _cell(self, place: int, cell: str | float | None) -> str:
        head = f'<c r="{_LETTERS[place]}{self.row}" s="{self._style}"'
        if isinstance(cell, str):
            return f'{head} t="inlineStr"><is><t xml:space="preserve">{escape(escaped(cell))}</t></is></c>'
        return f'<c r="{_LETTERS[place]}{self.row}"><v>{cell!r}</v></c>'

    def put(self, shell: bytes, name: str, archive: ZipFile) -> None:
        """Write the sheet with its rows into the workbook."""
        head, end, tail = shell.rpartition(_END)
        with member(archive, name, self.rows.tell()) as target:
            target.write(head)
            self.rows.seek(0)
            shutil.copyfileobj(self.rows, target)
            target.write(end + tail)


def _dress(shell: Worksheet, sheet: Sheet) -> None:
    shell.append(sheet.titles())
    shell.freeze_panes = "B2"
    for cell in shell[1]:
        cell.font = Font(bold=True)
    for letter, column in zip(_LETTERS, sheet.columns, strict=False):
        width = shell.column_dimensions[letter]
        width.width = _WIDTHS.get(column.kind, _NARROW)
        if column.kind not in ("integer", "decimal"):
            width.number_format = "@"
        if chosen := _choices(column):
            rule = DataValidation(type="list", formula1=f'"{",".join(chosen)}"', allow_blank=True)
            rule.add(f"{letter}2:{letter}{LAST_ROW}")
            shell.add_data_validation(rule)


def _choices(column: Column) -> list[str]:
    if column.kind == "flag":
        return list(words(("true", "false")).values())
    return list(words(column.choices).values()) if column.kind != "words" else []
