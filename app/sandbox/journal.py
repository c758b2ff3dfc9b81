"""The stand-ins' memory: append-only JSON lines, on disk before anything is answered."""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

Change = dict[str, Any]


class JournalDamagedError(Exception):
    """A line that is not the last one cannot be read; ``line`` counts from 1."""

    def __init__(self, path: Path, line: int) -> None:
        super().__init__(f"{path}: line {line} cannot be read")
        self.line = line


class Journal:
    """One file of changes and the function that applies a change to the state in memory.

    Opening replays the file through ``apply``. A line holds all changes of one ``record``, so they happen together or
    not at all. A last line that a kill tore was never answered: it is cut off.

    Raises JournalDamagedError where any other line cannot be read, OSError where the file cannot be opened.
    """

    def __init__(self, path: Path, apply: Callable[[Change], None]) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        self._apply = apply
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = 0
        self._replay(path.read_bytes())

    def _replay(self, content: bytes) -> None:
        lines = content.splitlines(keepends=True)
        for number, line in enumerate(lines, start=1):
            try:
                changes = json.loads(line) if line.endswith(b"\n") else None
            except ValueError:
                changes = None
            if changes is None:
                if number < len(lines):
                    raise JournalDamagedError(self._path, number)
                os.ftruncate(self._file, self._size)
                return
            self._size += len(line)
            for change in changes:
                self._apply(change)

    def record(self, *changes: Change, durable: bool = True) -> None:
        """Write the changes as one line, wait until they are on disk, then apply them.

        Where it is not ``durable``, nothing is waited for: the line outlives the process, not the machine.

        Raises OSError where the disk refuses; then nothing was applied and no half line stays behind.
        """
        line = json.dumps(changes, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        try:
            self._write(line)
            if durable:
                os.fsync(self._file)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise
        self._size += len(line)
        for change in changes:
            self._apply(change)

    def _write(self, line: bytes) -> None:
        written = 0
        while written < len(line):
            written += os.write(self._file, line[written:])

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
