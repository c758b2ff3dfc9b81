"""``jiaban catalogue export`` and ``jiaban catalogue import``: the whole catalogue as tables."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from app.bootstrap import open_house
from app.commands import catalogue_check
from app.identity.staff_accounts import COMMAND_LINE
from app.kit import clock, texts
from app.kit.db import AWAY
from app.upkeep.tables.exporting import export_tables
from app.upkeep.tables.importing import Outcome, import_tables
from app.upkeep.tables.making import make_catalogue
from app.upkeep.tables.problems import Problem, Problems, TablesError, problem, reported
from config.settings import CITY_DATA, load_settings

_console = Console(highlight=False)


def add_commands(command: argparse.ArgumentParser) -> None:
    """Add what ``catalogue`` can do."""
    group = command.add_subparsers(required=True, metavar="command")

    out = group.add_parser("export", help="write all items into a workbook (.xlsx) or CSV files (.zip)")
    out.add_argument("file", type=Path)
    out.set_defaults(function=_run(_export))

    back = group.add_parser("import", help="publish what a workbook or CSV files say, all or nothing")
    back.add_argument("file", type=Path)
    back.add_argument("--dry-run", action="store_true", help="only say what would be new, changed, unchanged")
    back.add_argument("--effective", type=date.fromisoformat, metavar="YYYY-MM-DD", help="holds from that day; today")
    back.add_argument("--report", type=Path, metavar="FILE.csv", help="write all problems into a CSV file")
    back.set_defaults(function=_run(_import))
    catalogue_check.add_commands(group)


def add_developer_commands(commands: Any) -> None:
    """Add what measures imports to the developers' commands."""
    make = commands.add_parser("make-catalogue", help="make a large catalogue as tables, to measure with")
    make.add_argument("items", type=int)
    make.add_argument("file", type=Path)
    make.set_defaults(function=_make)


def _make(arguments: argparse.Namespace) -> int:
    with _progress() as progress:
        make_catalogue(
            CITY_DATA, arguments.items, arguments.file, lambda done, total: progress("exporting", done, total)
        )
    return 0


def _run(function: Callable[[argparse.Namespace], Awaitable[int]]) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        async def within_the_house() -> int:
            async with open_house(load_settings()):
                return await function(arguments)

        try:
            return asyncio.run(within_the_house())
        except TablesError as error:
            _show([error.problem])
        except AWAY as error:
            _show([_away(error)])
        return 1

    return run


def _away(error: Exception) -> Problem:
    """The file, where an error names one; else the database, whose transaction is undone."""
    if isinstance(error, OSError) and error.filename is not None:
        return problem("file_unreachable", reason=error.strerror or type(error).__name__)
    return problem("database_away", reason=type(error).__name__)


async def _export(arguments: argparse.Namespace) -> int:
    with _progress() as progress:
        items = await export_tables(arguments.file, lambda done, total: progress("exporting", done, total))
    _say("exported", items=items)
    return 0


async def _import(arguments: argparse.Namespace) -> int:
    with reported(arguments.report) as problems:
        with _progress() as progress:
            outcome = await import_tables(
                arguments.file,
                COMMAND_LINE.name,
                arguments.effective or clock.today(),
                problems,
                progress,
                dry_run=arguments.dry_run,
            )
        return _tell(outcome, problems, arguments)


def _tell(outcome: Outcome, problems: Problems, arguments: argparse.Namespace) -> int:
    if problems.count:
        _show(problems.first)
        _say("refused", count=problems.count, shown=len(problems.first))
        return 1
    counts = {"new": outcome.new, "changed": outcome.changed, "unchanged": outcome.unchanged}
    _say("would_import" if arguments.dry_run else "imported", **counts)
    return 0


def _say(key: str, **values: int) -> None:
    _console.print(texts.text("table_commands", key, **values))


def _show(problems: list[Problem]) -> None:
    table = Table(box=None, pad_edge=False)
    for title in texts.text("table_problems", "report_head").split():
        table.add_column(title)
    for one in problems:
        table.add_row(*map(Text, (one.sheet, str(one.row or ""), one.column, one.code, one.message)))
    _console.print(table)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each stage, on standard error."""
    bar = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*bar, console=Console(stderr=True)) as progress:
        tasks: dict[str, Any] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(texts.text("table_commands", stage), total=total)
            progress.update(tasks[stage], completed=done, total=total)

        yield show
