"""The whole catalogue out as tables and in again: all or nothing, on a database of one's own."""

import argparse
import asyncio
import csv
import io
import os
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from openpyxl import Workbook, load_workbook
from pydantic import SecretStr

from app.audit.models import AuditRecord
from app.audit.service import first_broken
from app.bootstrap import open_house
from app.catalogue.guide import Guide
from app.catalogue.models import Item, VersionOrigin
from app.catalogue.queries import get_item
from app.catalogue.service import bring_into_effect, lock_publishing, publish_guides
from app.commands.catalogue import add_developer_commands
from app.demo.plan import Plan
from app.kit import clock, db
from app.kit.db import transaction
from app.upkeep.tables import importing, staging
from app.upkeep.tables.exporting import export_tables
from app.upkeep.tables.importing import CHAIN, Outcome, import_tables
from app.upkeep.tables.making import make_catalogue
from app.upkeep.tables.problems import Problem, Problems
from app.upkeep.tasks import take_effect
from config.settings import CITY_DATA, Settings
from tests.nursery import command
from tests.service.conftest import copy_database
from tests.unit.upkeep.tables_made import edit_member, edit_workbook, write

FOOD = "11230800JB0000017Q3000131001001"
ALL = """
SELECT 'item_versions', to_jsonb(item_versions) FROM item_versions
UNION ALL SELECT 'items', to_jsonb(items) FROM items
UNION ALL SELECT 'readings', to_jsonb(readings) FROM readings
UNION ALL SELECT 'audit', to_jsonb(audit_records) FROM audit_records
"""


FOUND = "SELECT readings.name FROM items JOIN readings ON readings.id = items.reading WHERE item_code = $1"


@pytest.fixture(scope="module")
def template(plan: Plan, with_city: str) -> str:
    """The name of a database with the city in it, to be copied."""
    server, _, _ = plan.database_url.rpartition("/")
    return asyncio.run(copy_database(server, with_city)).rpartition("/")[2]


@pytest.fixture
async def city(plan: Plan, settings: Settings, template: str) -> AsyncIterator[str]:
    """The address of a database with the city in it that nobody else uses."""
    server, _, _ = plan.database_url.rpartition("/")
    name = f"tables_{uuid4().hex}"
    admin = await asyncpg.connect(f"{server}/postgres")
    try:
        await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        async with open_house(settings.model_copy(update={"database_url": SecretStr(f"{server}/{name}")})):
            yield f"{server}/{name}"
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await admin.close()


@pytest.fixture
async def untouched(plan: Plan, settings: Settings, template: str) -> AsyncIterator[None]:
    """The database itself that others copy: for tests after which it is as it was."""
    server, _, _ = plan.database_url.rpartition("/")
    async with open_house(settings.model_copy(update={"database_url": SecretStr(f"{server}/{template}")})):
        yield


async def everything() -> list[str]:
    """Every row that an import could touch."""
    return sorted(str(sorted(row.items())) for row in await db.rows(ALL))


async def exported(path: Path) -> Path:
    """The city's catalogue as tables."""
    await export_tables(path, lambda done, total: None)
    return path


async def imported(path: Path, days: int = 0, *, dry_run: bool = False) -> tuple[Outcome, list[Problem]]:
    """What an import did, and what was wrong."""
    problems = Problems()
    day = clock.today() + timedelta(days=days)
    outcome = await import_tables(path, "tester", day, problems, lambda *_: None, dry_run=dry_run)
    return outcome, problems.first


def row_of(book: Workbook, title: str, code: str = FOOD) -> int:
    """The first row of an item in a sheet."""
    codes = [cell.value for cell in book[title]["A"]]
    return codes.index(code) + 1


def put(title: str, column: int, *values: Any) -> Callable[[Workbook], None]:
    """Change cells of the first row of the food licence, from a column on."""

    def change(book: Workbook) -> None:
        for place, value in enumerate(values, column):
            book[title].cell(row_of(book, title), place).value = value

    return change


def _twice(book: Workbook) -> None:
    book["事项"].append([cell.value for cell in book["事项"][row_of(book, "事项")]])


def _crowd(book: Workbook) -> None:
    for _ in range(staging.MOST_ROWS):
        book["条件"].append([FOOD, "又一条。"])


@pytest.mark.usefixtures("city")
@pytest.mark.parametrize("suffix", [".xlsx", ".zip"])
async def test_what_was_exported_changes_nothing(tmp_path: Path, suffix: str) -> None:
    """No version, no list, no search; only the audit says that somebody did it."""
    before = await everything()
    path = await exported(tmp_path / f"all{suffix}")
    assert await everything() == before
    items = await Item.all().count()
    assert await imported(path) == (Outcome(unchanged=items), [])
    record = await AuditRecord.get(chain=CHAIN)
    await record.delete()
    assert await everything() == before


