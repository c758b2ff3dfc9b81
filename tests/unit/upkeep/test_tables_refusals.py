"""What is wrong with a file of tables is told by sheet, row and column; nothing in it can hurt."""

import csv
import errno
import io
import random
import re
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import IO

import pytest
from openpyxl import Workbook

from app.kit import texts
from app.upkeep.tables.exporting import save
from app.upkeep.tables.files import Limits, Meter
from app.upkeep.tables.layout import SHEETS, words
from app.upkeep.tables.problems import SHOWN, TablesError, problem, reported
from app.upkeep.tables.reading import open_tables
from app.upkeep.tables.writing import CsvWriter
from tests.conftest import REPOSITORY
from tests.unit.upkeep.tables_made import (
    city_guides,
    codes,
    edit_member,
    edit_workbook,
    share_strings,
    staged,
    write,
    zipped,
)

FOOD = next(guide for guide in city_guides() if guide.name.startswith("食品经营许可"))
LAST = 1 + len(FOOD.conditions)
OLE = bytes.fromhex("d0cf11e0a1b11ae1")


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """A workbook with one item."""
    return write(tmp_path / "one.xlsx", [FOOD])


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """CSV files with one item."""
    return write(tmp_path / "one.zip", [FOOD])


def told(path: Path) -> tuple[str, int, str, str]:
    """The only problem of a file, without its sentence."""
    (one,) = staged(path)[1]
    return one.sheet, one.row, one.column, one.code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_not_recognised"),
        ("实施编码,基本编码\n".encode(), "file_not_recognised"),
        (OLE + bytes(600), "file_old_or_encrypted"),
        (b"PK\x03\x04" + bytes(100), "file_broken"),
    ],
)
def test_what_is_no_table_is_told(tmp_path: Path, data: bytes, code: str) -> None:
    """A text that was renamed, an old or encrypted workbook, the begin of an archive."""
    path = tmp_path / "all.xlsx"
    path.write_bytes(data)
    assert codes(path) == [code]


def test_archives_of_other_things_are_told(tmp_path: Path) -> None:
    """Documents, and archives with nothing of ours."""
    path = tmp_path / "all.zip"
    assert codes(zipped(path, {"readme.txt": b""})) == ["file_not_recognised"]
    assert codes(zipped(path, {"其他.csv": b""})) == ["sheet_unknown"]
    assert codes(zipped(path, {"[Content_Types].xml": b"<Types/>"})) == ["file_broken"]
    relation = (
        b'<Relationships><Relationship Id="1" Type="a/officeDocument" Target="word/document.xml"/></Relationships>'
    )
    assert codes(zipped(path, {"[Content_Types].xml": b"", "_rels/.rels": relation})) == ["file_not_recognised"]


def test_a_cut_off_file_is_told(workbook: Path) -> None:
    """Wherever it was cut."""
    whole = workbook.read_bytes()
    for length in range(8, len(whole) - 1, 997):
        workbook.write_bytes(whole[:length])
        assert codes(workbook) == ["file_broken"]


@pytest.mark.parametrize("suffix", [".xlsx", ".zip"])
def test_a_damaged_file_is_told_or_read(tmp_path: Path, suffix: str) -> None:
    """Bytes flipped anywhere: a problem or rows, never another exception."""
    path = write(tmp_path / f"one{suffix}", [FOOD])
    whole, chance, refused = path.read_bytes(), random.Random(20), 0
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        rows, problems = staged(path)
        assert rows or problems
        refused += bool(problems)
    assert refused > 100


def test_a_damaged_sheet_is_told_or_read(workbook: Path) -> None:
    """Bytes flipped within the XML, which the archive's own sums do not show."""
    chance, refused = random.Random(21), 0

    def flip(data: bytes) -> bytes:
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 3)):
            damaged[chance.randrange(len(damaged))] = chance.choice(b"<>/=\"'&;0129AZs \x00\xff")
        return bytes(damaged)

    with zipfile.ZipFile(workbook) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for number in range(300):
        name = list(members)[number % len(members)]
        zipped(workbook, {**members, name: flip(members[name])})
        rows, problems = staged(workbook)
        assert rows or problems
        refused += bool(problems)
    assert refused > 30


