"""Licence files are made by one thread beside the requests, and kept in its process for a while.

A phone asks again with the ETag and mostly gets no file at all; what it does get was often made for another tab or
another of the holder's phones. What is kept lies in memory only, under a hash of all that stands in the file, for ten
minutes at most: a file is nowhere else than where its licence is.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from cachetools import TTLCache

import media
from app.kit.benches import Bench
from app.kit.crypto import keyring

_MOST_BYTES = 32 * 2**20
_SECONDS = 600

# As many cards as are drawn in about five seconds.
_BENCH = Bench("licence-files", places=48)

_kept: TTLCache[str, bytes] = TTLCache(_MOST_BYTES, _SECONDS, getsizeof=len)
_keeping = Lock()


@dataclass(frozen=True, slots=True, repr=False)
class LicenceFile:
    """A file that is made when it is wanted. ``etag`` is the same as long as the file is."""

    media_type: str
    etag: str
    _make: Callable[[], bytes]

    async def made(self) -> bytes:
        """The file. Raises TemporarilyUnavailableError where too many are wanted at once."""
        found = _look_up(self.etag)
        if found is not None:
            return found
        with _BENCH.place() as place:
            return await place.do(self._make_once)

    def _make_once(self) -> bytes:
        # Whoever waited for the bench behind the same wish finds it fulfilled.
        found = _look_up(self.etag)
        if found is None:
            found = self._make()
            with _keeping:
                if len(found) <= _MOST_BYTES:
                    _kept[self.etag] = found
        return found


def licence_file(media_type: str, make: Callable[[Any], bytes], content: Any) -> LicenceFile:
    """The file that ``make`` makes of ``content``, a dataclass of all that stands in it."""
    said = json.dumps([make.__qualname__, asdict(content)], default=str, ensure_ascii=False, sort_keys=True)
    # Keyed, since an ETag stands in logs on the way and a hash of a name can be guessed.
    hashed = keyring().lookup(hashlib.sha256((_look() + said).encode()).hexdigest(), "licence_file")
    return LicenceFile(media_type, hashed.rpartition(":")[2], lambda: make(content))


def _look_up(etag: str) -> bytes | None:
    with _keeping:
        return _kept.get(etag)


@cache
def _look() -> str:
    """A hash of the code that draws: the same content looks otherwise after a release that changes it."""
    modules = sorted(Path(path) for folder in media.__path__ for path in Path(folder).glob("*.py"))
    return hashlib.sha256(b"".join(module.read_bytes() for module in modules)).hexdigest()
