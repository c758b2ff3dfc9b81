"""Tables of licences: what their cells mean, and what is said of those that mean nothing."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from app.kit import texts
from app.licences.imports.columns import METADATA
from app.licences.imports.reading import ReadRow, open_licences
from app.licences.imports.rows import ImportedLicence, Types
from app.licences.imports.states import STATES, read_state
from app.licences.imports.template import headings_of, write_template
from app.licences.models import HolderKind, LicenceState
from app.upkeep.tables.files import Limits
from app.upkeep.tables.problems import TablesError, problem
from tests.licence_tables import COMPANY, DRIVING, FOOD, SENIOR, city_types, id_number, senior, write_csv, write_xlsx

TODAY = date(2026, 11, 27)


def read(path: Path, chosen: str = "") -> list[ReadRow]:
    """The rows of a file."""
    types = Types(city_types(), chosen)
    with open_licences(path, types, lambda _: None) as file:
        return list(file.rows(types, TODAY))


def one(path: Path, row: dict[str, Any], chosen: str = "") -> ImportedLicence:
    """The licence of a CSV file of one row, in which nothing is wrong."""
    (only,) = read(write_csv(path / "one.csv", [row]), chosen)
    assert only.problems == []
    assert only.licence is not None
    return only.licence


def wrong(path: Path, row: dict[str, Any], chosen: str = "") -> list[tuple[str, str]]:
    """What is wrong with the only row of a CSV file."""
    (only,) = read(write_csv(path / "one.csv", [row]), chosen)
    assert only.licence is None
    return only.problems


def refused(path: Path, chosen: str = "") -> tuple[str, str]:
    """Code and column of what a whole file is refused for."""
    with pytest.raises(TablesError) as error:
        read(path, chosen)
    return error.value.problem.code, error.value.problem.column


def test_a_row_says_a_whole_licence(tmp_path: Path) -> None:
    """The holder's name and number fill the fields that are theirs; what begins on no day begins when issued."""
    licence = one(tmp_path, senior(7))
    assert (licence.type_code, licence.number, licence.holder_kind) == (SENIOR, "YL00000007", HolderKind.PERSON)
    assert licence.issued_on == licence.valid_from == date(2020, 5, 1)
    assert licence.valid_until is None
    assert licence.state(TODAY) is LicenceState.VALID
    assert set(licence.values.values()) == {"王某7", id_number(7), "向阳区某街1号"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_file_is_read_in_each_encoding(tmp_path: Path, encoding: str) -> None:
    """Also one longer than what is read at once."""
    rows = read(write_csv(tmp_path / "many.csv", [senior(number) for number in range(2000)], encoding))
    assert [row.problems for row in rows] == [[]] * 2000
    assert [row.number for row in rows] == list(range(1, 2001))
    assert rows[0].row == 2


def test_a_workbook_is_read_sheet_by_sheet(tmp_path: Path) -> None:
    """Its days may be days and its plain numbers numbers; the numbers of people may not."""
    days = {"颁发日期": datetime(2020, 5, 1), "管辖属地编码": 230803, "证照状态": 7}  # noqa: DTZ001  # a cell's
    path = write_xlsx(tmp_path / "a.xlsx", [senior(1, **days)], [senior(2) | {"持证主体代码": 230803195001010000}])
    first, second = read(path)
    assert first.licence is not None
    assert (first.licence.issued_on, first.licence.region) == (date(2020, 5, 1), "230803")
    assert first.licence.state(TODAY) is LicenceState.REVOKED
    assert (second.number, second.row, second.sheet) == (2, 2, "Sheet1")
    assert second.problems == [("持证主体代码", "cell_number")]


@pytest.mark.parametrize(
    "written", ["2020-05-01", "2020/5/1", "2020年5月1日", "20200501", "2020.05.01", "2020-05-01 00:00:00", " 2020-5-1 "]
)
def test_a_day_is_read_as_people_write_it(tmp_path: Path, written: str) -> None:
    """And as systems do."""
    assert one(tmp_path, senior(1, 颁发日期=written)).issued_on == date(2020, 5, 1)


@pytest.mark.parametrize("number", [9_999_999, 2_958_466])
def test_a_spreadsheets_day_beyond_all_days_is_none(tmp_path: Path, number: int) -> None:
    """The calendar ends with the year 9999."""
    (only,) = read(write_xlsx(tmp_path / "a.xlsx", [senior(1, 颁发日期=number)]))
    assert only.problems == [("颁发日期", "day_wrong")]


@pytest.mark.parametrize(
    ("column", "written", "code"),
    [
        ("颁发日期", "2020-02-30", "day_wrong"),
        ("颁发日期", "昨天", "day_wrong"),
        ("颁发日期", "202055", "day_wrong"),
        ("颁发日期", "0001-01-01", "day_wrong"),
        ("颁发日期", "1899-12-31", "day_wrong"),
        ("颁发日期", "", "cell_empty"),
        ("颁发日期", "2026-11-28", "day_to_come"),
        ("证照编号", " ", "cell_empty"),
        ("证照编号", "9" * 65, "text_too_long"),
        ("持证主体", "", "cell_empty"),
        ("持证主体", "王\x07某", "character_forbidden"),
        ("持证主体代码", "230803195001010011", "holder_code_wrong"),
        ("持证主体代码", "91350211M0000XUF46", "holder_code_wrong"),
        ("颁发机构代码", "11230100", "credit_code_wrong"),
        ("管辖属地编码", "２３０８０３", "region_wrong"),
        ("管辖属地编码", "2308", "region_wrong"),
        ("证照名称", "没有的证", "type_unknown"),
        ("证照名称", "", "cell_empty"),
    ],
)
def test_each_fault_has_a_code_and_a_column(tmp_path: Path, column: str, written: str, code: str) -> None:
    """And a sentence."""
    assert wrong(tmp_path, senior(1, **{column: written})) == [(column, code)]
    assert problem(code).message


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"持证主体代码类型": "414"}, ("持证主体代码类型", "holder_kind_unknown")),
        ({"持证主体代码类型": "111", "持证主体代码": COMPANY}, ("持证主体代码", "id_number_wrong")),
        ({"持证主体代码类型": "001", "持证主体代码": "1"}, ("持证主体代码", "credit_code_wrong")),
        ({"证照状态": "99"}, ("证照状态", "state_unknown")),
        ({"电子证照标识": "1.2.156.3005.2.A.B.C.001.X"}, ("电子证照标识", "identifier_wrong")),
        ({"有效期起": "2020-05-02", "有效期止": "2020-05-01"}, ("有效期止", "end_before_start")),
        ({"主体业态": "餐饮"}, ("主体业态", "column_of_other_type")),
        ({"状态变更日期": "2027-01-01"}, ("状态变更日期", "day_to_come")),
        ({"状态变更日期": "0001-01-01", "证照状态": "03"}, ("状态变更日期", "day_wrong")),
    ],
)
def test_a_further_column_is_checked(tmp_path: Path, cells: dict[str, str], told: tuple[str, str]) -> None:
    """What may be left out is right where it stands."""
    assert wrong(tmp_path, senior(1) | cells) == [told]


