"""``jiaban licence-keys``: the keys that sign what licences show, for whoever holds the server."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from rich.console import Console
from rich.table import Table

from app.bootstrap import House, open_house
from app.kit import clock
from app.kit.ports import PortError
from app.licences.keys import rules, service
from app.licences.keys.algorithms import Algorithm, Purpose
from app.licences.keys.errors import KeyActError
from app.licences.keys.models import LicenceKey
from config.settings import load_settings

_console = Console(highlight=False)
_ACTOR = "command_line"
_HOURS = rules.PUBLISHED_FOR // timedelta(hours=1)


def add_commands(command: argparse.ArgumentParser) -> None:
    """Add what ``licence-keys`` can do."""
    what = command.add_subparsers(required=True, metavar="command")

    make = what.add_parser("make", help="make a key, which takes over once it was published for long enough")
    make.add_argument(
        "purpose", nargs="?", choices=list(Purpose), help="one for each purpose without a key unless given"
    )
    make.add_argument("--algorithm", choices=["eddsa", "sm2"], help="sm2 under the profile sm, else eddsa")
    make.add_argument("--publish-for", type=float, default=_HOURS, metavar="HOURS", help=f"before it signs ({_HOURS})")
    make.set_defaults(function=_run(_make))

    activate = what.add_parser("activate", help="let a published key sign at once")
    activate.add_argument("key_id")
    activate.set_defaults(function=_run(_activate))

    retire = what.add_parser("retire", help="let a key sign no more; what it signed counts until its last code is over")
    retire.add_argument("key_id")
    retire.add_argument("--disown", action="store_true", help="somebody may have it: what it signed counts no more")
    retire.set_defaults(function=_run(_retire))

    what.add_parser("list", help="all keys and their states").set_defaults(function=_run(_list))


def _run(function: Callable[[House, argparse.Namespace], Awaitable[None]]) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        async def within_the_house() -> None:
            async with open_house(load_settings()) as house:
                await function(house, arguments)

        try:
            asyncio.run(within_the_house())
        except KeyActError as error:
            _console.print(str(error), soft_wrap=True, markup=False)
            return 1
        except PortError as error:
            _console.print(
                f"the device that keeps the keys did not answer: {error.reason}", soft_wrap=True, markup=False
            )
            return 1
        return 0

    return run


async def _make(house: House, arguments: argparse.Namespace) -> None:
    if arguments.purpose is None:
        made = await service.make_missing(house.licence_keys, _ACTOR)
    else:
        algorithm = Algorithm[arguments.algorithm.upper()] if arguments.algorithm else None
        published_for = timedelta(hours=max(arguments.publish_for, 0))
        purpose = Purpose(arguments.purpose)
        made = [
            await service.make_key(
                house.licence_keys, purpose, _ACTOR, algorithm=algorithm, published_for=published_for
            )
        ]
    _show(made)


async def _activate(house: House, arguments: argparse.Namespace) -> None:
    del house
    _show([await service.activate_key(arguments.key_id, _ACTOR)])
    _console.print("who verifies without a network may not know this key before fetching the keys again")


async def _retire(house: House, arguments: argparse.Namespace) -> None:
    del house
    _show([await service.retire_key(arguments.key_id, _ACTOR, disown=arguments.disown)])


async def _list(house: House, arguments: argparse.Namespace) -> None:
    del house, arguments
    _show(await LicenceKey.all().order_by("purpose", "made_at"))


def _show(keys: list[LicenceKey]) -> None:
    table = Table(box=None, pad_edge=False)
    for title in ("id", "purpose", "algorithm", "kept by", "state", "signs from", "signs until", "counts until"):
        table.add_column(title)
    for key in keys:
        table.add_row(
            key.id,
            key.purpose,
            Algorithm(key.algorithm).name.lower(),
            key.keeper,
            rules.state_of(key, clock.now()),
            _moment(key.signs_from),
            _moment(key.retired_at),
            _moment(key.gone_at),
        )
    _console.print(table)


def _moment(moment: datetime | None) -> str:
    return clock.in_city(moment) if moment else "-"
