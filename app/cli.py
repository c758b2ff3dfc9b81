"""The command line: ``jiaban``."""

import argparse
import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from app.bootstrap import UnsafeStartError, open_house, write_logs
from app.commands import (
    audit,
    backup,
    broadcasts,
    catalogue,
    generating,
    licence_keys,
    licences,
    measuring,
    messages,
    preflight,
    restore,
    staff,
    wechat,
)
from config.settings import CITY_DATA, Settings, load_settings


def _settings(command: str = "command") -> Settings:
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
    from miniapp_api.server import serve

    serve(_settings("web"), workers=arguments.workers)
    return 0


def _worker(arguments: argparse.Namespace) -> int:
    from app.worker import WorkerBrokenError, run_worker

    del arguments

    async def work() -> None:
        async with open_house(_settings("worker")) as house:
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
    from app.upkeep.city import CityFaultyError, load_city

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


def _keys_rotate(arguments: argparse.Namespace) -> int:
    from app.commands.keys import rotate

    del arguments
    return asyncio.run(rotate(_settings()))


def _keys_status(arguments: argparse.Namespace) -> int:
    from app.commands.keys import show_status

    del arguments
    return asyncio.run(show_status(_settings()))


def _keys_wrap(arguments: argparse.Namespace) -> int:
    from app.commands.key_wrapping import wrap

    return wrap(_settings().keys, arguments.file)


def _keys_unwrap(arguments: argparse.Namespace) -> int:
    from app.commands.key_wrapping import unwrap

    return unwrap(arguments.file)


def _makemigrations(arguments: argparse.Namespace) -> int:
    from app.schema import write_migrations

    del arguments
    for path in asyncio.run(write_migrations("postgresql://nobody@127.0.0.1/none")):
        print(path)  # noqa: T201  # the command's answer
    return 0


def _parser() -> argparse.ArgumentParser:
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
    for room in (
        preflight,
        backup,
        restore,
        staff,
        audit,
        catalogue,
        licence_keys,
        licences,
        wechat,
        messages,
        broadcasts,
    ):
        room.add_commands(commands)
    keys = commands.add_parser("keys", help="keys of what is sealed").add_subparsers(required=True, metavar="command")
    keys.add_parser("rotate", help="put everything under the active keys").set_defaults(function=_keys_rotate)
    keys.add_parser("status", help="how much is under which key").set_defaults(function=_keys_status)
    for name, function, what in (
        ("wrap", _keys_wrap, "write all of them into a file that only a code on paper opens"),
        ("unwrap", _keys_unwrap, "print those of such a file as settings"),
    ):
        one = keys.add_parser(name, help=what)
        one.add_argument("file", type=Path)
        one.set_defaults(function=function)
    dev = commands.add_parser("dev", help="for developers").add_subparsers(required=True, metavar="command")
    dev.add_parser("makemigrations", help="write what the models want").set_defaults(function=_makemigrations)
    for room in (catalogue, licences, measuring, generating):
        room.add_developer_commands(dev)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run a command; what cannot start says why in one sentence."""
    arguments = _parser().parse_args(argv)
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
