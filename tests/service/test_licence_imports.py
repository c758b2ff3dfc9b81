"""Licences that were issued elsewhere come here once, whatever repeats, and are changed by what says something else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.audit.models import AuditRecord
from app.audit.service import first_broken
from app.bootstrap import House
from app.identity.models import Citizen
from app.kit import clock, db
from app.kit.crypto import keyring
from app.kit.db import transaction
from app.licences import identifiers
from app.licences.attaching import attach_to_person
from app.licences.imports import service
from app.licences.imports.exporting import export_licences
from app.licences.imports.models import LicenceImport
from app.licences.imports.service import CHAIN, Counts, Outcome, import_licences, problems_of, try_import
from app.licences.imports.writing import write_licences
from app.licences.models import HOLDER, Licence, LicenceCause, LicenceMove, LicenceState, Origin
from app.licences.moving import lock_licence, move_licence
from app.mandates.models import Company
from app.notifications.models import Message
from app.upkeep.tables.problems import TablesError
from tests.contract.sandbox.stand_ins import until
from tests.licence_tables import COMPANY, ISSUER_CODE, SENIOR, id_number, senior, write_csv, write_xlsx

EVERYTHING = """
SELECT to_jsonb(licences)::text AS row FROM licences
UNION ALL SELECT to_jsonb(licence_serials)::text FROM licence_serials ORDER BY 1
"""


@pytest.fixture
async def bringing(quiet: House) -> AsyncIterator[House]:
    """A house without licences that were brought, before and after."""
    await _forget()
    yield quiet
    await _forget()


async def _forget() -> None:
    await db.execute("DELETE FROM licences WHERE origin = 'imported'")
    await LicenceImport.all().delete()


async def bring(path: Path, **how: Any) -> Outcome:
    """Import a file."""
    return await import_licences(path, "command_line", lambda done, total: None, **how)


async def brought(number: int = 1) -> list[Licence]:
    """The versions of a card, oldest first."""
    return await Licence.filter(number=f"YL{number:08d}").order_by("version")


async def test_a_licence_is_brought_whole(bringing: House, tmp_path: Path) -> None:
    """Sealed, found by its holder's code, with an identifier of the standard and a place in a status list."""
    outcome = await bring(write_csv(tmp_path / "a.csv", [senior(1), senior(2)]))
    assert outcome.counts == Counts(added=2)
    (licence,) = await brought(1)
    assert (licence.origin, licence.state, licence.version) == (Origin.IMPORTED, LicenceState.VALID, 1)
    assert (licence.holder, licence.holder_code) == ("王某1", id_number(1))
    assert licence.holder_hash == keyring().lookup(id_number(1), HOLDER)
    assert licence.import_id == outcome.import_id
    assert licence.status_index is not None
    assert identifiers.parse(licence.identifier).issuer == ISSUER_CODE
    assert len(licence.reference) == 16
    (other,) = await brought(2)
    assert other.identifier != licence.identifier
    del bringing


async def test_an_identifier_that_is_told_is_kept(bringing: House, tmp_path: Path) -> None:
    """Also one whose parts have other lengths than the standard's; a licence is found by it, too."""
    body = "11230000MB0000001A001.11230100MB0000001A.SN-1".replace("-", "") + ".1"
    told = f"{identifiers.OID}.{body}.{identifiers.check_character(body.replace('.', ''))}"
    await bring(write_csv(tmp_path / "a.csv", [senior(1, 电子证照标识=told)]))
    (licence,) = await brought(1)
    assert licence.identifier == told
    again = await bring(write_csv(tmp_path / "b.csv", [senior(1, 电子证照标识=told), senior(2, 电子证照标识="")]))
    assert again.counts == Counts(added=1, unchanged=1)
    renamed = await bring(write_csv(tmp_path / "c.csv", [senior(3, 电子证照标识=told)]))
    assert renamed.counts == Counts(followed=1)
    (following,) = await brought(3)
    assert following.previous_id == licence.id  # type: ignore[attr-defined]  # Tortoise adds it
    crossed = await bring(write_csv(tmp_path / "d.csv", [senior(2, 电子证照标识=told)]))
    assert crossed.counts == Counts(refused=1)
    del bringing


async def test_the_same_file_and_the_same_rows_change_nothing(bringing: House, tmp_path: Path) -> None:
    """A file that is through says so; the same licences in another file are no-ops."""
    rows = [senior(number) for number in range(5)]
    first = await bring(write_csv(tmp_path / "a.csv", rows))
    again = await bring(tmp_path / "a.csv")
    assert (again.again, again.import_id, again.counts) == (True, first.import_id, Counts(added=5))
    assert (await bring(write_xlsx(tmp_path / "a.xlsx", rows[:3], rows[3:]))).counts == Counts(unchanged=5)
    assert (
        await Licence.filter(import_id=first.import_id).count() == await Licence.filter(origin="imported").count() == 5
    )
    del bringing


