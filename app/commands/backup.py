"""``jiaban backup``: the database and the files of one moment, while the product runs."""

import argparse
import asyncio
import hashlib
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.bootstrap import open_house
from app.commands import backups
from app.commands.backups import BackupError, Manifest
from app.kit import clock
from app.kit.blobs import BACKUP_LOCK
from app.kit.crypto import HEAD_LENGTH
from app.kit.db import AWAY
from app.kit.rotation import blob_columns
from config.settings import Settings, load_settings
from media.storage import BlobMissingError, BlobStore, FolderStore

_AT_ONCE, _SLICE = 8, 1000
_DOOMED = "doomed_blobs"
_MIGRATION = "SELECT name FROM tortoise_migrations ORDER BY name DESC LIMIT 1"


def add_commands(command: argparse.ArgumentParser) -> None:
    """Add what ``backup`` is told."""
    command.add_argument("folder", type=Path, help="where backups lie, which share their files")
    command.add_argument(
        "--keep", type=int, metavar="N", help="delete all but the newest N, and the files of those alone"
    )
    command.add_argument("--programs", type=Path, metavar="FOLDER", help="where pg_dump is, unless it is on the PATH")
    command.set_defaults(function=_backup)


def _backup(arguments: argparse.Namespace) -> int:
    try:
        return asyncio.run(_make(load_settings(), arguments))
    except BackupError as error:
        sys.stderr.write(f"no backup was made: {error}\n")
    except AWAY as error:
        sys.stderr.write(f"no backup was made: {type(error).__name__}: {error}\n")
    return 1