def test_all_faults_of_a_row_are_told_at_once_and_repeat_nothing(tmp_path: Path) -> None:
    """What stands in a cell may be somebody's: no sentence takes it up."""
    secret = "230803195001019999"  # an identity number
    told = wrong(tmp_path, senior(1, 持证主体代码=secret, 颁发日期=secret, 管辖属地编码=secret))
    assert [code for _, code in told] == ["region_wrong", "holder_code_wrong", "day_wrong"]
    assert all(secret not in problem(code).message for _, code in told)


def test_a_licence_ends_as_its_type_lets_it(tmp_path: Path) -> None:
    """None where there is no end; a type that has one needs it told; 长期 is none where a type leaves it open."""
    assert one(tmp_path, senior(1, 有效期止="长期")).valid_until is None
    assert one(tmp_path, senior(1, 有效期止="2030-01-01")).valid_until == date(2030, 1, 1)
    driving = senior(1) | {"证照名称": "机动车驾驶证", "居住地址": ""}
    assert one(tmp_path, driving | {"有效期止": "9999-12-31"}).valid_until is None
    food = senior(1) | {"证照名称": "食品经营许可证", "居住地址": "", "持证主体代码": COMPANY}
    assert wrong(tmp_path, food) == wrong(tmp_path, food | {"有效期止": "长期"}) == [("有效期止", "end_missing")]
    company = one(tmp_path, food | {"有效期止": "2031-01-01"})
    assert (company.holder_kind, company.values) == (HolderKind.COMPANY, {})


def test_what_has_run_out_is_expired_whatever_its_list_says(tmp_path: Path) -> None:
    """But an end that was ordered stays it."""
    over = senior(1, 有效期止="2026-11-26", 证照状态="有效")
    assert one(tmp_path, over).state(TODAY) is LicenceState.EXPIRED
    assert one(tmp_path, over | {"有效期止": "2026-11-27"}).state(TODAY) is LicenceState.VALID
    assert one(tmp_path, over | {"证照状态": "吊销"}).state(TODAY) is LicenceState.REVOKED


