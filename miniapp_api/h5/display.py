"""How pages look: their files, the switches, and the page that shows every component."""

from pydantic import Field
from sanic import HTTPResponse

from app.kit.errors import NotFoundError
from miniapp_api.h5.assets import find_asset, takes_gzip
from miniapp_api.h5.pages import moved, page
from miniapp_api.h5.view import Colour, Language, Size, View, keep_view, view_of
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()

_FOR_EVER = "public, max-age=31536000, immutable"


class DisplayForm(QuerySchema):
    """What to change, and the page to come back to: a path of ours, never another site."""

    size: Size | None = None
    colour: Colour | None = None
    language: Language | None = None
    return_to: str = Field(default="/h5/", max_length=2048, pattern=r"^/([^/\\\s][^\\\s]*)?$")


@routes.add(
    "GET", "/h5/static/<name:str>", actor=Actor.ANYONE, limit="static", media_type="*/*", errors=(NotFoundError,)
)
async def read_page_file(call: Call, name: str) -> HTTPResponse:
    """A style sheet or a script, whose address names its content, packed for whoever takes it so.

    Another version's address is answered with what there is, and not kept: while servers are replaced, a page of one
    asks the other.
    """
    found = find_asset(name)
    if found is None:
        raise NotFoundError
    asset, is_named = found
    headers = {
        "Cache-Control": _FOR_EVER if is_named else "no-store",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if takes_gzip(str(call.request.headers.get("Accept-Encoding", ""))):
        return HTTPResponse(
            asset.packed, headers={**headers, "Content-Encoding": "gzip"}, content_type=asset.media_type
        )
    return HTTPResponse(asset.content, headers=headers, content_type=asset.media_type)


@routes.add("GET", "/h5/display", actor=Actor.ANYONE, limit="browse", media_type="text/html")
async def open_display(call: Call) -> HTTPResponse:
    """Size of letters, colours, language."""
    return page(call.request, "display.html")


@routes.add("POST", "/h5/display", actor=Actor.ANYONE, limit="browse", status=303, media_type="text/html")
async def change_display(call: Call, form: DisplayForm) -> HTTPResponse:
    """Remember how this browser wants pages to look. It tells nothing about anybody and needs no sign-in."""
    view = view_of(call.request)
    chosen = View(form.size or view.size, form.colour or view.colour, form.language or view.language)
    answer = moved(form.return_to, status=303)
    keep_view(answer, chosen, call.house.settings.public_url)
    return answer


@routes.add(
    "GET", "/h5/components", actor=Actor.ANYONE, limit="browse", media_type="text/html", errors=(NotFoundError,)
)
async def open_components(call: Call) -> HTTPResponse:
    """Every component in every state: for those who make pages, and nowhere in production."""
    if call.house.settings.environment == "production":
        raise NotFoundError
    return page(call.request, "living.html")
