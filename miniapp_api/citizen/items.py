"""The catalogue of service items."""

from datetime import date
from typing import Any, Literal

from pydantic import Field
from sanic import HTTPResponse

from app.catalogue import guide
from app.catalogue.conditions import published
from app.catalogue.errors import AnswerInvalidError, ItemNotFoundError
from app.catalogue.guidance import asked_for, next_question, variant_of
from app.catalogue.queries import answered_guide, get_item
from app.finding import queries
from app.finding.errors import RegionUnknownError
from app.finding.life_events import find_life_events
from app.finding.matching import Filters, read_query
from app.finding.queries import ItemEntry
from app.kit.errors import InvalidCursorError
from miniapp_api.answers import cacheable_answer
from miniapp_api.routing import Actor, Call, QuerySchema, Routes, Schema, Word

routes = Routes()
AnswersField = dict[Word, Word]


REGION = r"^([0-9]{6}|[0-9]{9}|[0-9]{12})?$"


class FacetQuery(QuerySchema):
    """What to look for. ``region`` is where the citizen is; ``level`` that of the office."""

    q: str = Field(default="", max_length=100)
    region: str = Field(default="", pattern=REGION)
    audience: Literal["", "person", "company"] = ""
    department: str = Field(default="", max_length=32)
    theme: str = Field(default="", max_length=32)
    life_event: str = Field(default="", max_length=64)
    level: Literal["", "city", "county", "township", "village"] = ""


class ItemQuery(FacetQuery):
    """What to look for, and where to read on."""

    cursor: str | None = Field(default=None, max_length=512)


class ItemEntryView(Schema):
    """An item in a list. Time limits are in working days."""

    item_code: str
    name: str
    short_name: str
    department: str
    region: str
    level: str
    audience: list[str]
    handling: str
    promised_days: int
    online_depth: int


class FoundLifeEventView(Schema):
    """A life event that was found."""

    code: str
    name: str
    summary: str


class ItemPage(Schema):
    """A page of items. ``life_events`` stand on the first one."""

    items: list[ItemEntryView]
    life_events: list[FoundLifeEventView]
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


class ItemList(Schema):
    """Items."""

    items: list[ItemEntryView]

    @classmethod
    def of(cls, entries: list[ItemEntry]) -> "ItemList":
        """The view of these entries."""
        return cls(items=[ItemEntryView.model_validate(entry, from_attributes=True) for entry in entries])


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
    """Find service items by their names or everyday words, in characters, pinyin or initials; slips are forgiven."""
    search, filters = await read_query(query.q), Filters(**query.model_dump(exclude={"q", "cursor"}))
    page = await queries.find_items(search, filters, query.cursor)
    events = [] if query.cursor else await find_life_events(search, query.audience, query.theme)
    return ItemPage(
        items=ItemList.of(page.items).items,
        life_events=[FoundLifeEventView.model_validate(event, from_attributes=True) for event in events],
        next_cursor=page.next_cursor,
    )


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
    found = await answered_guide(item_code)
    return cacheable_answer(found.content, found.etag, call.request.headers.get("If-None-Match"))


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
