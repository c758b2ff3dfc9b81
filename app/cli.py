"""The command line: ``jiaban``."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from app.kit.memory import go_without_rich, hold_little, spare_what_is_there

if TYPE_CHECKING:
    from config.settings import Settings

# Each command imports what it needs when it is run: all of them together take seconds.
_ROOMS = {
    "preflight": "try every address, key, template and date that the settings name",
    "backup": "keep the database and the files as they are at one moment",
    "restore": "make a house of a backup, in an empty database",
    "staff": "accounts of staff",
    "audit": "the record of who did what",
    "catalogue": "the whole catalogue as tables",
    "licence-keys": "keys that sign what licences show",
    "licences": "licences that were issued elsewhere, and the lists of what all are worth",
    "wechat": "the official account's menus and followers",
    "messages": "what citizens are told",
    "broadcasts": "notices to many followers of the official account",
    "keys": "keys of what is sealed",
    "dev": "for developers",
}


def _settings(command: str = "command") -> "Settings":
    from app.kit.logs import write_logs
    from config.settings import load_settings

    settings = load_settings()
    write_logs(settings, command)
    return settings


def _demo(arguments: argparse.Namespace) -> int:
    from app.demo.show import show_demo

    return show_demo(trip=True, once=arguments.once)


def _run(arguments: argparse.Namespace) -> int:
    from app.demo.show import show_demo

    del arguments
    return show_demo(trip=False, once=False)


def _web(arguments: argparse.Namespace) -> int:
    go_without_rich()
    from miniapp_api.server import serve

    serve(_settings("web"), workers=arguments.workers)
    return 0


def _worker(arguments: argparse.Namespace) -> int:
    go_without_rich()
    from app.bootstrap import open_house
    from app.worker import WorkerBrokenError, run_worker

    del arguments

    async def work() -> None:
        async with open_house(_settings("worker")) as house:
            spare_what_is_there()
            await run_worker(house)

    try:
        asyncio.run(work())
    except WorkerBrokenError:  # it was logged; whoever started this process starts it anew
        return 1
    return 0


def _sandbox(arguments: argparse.Namespace) -> int:
    from app.sandbox.server import serve

    del arguments
    serve(_settings())
    return 0


def _migrate(arguments: argparse.Namespace) -> int:
    from app.schema import OtherReleaseError, migrate_database

    del arguments
    try:
        asyncio.run(migrate_database(_settings().database_url.get_secret_value()))
    except OtherReleaseError as error:
        sys.stderr.write(f"nothing was migrated: {error}\n")
        return 1
    return 0


def _load_city(arguments: argparse.Namespace) -> int:
    from app.bootstrap import open_house
    from app.upkeep.city import CityFaultyError, load_city
    from config.settings import CITY_DATA

    del arguments

    async def load() -> dict[str, int]:
        async with open_house(_settings()):
            return await load_city(CITY_DATA)

    try:
        counts = asyncio.run(load())
    except CityFaultyError as error:
        sys.stderr.write(f"nothing was loaded, these guides have errors:\n{error}\n")
        return 1
    for name, count in counts.items():
        print(f"{name}: {count}")  # noqa: T201  # the command's answer
    return 0


def _parser(chosen: str) -> argparse.ArgumentParser:
    """Of all commands; what a group of commands holds is known of the ``chosen`` one alone."""
    parser = argparse.ArgumentParser(prog="jiaban", description="佳办: Jiamusi's mobile government services")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, function: Callable[[argparse.Namespace], int], help_text: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=help_text)
        one.set_defaults(function=function)
        return one

    demo = command("demo", _demo, "run everything on this machine and walk one citizen's trip")
    demo.add_argument("--once", action="store_true", help="end after the trip, with its result as exit code")
    command("run", _run, "run everything on this machine")
    web = command("web", _web, "serve HTTP")
    web.add_argument("--workers", type=int, default=1, help="how many web processes (1)")
    command("worker", _worker, "do the deferred work")
    command("sandbox", _sandbox, "stand in for WeChat, the authority and the approval system")
    command("migrate", _migrate, "bring the database's schema up to date")
    command("load-city", _load_city, "load config/city into the database")
    for name, help_text in _ROOMS.items():
        room = commands.add_parser(name, help=help_text)
        if name == chosen:
            import_module(f"app.commands.{name.replace('-', '_')}").add_commands(room)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; what cannot start says why in one sentence."""
    hold_little()
    words = sys.argv[1:] if argv is None else argv
    arguments = _parser(next(iter(words), "")).parse_args(words)
    from pydantic import ValidationError

    from config.settings import UnsafeStartError

    try:
        function: Callable[[argparse.Namespace], int] = arguments.function
        return function(arguments)
    except UnsafeStartError as error:
        sys.stderr.write(f"refused to start: {error}\n")
    except ValidationError as error:
        names = [".".join(str(part) for part in problem["loc"]) for problem in error.errors(include_input=False)]
        sys.stderr.write(f"settings missing or wrong: {', '.join(names)} (see docs/settings.md)\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
