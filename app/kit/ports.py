"""What any outside system can do to us: the three errors a port may raise.

PortError
  TryLaterError    certainly not done; the same call may be made again
  RefusedError     done for good: the other side understood and said no
  AmbiguousError   sent, but no answer: it may have been done, so ask before sending again
"""


class PortError(Exception):
    """Base of what a port raises. ``reason`` is a stable word for logs and rows, never a personal value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TryLaterError(PortError):
    """Certainly not done; the same call may be made again."""


class RefusedError(PortError):
    """The other side understood and said no, for good."""


class AmbiguousError(PortError):
    """Sent without an answer: it may have been done."""
