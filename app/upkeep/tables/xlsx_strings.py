"""The shared strings of a workbook."""

import mmap
from array import array
from collections.abc import Mapping
from tempfile import TemporaryFile

from app.upkeep.tables.cells import LONGEST
from app.upkeep.tables.signs import unescaped
from app.upkeep.tables.xlsx_parts import Parts, parse

LONGEST_TEXT = 7 * LONGEST
"""Letters of a cell that are kept: each may be written as ``_xHHHH_``."""


class Strings:
    """The shared strings of a workbook, kept in a file beside memory. They are read when the first is asked for."""

    def __init__(self, name: str, parts: Parts) -> None:
        self.size = parts.size(name) if name else 0
        self._name, self._parts = name, parts
        self._ends = array("Q", [0])
        self._text: mmap.mmap | bytes | None = None

    def __getitem__(self, number: int) -> str:
        """The string with this number. Raises IndexError where there is none."""
        if self._text is None:
            self._text = self._read()
        if not 0 <= number < len(self._ends) - 1:
            raise IndexError(number)
        return self._text[self._ends[number] : self._ends[number + 1]].decode("utf-8", "surrogatepass")

    def _read(self) -> mmap.mmap | bytes:
        if not self._name:
            return b""
        held, taking, ready = [""], [False, False], list[str]()

        def start(tag: str, attributes: Mapping[str, str]) -> None:
            del attributes
            taking[0] = tag == "t"
            taking[1] = taking[1] or tag == "rPh"

        def end(tag: str) -> None:
            taking[0] = False
            if tag == "rPh":
                taking[1] = False
            elif tag == "si":
                ready.append(unescaped(held[0]))
                held[0] = ""

        def data(text: str) -> None:
            # Phonetic hints (rPh) are no part of the text.
            if taking[0] and not taking[1] and len(held[0]) <= LONGEST_TEXT:
                held[0] += text

        with TemporaryFile() as file:
            for _ in parse(self._parts.read(self._name), start, end, data):
                for text in ready:
                    self._ends.append(self._ends[-1] + file.write(text.encode("utf-8", "surrogatepass")))
                ready.clear()
            file.flush()
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if self._ends[-1] else b""
