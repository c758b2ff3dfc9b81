"""What a scanned code opens in any phone: genuine or not, and little more. Opening it never spends it."""

from sanic import HTTPResponse

from app.kit import texts
from app.licences.models import LicenceState
from app.licences.queries import PublicView, inspect_code
from miniapp_api.h5.pages import page
from miniapp_api.routing import Actor, Call, Routes

routes = Routes()


def _verdict(view: PublicView) -> str:
    if not view.genuine:
        return "not_genuine"
    if view.state is LicenceState.REVOKED:
        return "revoked"
    return "genuine_expired" if view.expired else "genuine"


async def _page(call: Call, token: str) -> HTTPResponse:
    view = await inspect_code(call.house.code_signer, token)
    status = 200 if view.genuine else 404
    return page(
        "code.html",
        status=status,
        view=view,
        verdict=_verdict(view),
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