@pytest.mark.usefixtures("city")
async def test_changed_and_new_items_are_published(tmp_path: Path) -> None:
    """Each gets a version, is listed and found; the others get none; the audit counts."""
    guide = (await get_item(FOOD)).guide
    code = f"{FOOD[:-4]}9999"
    named = {"item_code": code, "basic_code": code[19:], "name": "极光观赏登记", "short_name": "极光"}
    new = guide.model_copy(update=named)
    changed = guide.model_copy(update={"conditions": ["=1+1。", "@另一条。"]})
    versions = await db.rows("SELECT count(*) AS number FROM item_versions")
    assert await imported(write(tmp_path / "two.zip", [new, changed])) == (Outcome(new=1, changed=1), [])
    assert (await get_item(FOOD)).guide == changed
    assert (await get_item(FOOD)).version == 2
    assert (await get_item(new.item_code)).guide == new
    assert (await db.rows(FOUND, new.item_code)) == [{"name": new.name}]
    after = await db.rows("SELECT count(*) AS number FROM item_versions")
    assert after[0]["number"] == versions[0]["number"] + 2
    record = await AuditRecord.get(chain=CHAIN)
    assert (record.actor, record.action) == ("tester", "catalogue_imported")
    assert record.details == {"new": 1, "changed": 1, "unchanged": 0, "effective_on": clock.today().isoformat()}
    assert await first_broken(CHAIN) is None


@pytest.mark.usefixtures("city")
async def test_a_file_with_one_item_leaves_the_others(tmp_path: Path) -> None:
    """What is not in it stays as it is."""
    items = await Item.all().count()
    guide = (await get_item(FOOD)).guide
    assert await imported(write(tmp_path / "one.xlsx", [guide])) == (Outcome(unchanged=1), [])
    assert await Item.all().count() == items


@pytest.mark.usefixtures("city")
async def test_an_import_holds_from_its_day(tmp_path: Path) -> None:
    """Not earlier, and an export says what is planned; a day that is over is refused."""
    guide = (await get_item(FOOD)).guide.model_copy(update={"visits": 7})
    path = write(tmp_path / "one.zip", [guide])
    assert [problem.code for problem in (await imported(path, -1))[1]] == ["effective_day_past"]
    assert await imported(path, 3) == (Outcome(changed=1), [])
    assert (await get_item(FOOD)).version == 1
    assert (await Item.get(item_code=FOOD)).visits != 7
    planned = load_workbook(await exported(tmp_path / "all.xlsx"))
    assert planned["事项"].cell(row_of(planned, "事项"), 15).value == 7
    with clock.travel(timedelta(days=3)):
        await take_effect()
        assert (await get_item(FOOD)).guide == guide
        assert (await Item.get(item_code=FOOD)).visits == 7


