"""The catalogue of service items."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field
from sanic import HTTPResponse

from app.catalogue import guide
from app.catalogue.conditions import published
from app.catalogue.errors import AnswerInvalidError, ItemNotFoundError
from app.catalogue.guidance import asked_for, next_question, variant_of
from app.catalogue.queries import get_guide, get_item
from app.finding import queries
from app.finding.errors import RegionUnknownError
from app.kit.errors import InvalidCursorError
from miniapp_api.answers import cacheable_answer
from miniapp_api.routing import Actor, Call, QuerySchema, Routes, Schema

routes = Routes()
_Word = Annotated[str, Field(max_length=64)]
AnswersField = dict[_Word, _Word]


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


class GuidanceRequest(Schema):
    """Answers to an item's guided questions so far: question to option."""

    answers: AnswersField = Field(max_length=50)


class GuidanceView(Schema):
    """The question to put next, or the variant that the answers led to with what it asks for."""

    next_question: guide.GuidedQuestion | None
    variant: guide.Variant | None
    form_schema: dict[str, Any] | None
    materials: list[guide.GuideMaterial] | None


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


@routes.add(
    "POST",
    "/api/v1/items/<item_code:str>/guidance",
    actor=Actor.ANYONE,
    limit="browse",
    errors=(ItemNotFoundError, AnswerInvalidError),
)
async def guide_item(item_code: str, body: GuidanceRequest) -> GuidanceView:
    """Lead from answers to the next question, or to what the item asks for. Nothing is kept."""
    item = (await get_item(item_code)).guide
    following = next_question(item, body.answers)
    if following:
        return GuidanceView(next_question=following, variant=None, form_schema=None, materials=None)
    variant = variant_of(item, body.answers)
    asked = asked_for(item, variant)
    schema = published(asked.form_schema)
    return GuidanceView(next_question=None, variant=variant, form_schema=schema, materials=asked.materials)
