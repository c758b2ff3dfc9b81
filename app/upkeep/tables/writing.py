"""Writing tables. Rows are kept in files beside memory, sheet by sheet, until the whole file is put together."""

import shutil
from io import TextIOWrapper
from tempfile import TemporaryFile
from typing import IO, Any, Protocol
from zipfile import ZIP_DEFLATED, ZipFile

from app.upkeep.tables.cells import LONGEST, length, written
from app.upkeep.tables.layout import SHEETS, Sheet
from app.upkeep.tables.problems import TablesError
from app.upkeep.tables.signs import GuardedWriter

_LARGE = 1 << 30


class Writer(Protocol):
    """Takes rows and puts them into a file."""

    def add(self, sheet: Sheet, values: list[Any]) -> None:
        """Take a row. Raises TablesError where a cell would be too long."""
        ...

    def save(self, file: IO[bytes]) -> None:
        """Write the whole file."""
        ...

    def close(self) -> None:
        """Let go of the rows."""
        ...


def cells_of(sheet: Sheet, values: list[Any], row: int) -> list[str | int | float | None]:
    """What goes into the cells of a row. Raises TablesError where a cell would be too long."""
    cells = [written(column, value) for column, value in zip(sheet.columns, values, strict=True)]
    for column, cell in zip(sheet.columns, cells, strict=True):
        if isinstance(cell, str) and len(cell) > LONGEST // 2 and length(cell) > LONGEST:
            raise TablesError("cell_too_long", sheet.title, row, sheet.heading(column.name), longest=LONGEST)
    return cells


class CsvWriter:
    """A ZIP of CSV files in UTF-8 with its mark, without which Excel takes them for something else."""

    def __init__(self) -> None:
        self._files = {sheet.name: TemporaryFile() for sheet in SHEETS}  # noqa: SIM115  # open as long as this is
        self._texts = {name: TextIOWrapper(file, "utf-8-sig", newline="") for name, file in self._files.items()}
        self._writers = {name: GuardedWriter(text) for name, text in self._texts.items()}
        self._rows = dict.fromkeys(self._files, 1)
        for sheet in SHEETS:
            self._writers[sheet.name].writerow(sheet.titles())

    def add(self, sheet: Sheet, values: list[Any]) -> None:
        """Take a row. Raises TablesError where a cell would be too long."""
        self._rows[sheet.name] += 1
        self._writers[sheet.name].writerow(cells_of(sheet, values, self._rows[sheet.name]))

    def save(self, file: IO[bytes]) -> None:
        """Write the whole file."""
        with ZipFile(file, "w", ZIP_DEFLATED) as archive:
            for sheet in SHEETS:
                self._texts[sheet.name].flush()
                rows = self._files[sheet.name]
                with member(archive, f"{sheet.title}.csv", rows.tell()) as target:
                    rows.seek(0)
                    shutil.copyfileobj(rows, target)

    def close(self) -> None:
        """Let go of the rows."""
        for text in self._texts.values():
            text.close()


def member(archive: ZipFile, name: str, size: int) -> IO[bytes]:
    """A member of an archive to be written, of about so many bytes."""
    return archive.open(name, "w", force_zip64=size > _LARGE)
