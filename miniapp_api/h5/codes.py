"""What a scanned code opens in any phone: genuine or not, and little more. Opening it never spends it."""

from sanic import HTTPResponse

from app.kit import texts
from app.licences.codes import CodeKind
from app.licences.verifying.looking import PublicView, inspect_code
from app.licences.verifying.verdicts import ABOUT_THE_LICENCE, Reason
from miniapp_api.h5.pages import page
from miniapp_api.routing import Actor, Call, Routes

routes = Routes()


def _verdict(view: PublicView | None) -> tuple[str, str]:
    """The kind of the verdict, by which the page is coloured, and its sentence."""
    if view is None:
        return "not_genuine", texts.text("public_code", "not_genuine")
    if view.reason in ABOUT_THE_LICENCE:
        return "revoked", texts.text("reason", view.reason)
    if view.over:
        over = "paper_over" if view.kind is CodeKind.PAPER else "genuine_expired"
        return "genuine_expired", texts.text("public_code", over)
    if view.reason is Reason.VALID:
        return "genuine", texts.text("public_code", "genuine")
    return "genuine_expired", texts.text("reason", view.reason)


async def _page(call: Call, token: str) -> HTTPResponse:
    view = await inspect_code(call.house.code_signer, token)
    verdict, sentence = _verdict(view)
    return page(
        call.request,
        "code.html",
        status=200 if view else 404,
        view_of_code=view,
        verdict=verdict,
        sentence=sentence,
        text=lambda key: texts.text("public_code", key),
    )


@routes.add("GET", "/v/<token:str>", actor=Actor.ANYONE, limit="open_code", media_type="text/html", also=(404,))
async def open_code(call: Call, token: str) -> HTTPResponse:
    """Whether a code is genuine, the kind of licence, its holder masked, its last day."""
    return await _page(call, token)


@routes.add("GET", "/V/<token:str>", actor=Actor.ANYONE, limit="open_code", media_type="text/html", also=(404,))
async def open_code_upper(call: Call, token: str) -> HTTPResponse:
    """The same, as the QR spells it."""
    return await _page(call, token)
