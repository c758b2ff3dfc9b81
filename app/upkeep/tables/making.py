"""A catalogue of any size, made from the city's own guides, to try and to measure with."""

import csv
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import yaml

from app.catalogue.guide import Guide
from app.upkeep.tables.exporting import save, writer_for
from app.upkeep.tables.rows import rows_of

_LEVEL_DIGITS = {"city": "3", "county": "4", "township": "5", "village": "6"}
_STEP = 500


def make_catalogue(city: Path, count: int, path: Path, progress: Callable[[int, int], None]) -> None:
    """Write so many items as tables: the city's guides, offered in one place after another, under made-up codes.

    Raises TablesError where the file's name ends neither in .xlsx nor in .zip.
    """
    with closing(writer_for(path)) as writer:
        for number, guide in enumerate(_guides(city, count), 1):
            for sheet, values in rows_of(guide):
                writer.add(sheet, values)
            if number % _STEP == 0 or number == count:
                progress(number, count)
        save(writer, path)


def _guides(city: Path, count: int) -> Iterator[Guide]:
    with (city / "regions.csv").open(encoding="utf-8", newline="") as file:
        places = [row for row in csv.DictReader(file) if row["level"] in _LEVEL_DIGITS]
    texts = [path.read_text(encoding="utf-8") for path in sorted((city / "items").glob("*.yaml"))]
    guides = [Guide.model_validate(yaml.load(text, Loader=yaml.CSafeLoader)) for text in texts]
    for number in range(count):
        guide, place = guides[number % len(guides)], places[number // len(guides) % len(places)]
        basic_code = f"00{guide.task_type}{number:08d}"
        made = {
            "item_code": f"{guide.item_code[:18]}{_LEVEL_DIGITS[place['level']]}{basic_code}",
            "basic_code": basic_code,
            "name": f"{guide.name}（{place['name']}）",
            "region": place["code"],
            "level": place["level"],
        }
        yield guide.model_copy(update=made)
