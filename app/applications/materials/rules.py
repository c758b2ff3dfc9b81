"""How many, how large, how far to be trusted: the rules of materials."""

from typing import Literal

from app.applications.models import Scan, Trust

MAX_UPLOAD_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 50_000_000
MAX_PAGES = 100

MAX_FILES_OF_CASE = 30
MAX_FILES_OF_MATERIAL = 20
MAX_BYTES_OF_MATERIAL = 60 * 1024 * 1024

SAFE = (Scan.CLEAN, Scan.UNSCANNED)
"""Files that may be shown and sent."""
SET_ASIDE = (Scan.INFECTED, Scan.LOST)
"""Files that nobody gets any more: they count as not given."""

CHUNK_BYTES = 128 * 1024
"""A request has a minute to arrive: a chunk needs 17 kbit/s, which GPRS at the edge of a village still gives."""
MAX_UPLOADS_OF_CASE = 5
MAX_UPLOAD_BYTES_OF_ACCOUNT = 60 * 1024 * 1024

MAX_INSPECTIONS_OF_ACCOUNT = 10

Origin = Literal["licence", "shared_data", "window", "upload", "statement"]
_TRUST: dict[Origin, Trust] = {
    "licence": Trust.ISSUED,
    "shared_data": Trust.ISSUED,
    "window": Trust.WINDOW_VERIFIED,
    "upload": Trust.UPLOADED,
    "statement": Trust.PROMISED,
}


def trust_of(origin: Origin, *, copied: Trust | None = None) -> Trust:
    """The class of a material (国办函〔2016〕108号), by where it comes from: A, what its issuer made; B, what a window
    compared with the original; C, what the applicant uploaded; D, what the applicant wrote and vouches for.

    A file that is given once more keeps the class of the one it was ``copied`` from: it is the same file.
    """
    return copied or _TRUST[origin]


def chunks_of(size: int, chunk_size: int) -> range:
    """The numbers of the chunks of a file."""
    return range(-(-size // chunk_size))


def length_of(number: int, size: int, chunk_size: int) -> int:
    """How many bytes a chunk has: all have the same, but for the last."""
    return min(chunk_size, size - number * chunk_size)
