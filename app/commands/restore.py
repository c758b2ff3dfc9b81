"""``jiaban restore``: a backup becomes a house again, in an empty database, which then sends nothing a second time."""

import argparse
import asyncio
import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import asyncpg
from psycopg.conninfo import conninfo_to_dict
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.applications.numbers import skip_case_numbers
from app.approvals import feed
from app.approvals.claims import ask_first
from app.approvals.drain import Drains
from app.audit import service as audit
from app.bootstrap import House, blob_store, install_keyring, open_house
from app.broadcasts import slices
from app.commands import backups
from app.commands.backups import BackupError, Manifest
from app.kit import db
from app.kit.ports import PortError
from app.licences.serials import skip_serials
from app.licences.status.service import begin_next_list
from app.notifications import records
from app.official_account.tasks import end_owed
from app.schema import OtherReleaseError, migrate_database
from app.worker import ACTING_OUTSIDE, jobs_of
from config.settings import KeySettings, Settings, load_settings
from media.storage import BlobMissingError, BlobStore, FolderStore

CHAIN = "restores"
"""The chain of the audit in which restores stand."""
_ACTOR = "command_line"
_REASON = "restored"
_TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
_AT_ONCE, _SLICE = 8, 1000
_WAITING = """
SELECT id, task_name, args FROM procrastinate_jobs
WHERE status IN ('todo', 'doing') AND task_name = ANY($1::text[]) AND id > $2 ORDER BY id
"""


def add_commands(command: argparse.ArgumentParser) -> None:
    """Add what ``restore`` is told."""
    command.add_argument(
        "folder", type=Path, nargs="?", help="where backups lie; without it, the database was restored by other means"
    )
    command.add_argument("--backup", metavar="MOMENT", help="its folder's name; the newest unless given")
    command.add_argument(
        "--lost", action="append", default=[], metavar="RING.KEY", help="go on without a key that nobody has any more"
    )
    command.add_argument(
        "--programs", type=Path, metavar="FOLDER", help="where pg_restore is, unless it is on the PATH"
    )
    command.set_defaults(function=_restore)


def _restore(arguments: argparse.Namespace) -> int:
    try:
        asyncio.run(_make(load_settings(), arguments))
    except (BackupError, OtherReleaseError) as error:
        sys.stderr.write(f"not restored: {error}\n")
        return 1
    except db.AWAY as error:
        sys.stderr.write(f"not restored: {type(error).__name__}: make the database anew, empty, and run it again\n")
        return 1
    return 0


async def _make(settings: Settings, arguments: argparse.Namespace) -> None:
    if arguments.folder is None:
        async with open_house(settings) as house:
            told = await settle(house, "-")
        _end(told, "settled")
        return
    path, manifest = backups.find_backup(arguments.folder, arguments.backup)
    _require_keys(manifest, settings.keys, arguments.lost)
    install_keyring(settings)
    _end(await restore_backup(settings, path, manifest, arguments.programs), f"restored {path.name}")


def _end(told: Iterable[str], what: str) -> None:
    for line in (*told, f"{what}; what to look at before it serves: docs/operations.md"):
        print(line)  # noqa: T201  # the command's answer


def _require_keys(manifest: Manifest, keys: KeySettings, lost: Iterable[str]) -> None:
    has = backups.proofs(keys)
    missing = sorted(
        name for name, proof in manifest.proofs.items() if has.get(name) != proof and name not in set(lost)
    )
    if missing:
        raise BackupError(
            f"these keys of the backup are missing or others in the settings: {', '.join(missing)}; put them there "
            "(jiaban keys unwrap), or name by --lost those that nobody has any more: what they sealed stays closed"
        )


async def restore_backup(settings: Settings, path: Path, manifest: Manifest, programs: Path | None = None) -> list[str]:
    """Restore a backup, whose keys are installed, into the settings' empty database and store.

    Returns what there is to tell. Raises BackupError or OtherReleaseError.
    """
    program, url = backups.program("pg_restore", programs), settings.database_url.get_secret_value()
    await _require_empty(url)
    for name, digest in ((backups.DUMP, manifest.database_sha256), (backups.LIST, manifest.files_sha256)):
        if await asyncio.to_thread(backups.digest_of, path / name) != digest:
            raise BackupError(f"{path / name} is damaged: take another backup")
    # Files first: a database without its files must never serve.
    await _bring_files(path, blob_store(settings))
    options = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")
    name = f"--dbname={conninfo_to_dict(url)['dbname']}"
    await backups.run(program, *options, name, str(path / backups.DUMP), url=url)
    await migrate_database(url)
    async with open_house(settings) as house:
        return await settle(house, path.name)


async def _require_empty(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval(_TABLES):
            raise BackupError("the database is not empty: nothing is ever written over; make a new one")
    finally:
        await connection.close()


async def _bring_files(path: Path, store: BlobStore) -> None:
    kept, wanted = FolderStore(path.parent / backups.FILES), list(backups.listed(path / backups.LIST))
    gate = asyncio.Semaphore(_AT_ONCE)
    bar = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*bar, console=Console(stderr=True)) as progress:
        task = progress.add_task("files", total=len(wanted))

        async def one(digest: str, key: str) -> None:
            async with gate:
                try:
                    content = await kept.get(key)
                except BlobMissingError:
                    content = b""
                if hashlib.sha256(content).hexdigest() != digest:
                    raise BackupError(f"the file {key} is damaged or missing in the backup")
                await store.put(key, content)
            progress.advance(task)

        for start in range(0, len(wanted), _SLICE):
            await asyncio.gather(*(one(*entry) for entry in wanted[start : start + _SLICE]))


async def settle(house: House, name: str) -> list[str]:
    """Make a restored house fit to serve: what it does not know to have happened since the backup, it does not repeat.

    What the approval systems decided since is read and applied; then all that is still to go out to citizens ends in
    their inboxes, and deliveries are asked about before they are sent. Numbers that may have been given since are
    passed over. Returns what there is to tell.
    """
    told = await _catch_up(house)
    deliveries, sends = await ask_first(), await records.end_unsent(_REASON)
    broadcasts, answers = await slices.end_unsent(_REASON), await end_owed(_REASON)
    await skip_case_numbers()
    await skip_serials()
    await begin_next_list(_ACTOR)
    async with db.transaction():
        await audit.record(CHAIN, _ACTOR, "restored", backup=name)
    return [
        *told,
        f"{deliveries} deliveries are asked about before they are sent",
        f"{sends} sends, {answers} late answers and {broadcasts} slices of broadcasts are not sent (any more)",
    ]


async def _catch_up(house: House) -> list[str]:
    """Do the jobs that would reach others, and read what the approval systems know; what could not be done is told."""
    told = await _do_waiting(house)
    for connector in house.connectors:
        try:
            await feed.read_feed(house.connectors, connector.name)
        except PortError as error:
            told.append(
                f"{connector.name} was not read ({error.reason}): citizens are told anew of what it decided since"
            )
    return told + await _do_waiting(house)


async def _do_waiting(house: House) -> list[str]:
    functions, told, last = jobs_of(house, Drains(house.connectors, 0.0)), list[str](), 0
    while waiting := await db.rows(_WAITING, list(ACTING_OUTSIDE), last):
        for job in waiting:
            last = job["id"]
            try:
                await functions[job["task_name"]](**json.loads(job["args"]))
            except Exception as error:  # the worker repeats it, and logs why it fails
                told.append(f"the job {last}, {job['task_name']}, is left to the worker: {type(error).__name__}")
    return told