@pytest.mark.usefixtures("city")
async def test_a_dry_run_tells_and_changes_nothing(tmp_path: Path) -> None:
    """It counts as the import would."""
    path = edit_workbook(await exported(tmp_path / "all.xlsx"), put("事项", 15, 9))
    before = await everything()
    outcome, problems = await imported(path, dry_run=True)
    assert await everything() == before
    assert problems == []
    assert outcome.changed == 1
    assert await imported(path) == (outcome, [])


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (put("事项", 6, "nobody"), ("事项", "部门", "department_unknown")),
        (put("事项", 7, "999999"), ("事项", "地区", "region_unknown")),
        (put("事项", 10, "weather"), ("事项", "主题", "theme_unknown")),
        (put("事项", 17, "nothing"), ("事项", "结果证照", "licence_type_unknown")),
        (put("事项", 4, "长" * 21), ("事项", "简称", "value_too_long")),
        (put("事项", 2, "1"), ("事项", "基本编码", "value_pattern")),
        (put("事项", 14, 5), ("事项", "网办深度", "value_out_of_range")),
        (put("事项", 9, ""), ("事项", "服务对象", "value_too_few")),
        (put("事项", 24, '{"properties": {"a": 1}}'), ("事项", "表单其他（JSON）", "form_rest_wrong")),
        (put("材料", 2, "Id Card"), ("材料", "材料标识", "value_pattern")),
        (put("窗口", 6, "no_hall"), ("窗口", "大厅", "hall_unknown")),
        (put("窗口", 7, 500, 50), ("窗口", "经度", "value_out_of_range")),
        (put("表单", 15, '{"title": "x"}'), ("表单", "其他（JSON）", "form_key_twice")),
        (put("表单", 15, "true"), ("表单", "其他（JSON）", "form_other_alone")),
        (put("表单", 2, "address"), ("表单", "字段", "name_twice")),
        (put("表单", 2, ""), ("表单", "字段", "cell_empty")),
        (put("示例", 4, "5"), ("示例", "值（JSON）", "example_twice")),
        (lambda book: book["选项"].append([FOOD, "nobody_asks", "a", "A"]), ("选项", "问题标识", "question_unknown")),
        (lambda book: book["环节"].append([FOOD[::-1], "x", 1, ""]), ("环节", "实施编码", "item_code_wrong")),
        (lambda book: book["环节"].append([f"{FOOD[:-4]}9999", "x", 1, ""]), ("环节", "实施编码", "item_unknown")),
        (_twice, ("事项", "实施编码", "item_twice")),
        (_crowd, ("事项", "实施编码", "item_too_large")),
    ],
)
async def test_a_wrong_row_leaves_the_catalogue_as_it_was(
    tmp_path: Path, change: Callable[[Workbook], None], expected: tuple[str, str, str]
) -> None:
    """It is told by its place, and nothing else of the file is taken, though all else is new."""

    def with_a_change_before(book: Workbook) -> None:
        for row in book["事项"].iter_rows(min_row=2):
            row[14].value = 9
        change(book)

    others = await Item.exclude(item_code=FOOD).order_by("item_code").limit(9)
    guides = [(await get_item(code)).guide for code in (FOOD, *(item.item_code for item in others))]
    path = write(tmp_path / "ten.xlsx", guides)
    edit_workbook(path, with_a_change_before)
    before = await everything()
    _, problems = await imported(path)
    assert await everything() == before
    assert expected in [(one.sheet, one.column, one.code) for one in problems]
    assert {(one.sheet, one.column, one.code) for one in problems} == {expected}
    book = load_workbook(path)
    cell = book[problems[0].sheet].cell(problems[0].row, 1).value
    assert cell in (FOOD, FOOD[::-1], f"{FOOD[:-4]}9999")


@pytest.mark.usefixtures("city")
async def test_a_bad_row_after_many_good_ones_undoes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches that were published already go back: the catalogue, the lists and the search are as they were."""
    monkeypatch.setattr(importing, "BATCH", 50)
    path = tmp_path / "many.zip"
    make_catalogue(CITY_DATA, 110, path, lambda done, total: None)
    before = await everything()
    good, problems = await imported(path, dry_run=True)
    assert (good, problems) == (Outcome(new=110), [])
    # The last by its code, so that all batches but one are published when it is met.
    wrong = edit_member(Path(shutil.copy(path, tmp_path / "wrong.zip")), "事项.csv", _spoil_the_last)
    assert [problem.code for problem in (await imported(wrong))[1]] == ["value_out_of_range"]
    assert await everything() == before
    assert await imported(path) == (Outcome(new=110), [])


def _spoil_the_last(data: bytes) -> bytes:
    """Make the item wrong whose code is the last."""
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    max(rows[1:], key=lambda row: row[0])[13] = "9"
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()


@pytest.mark.usefixtures("city")
async def test_an_ended_item_is_not_exported_and_may_come_back(tmp_path: Path) -> None:
    """An import offers it again, as it was."""
    guide = (await get_item(FOOD)).guide
    path = write(tmp_path / "one.zip", [guide])
    async with transaction():
        await lock_publishing()
        await publish_guides([guide.model_copy(update={"visits": 8})], clock.today(), VersionOrigin.TABLES)
        await db.execute("UPDATE item_versions SET offered = false WHERE item_code = $1 AND number = 2", FOOD)
        await bring_into_effect([FOOD])
    book = load_workbook(await exported(tmp_path / "all.xlsx"))
    assert FOOD not in [cell.value for cell in book["事项"]["A"]]
    assert await imported(path) == (Outcome(changed=1), [])
    assert (await get_item(FOOD)).version == 3


@pytest.mark.usefixtures("city")
async def test_the_order_of_a_forms_fields_is_a_change(tmp_path: Path) -> None:
    """Phones show them in it; the order of one field's keys is none."""
    guide = (await get_item(FOOD)).guide
    schema = guide.form_schema
    turned = {name: dict(reversed(field.items())) for name, field in schema["properties"].items()}
    same: Guide = guide.model_copy(update={"form_schema": {**schema, "properties": turned}})
    assert await imported(write(tmp_path / "same.zip", [same])) == (Outcome(unchanged=1), [])
    fields = dict(reversed(schema["properties"].items()))
    other: Guide = guide.model_copy(update={"form_schema": {**schema, "properties": fields}})
    assert await imported(write(tmp_path / "other.zip", [other])) == (Outcome(changed=1), [])
    assert list((await get_item(FOOD)).guide.form_schema["properties"]) == list(fields)


