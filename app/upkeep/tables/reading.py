"""A file of tables as checked rows."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.upkeep.tables.cells import Cell, Odd, read_cell
from app.upkeep.tables.csvs import csv_tables
from app.upkeep.tables.files import PART, Limits, Meter, Table, open_archive
from app.upkeep.tables.layout import SHEETS, Column, numbers
from app.upkeep.tables.problems import CellError, Problems, TablesError, excerpt, problem
from app.upkeep.tables.xlsx import MARK, xlsx_tables

_ITEM_CODE = re.compile(r"[0-9A-Z]{18}[0-9]{13}")


@dataclass(frozen=True, slots=True)
class StagedRow:
    """A row whose item is known. ``values`` is None where a cell is wrong, which has been told."""

    item_code: str
    sheet: int
    place: int
    values: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Tables:
    """The sheets of an open file, and how many bytes reading all of them counts."""

    tables: list[Table]
    total: int
    limits: Limits

    def titles(self) -> dict[tuple[int, int], str]:
        """What each part of each sheet is called in the file."""
        return {(numbers()[table.sheet.name], table.part): table.title for table in self.tables}

    def rows(self, problems: Problems) -> Iterator[StagedRow]:
        """All rows; what is wrong with one is told. Raises TablesError where a file cannot be read on."""
        for table in self.tables:
            yield from _rows(table, problems, self.limits)


@contextmanager
def open_tables(path: Path, tell: Callable[[int], None], limits: Limits | None = None) -> Iterator[Tables]:
    """Open a workbook or a ZIP of CSV files. ``tell`` hears how many bytes were read. Raises TablesError."""
    limits = limits or Limits()
    with open_archive(path, limits) as archive:
        meter = Meter(limits, tell)
        tables, total = (xlsx_tables if MARK in archive.namelist() else csv_tables)(archive, meter)
        if not tables:
            raise TablesError("file_not_recognised")
        there = {table.sheet.name: table for table in tables if table.part == 0}
        for sheet in SHEETS:
            if sheet.name not in there:
                raise TablesError("sheet_missing", sheet.title)
        places = [(numbers()[table.sheet.name], table.part) for table in tables]
        for table, place in zip(tables, places, strict=True):
            if places.count(place) > 1:
                raise TablesError("sheet_twice", table.title)
        tables.sort(key=lambda table: (numbers()[table.sheet.name], table.part))
        yield Tables(tables, total, limits)


def place_of(part: int, row: int) -> int:
    """Where a row stands among all of its sheet."""
    return part * PART + row


def _rows(table: Table, problems: Problems, limits: Limits) -> Iterator[StagedRow]:
    rows = table.rows()
    number, head = next(rows, (1, list[Cell]()))
    columns = _columns(table, number, head)
    named = {place for place, _ in columns}
    width = max(named) + 1
    gaps = [place for place in range(width) if place not in named]
    sheet = numbers()[table.sheet.name]
    for count, (row, cells) in enumerate(rows, 1):
        if count > limits.rows:
            raise TablesError("rows_too_many", table.title, row, most=limits.rows)
        before = problems.count
        if any(cells[width:]) or any(cells[place] for place in gaps):
            problems.add(problem("column_untitled", table.title, row))
        values = _values(table, columns, row, cells, problems)
        if code := values.get("item_code"):
            yield StagedRow(code, sheet, place_of(table.part, row), values if problems.count == before else None)


def _columns(table: Table, row: int, head: list[Cell]) -> list[tuple[int, Column]]:
    """The columns and where each stands in a row. Raises TablesError where the headings are not ours."""
    titles = [cell.text if isinstance(cell, Odd) else cell.strip() for cell in head]
    named = dict(zip(table.sheet.titles(), table.sheet.columns, strict=True))
    for title in titles:
        if title and title not in named:
            raise TablesError("column_unknown", table.title, row, excerpt(title))
        if title and titles.count(title) > 1:
            raise TablesError("column_twice", table.title, row, title)
    for title in named:
        if title not in titles:
            raise TablesError("column_missing", table.title, row, title)
    return [(titles.index(title), column) for title, column in named.items()]


def _values(
    table: Table, columns: list[tuple[int, Column]], row: int, cells: list[Cell], problems: Problems
) -> dict[str, Any]:
    """What the cells of a row mean, without those that are wrong, which are told."""
    values: dict[str, Any] = {}
    for place, column in columns:
        try:
            value = read_cell(column, cells[place])
            if column.name == "item_code":
                _check_item_code(value)
            values[column.name] = value
        except CellError as error:
            heading = table.sheet.heading(column.name)
            problems.add(problem(error.code, table.title, row, heading, **error.context))
    return values


def _check_item_code(code: str) -> None:
    if not code:
        raise CellError("cell_empty")
    if not _ITEM_CODE.fullmatch(code):
        raise CellError("item_code_wrong", value=excerpt(code))
