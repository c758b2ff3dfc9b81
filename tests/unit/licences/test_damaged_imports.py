"""A damaged table of licences is read, or told of by place: no other error ends an import."""

import random
import zipfile
from pathlib import Path

import pytest

from app.licences.imports.reading import open_licences
from app.licences.imports.rows import Types
from app.upkeep.tables.problems import TablesError
from tests.licence_tables import city_types, senior, write_csv, write_xlsx
from tests.unit.licences.test_import_rows import TODAY

_PIECES = (
    b"\x00",
    b"\xff",
    b'"',
    b"\n",
    b",",
    b"<",
    b"&",
    b"]]>",
    b"9999-99-99",
    b"-1",
    b"1e999",
    "０".encode(),
    b"=1+1",
)
TYPES = Types(city_types())


def is_read(path: Path) -> bool:
    """Whether a file is read to its end, each row with a licence or with what is wrong with it."""
    try:
        with open_licences(path, TYPES, lambda _: None) as file:
            assert all(row.licence or row.problems for row in file.rows(TYPES, TODAY))
    except TablesError:
        return False
    return True


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The content with one to three other pieces in it."""
    altered = bytearray(content)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(altered))
        altered[place : place + chance.randint(0, 3)] = chance.choice(_PIECES)
    return bytes(altered)


@pytest.mark.parametrize("many", [200, pytest.param(5_000, marks=pytest.mark.long)])
def test_a_damaged_csv_file_is_read_or_told_of(tmp_path: Path, many: int) -> None:
    """In each encoding."""
    chance, read = random.Random(many), 0
    path = tmp_path / "one.csv"
    for _ in range(many):
        write_csv(path, [senior(1), senior(2)], chance.choice(("utf-8", "utf-8-sig", "gb18030")))
        path.write_bytes(damaged(path.read_bytes(), chance))
        read += is_read(path)
    assert many // 10 < read < many


@pytest.mark.parametrize("many", [150, pytest.param(3_000, marks=pytest.mark.long)])
def test_a_damaged_workbook_is_read_or_told_of(tmp_path: Path, many: int) -> None:
    """The archive, or what a member of it says."""
    chance, read = random.Random(many), 0
    path = write_xlsx(tmp_path / "one.xlsx", [senior(1), senior(2)])
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for _ in range(many):
        if chance.random() < 0.3:
            path.write_bytes(damaged(whole, chance))
        else:
            hit = chance.choice(sorted(members))
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, content in members.items():
                    archive.writestr(name, damaged(content, chance) if name == hit else content)
        read += is_read(path)
    assert many // 10 < read < many
