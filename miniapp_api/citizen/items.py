"""The catalogue of service items."""

from datetime import date
from typing import Literal

from pydantic import Field
from sanic import HTTPResponse

from app.catalogue import guide
from app.catalogue.errors import ItemNotFoundError
from app.catalogue.queries import get_guide
from app.finding import queries
from app.finding.errors import RegionUnknownError
from app.kit.errors import InvalidCursorError
from miniapp_api.answers import cacheable_answer
from miniapp_api.routing import Actor, Call, QuerySchema, Routes, Schema

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


class ItemView(guide.Guide):
    """An item with its whole guide, the version that this is, and from which day it holds."""

    version: int
    effective_on: date
    department_name: str


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


@routes.add(
    "GET",
    "/api/v1/items/<item_code:str>",
    actor=Actor.ANYONE,
    limit="browse",
    headers=("If-None-Match",),
    also=(304,),
    errors=(ItemNotFoundError,),
    shape=ItemView,
)
async def read_item(call: Call, item_code: str) -> HTTPResponse:
    """One item with its guide and form, as it is in effect today."""
    found = await get_guide(item_code)
    return cacheable_answer(found.answer, found.etag, call.request.headers.get("If-None-Match"))
