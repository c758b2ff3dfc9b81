"""What the QR of a receipt opens in any phone: genuine or not, and what the paper must say. No case is looked at."""

from sanic import HTTPResponse

from app.applications.receipt_codes import read_receipt
from app.kit.codes import CodeMalformedError
from miniapp_api.h5.pages import page
from miniapp_api.routing import Actor, Call, Routes

routes = Routes()


async def _page(call: Call, token: str) -> HTTPResponse:
    try:
        claims = read_receipt(call.house.record_signer, token)
    except CodeMalformedError:
        claims = None
    return page(call.request, "receipt.html", status=200 if claims else 404, claims=claims)


@routes.add("GET", "/r/<token:str>", actor=Actor.ANYONE, limit="open_code", media_type="text/html", also=(404,))
async def open_receipt(call: Call, token: str) -> HTTPResponse:
    """Whether a receipt is genuine: its kind, case number, item, department, masked applicant and days."""
    return await _page(call, token)


@routes.add("GET", "/R/<token:str>", actor=Actor.ANYONE, limit="open_code", media_type="text/html", also=(404,))
async def open_receipt_upper(call: Call, token: str) -> HTTPResponse:
    """The same, as the QR spells it."""
    return await _page(call, token)
