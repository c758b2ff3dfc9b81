"""A ZIP that is sealed piece by piece while it is written: neither it nor its seal ever stands in memory as a whole.

A piece is written down among the blobs that are to go before it is put. Whoever finishes the ZIP gives its pieces a
later end; of one that was broken off nothing stays.
"""

import asyncio
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import IO

from app.kit import clock
from app.kit.blobs import doom
from app.kit.crypto import keyring
from media.storage import BlobStore

PIECE_BYTES = 4 * 1024 * 1024
_BROKEN_OFF_AFTER = timedelta(days=1)
_OWNER_ONLY = 0o600 << 16


class _Sink:
    """What the ZIP is written to. It cannot seek, so that ``zipfile`` never goes back to what was sealed already."""

    def __init__(self) -> None:
        self.waiting = bytearray()

    def write(self, data: bytes, /) -> int:
        self.waiting += data
        return len(data)

    def flush(self) -> None:
        """``zipfile`` asks for it; nothing waits here that could be flushed."""

    def close(self) -> None:
        """Likewise."""


def piece_key(prefix: str, number: int) -> str:
    """The blob key of a piece."""
    return f"{prefix}/{number:05d}"


class SealedArchive:
    """A ZIP on its way into the blob store, its pieces under ``prefix``."""

    def __init__(self, blobs: BlobStore, prefix: str) -> None:
        self._blobs, self._prefix = blobs, prefix
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED)
        self.keys: list[str] = []
        self.size = 0

    async def add(self, name: str, content: bytes) -> None:
        """Put a file into the ZIP."""
        await asyncio.to_thread(self._zip.writestr, _entry(name), content)
        await self.seal()

    @asynccontextmanager
    async def writing(self, name: str) -> AsyncIterator[IO[bytes]]:
        """Put a file into the ZIP bit by bit; call ``seal`` now and then."""
        with self._zip.open(_entry(name), "w") as file:
            yield file
        await self.seal()

    async def seal(self, *, last: bool = False) -> None:
        """Put what makes whole pieces into the store, the rest too where it is the ``last``."""
        waiting = self._sink.waiting
        while len(waiting) >= PIECE_BYTES or (last and waiting):
            piece = bytes(waiting[:PIECE_BYTES])
            del waiting[:PIECE_BYTES]
            key = piece_key(self._prefix, len(self.keys))
            await doom([key], at=clock.now() + _BROKEN_OFF_AFTER)
            await self._blobs.put(key, keyring().seal(piece, key))
            self.keys.append(key)
            self.size += len(piece)

    async def finish(self) -> None:
        """Write the ZIP's end; ``keys`` and ``size`` (in bytes, before sealing) are whole afterwards."""
        self._zip.close()
        await self.seal(last=True)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, clock.now().astimezone(clock.CITY_TIME).timetuple()[:6])
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, _OWNER_ONLY
    return entry


async def read_pieces(blobs: BlobStore, prefix: str, pieces: int) -> AsyncIterator[bytes]:
    """The ZIP again, piece by piece. Raises BlobMissingError."""
    for number in range(pieces):
        key = piece_key(prefix, number)
        yield keyring().open(await blobs.get(key), key)
