"""Bringing licences here that were issued elsewhere: a file at a time, so many rows in one transaction."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from uuid import UUID

from app.audit import service as audit
from app.catalogue.queries import all_licence_types
from app.kit import clock, texts
from app.kit.db import transaction
from app.licences.attaching import bring_alone
from app.licences.imports import states
from app.licences.imports.known import find_owners, lock_chains
from app.licences.imports.models import LicenceImport, LicenceImportProblem
from app.licences.imports.reading import LicenceFile, ReadRow, digest_of, open_licences
from app.licences.imports.rows import ImportedLicence, Types
from app.licences.imports.versions import Decision, Effect, decide
from app.licences.imports.writing import Entry, write_licences
from app.licences.models import LicenceCause
from app.licences.moving import move_licence
from app.upkeep.tables.files import Limits
from app.upkeep.tables.problems import Problem, TablesError, problem

BATCH = 2_000
"""Rows of one transaction."""

CHAIN = "licences:import"
"""The chain of the audit in which imports stand."""

Progress = Callable[[int, int], None]
"""Hears how many bytes are read, of how many."""


@dataclass(slots=True)
class Counts:
    """Rows by what came of them: licences of their own, versions that follow, changes of state, nothing, refused."""

    added: int = 0
    followed: int = 0
    moved: int = 0
    unchanged: int = 0
    refused: int = 0

    def add(self, more: "Counts") -> None:
        """Count others with these."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(more, field.name))


@dataclass(slots=True)
class Outcome:
    """What came of a file in all its runs. ``again`` says that it was through before, ``resumed_after`` that so many
    rows were. ``import_id`` is None for a dry run."""

    import_id: UUID | None
    counts: Counts
    again: bool = False
    resumed_after: int = 0


async def import_licences(
    path: Path,
    actor: str,
    progress: Progress,
    *,
    licence_type: str = "",
    resume: bool = False,
    limits: Limits | None = None,
) -> Outcome:
    """Bring the licences of a file here. A run that was stopped is gone on with; a file that is through stays as it is.

    Each batch of rows is kept together with the count of rows that are through, or not at all. Rows in which something
    is wrong are kept as problems and hold up no other. With ``resume`` nothing is begun. Raises TablesError where
    nothing was begun to go on with, another run goes on meanwhile, or the file cannot be read on.
    """
    types = await read_types(licence_type)
    digest = digest_of(path)
    known = await LicenceImport.get_or_none(digest=digest, licence_type=licence_type)
    if known is None and resume:
        raise TablesError("import_not_begun")
    if known and known.finished_at:
        return Outcome(known.id, _counted(known), again=True)
    with _opened(path, types, progress, limits) as file:
        begun = known or await _begin(digest, licence_type, actor)
        outcome = Outcome(begun.id, _counted(begun), resumed_after=begun.rows_done)
        for batch in batches(file.rows(types, clock.today(), begun.rows_done)):
            outcome.counts.add(await _bring(begun.id, batch, types))
        await _finish(begun.id, actor)
    return outcome


async def try_import(
    path: Path, progress: Progress, tell: Callable[[ReadRow], None], *, licence_type: str = ""
) -> Outcome:
    """Say what an import would do, and change nothing; ``tell`` hears of each row that would be refused.

    Rows of one licence that lie far apart are each held against what is here. Raises TablesError.
    """
    types, outcome = await read_types(licence_type), Outcome(None, Counts())
    with _opened(path, types, progress, None) as file:
        for batch in batches(file.rows(types, clock.today())):
            async with transaction():
                judged = await _judge(batch)
            outcome.counts.add(_count(judged))
            for row, _ in judged:
                if row.problems:
                    tell(row)
    return outcome


async def read_types(chosen: str) -> Types:
    """The licence types that there are, or the chosen one alone. Raises TablesError where there is none of its code."""
    types = Types(await all_licence_types(), chosen)
    if chosen and types.chosen is None:
        raise TablesError("licence_type_unknown")
    return types


@contextmanager
def _opened(path: Path, types: Types, progress: Progress, limits: Limits | None) -> Iterator[LicenceFile]:
    total = 1

    def tell(done: int) -> None:
        progress(min(done, total), total)

    with open_licences(path, types, tell, limits) as file:
        total = file.total
        yield file
        progress(total, total)


def batches(rows: Iterator[ReadRow]) -> Iterator[list[ReadRow]]:
    """Rows in batches, none of which names a licence twice: what the second says is held against the first's."""
    batch: list[ReadRow] = []
    named: set[object] = set()
    for row in rows:
        names = {row.licence.key, row.licence.identifier or row.licence.key} if row.licence else set()
        if len(batch) == BATCH or names & named:
            yield batch
            batch, named = [], set()
        batch.append(row)
        named |= names
    if batch:
        yield batch


