"""Tables made for a test, and what is read out of them."""

import re
import zipfile
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import cache
from itertools import groupby
from pathlib import Path

from openpyxl import Workbook, load_workbook

from app.catalogue.guide import Guide
from app.upkeep.tables.exporting import save, writer_for
from app.upkeep.tables.files import Limits
from app.upkeep.tables.problems import Problem, Problems, TablesError
from app.upkeep.tables.reading import StagedRow, open_tables
from app.upkeep.tables.rows import Row, assemble, contradictions, rows_of
from config.reading import read_yaml
from config.settings import CITY_DATA


@cache
def city_guides() -> tuple[Guide, ...]:
    """The guides of every item of the city."""
    paths = sorted((CITY_DATA / "items").glob("*.yaml"))
    return tuple(Guide.model_validate(read_yaml(path)) for path in paths)


def write(path: Path, guides: Iterable[Guide]) -> Path:
    """Write guides as tables of the kind that the path's name tells."""
    with closing(writer_for(path)) as writer:
        for guide in guides:
            for sheet, values in rows_of(guide):
                writer.add(sheet, values)
        save(writer, path)
    return path


def staged(path: Path, limits: Limits | None = None) -> tuple[list[StagedRow], list[Problem]]:
    """The rows of tables, and what is wrong with them."""
    problems = Problems()
    rows: list[StagedRow] = []
    try:
        with open_tables(path, lambda _: None, limits) as tables:
            rows.extend(tables.rows(problems))
    except TablesError as error:
        problems.add(error.problem)
    return rows, problems.first


def read(path: Path) -> list[Guide]:
    """The guides that tables hold, in which nothing is wrong, by their codes."""
    rows, problems = staged(path)
    assert problems == []
    rows.sort(key=lambda row: (row.item_code, row.sheet, row.place))
    return [_guide(some) for _, some in groupby(rows, key=lambda row: row.item_code)]


def _guide(some: Iterable[StagedRow]) -> Guide:
    rows = [Row(row.sheet, row.place, row.values) for row in some if row.values is not None]
    assert list(contradictions(rows)) == []
    return Guide.model_validate(assemble(rows).guide)


def codes(path: Path, limits: Limits | None = None) -> list[str]:
    """The codes of what is wrong with tables, in order."""
    return [problem.code for problem in staged(path, limits)[1]]


def edit_workbook(path: Path, change: Callable[[Workbook], object]) -> Path:
    """Open a workbook, as an office would, change it and save it."""
    book = load_workbook(path)
    change(book)
    book.save(path)
    return path


def edit_member(path: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    """Change a file of a ZIP archive."""
    with zipfile.ZipFile(path) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    members[name] = change(members[name])
    return zipped(path, members)


_INLINE = re.compile(rb' t="inlineStr"><is><t[^>]*>(.*?)</t></is>', re.DOTALL)
_SPACE = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
_STRINGS = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"


def share_strings(path: Path) -> Path:
    """Put the texts of a workbook into its shared strings, as Excel does: in pieces, and with phonetic hints."""
    with zipfile.ZipFile(path) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    strings: list[bytes] = []

    def share(found: re.Match[bytes]) -> bytes:
        text = found[1].decode()
        half = 0 if "&" in text or "_x" in text else len(text) // 2
        pieces = (f'<r><rPr><b/></rPr><t xml:space="preserve">{piece}</t></r>' for piece in (text[:half], text[half:]))
        strings.append(f'<si>{"".join(pieces)}<rPh sb="0" eb="1"><t>pinyin</t></rPh></si>'.encode())
        return b' t="s"><v>%d</v>' % (len(strings) - 1)

    for name, data in members.items():
        if name.startswith("xl/worksheets/"):
            members[name] = _INLINE.sub(share, data)
    members["xl/sharedStrings.xml"] = _SPACE + b"".join(strings) + b"</sst>"
    reference = b'<Relationship Id="strings" Type="%s" Target="sharedStrings.xml"/>' % _STRINGS
    rels = "xl/_rels/workbook.xml.rels"
    members[rels] = members[rels].replace(b"</Relationships>", reference + b"</Relationships>")
    return zipped(path, members)


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    """Write a ZIP archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return path