async def _make(settings: Settings, arguments: argparse.Namespace) -> int:
    if arguments.keep is not None and arguments.keep < 1:
        raise BackupError("--keep keeps at least 1")
    async with open_house(settings) as house:
        made = await make_backup(settings, house.blobs, arguments.folder, arguments.programs)
    _say(f"{made.path}: {made.files} files, {made.copied} of them copied now")
    for key in made.missing:
        _say(f"a file that the database names is not in the store: {key}")
    if arguments.keep is not None:
        for name in await asyncio.to_thread(prune, arguments.folder, arguments.keep):
            _say(f"deleted {name}")
    return 1 if made.missing else 0


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made; ``missing`` are the keys of files that the database names and the store lacks."""

    path: Path
    files: int
    copied: int
    missing: list[str]


async def make_backup(settings: Settings, store: BlobStore, folder: Path, programs: Path | None = None) -> Made:
    """Keep the database and the files that it names as they are at one moment. Raises BackupError.

    The files of earlier backups are there already: a file is never changed but by a new seal, and is copied again then.
    """
    dump, url = backups.program("pg_dump", programs), settings.database_url.get_secret_value()
    name = f"{clock.now():%Y-%m-%dT%H-%M-%S.%f}"[:-3] + "Z"
    path, begun = folder / name, folder / f".{name}"
    begun.mkdir(mode=0o700, parents=True)
    try:
        async with _moment(url) as (connection, snapshot):
            _forget_begun(folder, begun)
            made_of = {"migration": await connection.fetchval(_MIGRATION), "postgres": _version(connection)}
            keys = await _named_files(connection)
            options = ("--format=custom", "--no-owner", "--no-privileges", "--no-comments", f"--snapshot={snapshot}")
            await backups.run(dump, *options, f"--file={begun / backups.DUMP}", url=url)
            copied, missing = await _copy(store, folder, keys, begun / backups.LIST)
        _write_manifest(begun, settings, files=len(keys) - len(missing), made_at=name, **made_of)
        begun.replace(path)
    except BaseException:
        shutil.rmtree(begun, ignore_errors=True)
        raise
    return Made(path, len(keys) - len(missing), copied, missing)


@asynccontextmanager
async def _moment(url: str) -> AsyncIterator[tuple[asyncpg.Connection, str]]:
    """A connection that sees the database at one moment, and that moment's name for others.

    From before it on and until the end nobody deletes files. Raises BackupError where another backup runs.
    """
    connection = await asyncpg.connect(url)
    try:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", BACKUP_LOCK):
            raise BackupError("another one is being made")
        await connection.execute("SET idle_in_transaction_session_timeout = 0")
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection, await connection.fetchval("SELECT pg_export_snapshot()")
    finally:
        await connection.close()


def _version(connection: asyncpg.Connection) -> str:
    server = connection.get_server_version()
    return f"{server.major}.{server.minor}"


async def _named_files(connection: asyncpg.Connection) -> list[str]:
    """The keys of all files that rows name; those that only wait for their deletion are not wanted."""
    places = [
        f'SELECT "{column}" AS key FROM "{table}" WHERE "{column}" IS NOT NULL'  # noqa: S608  # names of our models
        for table, column in blob_columns()
        if table != _DOOMED
    ]
    return [row["key"] for row in await connection.fetch(f"{' UNION '.join(places)} ORDER BY key")]


async def _copy(store: BlobStore, folder: Path, keys: list[str], path: Path) -> tuple[int, list[str]]:
    """Copy the files that are not kept yet, and list all.

    Returns how many were copied, and the keys of those that are not in the store.
    """
    kept, before, digests, copied = FolderStore(folder / backups.FILES), _listed_last(folder), dict[str, str](), 0
    gate = asyncio.Semaphore(_AT_ONCE)
    bar = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*bar, console=Console(stderr=True)) as progress:
        task = progress.add_task("files", total=len(keys))

        async def one(key: str) -> None:
            nonlocal copied
            async with gate:
                if key in before and await _is_kept(store, kept, key):
                    digests[key] = before[key]
                elif (content := await _read(store, key)) is not None:
                    await kept.put(key, content)
                    digests[key], copied = hashlib.sha256(content).hexdigest(), copied + 1
            progress.advance(task)

        for start in range(0, len(keys), _SLICE):
            await asyncio.gather(*(one(key) for key in keys[start : start + _SLICE]))
    lines = "".join(f"{digests[key]}  {key}\n" for key in keys if key in digests)
    await asyncio.to_thread(path.write_text, lines, encoding="ascii")
    return copied, [key for key in keys if key not in digests]


def _listed_last(folder: Path) -> dict[str, str]:
    """The digest of each file of the last backup, by its key."""
    whole = backups.whole_backups(folder)
    return {key: digest for digest, key in backups.listed(whole[-1] / backups.LIST)} if whole else {}


async def _is_kept(store: BlobStore, kept: BlobStore, key: str) -> bool:
    """Whether a file is kept as it is: its beginning holds what its seal was drawn from, and no two seals share it."""
    try:
        return await store.head(key, HEAD_LENGTH) == await kept.head(key, HEAD_LENGTH)
    except BlobMissingError:
        return False


async def _read(store: BlobStore, key: str) -> bytes | None:
    try:
        return await store.get(key)
    except BlobMissingError:
        return None


def _forget_begun(folder: Path, mine: Path) -> None:
    """Delete what backups that were killed had begun."""
    for path in folder.glob(".2*"):
        if path != mine:
            shutil.rmtree(path)


def _write_manifest(folder: Path, settings: Settings, **told: Any) -> None:
    manifest = Manifest(
        format=backups.FORMAT,
        database_sha256=backups.digest_of(folder / backups.DUMP),
        files_sha256=backups.digest_of(folder / backups.LIST),
        proofs=backups.proofs(settings.keys),
        **told,
    )
    for path in (folder / backups.DUMP, folder / backups.LIST):
        path.chmod(0o600)
    (folder / backups.MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    os.sync()


def prune(folder: Path, keep: int) -> list[str]:
    """Delete all backups but the newest, and the files that none of those names; the names of what was deleted."""
    whole = backups.whole_backups(folder)
    gone = whole[: max(len(whole) - keep, 0)]
    for path in gone:
        shutil.rmtree(path)
    named = {key for path in whole[len(gone) :] for _, key in backups.listed(path / backups.LIST)}
    files = folder / backups.FILES
    for path in [path for path in files.rglob("*") if path.is_file()]:
        if str(path.relative_to(files)) not in named:
            path.unlink()
    return [path.name for path in gone]


def _say(line: str) -> None:
    print(line)  # noqa: T201  # the command's answer
