"""Finding: suggestions, facets, what is popular, favourites, what was opened last; regions and halls."""

from pydantic import Field
from sanic import HTTPResponse

from app.catalogue.errors import ItemNotFoundError
from app.finding import errors, personal
from app.finding.facets import count_facets
from app.finding.matching import Filters
from app.finding.places import get_family, list_halls
from app.finding.popular import popular_items
from app.finding.suggestions import suggest
from app.kit.errors import NotFoundError
from miniapp_api.answers import cacheable_answer
from miniapp_api.citizen.items import REGION, FacetQuery, ItemEntryView, ItemList
from miniapp_api.routing import Actor, Call, QuerySchema, Routes, Schema

routes = Routes()


class RegionQuery(QuerySchema):
    """Where the citizen is; anywhere unless given."""

    region: str = Field(default="", pattern=REGION)


class SuggestionQuery(RegionQuery):
    """What has been typed so far."""

    q: str = Field(default="", max_length=100)


class SuggestionView(Schema):
    """A phrase, and the item that it leads to."""

    text: str
    item_code: str


class SuggestionList(Schema):
    """Phrases, the likeliest first."""

    items: list[SuggestionView]


class ChoiceView(Schema):
    """A choice of a filter, its Chinese name, and how many services are found with it."""

    code: str
    name: str
    count: int


class FacetsView(Schema):
    """The choices of each filter; ``regions`` are those within the present one."""

    departments: list[ChoiceView]
    audiences: list[ChoiceView]
    themes: list[ChoiceView]
    levels: list[ChoiceView]
    regions: list[ChoiceView]
    life_events: list[ChoiceView]


class RecentItemList(Schema):
    """Items that were opened, the last one first; ``kept`` is false where the citizen does not want it kept."""

    kept: bool
    items: list[ItemEntryView]


class PlaceView(Schema):
    """A region in a list."""

    code: str
    name: str
    level: str


class RegionView(PlaceView):
    """A region with those above it, the highest first, and those directly within it."""

    above: list[PlaceView]
    children: list[PlaceView]


class HallQuery(RegionQuery):
    """Where the citizen is: a position in degrees (GCJ-02), a region, or both."""

    longitude: float | None = Field(default=None, ge=73, le=136, allow_inf_nan=False)
    latitude: float | None = Field(default=None, ge=3, le=54, allow_inf_nan=False)


class HallView(Schema):
    """A service hall; ``distance`` in metres from the position that was given."""

    code: str
    name: str
    kind: str
    region: str
    address: str
    hours: str
    phone: str
    longitude: float
    latitude: float
    distance: int | None


class HallList(Schema):
    """Halls, the nearest first."""

    items: list[HallView]


@routes.add("GET", "/api/v1/items/suggestions", actor=Actor.ANYONE, limit="browse", errors=(errors.RegionUnknownError,))
async def list_suggestions(query: SuggestionQuery) -> SuggestionList:
    """Phrases for what has been typed so far, in characters, pinyin or initials: eight at most."""
    found = await suggest(query.q, query.region)
    return SuggestionList(items=[SuggestionView(text=one.text, item_code=one.item_code) for one in found])


@routes.add("GET", "/api/v1/items/facets", actor=Actor.ANYONE, limit="facets", errors=(errors.RegionUnknownError,))
async def read_facets(query: FacetQuery) -> FacetsView:
    """How many services a search finds with each choice of its filters."""
    filters = Filters(**query.model_dump(exclude={"q"}))
    return FacetsView.model_validate(await count_facets(query.q, filters), from_attributes=True)


@routes.add("GET", "/api/v1/items/popular", actor=Actor.ANYONE, limit="browse", errors=(errors.RegionUnknownError,))
async def list_popular_items(query: RegionQuery) -> ItemList:
    """The services that most applications were begun for of late."""
    return ItemList.of(await popular_items(query.region))


@routes.add("GET", "/api/v1/me/favourites", actor=Actor.CITIZEN, limit="read")
async def list_favourites(call: Call) -> ItemList:
    """The items I marked, the newest first."""
    return ItemList.of(await personal.favourites(call.citizen_id))


@routes.add(
    "PUT",
    "/api/v1/me/favourites/<item_code:str>",
    actor=Actor.CITIZEN,
    limit="write",
    errors=(ItemNotFoundError, errors.FavouritesFullError),
)
async def add_favourite(call: Call, item_code: str) -> ItemList:
    """Mark an item; once more, it does nothing."""
    await personal.add_favourite(call.citizen_id, item_code)
    return await list_favourites(call)


@routes.add("DELETE", "/api/v1/me/favourites/<item_code:str>", actor=Actor.CITIZEN, limit="write")
async def remove_favourite(call: Call, item_code: str) -> ItemList:
    """Take the mark from an item."""
    await personal.remove_favourite(call.citizen_id, item_code)
    return await list_favourites(call)


@routes.add("GET", "/api/v1/me/recent-items", actor=Actor.CITIZEN, limit="read")
async def list_recent_items(call: Call) -> RecentItemList:
    """The items I opened, the last one first, twenty at most."""
    found = ItemList.of(await personal.recent_items(call.citizen_id))
    return RecentItemList(kept=await personal.are_recent_kept(call.citizen_id), items=found.items)


@routes.add("PUT", "/api/v1/me/recent-items", actor=Actor.CITIZEN, limit="write")
async def keep_recent_items(call: Call) -> RecentItemList:
    """Keep from now on which items I open: what is the case until I delete the list."""
    await personal.keep_recent(call.citizen_id, kept=True)
    return await list_recent_items(call)


@routes.add("DELETE", "/api/v1/me/recent-items", actor=Actor.CITIZEN, limit="write")
async def forget_recent_items(call: Call) -> RecentItemList:
    """Forget which items I opened, and keep it no longer."""
    await personal.keep_recent(call.citizen_id, kept=False)
    return await list_recent_items(call)


@routes.add(
    "PUT",
    "/api/v1/me/recent-items/<item_code:str>",
    actor=Actor.CITIZEN,
    limit="write",
    errors=(ItemNotFoundError,),
)
async def note_opened_item(call: Call, item_code: str) -> RecentItemList:
    """Note that I opened an item; where I do not want it kept, it does nothing."""
    await personal.note_opened(call.citizen_id, item_code)
    return await list_recent_items(call)


@routes.add("DELETE", "/api/v1/me/recent-items/<item_code:str>", actor=Actor.CITIZEN, limit="write")
async def forget_opened_item(call: Call, item_code: str) -> RecentItemList:
    """Forget that I opened an item."""
    await personal.forget_opened(call.citizen_id, item_code)
    return await list_recent_items(call)


@routes.add(
    "GET",
    "/api/v1/regions/<code:str>",
    actor=Actor.ANYONE,
    limit="browse",
    headers=("If-None-Match",),
    also=(304,),
    errors=(NotFoundError,),
    shape=RegionView,
)
async def read_region(call: Call, code: str) -> HTTPResponse:
    """A region with those above it and those directly within it."""
    found = await get_family(code)
    return cacheable_answer(found.answer, found.etag, call.request.headers.get("If-None-Match"))


@routes.add(
    "GET",
    "/api/v1/halls",
    actor=Actor.ANYONE,
    limit="browse",
    errors=(errors.RegionUnknownError, errors.PositionIncompleteError),
)
async def find_halls(query: HallQuery) -> HallList:
    """Service halls by their distance from a position, or those of a region and above it."""
    found = await list_halls(query.longitude, query.latitude, query.region)
    return HallList(items=[HallView.model_validate(hall, from_attributes=True) for hall in found])
