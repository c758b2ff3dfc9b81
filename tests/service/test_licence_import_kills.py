"""``jiaban licences import`` as whoever holds the server types it, ended by force in its middle."""

import asyncio
import csv
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.bootstrap import House
from app.demo.plan import Plan
from app.kit import db
from app.licences.imports.models import LicenceImport
from app.licences.imports.service import BATCH
from app.licences.models import Licence
from config.settings import Settings
from tests.contract.sandbox.stand_ins import until
from tests.licence_tables import senior, write_csv
from tests.nursery import command

ROWS, FAULTY, PATIENCE_SECONDS = 5 * BATCH, 700, 240


@pytest.fixture
async def bringing(quiet: House) -> AsyncIterator[House]:
    """A house without licences that were brought, before and after."""
    await _forget()
    yield quiet
    await _forget()


async def _forget() -> None:
    await db.execute("DELETE FROM licences WHERE origin = 'imported'")
    await LicenceImport.all().delete()


def _told(settings: Settings, plan: Plan) -> dict[str, str]:
    return {
        "JIABAN_CONFIG_FILE": str(plan.config_file),
        "JIABAN_DATABASE_URL": settings.database_url.get_secret_value(),
    }


async def _run(settings: Settings, plan: Plan, *words: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(command, "licences", *words, **_told(settings, plan))


async def _start(settings: Settings, plan: Plan, *words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "licences", *words),
        env=os.environ | _told(settings, plan),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )


def _files(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


async def test_a_killed_import_goes_on_without_doubles_or_losses(
    bringing: House, quiet_settings: Settings, plan: Plan, tmp_path: Path
) -> None:
    """Every good row is there once, every bad one is in the report once, and the third run says that all is done."""
    rows = [senior(number) for number in range(ROWS)]
    for row in rows[::FAULTY]:
        row["颁发日期"] = "?"
    path = write_csv(tmp_path / "cards.csv", rows)
    killed = await _start(quiet_settings, plan, "import", str(path))
    await until(LicenceImport.filter(rows_done__gt=0).exists, bool, within=PATIENCE_SECONDS)
    killed.kill()
    await killed.wait()
    stopped = await LicenceImport.get()
    assert 0 < stopped.rows_done < ROWS
    assert stopped.finished_at is None
    assert await Licence.filter(origin="imported").count() == stopped.added

    resumed = await _run(quiet_settings, plan, "import", str(path), "--resume")
    bad = len(rows[::FAULTY])
    assert resumed.returncode == 1
    assert f"新增 {ROWS - bad} 份" in resumed.stdout
    assert f"第 {stopped.rows_done} 行" in resumed.stdout
    numbers = await Licence.filter(origin="imported").values_list("number", flat=True)
    assert sorted(map(str, numbers)) == sorted(row["证照编号"] for row in rows if row["颁发日期"] != "?")
    with (tmp_path / "cards.csv.problems.csv").open(encoding="utf-8-sig", newline="") as file:
        report = list(csv.reader(file))[1:]
    assert [int(line[1]) for line in report] == [place + 2 for place in range(0, ROWS, FAULTY)]
    assert {(line[2], line[3]) for line in report} == {("颁发日期", "day_wrong")}

    again = await _run(quiet_settings, plan, "import", str(path))
    assert "没有重复导入" in again.stdout
    assert await Licence.filter(origin="imported").count() == ROWS - bad
    del bringing


async def test_a_template_and_a_dry_run_from_the_command_line(
    bringing: House, quiet_settings: Settings, plan: Plan, tmp_path: Path
) -> None:
    """Exit code 0 where all is well; an unknown type is a sentence."""
    path = write_csv(tmp_path / "cards.csv", [senior(1)])
    tried = await _run(quiet_settings, plan, "import", str(path), "--dry-run")
    assert (tried.returncode, "将新增 1 份" in tried.stdout) == (0, True)
    assert _files(tmp_path) == ["cards.csv"]
    template = await _run(quiet_settings, plan, "template", "--type", "senior_card", str(tmp_path / "t.xlsx"))
    assert template.returncode == 0
    assert _files(tmp_path) == ["cards.csv", "t.xlsx"]
    unknown = await _run(quiet_settings, plan, "import", str(path), "--type", "nothing")
    assert (unknown.returncode, "没有这个证照类型。" in unknown.stdout) == (1, True)
    del bringing