async def test_another_content_is_another_version(bringing: House, tmp_path: Path) -> None:
    """The earlier one is superseded, with who and why; the identifier goes on; the last file counts once."""
    await bring(write_csv(tmp_path / "a.csv", [senior(1)]))
    outcome = await bring(write_csv(tmp_path / "b.csv", [senior(1, 居住地址="前进区某街2号")]))
    assert outcome.counts == Counts(followed=1)
    earlier, later = await brought(1)
    assert (earlier.state, later.state, later.version) == (LicenceState.SUPERSEDED, LicenceState.VALID, 2)
    assert later.previous_id == earlier.id  # type: ignore[attr-defined]  # Tortoise adds it
    before, after = identifiers.parse(earlier.identifier), identifiers.parse(later.identifier)
    assert (after.serial, after.version) == (before.serial, 2)
    move = await LicenceMove.get(licence=earlier)
    assert (move.cause, move.actor) == (LicenceCause.SUPERSEDED, f"import:{outcome.import_id}")
    assert later.status_index not in (None, earlier.status_index)
    repeated = write_csv(tmp_path / "c.csv", [senior(1, 居住地址="前进区某街2号"), senior(2)])
    assert (await bring(repeated)).counts == Counts(added=1, unchanged=1)
    del bringing


async def test_one_licence_twice_in_a_file_is_two_versions(bringing: House, tmp_path: Path) -> None:
    """As it stands there: the later row follows the earlier one, the same row again is nothing."""
    rows = [senior(1), senior(1), senior(1, 居住地址="前进区某街2号"), senior(2)]
    assert (await bring(write_csv(tmp_path / "a.csv", rows))).counts == Counts(added=2, followed=1, unchanged=1)
    assert [licence.version for licence in await brought(1)] == [1, 2]
    del bringing


async def test_states_come_along_and_only_ever_end(bringing: House, tmp_path: Path) -> None:
    """A later file ends what was valid, with its reason; none makes valid again what was ended, here or there."""
    rows = [senior(1), senior(2, 证照状态="吊销"), senior(3, 证照状态="06"), senior(4, 有效期止="2021-01-01")]
    rows = [{"证照状态": "", "有效期止": "", "状态变更日期": ""} | row for row in rows]
    rows[1]["状态变更日期"] = "2024-03-01"
    await bring(write_csv(tmp_path / "a.csv", rows))
    (revoked,), (moved_out,), (over,) = [await brought(number) for number in (2, 3, 4)]
    assert (revoked.state, revoked.state_reason) == (LicenceState.REVOKED, "吊销")
    assert revoked.state_changed_at is not None
    assert revoked.state_changed_at.astimezone(clock.CITY_TIME).date() == date(2024, 3, 1)
    assert (moved_out.state, moved_out.state_reason) == (LicenceState.CANCELLED, "转出")
    assert (over.state, over.state_reason) == (LicenceState.EXPIRED, None)
    ended = await bring(write_csv(tmp_path / "b.csv", [rows[0] | {"证照状态": "04"}]))
    assert ended.counts == Counts(moved=1)
    (cancelled,) = await brought(1)
    assert (cancelled.state, cancelled.state_reason) == (LicenceState.CANCELLED, "注销")
    back = [rows[0], rows[1] | {"证照状态": "有效"}, rows[2] | {"证照状态": "有效", "居住地址": "另一处"}]
    outcome = await bring(write_csv(tmp_path / "c.csv", back))
    assert outcome.counts == Counts(unchanged=2, refused=1)
    assert outcome.import_id is not None
    assert [(one.row, one.code) async for one in problems_of(outcome.import_id)] == [(4, "ended_here")]
    del bringing


async def test_a_suspension_goes_on_in_the_version_that_follows(bringing: House, tmp_path: Path) -> None:
    """Only a word for it lifts it."""
    await bring(write_csv(tmp_path / "a.csv", [senior(1)]))
    async with transaction():
        licence = await lock_licence((await brought(1))[0].id)
        await move_licence(licence, LicenceCause.SUSPENDED, actor="staff:1", reason="核查")
    await bring(write_csv(tmp_path / "b.csv", [senior(1, 居住地址="前进区某街2号")]))
    earlier, later = await brought(1)
    assert (earlier.state, later.state, later.state_reason) == (LicenceState.SUPERSEDED, LicenceState.SUSPENDED, "核查")
    del bringing


