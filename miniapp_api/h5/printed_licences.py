"""What the QR of a printed licence opens in any phone: genuine or not, what the paper must say, its state today."""

from sanic import HTTPResponse

from app.licences.files.checking import check_printed
from miniapp_api.h5.pages import page
from miniapp_api.routing import Actor, Call, Routes

routes = Routes()


async def _page(call: Call, token: str) -> HTTPResponse:
    printed = await check_printed(call.house.licence_keys, token)
    return page(call.request, "printed.html", status=200 if printed else 404, printed=printed)


@routes.add("GET", "/l/<token:str>", actor=Actor.ANYONE, limit="open_code", media_type="text/html", also=(404,))
async def open_printed_licence(call: Call, token: str) -> HTTPResponse:
    """Whether a printed licence is genuine: its kind, its holder masked, its days, its state today."""
    return await _page(call, token)


@routes.add("GET", "/L/<token:str>", actor=Actor.ANYONE, limit="open_code", media_type="text/html", also=(404,))
async def open_printed_licence_upper(call: Call, token: str) -> HTTPResponse:
    """The same, as the QR spells it."""
    return await _page(call, token)
