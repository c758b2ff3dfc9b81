"""``jiaban keys``: what the operator does with the keys of what is sealed. Rotating prints numbers, no value."""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.bootstrap import House, open_house
from app.commands.key_wrapping import unwrap, wrap
from app.kit.columns import UNNAMED, UNREADABLE, Column, Under
from app.kit.crypto import keyring
from app.kit.db import AWAY
from app.kit.logs import write_logs
from app.kit.rotation import Renewal, key_columns, renew
from config.settings import KeySettings, Settings, load_settings

_LOCK = 7_201_311_423


def add_commands(command: argparse.ArgumentParser) -> None:
    """Add what ``keys`` can do."""
    group = command.add_subparsers(required=True, metavar="command")
    group.add_parser("rotate", help="put everything under the active keys").set_defaults(
        function=lambda _: asyncio.run(rotate(_settings()))
    )
    group.add_parser("status", help="how much is under which key").set_defaults(
        function=lambda _: asyncio.run(show_status(_settings()))
    )
    out = group.add_parser("wrap", help="write all of them into a file that only a code on paper opens")
    out.set_defaults(function=lambda arguments: wrap(_settings().keys, arguments.file))
    back = group.add_parser("unwrap", help="print those of such a file as settings")
    back.set_defaults(function=lambda arguments: unwrap(arguments.file))
    for one in (out, back):
        one.add_argument("file", type=Path)


def _settings() -> Settings:
    settings = load_settings()
    write_logs(settings, "command")
    return settings


async def rotate(settings: Settings) -> int:
    """Put everything under the active keys and profile.

    Returns 1 where a value could not be renewed, or the database or the blobs went away.
    """
    return await _unless_away(_rotate(settings))


async def show_status(settings: Settings) -> int:
    """Say how many values are under which key, how many a rotation would renew, and which keys may go.

    Returns 1 where the database or the blobs went away.
    """
    return await _unless_away(_show_status(settings))


async def _unless_away(command: Awaitable[int]) -> int:
    try:
        return await command
    except AWAY as error:
        sys.stderr.write(f"stopped by {type(error).__name__}: run it again, nothing is lost\n")
        return 1


async def _rotate(settings: Settings) -> int:
    async with open_house(settings) as house, _alone(settings.database_url.get_secret_value()):
        result = await _renew(house)
    for name, number in sorted(result.renewed.items()):
        _say(f"{name:<40} {number:>8} renewed")
    for name, ids in sorted(result.broken.items()):
        for row_id in ids:
            _say(f"{name:<40} {row_id} cannot be renewed: no key opens it")
    return 1 if any(result.broken.values()) else 0


@asynccontextmanager
async def _alone(url: str) -> AsyncIterator[None]:
    """Wait for a rotation that runs already: two with different active keys would never end."""
    guard = await asyncpg.connect(url)
    try:
        if not await guard.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
            sys.stderr.write("waiting for the rotation that runs already\n")
            await guard.execute("SELECT pg_advisory_lock($1)", _LOCK)
        yield
    finally:
        await guard.close()


async def _renew(house: House) -> Renewal:
    columns, ring = key_columns(house.blobs), keyring()
    bar = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*bar, console=Console(stderr=True)) as progress:
        tasks = {one.name: progress.add_task(one.name, total=await one.count(ring)) for one in columns}

        def seen(name: str) -> None:
            task = progress.tasks[tasks[name]]
            progress.update(task.id, completed=min(task.completed + 1, task.total or 0))

        return await renew(columns, ring, seen)


async def _show_status(settings: Settings) -> int:
    async with open_house(settings) as house:
        tallies = [(column, await column.tally()) for column in key_columns(house.blobs)]
    keys, left = settings.keys, 0
    for column, tally in tallies:
        active = Under(keys.encryption_active if column.kind == "encryption" else keys.lookup_active, keys.profile)
        for under, number in sorted(tally.items()):
            mark = "active" if under == active else ""
            _say(f"{column.name:<40} {under.key_id:<32} {under.form:<6} {number:>8} {mark}".rstrip())
            left += 0 if mark else number
    _say(f"left to renew: {left}")
    for kind in ("encryption", "lookup"):
        _say(f"keys.{kind}, under which nothing is any more: {', '.join(_idle(kind, keys, tallies)) or 'none'}")
    return 0


def _idle(kind: str, keys: KeySettings, tallies: Iterable[tuple[Column, Counter[Under]]]) -> list[str]:
    """The keys that may be removed. A hash that names no key may be any key's; so may what cannot be read."""
    ring, active = (
        (keys.encryption, keys.encryption_active) if kind == "encryption" else (keys.lookup_ring, keys.lookup_active)
    )
    used = {under for column, tally in tallies if column.kind == kind for under in tally}
    if used & {UNNAMED, UNREADABLE}:
        return []
    return sorted(set(ring) - {active} - {under.key_id for under in used})


def _say(line: str) -> None:
    print(line)  # noqa: T201  # the command's answer
