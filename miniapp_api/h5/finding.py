"""Finding on pages: home, search, guides, life events, halls."""

from pydantic import Field
from sanic import HTTPResponse

from app.catalogue.errors import ItemNotFoundError, LifeEventNotFoundError
from app.catalogue.models import Theme
from app.catalogue.queries import get_item, list_life_events
from app.finding.errors import RegionUnknownError
from app.finding.places import Family, HallEntry, get_family, list_halls, widest_place
from app.finding.popular import popular_items
from app.identity.errors import AccessTokenExpiredError
from app.kit.errors import InvalidCursorError
from app.mandates.errors import MandateInactiveError
from app.notifications.queries import count_unread
from miniapp_api.citizen.applications import list_applications
from miniapp_api.citizen.items import REGION, ItemQuery, search_items
from miniapp_api.citizen.licences import list_licences
from miniapp_api.citizen.life_events import read_life_event
from miniapp_api.h5.pages import page
from miniapp_api.h5.visitors import visitor
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()
_AT_A_GLANCE = 3
_NEAREST = 10
_PLACES = 2
"""Decimals of a degree: a kilometre, which finds the nearest hall and no house."""


class PlaceQuery(QuerySchema):
    """A county or district of the city; all of it unless given."""

    region: str = Field(default="", pattern=REGION)


class PositionForm(QuerySchema):
    """Where somebody is, in degrees; the script has rounded it already."""

    longitude: float = Field(ge=73, le=136, allow_inf_nan=False)
    latitude: float = Field(ge=3, le=54, allow_inf_nan=False)


@routes.add(
    "GET",
    "/h5",
    actor=Actor.ANYONE,
    limit="browse",
    media_type="text/html",
    errors=(AccessTokenExpiredError, MandateInactiveError),
)
async def open_home(call: Call) -> HTTPResponse:
    """Search, themes, life events; of whoever is signed in the cases, licences and unread messages."""
    mine = await visitor(call)
    own = await _at_a_glance(mine) if mine else {}
    themes = await Theme.all().order_by("position")
    events = await list_life_events()
    popular = await popular_items("")
    return page(call.request, "home.html", own=own, themes=themes, events=events, popular=popular)


async def _at_a_glance(call: Call) -> dict[str, object]:
    cases = await list_applications(call, PageQuery())
    licences = await list_licences(call, PageQuery())
    return {
        "cases": cases.items[:_AT_A_GLANCE],
        "licences": licences.items[:_AT_A_GLANCE],
        "unread": await count_unread(call.citizen_id),
    }


@routes.add(
    "GET",
    "/h5/items",
    actor=Actor.ANYONE,
    limit="browse",
    media_type="text/html",
    errors=(RegionUnknownError, InvalidCursorError),
)
async def open_search(call: Call, query: ItemQuery) -> HTTPResponse:
    """What a search finds, or a theme has."""
    found = await search_items(query)
    theme = await Theme.get_or_none(code=query.theme) if query.theme else None
    return page(call.request, "search.html", found=found, query=query, theme=theme)


@routes.add(
    "GET",
    "/h5/items/<item_code:str>",
    actor=Actor.ANYONE,
    limit="browse",
    media_type="text/html",
    errors=(ItemNotFoundError,),
)
async def open_guide(call: Call, item_code: str) -> HTTPResponse:
    """The guide of an item, as it is in effect today."""
    item = await get_item(item_code)
    return page(call.request, "guide.html", guide=item.guide, department=item.department_name)


@routes.add(
    "GET",
    "/h5/life-events/<life_event:str>",
    actor=Actor.ANYONE,
    limit="browse",
    media_type="text/html",
    errors=(LifeEventNotFoundError,),
)
async def open_life_event(call: Call, life_event: str) -> HTTPResponse:
    """The items that a life event covers."""
    return page(call.request, "life_event.html", event=await read_life_event(life_event))


@routes.add(
    "GET", "/h5/halls", actor=Actor.ANYONE, limit="browse", media_type="text/html", errors=(RegionUnknownError,)
)
async def open_halls(call: Call, query: PlaceQuery) -> HTTPResponse:
    """The halls of a county or district, the nearest office first."""
    city = await get_family(await widest_place())
    return _halls(call, city, await list_halls(None, None, query.region), query.region)


@routes.add("POST", "/h5/halls", actor=Actor.ANYONE, limit="browse", media_type="text/html")
async def find_halls_on_page(call: Call, form: PositionForm) -> HTTPResponse:
    """The halls by their distance. Where somebody is comes in a form, so that no address and no log has it."""
    city = await get_family(await widest_place())
    halls = await list_halls(round(form.longitude, _PLACES), round(form.latitude, _PLACES), "")
    return _halls(call, city, halls[:_NEAREST], "")


def _halls(call: Call, city: Family, halls: list[HallEntry], region: str) -> HTTPResponse:
    places = [(place.code, place.name) for place in city.children]
    return page(call.request, "halls.html", halls=halls, city=city, places=places, region=region)
