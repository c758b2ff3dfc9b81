"""Staff verify without network: what a phone fetches beforehand, and the scans that it hands in afterwards."""

import hashlib
from functools import cache
from uuid import UUID

from sanic import HTTPResponse

from app.catalogue.queries import all_licence_types
from app.identity.rules import Duty
from app.kit import clock
from app.licences.verifying.verdicts import Reason
from miniapp_api.h5.assets import address_if_there, address_of, asset_of
from miniapp_api.h5.pages import DECODER, page
from miniapp_api.routing import Actor, Call, Routes, Schema
from miniapp_api.staff.verifications import JudgedScans, ScansRequest, hand_in_scans

routes = Routes()
_PATH = "/h5/staff/offline"
_FILES = ("pages.css", "icon.svg", "pages.js", "scanner.js", "store.js", "codes.js", "modules.js", "offline.js")
_DECODER = ("zxing.js", "zxing.wasm")
_LIBRARY = ("ed25519.js",)


class KnownType(Schema):
    """A licence type whose licences I may verify."""

    code: str
    name: str


class OfflineKnowledge(Schema):
    """What a phone keeps for verifying without network, besides the public keys and the status lists.

    ``staff`` is whom its scans belong to; ``now`` in seconds since 1970, by which the phone's clock is compared.
    """

    staff: UUID
    now: float
    licence_types: list[KnownType]


@routes.add("GET", _PATH, actor=Actor.ANYONE, limit="browse", media_type="text/html")
async def open_offline(call: Call) -> HTTPResponse:
    """The scanner that works without network: the phone keeps this page, which holds nothing personal."""
    reasons = {reason.value: reason.verdict.value for reason in Reason}
    return page(call.request, "offline.html", sources={"script-src": DECODER}, reasons=reasons)


@routes.add("GET", "/h5/staff/worker.js", actor=Actor.ANYONE, limit="static", media_type="*/*")
async def read_worker() -> HTTPResponse:
    """The service worker of the staff's pages; browsers ask for it anew and see by it that a file has changed."""
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return HTTPResponse(_worker(), headers=headers, content_type="text/javascript; charset=utf-8")


@cache
def _worker() -> str:
    """The worker, with what it has to keep in front of it."""
    code = asset_of("worker.js").content.decode()
    kept = [*map(address_of, _FILES), *filter(None, map(address_if_there, _LIBRARY))]
    decoder = list(filter(None, map(address_if_there, _DECODER)))
    version = hashlib.sha256(repr((code, kept, decoder)).encode()).hexdigest()[:12]
    return f"var VERSION = {version!r}, PAGE = {_PATH!r}, FILES = {kept!r}, DECODER = {decoder!r};\n{code}"


@routes.add("GET", "/h5/staff/offline-knowledge", actor=Actor.STAFF, duty=Duty.VERIFY, limit="read")
async def read_offline_knowledge(call: Call) -> OfflineKnowledge:
    """What my phone keeps for verifying without network."""
    types = [one for one in await all_licence_types() if one.fields_for(Duty.VERIFY)]
    return OfflineKnowledge(
        staff=call.staff.id,
        now=clock.now().timestamp(),
        licence_types=[KnownType(code=one.code, name=one.name) for one in types],
    )


@routes.add("POST", "/h5/staff/offline-verifications", actor=Actor.STAFF, duty=Duty.VERIFY, limit="write")
async def hand_in_on_page(call: Call, body: ScansRequest) -> JudgedScans:
    """Hand in the scans that this browser made without network."""
    return await hand_in_scans(call, body)
