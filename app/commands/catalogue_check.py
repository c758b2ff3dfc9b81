"""``jiaban catalogue check`` and ``jiaban catalogue figures``: whether guides are right, and what they add up to."""

import argparse
import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.applications.queries import count_submitted
from app.bootstrap import open_house
from app.catalogue.models import Item
from app.catalogue.queries import all_licence_types
from app.finding.errors import RegionUnknownError
from app.kit import texts
from app.upkeep.checks import problems_of
from app.upkeep.figure_rules import Tally
from app.upkeep.figures import Group, Which, item_figures, targets, visit_figures
from app.upkeep.known import guides_in_effect, read_known
from app.upkeep.licence_checks import asked_by_forms, licence_problems
from app.upkeep.links import Finding, LinkChecker, links_of
from app.upkeep.problems import Problem, Severity
from config.settings import load_settings

_console = Console(highlight=False, soft_wrap=True)
_BAR = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
Command = Callable[[argparse.Namespace], Awaitable[int]]


def add_commands(group: Any) -> None:
    """Add ``check`` and ``figures`` to the commands of the catalogue."""
    check = group.add_parser("check", help="say what is wrong with guides and licence types; exit code 1 for errors")
    check.add_argument("item_code", nargs="*", help="of these items alone")
    check.add_argument("--links", action="store_true", help="call every https address in them as well")
    check.add_argument("--warnings", action="store_true", help="list warnings too, not their number alone")
    check.set_defaults(function=_run(_check))
    figures = group.add_parser("figures", help="how many items can be handled online, and what that saves")
    for name, what in (("region", "offered there"), ("department", "of one department"), ("level", "of one level")):
        figures.add_argument(f"--{name}", default="", help=f"only items {what}")
    figures.set_defaults(function=_run(_figures))


def _run(command: Command) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        async def within_the_house() -> int:
            async with open_house(load_settings()):
                return await command(arguments)

        try:
            return asyncio.run(within_the_house())
        except RegionUnknownError as error:
            _console.print(f"{error.code}: {texts.text('errors', error.code)}")
            return 1

    return run


async def _check(arguments: argparse.Namespace) -> int:
    codes: list[str] | None = arguments.item_code or None
    known, found = await read_known(), dict[str, list[Problem]]()
    asked_for: dict[str, set[str]] = defaultdict(set)
    where: dict[str, list[str]] = defaultdict(list)
    with Progress(*_BAR, console=Console(stderr=True)) as progress:
        task = progress.add_task("guides", total=len(codes) if codes else await Item.all().count())
        async for guide in guides_in_effect(codes):
            found[guide.item_code] = problems_of(guide, known)
            for licence_type, fields in asked_by_forms([guide]).items():
                asked_for[licence_type] |= fields
            for url in links_of(guide) if arguments.links else ():
                where[url].append(guide.item_code)
            progress.advance(task)
        broken = await _call(progress, where)
    missing = sorted(set(codes or ()) - set(found))
    for code in missing:
        _console.print(f"{code}: no such item in effect")
    errors = _show_problems("guides", found, warnings=arguments.warnings)
    if codes is None:
        types = licence_problems(await all_licence_types(), known, asked_for)
        errors += _show_problems("licence types", types, warnings=arguments.warnings)
    return 1 if missing or broken or errors else 0


async def _call(progress: Progress, where: dict[str, list[str]]) -> int:
    """Call addresses, list those that lead nowhere with their items, and return how many these are."""
    if not where:
        return 0
    task = progress.add_task("links", total=len(where))
    links = await LinkChecker().check(where, lambda _: progress.advance(task))
    bad = sorted((link for link in links.values() if link.finding is not Finding.FINE), key=lambda link: link.url)
    table = _table("address", "finding", "status", "items")
    for link in bad:
        table.add_row(link.url, link.finding, str(link.status or "-"), " ".join(where[link.url]))
    progress.stop()
    if bad:
        _console.print(table)
    _console.print(f"{len(links)} links, {len(bad)} lead nowhere")
    return len(bad)


def _show_problems(what: str, found: dict[str, list[Problem]], *, warnings: bool) -> int:
    """List what is wrong, and return how many errors that is."""
    table = _table("code", "severity", "place", "what")
    for code, problems in found.items():
        for problem in problems:
            if warnings or problem.severity is Severity.ERROR:
                table.add_row(code, problem.severity, problem.path, problem.message)
    if table.row_count:
        _console.print(table)
    counted = Counter(problem.severity for problems in found.values() for problem in problems)
    _console.print(f"{len(found)} {what}, {counted[Severity.ERROR]} errors, {counted[Severity.WARNING]} warnings")
    return counted[Severity.ERROR]


async def _figures(arguments: argparse.Namespace) -> int:
    which = Which(arguments.region, arguments.department, arguments.level)
    found = await item_figures(which)
    _show_groups("all", [Group("", "", found.whole)])
    for title, groups in (("county", found.counties), ("department", found.departments), ("level", found.levels)):
        _show_groups(title, groups)
    levels = " and ".join(targets().levels)
    for one in found.targets:
        state = {True: "reached", False: "not reached", None: "nothing to measure"}[one.reached]
        share = _percent(found.measured.online_share)
        _console.print(f"{float(one.target.share):.0%} of {levels} items online by {one.target.by}: {share}, {state}")
    visits = await visit_figures(which, await count_submitted())
    _console.print(
        f"visits spared: {visits.saved} in {visits.cases} cases of {visits.items} items"
        f" ({visits.unknown} cases of items that are offered no more)"
    )
    return 0


def _show_groups(title: str, groups: Iterable[Group]) -> None:
    table = _table(title, "name", "items", "online", "share", "with a limit", "cut of days", "mean cut")
    for group in groups:
        table.add_row(group.key, group.name, *_row(group.tally))
    _console.print(table)


def _row(tally: Tally) -> list[str]:
    return [
        str(tally.items),
        str(tally.online),
        _percent(tally.online_share),
        str(tally.limited),
        _percent(tally.total_cut),
        _percent(tally.mean_cut),
    ]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    return table
