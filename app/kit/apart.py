"""Rows that a job acts on one by one: one that fails holds up no other, and the job fails at its end."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

_log = logging.getLogger(__name__)


class RowsFailedError(Exception):
    """A job has done what it could; this many of its rows failed, each of which was logged."""

    def __init__(self, job: str, failed: int) -> None:
        super().__init__(f"{job}: {failed} rows failed")
        self.failed = failed


class Apart:
    """What keeps the rows of a job apart.

    Around the job, it raises RowsFailedError at the end where a row failed; ``row`` goes around what is done with one.
    """

    def __init__(self, job: str) -> None:
        self._job = job
        self.failed = 0

    def __enter__(self) -> "Apart":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self.failed:
            raise RowsFailedError(self._job, self.failed)

    @contextmanager
    def row(self, name: object) -> Iterator[None]:
        """Log and count what fails within. ``name`` is an id or a code, never a personal value."""
        try:
            yield
        except Exception:
            self.failed += 1
            _log.exception("row_failed", extra={"job": self._job, "row": str(name)})
