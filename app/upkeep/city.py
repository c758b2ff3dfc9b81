"""Loading the city's data from ``config/city/`` into the database, all or nothing."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.catalogue.code_lists import CodeListDefinition
from app.catalogue.guide import Guide
from app.catalogue.licence_type import LicenceTypeDefinition
from app.catalogue.life_events import LifeEventDefinition
from app.catalogue.models import (
    CodeList,
    Department,
    Hall,
    LicenceType,
    LifeEvent,
    LifeEventItem,
    Region,
    Theme,
    VersionOrigin,
)
from app.catalogue.service import BATCH, bring_into_effect, lock_publishing, publish_guides, published_elsewhere
from app.finding.service import index_items
from app.kit import clock
from app.kit.db import transaction
from app.upkeep.checks import problems_of
from app.upkeep.licence_checks import asked_by_forms, licence_problems
from app.upkeep.problems import Known, Severity
from config.reading import read_yaml


class CityFaultyError(Exception):
    """What of the city's files cannot be used: a line for each error of a guide or licence type, its code and place."""


def _yaml(path: Path) -> Any:
    return read_yaml(path)


def _each(folder: Path) -> Iterator[Any]:
    for path in sorted(folder.glob("*.yaml")):
        yield _yaml(path)


def _regions(path: Path) -> list[Region]:
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    paths: dict[str, str] = {}
    for line in lines:
        paths[line["code"]] = ".".join(part for part in (paths.get(line["parent"]), line["code"]) if part)
    return [Region(**{**line, "parent": line["parent"] or None, "path": paths[line["code"]]}) for line in lines]


async def load_city(folder: Path) -> dict[str, int]:
    """Load regions, departments, code lists, halls, themes, licence types, life events and items; returns how many.

    What is there already is brought up to date; an item whose guide changed gets a new version that holds from today,
    unless it was published from elsewhere since.
    Raises ``pydantic.ValidationError`` on data that is not whole, ``CityFaultyError`` where guides or licence
    types have errors; both
    before anything is written.
    """
    types = [LicenceTypeDefinition.model_validate(entry) for entry in _yaml(folder / "licence_types.yaml")]
    lists = [CodeListDefinition.model_validate(entry) for entry in _yaml(folder / "code_lists.yaml")]
    events = [LifeEventDefinition.model_validate(entry) for entry in _each(folder / "life_events")]
    guides = [Guide.model_validate(entry) for entry in _each(folder / "items")]
    rows: dict[str, list[Any]] = {
        "regions": _regions(folder / "regions.csv"),
        "departments": [Department(**entry) for entry in _yaml(folder / "departments.yaml")],
        "code_lists": [CodeList(**entry.model_dump()) for entry in lists],
        "themes": [Theme(**entry, position=place) for place, entry in enumerate(_yaml(folder / "themes.yaml"))],
        "halls": [Hall(**entry) for entry in _yaml(folder / "halls.yaml")],
        "licence_types": [
            LicenceType(code=kind.code, name=kind.name, definition=kind.model_dump(mode="json")) for kind in types
        ],
        "life_events": [_life_event(event, place) for place, event in enumerate(events)],
    }
    _refuse_faulty(guides, types, _known(rows, types))
    async with transaction():
        for models in rows.values():
            await _put(models)
        await LifeEventItem.all().delete()
        await LifeEventItem.bulk_create(
            LifeEventItem(life_event=event.code, item_code=item.item_code) for event in events for item in event.items
        )
        await lock_publishing()
        for start in range(0, len(guides), BATCH):
            some = guides[start : start + BATCH]
            await publish_guides(some, clock.today(), VersionOrigin.CITY)
            await index_items(await bring_into_effect([guide.item_code for guide in some]))
    kept = await published_elsewhere([guide.item_code for guide in guides])
    counts = {name: len(models) for name, models in rows.items()}
    return counts | {"items": len(guides), "items_left_as_published_here": len(kept)}


def _known(rows: dict[str, list[Any]], types: list[LicenceTypeDefinition]) -> Known:
    return Known(
        departments={row.code: row.uscc for row in rows["departments"]},
        regions={row.code: row.level for row in rows["regions"]},
        themes={row.code for row in rows["themes"]},
        halls={row.code for row in rows["halls"]},
        licence_types={kind.code: {field.name for field in kind.fields} for kind in types},
        code_lists={row.code for row in rows["code_lists"]},
    )


def _refuse_faulty(guides: list[Guide], types: list[LicenceTypeDefinition], known: Known) -> None:
    checked = {guide.item_code: problems_of(guide, known) for guide in guides}
    checked |= licence_problems(types, known, asked_by_forms(guides))
    found = [
        f"{code}: {problem.path}: {problem.code} ({problem.message})"
        for code, problems in checked.items()
        for problem in problems
        if problem.severity is Severity.ERROR
    ]
    if found:
        raise CityFaultyError("\n".join(found))


def _life_event(event: LifeEventDefinition, position: int) -> LifeEvent:
    return LifeEvent(code=event.code, name=event.name, position=position, definition=event.model_dump(mode="json"))


async def _put(models: list[Any]) -> None:
    model = type(models[0])
    others = [name for name in model._meta.db_fields if name != "code"]
    await model.bulk_create(models, batch_size=BATCH, on_conflict=["code"], update_fields=others)
