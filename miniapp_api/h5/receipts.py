"""What the QR of a receipt opens in any phone: genuine or not, and what the paper must say. No case is looked at."""

from sanic import HTTPResponse

from app.applications.receipt_codes import ReceiptClaims, ReceiptKind, read_receipt
from app.kit import clock, texts
from app.kit.codes import CodeMalformedError
from miniapp_api.h5.pages import page
from miniapp_api.routing import Actor, Call, Routes

routes = Routes()


def _rows(claims: ReceiptClaims) -> list[tuple[str, str]]:
    submitted = claims.kind is ReceiptKind.SUBMITTED
    rows = [
        ("kind", texts.text("receipt", f"title_{claims.kind.key}")),
        ("case_no", claims.case_no),
        ("item", claims.item),
        ("department", claims.department),
        ("holder", claims.holder),
        ("submitted_on" if submitted else "decided_on", clock.day_written(claims.day)),
    ]
    if claims.promised_on:
        rows.append(("promised_if_accepted" if submitted else "promised_on", clock.day_written(claims.promised_on)))
    return [(texts.text("public_receipt", key), value) for key, value in rows]


async def _page(call: Call, token: str) -> HTTPResponse:
    try:
        rows = _rows(read_receipt(call.house.record_signer, token))
    except CodeMalformedError:
        rows = []
    return page(
        call.request,
        "paper.html",
        status=200 if rows else 404,
        verdict="genuine" if rows else "not_genuine",
        rows=rows,
        text=lambda key: texts.text("public_receipt", key),
    )


@routes.add("GET", "/r/<token:str>", actor=Actor.ANYONE, limit="open_code", media_type="text/html", also=(404,))
async def open_receipt(call: Call, token: str) -> HTTPResponse:
    """Whether a receipt is genuine: its kind, case number, item, department, masked applicant and days."""
    return await _page(call, token)


@routes.add("GET", "/R/<token:str>", actor=Actor.ANYONE, limit="open_code", media_type="text/html", also=(404,))
async def open_receipt_upper(call: Call, token: str) -> HTTPResponse:
    """The same, as the QR spells it."""
    return await _page(call, token)
