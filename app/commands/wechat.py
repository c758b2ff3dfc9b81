"""``jiaban wechat``: the official account's menus, and its followers."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.bootstrap import House, open_house
from app.followers.sync import SyncIncompleteError, sync_followers
from app.kit.db import AWAY
from app.official_account import menus
from app.official_account.counter import Counter
from app.official_account.scenes import said_by
from config.settings import load_settings
from wechat.errors import WeChatError
from wechat.official.materials import LONGEST_SCENE

DIFFERS = 1
FAILED = 2
_DAY_SECONDS = 86_400
_console = Console(highlight=False, markup=False)


def add_commands(command: argparse.ArgumentParser) -> None:
    """Add what ``wechat`` can do."""
    group = command.add_subparsers(required=True, metavar="command")
    menu = group.add_parser("menu", help="the menus").add_subparsers(required=True, metavar="command")
    diff = menu.add_parser("diff", help="how WeChat's menus differ from the city's; exit code 1 where they do")
    diff.set_defaults(function=_run(_diff))
    put = menu.add_parser("push", help="put the city's menus there; once more, it changes nothing")
    put.set_defaults(function=_run(_push))
    followers = group.add_parser("followers", help="who follows").add_subparsers(required=True, metavar="command")
    sync = followers.add_parser("sync", help="read WeChat's list of followers; goes on where it was stopped")
    sync.set_defaults(function=_run(_sync))
    code = group.add_parser("code", help="make a code that says something to whoever scans it (docs/wechat.md)")
    code.add_argument("scene", help="hall:<code>, hall:<code>:<window>, item:<code> or poster:<name>")
    code.add_argument(
        "--days", type=int, choices=range(1, 31), metavar="1-30", help="for so long; for good unless told"
    )
    code.set_defaults(function=_run(_code))


def _run(function: Callable[[House, argparse.Namespace], Awaitable[int]]) -> Callable[[argparse.Namespace], int]:
    """A command within the house; what WeChat or the database refuses is one sentence and the exit code 2."""

    def run(arguments: argparse.Namespace) -> int:
        async def within_the_house() -> int:
            async with open_house(load_settings()) as house:
                return await function(house, arguments)

        try:
            return asyncio.run(within_the_house())
        except WeChatError as error:
            sys.stderr.write(f"WeChat: {error}\n")
        except SyncIncompleteError:
            sys.stderr.write(
                "WeChat's list ended before all followers that it counts, or is empty; nobody was taken for gone\n"
            )
        except AWAY as error:
            sys.stderr.write(f"the database is away ({type(error).__name__}); run it again to go on\n")
        return FAILED

    return run


async def _diff(house: House, arguments: argparse.Namespace) -> int:
    del arguments
    found = await menus.compare(house.official, Counter.of(house.settings))
    return _tell(found, "WeChat has the city's menus") and DIFFERS


async def _push(house: House, arguments: argparse.Namespace) -> int:
    del arguments
    found = await menus.push(house.official, Counter.of(house.settings))
    _tell(found, "nothing to do: WeChat has the city's menus")
    return 0


def _tell(found: menus.Comparison, alike: str) -> bool:
    """Print a comparison; returns whether anything differs."""
    for line in found.lines or ([] if _differs(found) else [alike]):
        _console.print(line, soft_wrap=True)
    return _differs(found)


def _differs(found: menus.Comparison) -> bool:
    return found.everybody_differs or found.staff_missing or bool(found.surplus)


async def _sync(house: House, arguments: argparse.Namespace) -> int:
    del arguments
    columns = (TextColumn("followers"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_console) as bar:
        task = bar.add_task("followers", total=None)
        synced = await sync_followers(
            house.official,
            house.settings.wechat.official_account_appid,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    begun = "went on with an earlier run, " if synced.resumed else ""
    _console.print(f"{begun}{synced.read} followers read, {synced.left} had left")
    return 0


async def _code(house: House, arguments: argparse.Namespace) -> int:
    """Print what the code says, and the address that a printer puts into a QR symbol."""
    said = await said_by(arguments.scene, Counter.of(house.settings))
    if said is None or len(arguments.scene) > LONGEST_SCENE:
        sys.stderr.write(f"no code leads to {arguments.scene}: no such hall, item or poster\n")
        return DIFFERS
    days: int | None = arguments.days
    ticket = await house.official.qr_ticket(arguments.scene, days * _DAY_SECONDS if days else None)
    _console.print(said, "", ticket.url, ticket.image_url, sep="\n", soft_wrap=True)
    return 0