async def test_bad_rows_hold_up_no_other(bringing: House, tmp_path: Path) -> None:
    """Each is kept by place and code, in the order of the file, and never with what stands there."""
    rows = [senior(1), senior(2, 持证主体代码="2308"), senior(3), senior(4, 颁发日期="?", 管辖属地编码="")]
    outcome = await bring(write_csv(tmp_path / "a.csv", rows))
    assert outcome.counts == Counts(added=2, refused=2)
    assert outcome.import_id is not None
    told = [(one.row, one.column, one.code) async for one in problems_of(outcome.import_id)]
    assert told == [
        (3, "持证主体代码", "holder_code_wrong"),
        (5, "管辖属地编码", "cell_empty"),
        (5, "颁发日期", "day_wrong"),
    ]
    kept = await db.rows("SELECT to_jsonb(licence_import_problems)::text AS row FROM licence_import_problems")
    assert not [row for row in kept if "2308" in row["row"].replace(str(outcome.import_id), "")]
    del bringing


async def test_a_dry_run_says_what_would_be_and_changes_nothing(bringing: House, tmp_path: Path) -> None:
    """Rows, serial numbers and imports stay as they were."""
    await bring(write_csv(tmp_path / "a.csv", [senior(1), senior(2)]))
    before = await db.rows(EVERYTHING)
    rows = [senior(1), senior(2, 居住地址="别处"), senior(3), senior(4, 颁发日期="?")]
    told: list[int] = []
    outcome = await try_import(
        write_csv(tmp_path / "b.csv", rows), lambda done, total: None, lambda row: told.append(row.row)
    )
    assert outcome.counts == Counts(added=1, followed=1, unchanged=1, refused=1)
    assert told == [5]
    assert await db.rows(EVERYTHING) == before
    assert await LicenceImport.all().count() == 1
    del bringing


async def test_holders_who_are_here_get_theirs(bringing: House, tmp_path: Path) -> None:
    """Whom a face proved, by number and name; companies by their code. A name and a number alone open nothing."""
    face, named, other = [await _citizen(number, level) for number, level in ((1, 3), (2, 2), (5, 3))]
    company = await Company.create(uscc=COMPANY, name="某公司", checked_at=clock.now(), created_at=clock.now())
    try:
        rows = [senior(1), senior(2), senior(3), senior(4, 持证主体代码=COMPANY), senior(5, 持证主体="李某")]
        rows[0]["持证主体"] = " 王 某1"
        await bring(write_csv(tmp_path / "a.csv", rows))
        owners = {
            licence["number"]: (licence["citizen_id"], licence["company_id"])
            for licence in await Licence.filter(origin="imported").values("number", "citizen_id", "company_id")
        }
        assert owners["YL00000001"] == (face.id, None)
        assert owners["YL00000002"] == owners["YL00000003"] == owners["YL00000005"] == (None, None)
        assert owners["YL00000004"] == (None, company.id)
    finally:
        await _forget()
        await Citizen.filter(id__in=[face.id, named.id, other.id]).delete()
        await company.delete()
    del bringing