@pytest.mark.parametrize(
    ("written", "state"),
    [
        ("", "valid"),
        ("有效", "valid"),
        ("03", "03"),
        ("3", "03"),
        ("撤销", "03"),
        ("03撤销", "03"),
        ("03 撤销", "03"),
        ("07-吊销", "07"),
        ("06", "06"),
        ("暂扣", "suspended"),
        ("03 注销", None),
        ("99", None),
        ("其他", None),
        ("suspended", None),
        ("valid", None),
    ],
)
def test_states_from_elsewhere_are_read_by_code_word_or_both(written: str, state: str | None) -> None:
    """A code with another's word is none."""
    assert read_state(written) == state


def test_every_state_from_elsewhere_is_one_of_ours() -> None:
    """And has a word to tell the holder."""
    assert texts.keys("licence_states_elsewhere") == STATES.keys() - {"valid"}
    assert set(STATES.values()) == set(LicenceState) - {LicenceState.SUPERSEDED}


def test_headings_are_found_right_before_a_row_is_read(tmp_path: Path) -> None:
    """Unknown, twice, missing: the file is refused as a whole."""
    row = senior(1)
    assert refused(write_csv(tmp_path / "a.csv", [row | {"备注": ""}])) == ("column_unknown", "备注")
    del row["持证主体"]
    assert refused(write_csv(tmp_path / "b.csv", [row])) == ("column_missing", "持证主体")
    untyped = senior(1)
    del untyped["证照名称"]
    assert refused(write_csv(tmp_path / "c.csv", [untyped])) == ("column_missing", "证照类型代码")
    assert one(tmp_path, untyped, SENIOR).type_code == SENIOR
    assert refused(write_csv(tmp_path / "d.csv", [senior(1)]), FOOD) == ("column_unknown", "居住地址")
    (tmp_path / "twice.csv").write_text("证照编号,证照编号\n1,2\n", "utf-8")
    assert refused(tmp_path / "twice.csv") == ("column_twice", "证照编号")
    second = write_xlsx(tmp_path / "two.xlsx", [senior(1)], [{"证照编号": "1"}])
    assert refused(second)[0] == "column_missing"


def test_a_row_of_another_type_than_the_chosen_one_is_told(tmp_path: Path) -> None:
    """By its name or its code."""
    other = {title: cell for title, cell in senior(1).items() if title != "居住地址"}
    assert wrong(tmp_path, other, DRIVING) == [("证照名称", "type_other")]
    assert wrong(tmp_path, other | {"证照名称": "", "证照类型代码": SENIOR}, DRIVING) == [
        ("证照类型代码", "type_other")
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"\xff\xff\xff\xff", "csv_encoding"),
        (bytes.fromhex("d0cf11e0a1b11ae1"), "file_old_or_encrypted"),
        (b"PK\x03\x04 and nothing", "file_broken"),
    ],
)
def test_what_is_no_table_is_a_sentence(tmp_path: Path, content: bytes, code: str) -> None:
    """Whatever its name says."""
    (tmp_path / "x.xlsx").write_bytes(content)
    assert refused(tmp_path / "x.xlsx")[0] == code


def test_a_sheet_with_more_rows_than_are_taken_is_not_read_on(tmp_path: Path) -> None:
    """The rows before have been read."""
    path, types = write_csv(tmp_path / "long.csv", [senior(number) for number in range(5)]), Types(city_types())
    with open_licences(path, types, lambda _: None, Limits(rows=3)) as file:
        rows = file.rows(types, TODAY)
        assert [next(rows).number for _ in range(3)] == [1, 2, 3]
        with pytest.raises(TablesError) as error:
            next(rows)
    assert error.value.problem.code == "rows_too_many"


@pytest.mark.parametrize("definition", city_types(), ids=lambda one: one.code)
def test_a_template_is_a_table_of_its_type(tmp_path: Path, definition: Any) -> None:
    """Every metadata column and every field is there once, explained, and formatted as text."""
    path = tmp_path / "template.xlsx"
    write_template(definition, path)
    sheet, notes = load_workbook(path).worksheets
    titles = [cell.value for cell in sheet[1]]
    assert titles == headings_of(definition)
    assert len(set(titles)) == len(titles)
    assert {field.title for field in definition.fields} <= set(titles)
    assert [cell.value for cell in notes["A"]] == titles
    assert all(cell.value for cell in notes["B"])
    assert sheet.column_dimensions["A"].number_format == "@"
    assert read(path, definition.code) == []
    assert texts.keys("licence_columns") == texts.keys("licence_column_notes") == set(METADATA)
