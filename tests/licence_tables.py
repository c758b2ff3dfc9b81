"""Tables of licences made for a test."""

import csv
from pathlib import Path
from typing import Any

import yaml
from openpyxl import Workbook

from app.catalogue.licence_type import LicenceTypeDefinition
from app.identity.rules import check_character
from config.settings import CITY_DATA

SENIOR, FOOD, DRIVING = "senior_card", "food_business", "driving_licence"
ISSUER, ISSUER_CODE = "哈尔滨市民政局", "11230100MB0000001A"
COMPANY = "91350100M000100Y43"


def city_types() -> list[LicenceTypeDefinition]:
    """The licence types of the city."""
    text = (CITY_DATA / "licence_types.yaml").read_text("utf-8")
    return [LicenceTypeDefinition.model_validate(one) for one in yaml.load(text, yaml.CSafeLoader)]


def id_number(number: int) -> str:
    """A citizen identity number; others for other numbers, up to a million."""
    first = f"2308{number // 1000 % 100:02d}19500101{number % 1000:03d}"
    return first + check_character(first)


def senior(number: int, **other: Any) -> dict[str, Any]:
    """A card of an old person, as cells by heading."""
    return {
        "证照名称": "老年人优待证",
        "证照编号": f"YL{number:08d}",
        "颁发机构": ISSUER,
        "颁发机构代码": ISSUER_CODE,
        "颁发日期": "2020-05-01",
        "持证主体": f"王某{number}",
        "持证主体代码": id_number(number),
        "管辖属地编码": "230803",
        "居住地址": "向阳区某街1号",
    } | other


def write_csv(path: Path, rows: list[dict[str, Any]], encoding: str = "utf-8") -> Path:
    """Write rows as a CSV file; the first says the headings."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_xlsx(path: Path, *sheets: list[dict[str, Any]]) -> Path:
    """Write a workbook of these sheets; the first row of each says its headings."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for rows in sheets:
        sheet = book.create_sheet()
        sheet.append(list(rows[0]))
        for row in rows:
            sheet.append([row.get(title) for title in rows[0]])
    book.save(path)
    return path
