"""What a scanned code opens in any phone: genuine or not, and little more. Opening it never spends it."""

from sanic import HTTPResponse

from app.licences.codes import CodeKind
from app.licences.verifying.looking import PublicView, inspect_code
from app.licences.verifying.verdicts import ABOUT_THE_LICENCE, Reason
from miniapp_api.h5.pages import page
from miniapp_api.routing import Actor, Call, Routes

routes = Routes()


def _verdict(view: PublicView | None) -> tuple[str, str]:
    """How the page is coloured, and the end of the key of its sentence."""
    if view is None:
        return "bad", "not_genuine"
    if view.reason in ABOUT_THE_LICENCE:
        return "bad", view.reason.value
    if view.over:
        return "wait", "paper_over" if view.kind is CodeKind.PAPER else "over"
    return ("good", "genuine") if view.reason is Reason.VALID else ("wait", view.reason.value)


async def _page(call: Call, token: str) -> HTTPResponse:
    found = await inspect_code(call.house.code_signer, token)
    kind, said = _verdict(found)
    return page(call.request, "code.html", status=200 if found else 404, found=found, kind=kind, said=said)


@routes.add("GET", "/v/<token:str>", actor=Actor.ANYONE, limit="open_code", media_type="text/html", also=(404,))
async def open_code(call: Call, token: str) -> HTTPResponse:
    """Whether a code is genuine, the kind of licence, its holder masked, its last day."""
    return await _page(call, token)


@routes.add("GET", "/V/<token:str>", actor=Actor.ANYONE, limit="open_code", media_type="text/html", also=(404,))
async def open_code_upper(call: Call, token: str) -> HTTPResponse:
    """The same, as the QR spells it."""
    return await _page(call, token)