@pytest.mark.parametrize("name", ["事项.csv", "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/sharedStrings.xml"])
def test_zipped_nothing_is_told_in_little_memory(tmp_path: Path, name: str) -> None:
    """A gigabyte of spaces in a megabyte: too much for a row, and for a piece of XML."""
    kind = ".zip" if name.endswith(".csv") else ".xlsx"
    path = write(tmp_path / f"one{kind}", [FOOD])
    if kind == ".xlsx":
        share_strings(path)
    with zipfile.ZipFile(path) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            if member != name:
                archive.writestr(member, data)
        with archive.open(name, "w", force_zip64=True) as file:
            file.write(b"<a " if kind == ".xlsx" else b"")
            for _ in range(256):
                file.write(b" " * (1 << 20))
    tracemalloc.start()
    try:
        found = codes(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found in (["file_broken"], ["csv_broken"])
    assert peak < 32 << 20


def test_what_says_or_becomes_too_much_is_told(workbook: Path, archive: Path) -> None:
    """By the sizes that an archive declares, and by its own."""
    for path in (workbook, archive):
        assert codes(path, Limits(inflated_bytes=1_000)) == ["file_too_large"]
        assert codes(path, Limits(file_bytes=1_000)) == ["file_too_large"]
        assert codes(path, Limits(members=3)) == ["file_too_large"]
        assert codes(path, Limits(rows=5))[:1] == ["rows_too_many"]


def test_declared_sizes_are_believed_before_anything_inflates(workbook: Path) -> None:
    """And what comes out is counted all the same."""
    seen: list[int] = []
    with pytest.raises(TablesError), open_tables(workbook, seen.append, Limits(inflated_bytes=1_000)):
        pass
    assert seen == []
    meter = Meter(Limits(inflated_bytes=1_000), seen.append)
    meter.count(3_000)
    with pytest.raises(TablesError):
        meter.count(1)
    assert seen == [3_000, 3_001]


def test_an_archive_that_lies_about_its_sizes_is_told(archive: Path) -> None:
    """The declared size is smaller than what comes out."""
    with zipfile.ZipFile(archive) as opened:
        true = opened.getinfo("事项.csv").file_size
    data = archive.read_bytes().replace(true.to_bytes(4, "little"), (10).to_bytes(4, "little"))
    archive.write_bytes(data)
    assert codes(archive) == ["file_broken"]


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    ],
)
@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/sharedStrings.xml", "_rels/.rels"])
def test_no_entity_is_ever_declared(workbook: Path, declared: str, part: str) -> None:
    """Neither one that grows nor one that reads files."""

    def put(data: bytes) -> bytes:
        root = re.search(rb"<[A-Za-z]", data)
        assert root is not None
        return data[: root.start()] + declared.encode() + data[root.start() :]

    edit_member(share_strings(workbook), part, put)
    assert codes(workbook) == ["file_broken"]


