"""The clocks and host names of the house's processes, moved from outside (``inside/sitecustomize.py`` reads it)."""

import json
import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

INSIDE = Path(__file__).parent / "inside"
VARIABLE = "SWITCHES"
PROCESSES = ("web", "worker", "sandbox")
_TWO = struct.Struct("<dd")


class Switches:
    """Two numbers of each process in a file that all share: seconds its clock is off, 1 where it finds no name."""

    def __init__(self, folder: Path, told: dict[str, dict[str, str]]) -> None:
        """``told`` are the settings of each process that differ from the house's."""
        (folder / "told.json").write_text(json.dumps({name: told[name] for name in PROCESSES}))
        path = folder / "switches"
        path.write_bytes(bytes(_TWO.size * len(PROCESSES)))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 0)

    @contextmanager
    def clock_off(self, process: str, seconds: float) -> Iterator[None]:
        """Move the clock of a process while the context lasts; forward where positive."""
        yield from self._being(PROCESSES.index(process) * 2, seconds)

    @contextmanager
    def nameless(self, process: str) -> Iterator[None]:
        """Have a process find no host name while the context lasts."""
        yield from self._being(PROCESSES.index(process) * 2 + 1, 1)

    def _being(self, place: int, value: float) -> Iterator[None]:
        one = struct.Struct("<d")
        one.pack_into(self._memory, place * one.size, value)
        try:
            yield
        finally:
            one.pack_into(self._memory, place * one.size, 0)
