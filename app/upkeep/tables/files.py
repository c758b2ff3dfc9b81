"""Opening a file of tables without trusting it: what it is, how large it becomes, which sheets it holds."""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from app.kit import texts
from app.upkeep.tables.cells import Cell
from app.upkeep.tables.layout import SHEETS, Sheet
from app.upkeep.tables.problems import TablesError

PART = 10_000_000
"""Rows of the first part of a sheet lie below this place, those of its second part below twice this, and so on."""

WIDEST = 64
"""Columns of a sheet that are looked at; what stands further right is in no column of ours."""

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP = b"PK\x03\x04"
_CHUNK = 65_536
_READINGS = 3  # a CSV file is read once for each encoding it may be in, then for its rows
_ENCRYPTED, _UTF8 = 0x1, 0x800
# What the standard library raises on archives that are cut off, damaged or made to confuse.
_BROKEN = (BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read: bytes of the file, bytes it inflates to, files in it, rows of a sheet."""

    file_bytes: int = 1 << 30
    inflated_bytes: int = 8 << 30
    members: int = 1_000
    rows: int = 5_000_000


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet as it lies in a file. ``part`` counts from 0 where a sheet goes on in another one.

    ``rows`` reads it: the number of each row that holds something, and its cells, at most ``WIDEST`` and one more that
    says whether anything stands further right.
    """

    sheet: Sheet
    title: str
    part: int
    rows: Callable[[], Iterator[tuple[int, list[Cell]]]]


class Meter:
    """Counts what was inflated, tells it, and stops what grows beyond the limit, whatever the file says of itself."""

    def __init__(self, limits: Limits, tell: Callable[[int], None]) -> None:
        self.limits, self._tell, self._seen = limits, tell, 0

    def count(self, size: int) -> None:
        """Take bytes down. Raises TablesError beyond the limit."""
        self._seen += size
        self._tell(self._seen)
        if self._seen > _READINGS * self.limits.inflated_bytes:
            raise TablesError("file_too_large")


@contextmanager
def open_archive(path: Path, limits: Limits) -> Iterator[ZipFile]:
    """The ZIP archive that a workbook or a set of CSV files is. Raises TablesError on everything else."""
    with path.open("rb") as file:
        head = file.read(8)
        if head == _OLE:
            raise TablesError("file_old_or_encrypted")
        if not head.startswith(_ZIP):
            raise TablesError("file_not_recognised")
        if path.stat().st_size > limits.file_bytes:
            raise TablesError("file_too_large")
        with _archive(file) as archive:
            _inspect(archive.infolist(), limits)
            yield archive


def _archive(file: object) -> ZipFile:
    try:
        return ZipFile(file)  # type: ignore[call-overload, no-any-return]  # any opened file
    except _BROKEN as error:
        raise TablesError("file_broken") from error


def _inspect(members: list[ZipInfo], limits: Limits) -> None:
    if any(member.flag_bits & _ENCRYPTED for member in members):
        raise TablesError("file_old_or_encrypted")
    if len(members) > limits.members or sum(member.file_size for member in members) > limits.inflated_bytes:
        raise TablesError("file_too_large")
    names = [member.filename for member in members]
    if len(set(names)) < len(names) or any(m.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for m in members):
        raise TablesError("file_broken")


def chunks(archive: ZipFile, member: ZipInfo, meter: Meter, title: str) -> Iterator[bytes]:
    """A member's bytes, a piece at a time. Raises TablesError where it is damaged or too large."""
    try:
        with archive.open(member) as file:
            while piece := file.read(_CHUNK):
                meter.count(len(piece))
                yield piece
    except _BROKEN as error:
        raise TablesError("file_broken", title) from error


def file_chunks(path: Path, meter: Meter) -> Iterator[bytes]:
    """The bytes of a file that is no archive, a piece at a time. Raises TablesError where it is too large."""
    if path.stat().st_size > meter.limits.file_bytes:
        raise TablesError("file_too_large")
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            meter.count(len(piece))
            yield piece


def file_name(member: ZipInfo) -> str:
    """A member's name without folders. Windows in Chinese writes names in GBK without saying so."""
    name = member.filename
    if not member.flag_bits & _UTF8 and not name.isascii():
        try:
            name = name.encode("cp437").decode("gb18030")
        except UnicodeError:
            return ""
    return PurePosixPath(name.replace("\\", "/")).name


def sheet_named(title: str) -> tuple[Sheet, int] | None:
    """The sheet that a title means, and which part of it; None for the notes, which nobody reads.

    Raises TablesError on a title that is none of ours.
    """
    if title == texts.text("table_sheets", "notes"):
        return None
    base, _, number = title.partition("_")
    for sheet in SHEETS:
        if sheet.title == title:
            return sheet, 0
        if sheet.title == base and re.fullmatch(r"[2-9]|[1-9][0-9]", number):
            return sheet, int(number) - 1
    raise TablesError("sheet_unknown", title)
