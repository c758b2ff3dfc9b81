"""What is written as tables is read as it was, whatever it says and however an office's program saves it."""

import csv
import io
import json
import re
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from app.catalogue.guide import Guide
from app.upkeep.tables.cells import read_cell, written
from app.upkeep.tables.form import HEAD, example_of, example_rows, schema_of, schema_rest, schema_rows
from app.upkeep.tables.layout import SHEETS, Column
from app.upkeep.tables.newest import same
from app.upkeep.tables.rows import rows_of
from app.upkeep.tables.signs import escaped, guarded, unescaped, unguarded
from app.upkeep.tables.xlsx_writing import XlsxWriter
from tests.unit.upkeep.tables_made import city_guides, edit_workbook, read, share_strings, write, zipped

KINDS = pytest.mark.parametrize("suffix", [".xlsx", ".zip"])
NASTY = [
    "=1+1",
    "+86 454",
    "-1",
    "@SUM(A1)",
    "'=1",
    "''",
    "000123",
    "1E5",
    "3月4日",
    "TRUE",
    "多行\n\n文字\r\n\r尾",
    ' "引号",逗号\t ',
    "_x000D_",
    "_x005F_x0041_",
    "👩‍👩‍👧 𠮷",
    "<&>]]>",
    "\x01\x0b\x1f\ufffe",
    "\u2028",
    "[1",
    "{",
    "",
]
texts = st.one_of(st.sampled_from(NASTY), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
USUAL = ["title", "type", "minLength", "maxLength", "format", "pattern", "enum", "x-prefill", "readOnly", "x-when"]
definitions: st.SearchStrategy[Any] = st.dictionaries(
    st.sampled_from(USUAL), values | st.lists(texts, max_size=3), max_size=5
)


@st.composite
def schemas(draw: st.DrawFn) -> dict[str, Any]:
    """A form's schema, of a usual shape or an odd one."""
    fields = draw(st.dictionaries(texts.filter(bool), definitions | st.booleans(), max_size=4))
    schema = draw(
        st.just(HEAD) | st.dictionaries(st.sampled_from(["type", "title", "$defs", "if"]), values, max_size=2)
    )
    required = draw(st.none() | st.lists(st.sampled_from([*fields, "other"]), unique=True))
    there: bool = draw(st.booleans())
    whole: dict[str, Any] = {**schema, "properties": fields} if fields or there else dict(schema)
    return whole if required is None else {**whole, "required": required}


@st.composite
def guides(draw: st.DrawFn) -> Guide:
    """A guide whose texts are anything."""
    some = st.lists(texts, max_size=3)
    count = st.integers(0, 999_999_999)

    def several(of: dict[str, st.SearchStrategy[Any]], least: int = 0) -> st.SearchStrategy[Any]:
        return st.lists(st.fixed_dictionaries(of), min_size=least, max_size=3)

    when = st.dictionaries(texts, some, max_size=2) | st.dictionaries(names, st.lists(names, max_size=2), max_size=2)
    options = several({"value": names, "label": texts}, 2).filter(lambda found: len(found) >= 2)
    question = {"id": names, "question": texts, "help": texts, "options": options, "when": when}
    variant = {"id": names, "name": texts, "when": when, "materials": some, "omit_fields": some}
    variant |= {"required_fields": some, "note": texts}
    replaced = {"kind": st.sampled_from(["licence", "statement"]), "source": st.text("ab", min_size=1, max_size=9)}
    position = {"longitude": st.floats(73, 136), "latitude": st.floats(3, 54)}
    whole = {
        "item_code": st.from_regex(r"[0-9A-Z]{18}[0-9]{13}", fullmatch=True),
        "basic_code": st.from_regex(r"[0-9]{12}", fullmatch=True),
        "name": texts.filter(bool),
        "short_name": texts.filter(bool).map(lambda text: text[:20]),
        "task_type": st.from_regex(r"[0-9]{2}", fullmatch=True),
        "department": names,
        "region": st.from_regex(r"[0-9]{6}", fullmatch=True),
        "level": st.sampled_from(["city", "county", "township", "village"]),
        "audience": st.lists(st.sampled_from(["person", "company"]), min_size=1, max_size=2),
        "themes": some,
        "handling": st.sampled_from(["promised", "immediate"]),
        "statutory_days": count,
        "promised_days": count,
        "online_depth": st.integers(0, 4),
        "visits": count,
        "assurance_level": st.integers(0, 3),
        "licence_type": st.none() | names,
        "keywords": st.lists(texts.map(lambda text: text[:64]).filter(bool), max_size=3),
        "conditions": some,
        "materials": several(
            {"id": names, "name": texts, "required": st.booleans(), "copies": count, "obtained_from": texts}
            | {"form": st.sampled_from(["paper", "electronic"]), "note": texts}
            | {"replaced_by": st.none() | st.fixed_dictionaries(replaced | {"title": texts.filter(bool)})}
        ),
        "steps": several({"name": texts, "days": count, "description": texts}),
        "fees": st.fixed_dictionaries({"charged": st.booleans(), "description": texts, "basis": texts}),
        "legal_basis": several({"title": texts, "article": texts, "summary": texts}),
        "questions": several({"question": texts, "answer": texts}),
        "windows": several(
            {"name": texts, "address": texts, "hours": texts, "phone": texts, "hall": st.none() | names}
            | {"position": st.none() | st.fixed_dictionaries(position)}
        ),
        "consultation_phone": texts,
        "complaint_phone": texts,
        "links": several({"title": texts, "url": texts.map(lambda text: f"https://{text}"[:500])}),
        "guidance": st.none()
        | st.fixed_dictionaries(
            {
                "questions": st.lists(st.fixed_dictionaries(question), min_size=1, max_size=2, unique_by=_id),
                "variants": several(variant, 2),
            }
        ),
        "form_schema": schemas(),
        "form_example": st.dictionaries(texts.filter(bool), values, max_size=4),
    }
    return Guide.model_validate(draw(st.fixed_dictionaries(whole)))


def _id(question: dict[str, Any]) -> str:
    return str(question["id"])


@KINDS
def test_every_guide_of_the_city_comes_back(tmp_path: Path, suffix: str) -> None:
    """Nothing is lost or changed."""
    back = read(write(tmp_path / f"all{suffix}", city_guides()))
    assert back == sorted(city_guides(), key=lambda guide: guide.item_code)
    assert all(same(one, two) for one, two in zip(back, sorted(city_guides(), key=lambda g: g.item_code), strict=True))


@settings(max_examples=60)
@KINDS
@given(guide=guides())
def test_any_guide_comes_back(tmp_path_factory: pytest.TempPathFactory, suffix: str, guide: Guide) -> None:
    """Whatever signs its texts are made of, whatever its form says."""
    (back,) = read(write(tmp_path_factory.getbasetemp() / f"one{suffix}", [guide]))
    assert json.loads(back.model_dump_json()) == json.loads(guide.model_dump_json())
    assert same(back, guide)


@given(schemas(), st.dictionaries(texts, values))
def test_a_form_keeps_its_fields_in_their_order(schema: dict[str, Any], example: dict[str, Any]) -> None:
    """And everything that JSON Schema takes notice of."""
    columns = {column.name for sheet in SHEETS if sheet.name == "form_fields" for column in sheet.columns}
    rows = [dict.fromkeys(columns) | row for row in schema_rows(schema)]
    back = schema_of(schema_rest(schema), rows)
    assert back == schema
    assert list(back.get("properties", {})) == list(schema.get("properties", {}))
    assert example_of(list(example_rows(example))) == example


def test_a_row_says_for_its_field_whether_it_is_required() -> None:
    """A list in the rest of the schema only orders, and speaks for names that have no row."""
    columns = {column.name for sheet in SHEETS if sheet.name == "form_fields" for column in sheet.columns}
    plain = dict.fromkeys(columns)
    rows = [plain | {"field": name, "required": name in "ac"} for name in "abc"]
    rest = [{"required": ["c", "b", "gone"]}]
    assert schema_of(rest, rows)["required"] == ["c", "gone", "a"]
    assert schema_of([{}], rows)["required"] == ["a", "c"]


@given(texts)
def test_signs_are_undone(text: str) -> None:
    """Of a CSV file and of a workbook; what Excel would run or change never stands bare in a CSV file."""
    assert unguarded(guarded(text)) == text
    assert unescaped(escaped(text)) == text
    assert guarded(text)[:1] not in tuple("=+-@\t\r")


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "\t=1", "\r=1", "＝1", "'=1", "0012", "1E5"])
def test_what_excel_would_run_or_change_gets_an_apostrophe(text: str) -> None:
    """In a CSV file, where nothing else says that it is text."""
    assert guarded(text) == f"'{text}"


