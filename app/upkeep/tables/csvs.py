"""Reading CSV files: UTF-8 with or without its mark, or GB18030, which Excel writes in China."""

import codecs
import csv
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from zipfile import ZipFile

from app.upkeep.tables.cells import Cell
from app.upkeep.tables.files import WIDEST, Meter, Table, chunks, file_name, sheet_named
from app.upkeep.tables.problems import TablesError
from app.upkeep.tables.signs import unguarded

_SUFFIX = ".csv"
_LONGEST_ROW = 1 << 20
_ENCODINGS = ("utf-8-sig", "gb18030")


def csv_tables(archive: ZipFile, meter: Meter) -> tuple[list[Table], int]:
    """The CSV files of an archive, and how many bytes reading them counts. Raises TablesError."""
    tables, total = [], 0
    for member in archive.infolist():
        name = file_name(member)
        # A Mac's archives have a shadow beside each file.
        if member.is_dir() or not name.lower().endswith(_SUFFIX) or name.startswith("._"):
            continue
        title = name[: -len(_SUFFIX)]
        if found := sheet_named(title):
            pieces = partial(chunks, archive, member, meter, title)
            tables.append(Table(found[0], title, found[1], partial(csv_rows, pieces, title)))
            total += 2 * member.file_size
    return tables, total


def csv_rows(pieces: Callable[[], Iterable[bytes]], title: str) -> Iterator[tuple[int, list[Cell]]]:
    """The rows of a CSV file, as ``Table.rows`` gives them. ``pieces`` reads it from its start, twice.

    Raises TablesError.
    """
    encoding = _encoding(pieces, title)
    lines = _Lines(_decoded(pieces(), encoding), title)
    try:
        for cells in csv.reader(lines, strict=True):
            lines.end_row()
            if any(cells):
                shown: list[Cell] = [unguarded(cell) for cell in cells[:WIDEST]]
                yield lines.rows, [*shown, *([""] * (WIDEST - len(shown))), "".join(cells[WIDEST:])]
    except csv.Error as error:
        raise TablesError("csv_broken", title, lines.rows + 1) from error


def _encoding(pieces: Callable[[], Iterable[bytes]], title: str) -> str:
    """The encoding in which a whole file makes sense; UTF-8 first, since nearly everything makes some in GB18030."""
    for name in _ENCODINGS:
        try:
            for _ in _decoded(pieces(), name):
                pass
        except UnicodeDecodeError:
            continue
        return name
    raise TablesError("csv_encoding", title)


def _decoded(pieces: Iterable[bytes], encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    for piece in pieces:
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


class _Lines:
    """Text cut into lines, with their ends, none of which outgrows memory, nor a row of several."""

    def __init__(self, pieces: Iterator[str], title: str) -> None:
        self._pieces, self._title = pieces, title
        self.rows = self._length = 0

    def end_row(self) -> None:
        """Take down that the lines so far have ended a row."""
        self.rows += 1
        self._length = 0

    def __iter__(self) -> Iterator[str]:
        rest = ""
        for piece in self._pieces:
            whole = rest + piece
            # A return at the end may be half of a line's end.
            *lines, rest = whole.split("\n")
            for line in lines:
                yield self._counted(f"{line}\n")
            self._limit(len(rest))
        if rest:
            yield self._counted(rest)

    def _counted(self, line: str) -> str:
        self._length += len(line)
        self._limit(0)
        return line

    def _limit(self, more: int) -> None:
        if self._length + more > _LONGEST_ROW:
            raise TablesError("csv_broken", self._title, self.rows + 1)
