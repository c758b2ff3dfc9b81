"""Loading the city's data from ``config/city/`` into the database, all or nothing."""

import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from app.catalogue.guide import Guide
from app.catalogue.licence_type import LicenceTypeDefinition
from app.catalogue.models import Department, Item, LicenceType, Region
from app.kit.db import transaction

_BATCH = 500


def _yaml(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def _guides(folder: Path) -> Iterator[Guide]:
    for path in sorted((folder / "items").glob("*.yaml")):
        yield Guide.model_validate(_yaml(path))


def _item(guide: Guide) -> Item:
    content = guide.model_dump(mode="json", by_alias=True)
    digest = hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
    return Item(
        item_code=guide.item_code,
        name=guide.name,
        short_name=guide.short_name,
        keywords=" ".join(guide.keywords),
        department=guide.department,
        region=guide.region,
        audience=list(guide.audience),
        guide=content,
        digest=digest,
    )


async def load_city(folder: Path) -> dict[str, int]:
    """Load regions, departments, licence types and items; returns how many there are of each.

    What is there already is brought up to date. Raises ``pydantic.ValidationError`` on data that is not whole.
    """
    with (folder / "regions.csv").open(encoding="utf-8", newline="") as file:
        regions = [Region(**{key: value or None for key, value in line.items()}) for line in csv.DictReader(file)]
    departments = [Department(**entry) for entry in _yaml(folder / "departments.yaml")]
    types = [LicenceTypeDefinition.model_validate(entry) for entry in _yaml(folder / "licence_types.yaml")]
    licence_types = [LicenceType(code=kind.code, name=kind.name, definition=kind.model_dump()) for kind in types]
    items = [_item(guide) for guide in _guides(folder)]
    async with transaction():
        await _put(Region, regions, "code")
        await _put(Department, departments, "code")
        await _put(LicenceType, licence_types, "code")
        await _put(Item, items, "item_code")
    return {
        "regions": len(regions),
        "departments": len(departments),
        "licence_types": len(licence_types),
        "items": len(items),
    }


async def _put(model: Any, entries: list[Any], key: str) -> None:
    others = [name for name in model._meta.db_fields if name != key]
    await model.bulk_create(entries, batch_size=_BATCH, on_conflict=[key], update_fields=others)