def test_links_to_other_workbooks_are_told(workbook: Path) -> None:
    """What they show would be somebody else's."""
    with zipfile.ZipFile(workbook, "a") as archive:
        archive.writestr("xl/externalLinks/externalLink1.xml", "<externalLink/>")
    assert codes(workbook) == ["external_links"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda book: book.remove(book["材料"]), ("材料", 0, "", "sheet_missing")),
        (lambda book: book.create_sheet("资料"), ("资料", 0, "", "sheet_unknown")),
        (lambda book: book["环节"].delete_cols(3), ("环节", 1, "工作日", "column_missing")),
        (lambda book: book["环节"].cell(1, 9, "备注"), ("环节", 1, "备注", "column_unknown")),
        (lambda book: book["环节"].cell(1, 9, "工作日"), ("环节", 1, "工作日", "column_twice")),
        (lambda book: book["环节"].cell(2, 9, "旁注"), ("环节", 2, "", "column_untitled")),
        (lambda book: book["环节"].cell(2, 90, "旁注"), ("环节", 2, "", "column_untitled")),
        (lambda book: book["环节"].cell(2, 2, '=HYPERLINK("https://x")'), ("环节", 2, "环节名称", "cell_formula")),
        (lambda book: book["环节"].cell(2, 2, "#REF!"), ("环节", 2, "环节名称", "cell_error")),
        (lambda book: book["环节"].cell(2, 3, "两天"), ("环节", 2, "工作日", "cell_no_integer")),
        (lambda book: book["环节"].cell(2, 3, 1.5), ("环节", 2, "工作日", "cell_no_integer")),
        (lambda book: book["环节"].cell(2, 3).__setattr__("value", None), ("环节", 2, "工作日", "cell_empty")),
        (lambda book: book["环节"].cell(2, 2, "_x0000_"), ("环节", 2, "环节名称", "character_forbidden")),
        (lambda book: book["环节"].cell(2, 2, "_xD83D_"), ("环节", 2, "环节名称", "character_forbidden")),
        (lambda book: book["环节"].cell(2, 1, "1123"), ("环节", 2, "实施编码", "item_code_wrong")),
        (lambda book: book["环节"].cell(2, 1, 1.123e30), ("环节", 2, "实施编码", "cell_number")),
        (lambda book: book["事项"].cell(2, 2, 131001001), ("事项", 2, "基本编码", "cell_number")),
        (lambda book: book["事项"].cell(2, 2, "1.31E+08"), ("事项", 2, "基本编码", "cell_number")),
        (lambda book: book["事项"].cell(2, 8, "市"), ("事项", 2, "行使层级", "cell_no_choice")),
        (lambda book: book["事项"].cell(2, 19, "也许"), ("事项", 2, "是否收费", "cell_no_choice")),
        (lambda book: book["事项"].cell(2, 24, "{"), ("事项", 2, "表单其他（JSON）", "cell_no_json")),
        (lambda book: book["事项"].cell(2, 24, "[NaN]"), ("事项", 2, "表单其他（JSON）", "cell_no_json")),
        (lambda book: book["事项"].cell(2, 24, '["\\ud800"]'), ("事项", 2, "表单其他（JSON）", "cell_no_json")),
        (lambda book: book["事项"].cell(2, 24, "[" * 9000), ("事项", 2, "表单其他（JSON）", "cell_no_json")),
        (lambda book: book["窗口"].cell(2, 7, "东经"), ("窗口", 2, "经度", "cell_no_number")),
    ],
)
def test_a_wrong_workbook_is_told_by_place(
    workbook: Path, change: Callable[[Workbook], object], expected: tuple[str, int, str, str]
) -> None:
    """With the sheet, the row and the column."""
    assert told(edit_workbook(workbook, change)) == expected


def test_text_beyond_a_cell_is_told(archive: Path) -> None:
    """Also where its letters count double in a spreadsheet."""
    for text in ("字" * 32_768, "🙂" * 16_384):
        edit_member(archive, "条件.csv", partial(_replace, text))
        assert told(archive) == ("条件", 2, "受理条件", "cell_too_long")


def _replace(text: str, data: bytes) -> bytes:
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    rows[1][1] = text
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda data: data.decode("utf-8-sig").encode("utf-16"), ("条件", 0, "", "csv_encoding")),
        (lambda data: data + b"\xff\xff", ("条件", 0, "", "csv_encoding")),
        (lambda data: data + b'"', ("条件", LAST + 1, "", "csv_broken")),
        (lambda data: data + b"," * (1 << 21), ("条件", LAST + 1, "", "csv_broken")),
        (lambda data: data + b',"\n"' * (1 << 19), ("条件", LAST + 1, "", "csv_broken")),
        (lambda data: data.replace("，".encode(), b"\x00", 1), ("条件", 3, "受理条件", "character_forbidden")),
    ],
)
def test_a_wrong_csv_file_is_told_by_place(
    archive: Path, change: Callable[[bytes], bytes], expected: tuple[str, int, str, str]
) -> None:
    """Its encoding, its quotes, rows without end, signs that nobody can keep."""
    assert told(edit_member(archive, "条件.csv", change)) == expected