def test_what_excel_leaves_alone_stays_bare() -> None:
    """Nobody has to read apostrophes for nothing."""
    for text in ("", "food", "工作日 8:30", "引'", "11230800JB0000084N3000723001001"):
        assert guarded(text) == text == unguarded(text)


@KINDS
def test_a_formula_like_text_is_text_in_the_file(tmp_path: Path, suffix: str) -> None:
    """No formula in a workbook, and text format, so that editing makes none; an apostrophe in a CSV file."""
    guide = city_guides()[0].model_copy(update={"name": "=1+1", "conditions": ["@x"]})
    path = write(tmp_path / f"one{suffix}", [guide])
    if suffix == ".xlsx":
        cell = load_workbook(path)["事项"]["C2"]
        assert (cell.data_type, cell.value, cell.number_format) == ("s", "=1+1", "@")
    else:
        with zipfile.ZipFile(path) as archive:
            row = list(csv.reader(io.StringIO(archive.read("事项.csv").decode("utf-8-sig"))))[1]
        assert row[2] == "'=1+1"
    assert read(path) == [guide]


def test_a_workbook_saved_by_another_program_is_the_same(tmp_path: Path) -> None:
    """With a sheet of notes, and with the strings of all sheets in one part."""
    odd = city_guides()[0].model_copy(update={"conditions": NASTY})
    guides = (odd, *city_guides()[1:])
    path = write(tmp_path / "all.xlsx", guides)
    edit_workbook(path, lambda book: book.create_sheet("说明", 0).append(["=", "给同事的话"]))
    assert read(path) == sorted(guides, key=lambda guide: guide.item_code)
    share_strings(path)
    with zipfile.ZipFile(path) as archive:
        assert b"inlineStr" not in archive.read("xl/worksheets/sheet2.xml")
    assert read(path) == sorted(guides, key=lambda guide: guide.item_code)


