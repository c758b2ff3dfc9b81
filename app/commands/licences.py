"""``jiaban licences``: licences that were issued elsewhere, brought here from tables."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from app.bootstrap import open_house
from app.catalogue.licence_type import LicenceTypeDefinition
from app.identity.staff_accounts import COMMAND_LINE
from app.kit import clock, texts
from app.kit.db import AWAY
from app.licences.imports.exporting import export_licences
from app.licences.imports.making import make_licences
from app.licences.imports.reading import ReadRow
from app.licences.imports.service import Outcome, import_licences, problems_of, read_types, try_import
from app.licences.imports.template import write_template
from app.licences.status.service import begin_next_list
from app.upkeep.tables.problems import Problems, TablesError, problem, reported
from config.settings import load_settings

_console = Console(highlight=False)
_FAULTY = 1


def add_commands(command: argparse.ArgumentParser) -> None:
    """Add what ``licences`` can do."""
    group = command.add_subparsers(required=True, metavar="command")

    bring = group.add_parser("import", help="bring the licences of a workbook or a CSV file here")
    bring.add_argument("file", type=Path)
    bring.add_argument("--type", default="", metavar="CODE", help="all rows are of this type; else each names its own")
    bring.add_argument("--report", type=Path, metavar="FILE.csv", help="for what is wrong; beside the file unless told")
    mode = bring.add_mutually_exclusive_group()
    mode.add_argument("--dry-run", action="store_true", help="only say what would come of it")
    mode.add_argument("--resume", action="store_true", help="only go on with what was interrupted, begin nothing")
    bring.set_defaults(function=_run(_import))

    out = group.add_parser("export", help="write the metadata of all licences of a type (.xlsx, else CSV)")
    out.add_argument("--type", required=True, metavar="CODE")
    out.add_argument("file", type=Path)
    out.set_defaults(function=_run(_export))

    template = group.add_parser("template", help="write an empty workbook for licences of a type")
    template.add_argument("--type", required=True, metavar="CODE")
    template.add_argument("file", type=Path, nargs="?", help="named after the type unless told")
    template.set_defaults(function=_run(_template))

    begin = group.add_parser("next-list", help="after a restore: give places in the next status list from now on")
    begin.set_defaults(function=_run(_begin_next_list))


def add_developer_commands(commands: Any) -> None:
    """Add what measures imports to the developers' commands."""
    make = commands.add_parser("make-licences", help="make a large table of licences, to measure with")
    make.add_argument("licences", type=int)
    make.add_argument("file", type=Path)
    make.add_argument("--type", default="senior_card", metavar="CODE", help="their type (senior_card)")
    make.set_defaults(function=_run(_make))


def _run(function: Callable[[argparse.Namespace], Awaitable[int]]) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        async def within_the_house() -> int:
            async with open_house(load_settings()):
                return await function(arguments)

        try:
            return asyncio.run(within_the_house())
        except TablesError as error:
            one = error.problem
            _console.print(" ".join(str(part) for part in (one.sheet, one.row or "", one.column, one.code) if part))
            _console.print(one.message, markup=False)
        except AWAY as error:
            if isinstance(error, OSError) and error.filename is not None:
                reason = error.strerror or type(error).__name__
                _console.print(problem("file_unreachable", reason=reason).message, markup=False)
            else:
                _say("interrupted", reason=type(error).__name__)
        return _FAULTY

    return run


async def _import(arguments: argparse.Namespace) -> int:
    report = arguments.report or arguments.file.with_name(f"{arguments.file.name}.problems.csv")
    if arguments.dry_run:
        return await _try(arguments, report)
    with _progress("reading") as progress:
        outcome = await import_licences(
            arguments.file, COMMAND_LINE.name, progress, licence_type=arguments.type, resume=arguments.resume
        )
    if outcome.again:
        _say("again")
    elif outcome.resumed_after:
        _say("resumed", rows=outcome.resumed_after)
    if outcome.counts.refused and outcome.import_id:
        with reported(report) as problems:
            async for one in problems_of(outcome.import_id):
                problems.add(one)
    return _tell("imported", outcome, report)


async def _try(arguments: argparse.Namespace, report: Path) -> int:
    with reported(report) as problems, _progress("trying") as progress:
        outcome = await try_import(
            arguments.file, progress, lambda row: _add(problems, row), licence_type=arguments.type
        )
    if not outcome.counts.refused:
        _drop(report)
    return _tell("would_import", outcome, report)


def _drop(report: Path) -> None:
    report.unlink()


def _add(problems: Problems, row: ReadRow) -> None:
    for column, code in row.problems:
        problems.add(problem(code, row.sheet, row.row, column))


def _tell(key: str, outcome: Outcome, report: Path) -> int:
    _say(key, **asdict(outcome.counts))
    if not outcome.counts.refused:
        return 0
    _say("problems", path=report)
    return _FAULTY


async def _export(arguments: argparse.Namespace) -> int:
    definition = await _definition(arguments.type)
    with _progress("exporting") as progress:
        count = await export_licences(arguments.file, definition, COMMAND_LINE.name, progress)
    _say("exported", count=count)
    return 0


async def _template(arguments: argparse.Namespace) -> int:
    definition = await _definition(arguments.type)
    path = arguments.file or Path(f"{definition.name}.xlsx")
    write_template(definition, path)
    _say("template", path=path)
    return 0


async def _begin_next_list(arguments: argparse.Namespace) -> int:
    del arguments
    _say("next_list", number=await begin_next_list(COMMAND_LINE.name))
    return 0


async def _make(arguments: argparse.Namespace) -> int:
    definition = await _definition(arguments.type)
    with _progress("reading") as progress:
        make_licences(definition, arguments.licences, arguments.file, clock.today(), progress)
    return 0


async def _definition(code: str) -> LicenceTypeDefinition:
    chosen = (await read_types(code)).chosen
    if chosen is None:
        raise TablesError("licence_type_unknown")
    return chosen


def _say(key: str, **values: Any) -> None:
    _console.print(texts.text("licence_import", key, **values), markup=False, soft_wrap=True)


@contextmanager
def _progress(stage: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error."""
    bar = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*bar, console=Console(stderr=True)) as progress:
        task = progress.add_task(texts.text("licence_import", stage), total=1)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield show
