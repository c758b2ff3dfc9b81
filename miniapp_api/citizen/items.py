"""The catalogue of service items."""

from typing import Any, Literal

from pydantic import Field

from app.catalogue import guide, queries
from app.catalogue.errors import ItemNotFoundError, RegionUnknownError
from app.kit.errors import InvalidCursorError
from miniapp_api.routing import Actor, QuerySchema, Routes, Schema

routes = Routes()


class ItemQuery(QuerySchema):
    """What to look for."""

    q: str = Field(default="", max_length=100)
    region: str = Field(default="", pattern=r"^([0-9]{6}|[0-9]{9}|[0-9]{12})?$")
    audience: Literal["", "person", "company"] = ""
    cursor: str | None = Field(default=None, max_length=512)


class ItemEntryView(Schema):
    """An item in a list. Time limits are in working days."""

    item_code: str
    name: str
    short_name: str
    department: str
    region: str
    audience: list[str]
    handling: str
    promised_days: int
    online_depth: int


class ItemPage(Schema):
    """A page of items."""

    items: list[ItemEntryView]
    next_cursor: str | None


class ItemView(Schema):
    """An item with its whole guide, its form as JSON Schema (2020-12) and a form that passes."""

    item_code: str
    name: str
    short_name: str
    task_type: str
    department: str
    department_name: str
    region: str
    level: str
    audience: list[str]
    handling: str
    statutory_days: int
    promised_days: int
    online_depth: int
    visits: int
    assurance_level: int
    licence_type: str | None
    conditions: list[str]
    materials: list[guide.GuideMaterial]
    steps: list[guide.GuideStep]
    fees: guide.GuideFees
    legal_basis: list[guide.LegalBasis]
    questions: list[guide.Question]
    windows: list[guide.Window]
    consultation_phone: str
    complaint_phone: str
    form_schema: dict[str, Any]
    form_example: dict[str, Any]


@routes.add(
    "GET",
    "/api/v1/items",
    actor=Actor.ANYONE,
    limit="browse",
    errors=(RegionUnknownError, InvalidCursorError),
)
async def search_items(query: ItemQuery) -> ItemPage:
    """Find service items by name or everyday words."""
    page = await queries.search_items(query.q, query.region, query.audience, query.cursor)
    items = [ItemEntryView.model_validate(entry, from_attributes=True) for entry in page.items]
    return ItemPage(items=items, next_cursor=page.next_cursor)


@routes.add("GET", "/api/v1/items/<item_code:str>", actor=Actor.ANYONE, limit="browse", errors=(ItemNotFoundError,))
async def read_item(item_code: str) -> ItemView:
    """One item with its guide and form."""
    detail = await queries.get_item(item_code)
    shown = {name: getattr(detail.guide, name) for name in ItemView.model_fields if hasattr(detail.guide, name)}
    return ItemView(**shown, department_name=detail.department_name)
