"""Text in cells, so that a spreadsheet neither runs nor changes it.

In a workbook a text cell is text. What XML cannot hold is written as ``_xHHHH_`` (ECMA-376 part 1, 22.9.2.19). A CSV
file has no types: Excel runs what begins with ``= + - @`` and turns what looks like a number or a day into one. Such
text gets an apostrophe before it, and loses it when it is read (OWASP, "CSV Injection").
"""

import csv
import re
from collections.abc import Iterable
from typing import Any, TextIO

_ACTIVE = "=+-@＝＋－＠\t\r\n'"  # the wide ones act in East Asian editions
_NUMERIC = re.compile(r"[0-9.,:/%eE+\- ()年月日时分秒上下午]+|true|false", re.IGNORECASE)
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def guarded(text: str) -> str:
    """Text as it goes into a CSV cell."""
    return f"'{text}" if text and _needs_guard(text) else text


def unguarded(text: str) -> str:
    """Text as it was before ``guarded``; an apostrophe that guards nothing stays."""
    return text[1:] if text[:1] == "'" and len(text) > 1 and _needs_guard(text[1:]) else text


def _needs_guard(text: str) -> bool:
    return text[0] in _ACTIVE or _NUMERIC.fullmatch(text) is not None


def escaped(text: str) -> str:
    """Text as a workbook holds it, before XML's own escapes."""
    return _UNFIT.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def unescaped(text: str) -> str:
    """Text as it was before ``escaped``."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


class GuardedWriter:
    """A CSV writer that guards every text."""

    def __init__(self, file: TextIO) -> None:
        self._writer = csv.writer(file)

    def writerow(self, cells: Iterable[Any]) -> None:
        """Write a row; numbers go as they are, None as nothing."""
        self._writer.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in cells])
