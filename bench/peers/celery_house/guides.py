"""What an item's version asks for and promises: it never changes, so that it is read once."""

from functools import cache

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.catalogue.guide import Guide
from bench.peers.celery_house.app import new_session
from bench.peers.celery_house.models import ItemVersion


@cache
def read_guide(item_code: str, number: int) -> tuple[Guide, str]:
    """The guide of a version, and the name of its department."""
    found = select(ItemVersion).where(ItemVersion.item_code == item_code, ItemVersion.number == number)
    with new_session() as database:
        version = database.scalars(found.options(joinedload(ItemVersion.department_row))).one()
        return Guide.model_validate_json(version.guide), version.department_row.name