async def _begin(digest: str, licence_type: str, actor: str) -> LicenceImport:
    async with transaction():
        await bring_alone()
        begun, new = await LicenceImport.get_or_create(
            {"actor": actor, "begun_at": clock.now()}, digest=digest, licence_type=licence_type
        )
        if new:
            await audit.record(CHAIN, actor, "licence_import_begun", import_id=str(begun.id), digest=digest)
    return begun


async def _finish(import_id: UUID, actor: str) -> None:
    async with transaction():
        await bring_alone()
        done = await LicenceImport.select_for_update().get(id=import_id)
        done.finished_at = clock.now()
        await done.save(update_fields=["finished_at"])
        await audit.record(CHAIN, actor, "licence_import_finished", import_id=str(import_id), **asdict(_counted(done)))


async def _bring(import_id: UUID, batch: list[ReadRow], types: Types) -> Counts:
    """Do what a batch says, within a transaction of its own."""
    async with transaction():
        await bring_alone()
        current = await LicenceImport.select_for_update().get(id=import_id)
        if current.rows_done != batch[0].number - 1:
            raise TablesError("import_elsewhere")
        judged = await _judge(batch)
        await _write(import_id, judged, types)
        await LicenceImportProblem.bulk_create(
            LicenceImportProblem(licence_import_id=import_id, sheet=row.sheet, row=row.row, column=column, code=code)
            for row, _ in judged
            for column, code in row.problems
        )
        counts = _count(judged)
        total = _counted(current)
        total.add(counts)
        current.update_from_dict({"rows_done": batch[-1].number, **asdict(total)})
        await current.save(update_fields=["rows_done", *asdict(total)])
    return counts


_Judged = list[tuple[ReadRow, Decision]]


async def _judge(batch: list[ReadRow]) -> _Judged:
    """What becomes of each row; why one is refused stands with its problems."""
    today = clock.today()
    chains = await lock_chains([row.licence for row in batch if row.licence])
    judged: _Judged = []
    touched: set[UUID] = set()
    for row in batch:
        decision = decide(row.licence, chains.of(row.licence), today) if row.licence else Decision(Effect.REFUSE)
        if (earlier := decision.earlier) and earlier.id in touched:
            # One row names it by its number, another by its identifier.
            decision = Decision(Effect.REFUSE, code="identifier_taken")
        elif earlier:
            touched.add(earlier.id)
        if decision.code:
            row.problems.append(("", decision.code))
        judged.append((row, decision))
    return judged


async def _write(import_id: UUID, judged: _Judged, types: Types) -> None:
    """Write the licences that rows add, and only then move those that they follow, whose states they may carry on."""
    today, actor = clock.today(), f"import:{import_id}"
    doing = [
        (row.licence, decision)
        for row, decision in judged
        if row.licence and decision.effect in (Effect.ADD, Effect.FOLLOW, Effect.MOVE)
    ]
    entries = [
        Entry(licence, types.find(licence.type_code, ""), decision.earlier)
        for licence, decision in doing
        if decision.effect is not Effect.MOVE
    ]
    await write_licences(entries, await find_owners([entry.row for entry in entries]), import_id, today)
    for licence, decision in doing:
        if decision.earlier and decision.cause:
            reason = _reason(licence, decision.cause)
            await move_licence(decision.earlier, decision.cause, actor=actor, reason=reason)


def _reason(licence: ImportedLicence, cause: LicenceCause) -> str:
    if cause is LicenceCause.SUPERSEDED:
        return texts.text("licence_import", "followed")
    return states.reason(licence.elsewhere) or texts.text("licence_reason", "expired")


def _count(judged: _Judged) -> Counts:
    effects = Counter(decision.effect for _, decision in judged)
    return Counts(
        added=effects[Effect.ADD],
        followed=effects[Effect.FOLLOW],
        moved=effects[Effect.MOVE],
        unchanged=effects[Effect.NOTHING],
        refused=effects[Effect.REFUSE],
    )


def _counted(licence_import: LicenceImport) -> Counts:
    return Counts(**{field.name: getattr(licence_import, field.name) for field in fields(Counts)})


async def problems_of(import_id: UUID) -> AsyncIterator[Problem]:
    """What was wrong with the rows of an import, in their order, with its sentences."""
    last = 0
    while (
        found := await LicenceImportProblem.filter(licence_import_id=import_id, id__gt=last).order_by("id").limit(BATCH)
    ):
        for one in found:
            yield problem(one.code, one.sheet, one.row, one.column)
        last = found[-1].id