@pytest.mark.usefixtures("city")
async def test_two_imports_at_once_follow_each_other(tmp_path: Path) -> None:
    """Each version has its own number, and the second sees what the first did."""
    guide = (await get_item(FOOD)).guide
    paths = [write(tmp_path / f"{n}.zip", [guide.model_copy(update={"visits": 5 + n % 2})]) for n in range(4)]
    done = await asyncio.gather(*(imported(path) for path in paths))
    assert [problems for _, problems in done] == [[], [], [], []]
    rows = await db.rows("SELECT number, guide FROM item_versions WHERE item_code = $1 ORDER BY number", FOOD)
    assert [row["number"] for row in rows] == list(range(1, 2 + sum(outcome.changed for outcome, _ in done)))
    visits = [Guide.model_validate_json(row["guide"]).visits for row in rows]
    assert all(one != other for one, other in pairwise(visits))


@pytest.fixture
def jiaban(plan: Plan, city: str) -> Callable[..., tuple[int, str, str]]:
    """Runs ``jiaban`` on the database of the test: its exit code, its answer, and what it says beside."""

    def run(*words: str) -> tuple[int, str, str]:
        told = {"JIABAN_DATABASE_URL": os.environ.get("JIABAN_DATABASE_URL", city), "COLUMNS": "300"}
        done = command(*words, JIABAN_CONFIG_FILE=str(plan.config_file), **told)
        return done.returncode, done.stdout, done.stderr

    return run


async def test_the_commands_tell_what_they_did(jiaban: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    """Counts on standard output, bars beside; problems with exit code 1 and a report."""
    path, report = tmp_path / "all.xlsx", tmp_path / "report.csv"
    items = await Item.all().count()
    status, answer, beside = jiaban("catalogue", "export", str(path))
    assert (status, answer) == (0, f"导出事项 {items} 项。\n")
    assert "100%" in beside
    edit_workbook(path, put("事项", 15, 9))
    status, answer, _ = jiaban("catalogue", "import", str(path), "--dry-run")
    assert (status, answer) == (0, f"试运行，目录没有任何变化：新增 0 项，变更 1 项，不变 {items - 1} 项。\n")
    later = (clock.today() + timedelta(days=9)).isoformat()
    status, answer, beside = jiaban("catalogue", "import", str(path), "--effective", later)
    assert (status, answer) == (0, f"新增 0 项，变更 1 项，不变 {items - 1} 项。\n")
    assert "100%" in beside
    before = await everything()
    edit_workbook(path, put("环节", 3, "[bold]两天[/]"))
    status, answer, beside = jiaban("catalogue", "import", str(path), "--report", str(report))
    assert status == 1
    assert "“[bold]两天[/]”不是整数。" in answer
    assert "共 1 个问题" in answer
    assert "Traceback" not in answer + beside
    assert [row[3] for row in csv.reader(report.read_text("utf-8-sig").splitlines())] == ["代码", "cell_no_integer"]
    assert await everything() == before


def test_what_cannot_be_read_or_written_is_a_sentence(
    jiaban: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    """With its code, and exit code 1."""
    renamed = tmp_path / "all.xlsx"
    renamed.write_text("实施编码\n")
    for words, code in (
        (("import", str(renamed)), "file_not_recognised"),
        (("import", str(tmp_path / "none.xlsx")), "file_unreachable"),
        (("export", str(tmp_path / "all.xls")), "suffix_unknown"),
        (("export", str(tmp_path / "no" / "all.xlsx")), "file_unreachable"),
    ):
        status, answer, beside = jiaban("catalogue", *words)
        assert (status, code in answer) == (1, True), answer + beside
        assert "Traceback" not in answer + beside
    assert [path.name for path in tmp_path.iterdir()] == ["all.xlsx"]


def test_a_database_that_is_away_is_a_sentence(
    jiaban: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not taken for a file that is not there."""
    monkeypatch.setenv("JIABAN_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    status, answer, beside = jiaban("catalogue", "export", str(tmp_path / "all.zip"))
    assert (status, "database_away" in answer) == (1, True), answer + beside
    assert "Traceback" not in answer + beside


def test_a_large_catalogue_is_made_of_the_citys(tmp_path: Path) -> None:
    """By the command that measurements begin with; every item has a code of its own."""
    parser = argparse.ArgumentParser()
    add_developer_commands(parser.add_subparsers())
    arguments = parser.parse_args(["make-catalogue", "70", str(tmp_path / "many.xlsx")])
    assert arguments.function(arguments) == 0
    codes = [cell.value for cell in load_workbook(tmp_path / "many.xlsx")["事项"]["A"][1:]]
    assert len(set(codes)) == len(codes) == 70
