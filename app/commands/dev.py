"""``jiaban dev``: what developers run."""

import argparse
import asyncio

from app.commands import catalogue, generating, licences, measuring, pinyin
from app.schema import write_migrations


def add_commands(command: argparse.ArgumentParser) -> None:
    """Add what ``dev`` can do."""
    group = command.add_subparsers(required=True, metavar="command")
    group.add_parser("makemigrations", help="write what the models want").set_defaults(function=_makemigrations)
    for room in (catalogue, licences, measuring, generating, pinyin):
        room.add_developer_commands(group)


def _makemigrations(arguments: argparse.Namespace) -> int:
    del arguments
    for path in asyncio.run(write_migrations("postgresql://nobody@127.0.0.1/none")):
        print(path)  # noqa: T201  # the command's answer
    return 0
