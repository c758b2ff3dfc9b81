"""What the QR of a printed licence opens in any phone: genuine or not, what the paper must say, its state today."""

from sanic import HTTPResponse

from app.kit import clock, texts
from app.licences.files.checking import PrintedLicence, check_printed
from miniapp_api.h5.pages import page
from miniapp_api.routing import Actor, Call, Routes

routes = Routes()


def _text(key: str) -> str:
    return texts.text("public_licence", key)


def _rows(printed: PrintedLicence) -> list[tuple[str, str]]:
    claims = printed.claims
    rows = (
        ("licence", claims.name),
        ("holder", claims.holder),
        ("issued_on", clock.day_written(claims.issued_on)),
        ("valid_until", clock.day_written(claims.valid_until) if claims.valid_until else _text("endless")),
        ("state", _text("kept_no_more") if printed.word is None else printed.word or _text("valid")),
    )
    return [(_text(key), value) for key, value in rows]


async def _page(call: Call, token: str) -> HTTPResponse:
    printed = await check_printed(call.house.licence_keys, token)
    verdict = "not_genuine"
    if printed:
        verdict = "genuine" if printed.word == "" else "worth_nothing"
    rows = _rows(printed) if printed else []
    return page(call.request, "paper.html", status=200 if rows else 404, verdict=verdict, rows=rows, text=_text)


@routes.add("GET", "/l/<token:str>", actor=Actor.ANYONE, limit="open_code", media_type="text/html", also=(404,))
async def open_printed_licence(call: Call, token: str) -> HTTPResponse:
    """Whether a printed licence is genuine: its kind, its holder masked, its days, its state today."""
    return await _page(call, token)


@routes.add("GET", "/L/<token:str>", actor=Actor.ANYONE, limit="open_code", media_type="text/html", also=(404,))
async def open_printed_licence_upper(call: Call, token: str) -> HTTPResponse:
    """The same, as the QR spells it."""
    return await _page(call, token)
