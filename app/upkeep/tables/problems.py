"""What is wrong with tables, told by sheet, row and column."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.kit import texts
from app.upkeep.tables.signs import GuardedWriter

SHOWN = 50
"""Problems that are kept to be shown; a report holds all."""

_EXCERPT = 40


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right. ``sheet`` and ``column`` are titles; a ``row`` of 0 means the whole sheet or file."""

    sheet: str
    row: int
    column: str
    code: str
    message: str


class CellError(Exception):
    """A cell does not hold what its column asks for."""

    def __init__(self, code: str, **context: Any) -> None:
        super().__init__(code)
        self.code, self.context = code, context


class TablesError(Exception):
    """A file that cannot be read on, or not be written, as a whole or from some sheet or row."""

    def __init__(self, code: str, sheet: str = "", row: int = 0, column: str = "", **context: Any) -> None:
        super().__init__(code)
        self.problem = problem(code, sheet, row, column, **context)


def problem(code: str, sheet: str = "", row: int = 0, column: str = "", **context: Any) -> Problem:
    """A problem with its Chinese sentence from ``table_problems``."""
    return Problem(sheet, row, column, code, texts.text("table_problems", code, **context))


def excerpt(value: str) -> str:
    """A value as a message may repeat it: at most 40 characters."""
    shown = value if len(value) <= _EXCERPT else f"{value[: _EXCERPT - 1]}…"
    return "".join(sign if sign.isprintable() else "�" for sign in shown)


@dataclass(slots=True)
class Problems:
    """Problems as they are found: all are counted and go into the report, the first ones are kept."""

    first: list[Problem] = field(default_factory=list)
    count: int = 0
    report: GuardedWriter | None = None

    def add(self, one: Problem) -> None:
        """Take a problem down."""
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append(one)
        if self.report is not None:
            self.report.writerow([one.sheet, one.row or "", one.column, one.code, one.message])


@contextmanager
def reported(path: Path | None) -> Iterator[Problems]:
    """Problems that are also written into a CSV file, where one is asked for."""
    if path is None:
        yield Problems()
        return
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = GuardedWriter(file)
        writer.writerow(texts.text("table_problems", "report_head").split())
        yield Problems(report=writer)
