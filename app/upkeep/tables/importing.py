"""Importing the catalogue from tables, all or nothing."""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from app.audit.service import record
from app.catalogue.guide import Guide
from app.catalogue.models import VersionOrigin
from app.catalogue.service import BATCH, bring_into_effect, lock_publishing, publish_guides
from app.finding.service import index_items
from app.kit import clock
from app.kit.db import transaction
from app.upkeep.known import read_known
from app.upkeep.problems import Known
from app.upkeep.tables import staging
from app.upkeep.tables.checks import guide_problems, shape_problems
from app.upkeep.tables.files import PART, Limits
from app.upkeep.tables.layout import SHEETS, numbers
from app.upkeep.tables.newest import newest_of, same
from app.upkeep.tables.problems import Problem, Problems, TablesError, problem
from app.upkeep.tables.reading import open_tables
from app.upkeep.tables.rows import Row, assemble, contradictions

CHAIN = "catalogue:import"
"""The chain of the audit in which imports stand."""

Progress = Callable[[str, int, int], None]
"""Hears the stage, ``reading`` (bytes) or ``checking`` (items), how much of it is done, and of how much."""


@dataclass(slots=True)
class Outcome:
    """Items by what an import does to them, or would do: an unchanged one gets no new version."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


class _UndoneError(Exception):
    """Everything is to be rolled back."""


@dataclass(frozen=True, slots=True)
class _Places:
    """Where rows stand in the file, for people."""

    titles: dict[tuple[int, int], str]

    def tell(self, sheet: int, place: int, column: str, code: str, **context: object) -> Problem:
        title, row = self.find(sheet, place)
        return problem(code, title, row, self.heading(sheet, column), **context)

    def find(self, sheet: int, place: int) -> tuple[str, int]:
        part, row = divmod(place, PART)
        return self.titles[sheet, part], row

    @staticmethod
    def heading(sheet: int, column: str) -> str:
        return SHEETS[sheet].heading(column) if column else ""


async def import_tables(
    path: Path,
    actor: str,
    effective_on: date,
    problems: Problems,
    progress: Progress,
    *,
    dry_run: bool = False,
    limits: Limits | None = None,
) -> Outcome:
    """Publish a new version of every item whose rows say something else than its newest version, to hold from a day on.

    Whatever is wrong is added to ``problems``; then, as with ``dry_run``, the catalogue stays as it was. Items that the
    file does not hold stay as they are. Nobody else publishes while items are checked and published.
    """
    outcome = Outcome()
    if effective_on < clock.today():
        problems.add(problem("effective_day_past"))
        return outcome
    try:
        async with transaction():
            places = await _stage(path, problems, progress, limits)
            await _tell_of_rows(places, problems)
            await _publish(places, effective_on, problems, progress, outcome)
            _undo_if(bool(problems.count) or dry_run)
            counts = {"new": outcome.new, "changed": outcome.changed, "unchanged": outcome.unchanged}
            await record(CHAIN, actor, "catalogue_imported", effective_on=effective_on.isoformat(), **counts)
    except _UndoneError:
        pass
    except TablesError as error:
        problems.add(error.problem)
    return outcome


def _undo_if(undone: bool) -> None:
    if undone:
        raise _UndoneError


async def _stage(path: Path, problems: Problems, progress: Progress, limits: Limits | None) -> _Places:
    total = 1

    def tell(done: int) -> None:
        progress("reading", min(done, total), total)

    with open_tables(path, tell, limits) as tables:
        total = tables.total
        await staging.stage(tables.rows(problems))
        progress("reading", total, total)
        return _Places(tables.titles())


async def _tell_of_rows(places: _Places, problems: Problems) -> None:
    items = numbers()["items"]
    async for sheet, place, first in staging.repeated():
        title, row = places.find(items, first)
        problems.add(places.tell(sheet, place, "item_code", "item_twice", title=title, first=row))
    async for sheet, place in staging.orphans():
        problems.add(places.tell(sheet, place, "item_code", "item_unknown", title=SHEETS[items].title))
    async for sheet, place in staging.crowded():
        problems.add(places.tell(sheet, place, "item_code", "item_too_large", most=staging.MOST_ROWS))


async def _publish(
    places: _Places, effective_on: date, problems: Problems, progress: Progress, outcome: Outcome
) -> None:
    total, done = await staging.count_items(), 0
    known = await read_known()
    await lock_publishing()
    async for guides in _guides(places, known, problems):
        changed = await _changed(guides, effective_on, outcome)
        done += BATCH
        # After a problem the rest is only checked: everything goes back.
        if changed and not problems.count:
            await publish_guides(changed, effective_on, VersionOrigin.TABLES)
            await index_items(await bring_into_effect([guide.item_code for guide in changed]))
        progress("checking", min(done, total), total)
    progress("checking", total, total)


async def _guides(places: _Places, known: Known, problems: Problems) -> AsyncIterator[list[Guide]]:
    """The guides that the staged rows mean, a batch at a time, without those that are wrong, which are told."""
    async for batch in staging.batches(BATCH):
        found = [_guide(rows, places, known, problems) for rows in batch.values()]
        yield [guide for guide in found if guide is not None]


def _guide(rows: list[Row], places: _Places, known: Known, problems: Problems) -> Guide | None:
    before = problems.count
    for row, column, error in contradictions(rows):
        problems.add(places.tell(row.sheet, row.place, column, error.code, **error.context))
    if problems.count > before:
        return None
    whole = assemble(rows)
    try:
        guide = Guide.model_validate(whole.guide)
        wrong = list(guide_problems(guide, known))
    except ValidationError as failed:
        guide, wrong = None, list(shape_problems(failed))
    for one in wrong:
        row, column = whole.find(one.loc)
        title, number = places.find(row.sheet, row.place)
        problems.add(Problem(title, number, places.heading(row.sheet, column), one.code, one.message))
    return None if wrong else guide


async def _changed(guides: Iterable[Guide], effective_on: date, outcome: Outcome) -> list[Guide]:
    """Those that say something new; all are counted."""
    given = {guide.item_code: guide for guide in guides}
    before = await newest_of(list(given), effective_on)
    changed: list[Guide] = []
    for code, guide in given.items():
        now = before.get(code)
        if now is not None and same(now, guide):
            outcome.unchanged += 1
            continue
        changed.append(guide)
        if code in before:
            outcome.changed += 1
        else:
            outcome.new += 1
    return changed