def test_a_sheet_that_is_there_twice_is_told(archive: Path) -> None:
    """In two folders."""
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr("旧/条件.csv", opened.read("条件.csv"))
    assert codes(archive) == ["sheet_twice"]


def test_a_message_repeats_forty_letters_at_most(workbook: Path) -> None:
    """And none that would act on a terminal."""
    edit_workbook(workbook, lambda book: book["环节"].cell(2, 3, "\u202e" + "长" * 1000))
    (one,) = staged(workbook)[1]
    assert "长" * 38 in one.message
    assert "长" * 39 not in one.message
    assert "\u202e" not in one.message


def test_the_screen_shows_fifty_and_the_report_all(tmp_path: Path) -> None:
    """The report runs nothing either."""
    with reported(tmp_path / "report.csv") as problems:
        for row in range(SHOWN + 30):
            problems.add(problem("cell_empty", "=1+1", row, "列"))
    assert (problems.count, len(problems.first)) == (SHOWN + 30, SHOWN)
    rows = list(csv.reader((tmp_path / "report.csv").read_text("utf-8-sig").splitlines()))
    assert len(rows) == 1 + SHOWN + 30
    assert rows[2] == ["'=1+1", "1", "列", "cell_empty", "不能为空。"]


def test_every_sheet_and_column_has_its_own_chinese_name() -> None:
    """No two columns of a sheet share one, and every choice has a word of its own."""
    assert len({sheet.title for sheet in SHEETS}) == len(SHEETS)
    for sheet in SHEETS:
        assert len(set(sheet.titles())) == len(sheet.columns)
        for column in sheet.columns:
            assert len(set(words(column.choices).values())) == len(column.choices)
    named = {f"{sheet.name}.{column.name}" for sheet in SHEETS for column in sheet.columns}
    assert named == texts.keys("table_columns")


def test_an_export_that_no_cell_can_hold_is_refused(tmp_path: Path) -> None:
    """Rather than cut."""
    guide = FOOD.model_copy(update={"conditions": ["字" * 32_768]})
    for suffix in (".xlsx", ".zip"):
        with pytest.raises(TablesError) as refused:
            write(tmp_path / f"one{suffix}", [guide])
        assert refused.value.problem.code == "cell_too_long"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(TablesError):
        write(tmp_path / "one.csv", [guide])


class _Failing(CsvWriter):
    """Stops in the middle, as on a full disk."""

    def save(self, file: IO[bytes]) -> None:
        file.write(b"half")
        raise OSError(errno.ENOSPC, "full")


def test_an_export_that_fails_leaves_the_file_before_it(tmp_path: Path) -> None:
    """Whole, and nothing beside it."""
    path = write(tmp_path / "all.zip", [FOOD])
    whole = path.read_bytes()
    with closing(_Failing()) as writer, pytest.raises(OSError, match="full"):
        save(writer, path)
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("all.zip", whole)]


def test_the_layout_is_the_documented_one() -> None:
    """Whoever edits tables finds every column in the document, by sheet."""
    document = (REPOSITORY / "docs" / "catalogue-tables.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| (\S+) \| (\S+) \| `(\w+)\.([^`]+)` \|", document, re.MULTILINE)
    asked = [
        (sheet.title, sheet.heading(column.name), sheet.name, column.name)
        for sheet in SHEETS
        for column in sheet.columns[1:]
    ]
    assert documented == asked
