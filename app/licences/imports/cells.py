"""What a cell of a table of licences means. No error repeats what stands in a cell: it may be somebody's."""

import re
from datetime import date, timedelta

from app.upkeep.tables.cells import Cell, Odd, require_fit
from app.upkeep.tables.problems import CellError

LONGEST_FIELD = 4_000
_APART = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T ]0?0:00(?::00(?:\.0+)?)?)?")
_TOGETHER = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SERIAL = re.compile(r"[1-9]\d{0,6}(?:\.0+)?")
_PLAIN = re.compile(r"-?\d{1,11}(?:\.\d{1,8})?")
_OUTSIDE = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
# Excel's first day is day 1 of 1900, a year that it takes for a leap year.
_DAY_0, _DAY_0_OF_1904 = date(1899, 12, 30), date(1904, 1, 1)
_EARLIEST = date(1900, 1, 1)


def read_text(cell: Cell, longest: int) -> str:
    """A cell's text without blanks around it. Raises CellError where it is none, or longer."""
    if isinstance(cell, Odd):
        raise CellError(f"cell_{cell.kind}" if cell.kind in ("formula", "error") else "cell_number")
    text = cell.strip()
    if len(text) > longest:
        raise CellError("text_too_long")
    require_fit(text)
    if _OUTSIDE.search(text):
        raise CellError("character_forbidden")
    return text


def read_day(cell: Cell, *, from_1904: bool) -> date | None:
    """The day that a cell means, as text or as the day of a spreadsheet; None for an empty one.

    Raises CellError, also for a day before 1900, which systems write for none.
    """
    if isinstance(cell, Odd):
        if cell.kind != "number":
            raise CellError(f"cell_{cell.kind}" if cell.kind != "boolean" else "day_wrong")
        cell = cell.text
        if _SERIAL.fullmatch(cell) and not _TOGETHER.fullmatch(cell):
            return _in_reach(_DAY_0_OF_1904 if from_1904 else _DAY_0, int(float(cell)))
    text = cell.strip()
    if not text:
        return None
    found = _APART.fullmatch(text) or _TOGETHER.fullmatch(text)
    if found is None:
        raise CellError("day_wrong")
    try:
        return _in_reach(date(*map(int, found.groups())))
    except ValueError as error:
        raise CellError("day_wrong") from error


def _in_reach(day: date, later: int = 0) -> date:
    """The day so many days later. Raises CellError where there is none, or it is too long ago."""
    try:
        reached = day + timedelta(days=later)
    except OverflowError as error:
        raise CellError("day_wrong") from error
    if reached < _EARLIEST:
        raise CellError("day_wrong")
    return reached


def read_field(title: str, cell: Cell, *, digits: bool, from_1904: bool) -> str:
    """The text of a type's own field. Numbers are taken where no digit can be lost, days where the title asks for one.

    ``digits`` says that it is the number of somebody or of a paper, which stands as text. Raises CellError.
    """
    if isinstance(cell, Odd) and cell.kind == "number" and not digits:
        if title.endswith("日期"):
            day = read_day(cell, from_1904=from_1904)
            return day.isoformat() if day else ""
        if _PLAIN.fullmatch(cell.text):
            return cell.text
    return read_text(cell, LONGEST_FIELD)
