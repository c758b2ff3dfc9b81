"""Tables of any number of made-up licences, to try and to measure with."""

import csv
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from openpyxl import Workbook

from app.catalogue.licence_type import LicenceTypeDefinition
from app.identity.rules import check_character
from app.licences.imports.columns import heading
from app.licences.imports.template import headings_of

_STEP = 1_000
_BORN, _DAYS, _ISSUED_DAYS = date(1940, 1, 1), 22_000, 1_500
_ISSUER, _ISSUER_CODE, _REGION = "某省某市某局", "11230000MB0000001A", "230800"


def make_licences(
    definition: LicenceTypeDefinition, count: int, path: Path, today: date, progress: Callable[[int, int], None]
) -> None:
    """Write so many licences of one type, each of a person of its own, as .xlsx or, by any other name, as CSV."""
    titles = headings_of(definition)
    rows = _told(_rows(definition, titles, count, today), count, progress)
    if path.suffix.lower() == ".xlsx":
        book = Workbook(write_only=True)
        sheet = book.create_sheet("证照")
        sheet.append(titles)
        for row in rows:
            sheet.append(row)
        with closing(book):
            book.save(path)
        return
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(titles)
        writer.writerows(rows)


def _told(rows: Iterator[list[str]], count: int, progress: Callable[[int, int], None]) -> Iterator[list[str]]:
    for number, row in enumerate(rows, 1):
        yield row
        if number % _STEP == 0 or number == count:
            progress(number, count)


def _rows(definition: LicenceTypeDefinition, titles: list[str], count: int, today: date) -> Iterator[list[str]]:
    names = {field.title: f"{field.title}某" for field in definition.fields}
    for number in range(count):
        born = _BORN + timedelta(days=number % _DAYS)
        first = f"230803{born:%Y%m%d}{number // _DAYS % 1000:03d}"
        issued = today - timedelta(days=number % _ISSUED_DAYS)
        cells = names | {
            heading("name"): definition.name,
            heading("type"): definition.type_code,
            heading("number"): f"ZZ{number:010d}",
            heading("issuer"): _ISSUER,
            heading("issuer_code"): _ISSUER_CODE,
            heading("issued_on"): issued.isoformat(),
            heading("valid_from"): issued.isoformat(),
            heading("valid_until"): "长期" if definition.validity.endless else f"{issued.year + 20}-12-31",
            heading("holder"): f"张某{number}",
            heading("holder_code"): first + check_character(first),
            heading("holder_kind"): "111",
            heading("region"): _REGION,
        }
        yield [cells.get(title, "") for title in titles]
