"""Where blobs live: a small port, and a folder that fulfils it; ``media.s3`` fulfils it with an object store.

Keys are the caller's; contents are opaque.
"""

import asyncio
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Protocol

_SEGMENT = r"[a-z0-9_-][a-z0-9_.-]{0,199}"
_KEY = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT}){{0,7}}")


class BlobKeyError(ValueError):
    """A key of another form than ``BlobStore`` allows. Its text is not repeated: it may come from outside."""

    code = "blob_key"


class BlobMissingError(LookupError):
    """No blob is kept under the key."""

    code = "blob_missing"


class BlobStore(Protocol):
    """Keeps bytes under keys.

    A key is one to eight segments joined by ``/``, each of 1 to 200 characters of ``a-z 0-9 _ - .`` and not starting
    with a dot. Every method raises ``BlobKeyError`` for any other key and ``OSError`` where the store itself fails.
    """

    async def put(self, key: str, data: bytes) -> None:
        """Keep ``data`` under ``key``, durably and all or nothing; what was there before is replaced."""

    async def get(self, key: str) -> bytes:
        """What is kept under ``key``. Raises ``BlobMissingError``."""

    async def head(self, key: str, size: int) -> bytes:
        """The first ``size`` bytes of it, or all where it is shorter. Raises ``BlobMissingError``."""

    async def delete(self, key: str) -> None:
        """Forget ``key``; one that is not there is forgotten already."""


def check_key(key: str) -> None:
    """Raise ``BlobKeyError`` for a key of another form than ``BlobStore`` allows."""
    if not _KEY.fullmatch(key):
        raise BlobKeyError("a blob key of a form that is not allowed")


class FolderStore:
    """A ``BlobStore`` in a folder of this machine: one file per key, segments are folders.

    A reader sees the old content or the new one, never a part, and so does a restart after a power cut. A process
    killed while writing may leave a file whose name starts with a dot; no key can name it.
    """

    def __init__(self, root: Path) -> None:
        """``root`` is made at the first ``put``; parents that are missing too."""
        self._root = root

    async def put(self, key: str, data: bytes) -> None:
        """See ``BlobStore``. A cancelled caller does not stop a write that has begun."""
        await asyncio.to_thread(_write, self._root, self._path(key), data)

    async def get(self, key: str) -> bytes:
        """See ``BlobStore``."""
        return await asyncio.to_thread(_read, self._path(key))

    async def head(self, key: str, size: int) -> bytes:
        """See ``BlobStore``."""
        return await asyncio.to_thread(_read, self._path(key), size)

    async def delete(self, key: str) -> None:
        """See ``BlobStore``."""
        await asyncio.to_thread(_remove, self._path(key))

    def _path(self, key: str) -> Path:
        check_key(key)
        return self._root / key


def _read(path: Path, size: int = -1) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise BlobMissingError("no blob under this key") from error


def _write(root: Path, path: Path, data: bytes) -> None:
    _make_folder(path.parent, root)
    handle, name = tempfile.mkstemp(prefix=".", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
        path.unlink()
        _sync_folder(path.parent)


def _make_folder(folder: Path, root: Path) -> None:
    """Make ``folder``, and make its entry in each new parent as durable as the file will be."""
    if folder.is_dir():
        return
    if folder == root:
        folder.mkdir(parents=True, exist_ok=True)
        return
    _make_folder(folder.parent, root)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