async def test_who_is_proven_while_a_batch_is_written_gets_theirs(
    bringing: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The import knew nobody of this number, and what it brings was not there when it was looked for."""
    looked, go_on = asyncio.Event(), asyncio.Event()

    async def write(*arguments: Any) -> None:
        looked.set()
        await go_on.wait()
        await write_licences(*arguments)

    monkeypatch.setattr(service, "write_licences", write)
    importing = asyncio.create_task(bring(write_csv(tmp_path / "a.csv", [senior(1)])))
    await looked.wait()
    citizen = await _citizen(1, 3)
    try:
        attaching = asyncio.create_task(attach_to_person(str(citizen.id)))
        await until(lambda: _waits_or_done(attaching), bool)
        go_on.set()
        await asyncio.gather(importing, attaching)
        (licence,) = await brought()
        assert licence.citizen_id == citizen.id  # type: ignore[attr-defined]  # Tortoise adds it
    finally:
        go_on.set()
        await _forget()
        await Message.filter(citizen=citizen).delete()
        await citizen.delete()
    del bringing


async def _waits_or_done(task: asyncio.Task[None]) -> bool:
    waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    return task.done() or bool(await db.rows(waiting))


async def _citizen(number: int, level: int) -> Citizen:
    code = id_number(number)
    return await Citizen.create(
        level=level,
        name=f"王某{number}",
        id_number=code,
        id_number_hash=keyring().lookup(code, "id_number"),
        created_at=clock.now(),
    )


async def test_what_was_issued_here_is_not_overwritten(bringing: House, tmp_path: Path) -> None:
    """It changes by its cases alone."""
    await bring(write_csv(tmp_path / "a.csv", [senior(1)]))
    await Licence.filter(number="YL00000001").update(origin=Origin.ISSUED)
    try:
        outcome = await bring(write_csv(tmp_path / "b.csv", [senior(1, 居住地址="别处")]))
        assert outcome.counts == Counts(refused=1)
    finally:
        await Licence.filter(number="YL00000001").delete()
    del bringing


async def test_who_goes_on_with_nothing_is_told(bringing: House, tmp_path: Path) -> None:
    """A file that was saved again is another file."""
    path = write_csv(tmp_path / "a.csv", [senior(1)])
    with pytest.raises(TablesError) as error:
        await bring(path, resume=True)
    assert error.value.problem.code == "import_not_begun"
    assert await LicenceImport.all().count() == 0
    del bringing


async def test_a_file_that_breaks_off_keeps_what_was_before(
    bringing: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest comes with the file that was put right; nothing comes twice."""
    monkeypatch.setattr(service, "BATCH", 2)
    path = write_csv(tmp_path / "a.csv", [senior(number) for number in range(5)])
    path.write_text(path.read_text("utf-8") + '"', "utf-8")
    with pytest.raises(TablesError):
        await bring(path)
    assert await Licence.filter(origin="imported").count() == 4
    whole = write_csv(tmp_path / "b.csv", [senior(number) for number in range(5)])
    assert (await bring(whole)).counts == Counts(added=1, unchanged=4)
    del bringing


async def test_two_who_import_the_same_file_bring_it_once(
    bringing: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of them stops, or finds all rows done."""
    monkeypatch.setattr(service, "BATCH", 3)
    path = write_csv(tmp_path / "a.csv", [senior(number) for number in range(30)])
    outcomes = await asyncio.gather(bring(path), bring(path), return_exceptions=True)
    assert any(isinstance(outcome, Outcome) for outcome in outcomes)
    assert all(isinstance(outcome, Outcome | TablesError) for outcome in outcomes)
    assert await Licence.filter(origin="imported").count() == 30
    assert (await LicenceImport.get()).added == 30
    del bringing


async def test_imports_stand_in_the_audit(bringing: House, tmp_path: Path) -> None:
    """Who began one, and its counts."""
    outcome = await bring(write_csv(tmp_path / "a.csv", [senior(1)]))
    finished, begun = await AuditRecord.filter(chain=CHAIN).order_by("-position").limit(2)
    assert (begun.action, finished.action) == ("licence_import_begun", "licence_import_finished")
    assert begun.actor == "command_line"
    assert finished.details["import_id"] == str(outcome.import_id)
    assert finished.details["added"] == 1
    assert await first_broken(CHAIN) is None
    del bringing


@pytest.mark.parametrize("name", ["out.xlsx", "out.csv"])
async def test_what_was_exported_is_the_same_when_it_comes_again(bringing: House, tmp_path: Path, name: str) -> None:
    """The newest version of each, with its state, identifier and days; only its owner reads the file."""
    rows = [senior(1), senior(2, 证照状态="吊销"), senior(3, 证照状态="06"), senior(4, 证照状态="暂扣")]
    rows = [{"证照状态": "", "有效期止": "2090-01-01"} | row for row in rows]
    await bring(write_csv(tmp_path / "a.csv", rows))
    await bring(write_csv(tmp_path / "b.csv", [rows[0] | {"居住地址": "=1+1"}]))
    definition = (await service.read_types(SENIOR)).chosen
    assert definition is not None
    told: list[tuple[int, int]] = []
    count = await export_licences(tmp_path / name, definition, "command_line", lambda *done: told.append(done))
    assert (count, told[-1]) == (4, (4, 4))
    assert (tmp_path / name).stat().st_mode & 0o077 == 0
    assert (await bring(tmp_path / name)).counts == Counts(unchanged=4)
    before = await Licence.filter(origin="imported").exclude(state="superseded").order_by("number")
    await _forget()
    assert (await bring(tmp_path / name)).counts == Counts(added=4)
    after = await Licence.filter(origin="imported").order_by("number")
    compared = ("identifier", "number", "values", "holder", "state", "state_reason", "valid_until", "issued_on")
    assert [[getattr(one, column) for column in compared] for one in after] == [
        [getattr(one, column) for column in compared] for one in before
    ]
    del bringing