def test_a_workbook_whose_parts_have_prefixes_is_read(tmp_path: Path) -> None:
    """As some programs write them."""
    path = write(tmp_path / "one.xlsx", city_guides()[:1])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name, data in members.items():
        if name.startswith("xl/worksheets/") or name == "xl/workbook.xml":
            prefixed = re.sub(rb"<(/?)([A-Za-z])", rb"<\1x:\2", data)
            members[name] = prefixed.replace(b" xmlns=", b" xmlns:x=")
    assert read(zipped(path, members)) == list(city_guides()[:1])


def test_a_full_sheet_goes_on_in_another(tmp_path: Path) -> None:
    """Rows keep their order across both."""
    path = tmp_path / "all.xlsx"
    with closing(XlsxWriter(last_row=40)) as writer, path.open("wb") as file:
        for guide in city_guides():
            for sheet, row in rows_of(guide):
                writer.add(sheet, row)
        writer.save(file)
    assert {"表单", "表单_2", "表单_3"} <= set(load_workbook(path).sheetnames)
    assert read(path) == sorted(city_guides(), key=lambda guide: guide.item_code)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_in_the_encodings_of_an_office(tmp_path: Path, encoding: str) -> None:
    """UTF-8 with its mark or without, and what Excel in China writes."""
    path = write(tmp_path / "all.zip", city_guides())
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name).decode("utf-8-sig").encode(encoding) for name in archive.namelist()}
    assert read(zipped(path, members)) == sorted(city_guides(), key=lambda guide: guide.item_code)


def test_an_archive_packed_by_windows_in_chinese_is_read(tmp_path: Path) -> None:
    """Its names are in GBK and nothing says so; a folder around the files does no harm."""
    path = write(tmp_path / "all.zip", city_guides())
    with zipfile.ZipFile(path) as archive:
        members = {f"目录/{name}".encode("gbk"): archive.read(name) for name in archive.namelist()}
    stand_ins = {name: f"{number:02d}".ljust(len(name), "x") for number, name in enumerate(members)}
    packed = zipped(path, {stand_ins[name]: data for name, data in members.items()}).read_bytes()
    for name, stand_in in stand_ins.items():
        packed = packed.replace(stand_in.encode(), name)
    path.write_bytes(packed)
    assert read(path) == sorted(city_guides(), key=lambda guide: guide.item_code)


def test_people_write_lists_and_conditions_line_by_line() -> None:
    """And the words of a choice with any comma between."""
    assert read_cell(Column("keywords", "list"), " 开饭店 \n\n办 许可 ") == ["开饭店", "办 许可"]
    assert read_cell(Column("audience", "words", ("person", "company")), "单位、个人") == ["company", "person"]
    assert read_cell(Column("when", "conditions"), "kind = a, b\nplace=x") == {"kind": ["a", "b"], "place": ["x"]}
    assert written(Column("when", "conditions"), {"kind": ["a", "b"]}) == "kind=a,b"


@given(st.lists(texts), st.dictionaries(texts, st.lists(texts)))
def test_any_list_and_any_conditions_come_back(items: list[str], when: dict[str, list[str]]) -> None:
    """As JSON, where lines would not say them."""
    for column, value in ((Column("keywords", "list"), items), (Column("when", "conditions"), when)):
        cell = written(column, value)
        assert isinstance(cell, str)
        assert read_cell(column, cell) == value
