"""``jiaban messages``: what became of every message."""

import argparse
import asyncio

from rich.console import Console
from rich.table import Table

from app.bootstrap import open_house
from app.broadcasts import queries as broadcasts
from app.notifications.queries import Ledger, ledger
from config.settings import load_settings

_console = Console(highlight=False)


def add_commands(command: argparse.ArgumentParser) -> None:
    """Add what ``messages`` can do."""
    group = command.add_subparsers(required=True, metavar="command")
    one = group.add_parser("ledger", help="account for every message; exit code 1 where one is not accounted for")
    one.set_defaults(function=_ledger)


def _ledger(arguments: argparse.Namespace) -> int:
    del arguments

    async def read() -> tuple[Ledger, dict[str, int]]:
        async with open_house(load_settings()):
            return await ledger(), await broadcasts.ledger()

    found, recipients = asyncio.run(read())
    _show(found)
    created = recipients.pop("created")
    balanced = created == sum(recipients.values())
    _console.print(f"recipients of broadcasts {created}: " + ", ".join(f"{k} {many}" for k, many in recipients.items()))
    _console.print("balanced" if balanced else "NOT BALANCED")
    return 0 if found.balanced and balanced else 1


def _show(found: Ledger) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("created", str(found.created))
    for state, many in found.by_state.items():
        table.add_row(f"  {state}", str(many))
    for what, many in found.unfounded.items():
        if many:
            table.add_row(f"  unfounded: {what}", str(many))
    _console.print(table)
    _console.print("balanced" if found.balanced else "NOT BALANCED")
