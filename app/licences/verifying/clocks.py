"""Pure rules of clocks: a phone without network says when it scanned, and may be wrong."""

from dataclasses import dataclass
from datetime import datetime, timedelta

PHONE_SKEW = timedelta(minutes=2)
"""How far a phone's clock may be off without being called wrong."""
LONGEST_OFFLINE = timedelta(days=30)
"""What a phone kept longer before it handed it in is marked, and counts as that old."""


@dataclass(frozen=True, slots=True)
class ScanTime:
    """When a scan counts as made; ``wrong`` where the phone's clock cannot have been right."""

    at: datetime
    wrong: bool


def bounded(said: datetime, received: datetime, issued_at: datetime | None) -> ScanTime:
    """When a scan counts as made that a phone dates ``said``: not after it was handed in, nor before its code was."""
    earliest = max(issued_at, received - LONGEST_OFFLINE) if issued_at else received - LONGEST_OFFLINE
    at = min(max(said, min(earliest, received)), received)
    return ScanTime(at, abs(said - at) > PHONE_SKEW)
