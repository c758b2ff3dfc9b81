"""A phone shows a licence, and is told while it does."""

from collections.abc import AsyncIterator
from time import monotonic
from typing import Any
from uuid import UUID

from sanic import HTTPResponse
from sanic.response.types import ResponseStream

from app.catalogue.licence_type import Preset
from app.catalogue.queries import get_licence_type
from app.consents.errors import ConsentMissingError
from app.identity.errors import LevelTooLowError
from app.identity.rules import mask_name
from app.kit import clock, texts
from app.kit.errors import DomainError, NotFoundError, TemporarilyUnavailableError
from app.licences.codes.digits import grouped
from app.licences.errors import LicenceNotFoundError, PresetNotMetError, PresetNotOfferedError
from app.licences.presenting.service import Presented, present_licence
from app.licences.queries import shown_licence
from app.licences.verifying.screens import News, Screen, Shown, look
from app.mandates.queries import is_live
from media.qr import qr_svg
from miniapp_api.citizen.licence_codes import PresentationRequest
from miniapp_api.h5.pages import page
from miniapp_api.h5.view import view_of
from miniapp_api.routing import Actor, Call, QuerySchema, Routes, Schema

routes = Routes()

_BEAT_SECONDS = 15.0
"""So often at least something is sent: a proxy takes silence for the end, and who has gone is noticed."""
_LONGEST_SECONDS = 240.0
"""A browser comes again by itself, and is looked at anew."""
_AGAIN_MILLISECONDS = 1000
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}


class ScanView(Schema):
    """The latest scan of a code that this session showed of the licence: ``verdict`` valid, genuine or refused."""

    id: UUID
    verdict: str
    message: str
    office: str


class NewsView(Schema):
    """What a page that shows a licence should say. ``asked`` is a request for more fields that waits for an answer."""

    scan: ScanView | None
    asked: UUID | None

    @classmethod
    def of(cls, news: News, language: str) -> "NewsView":
        """The view of news for a page in a language."""
        scan = news.scan
        message = texts.text_in(language, "reason", scan.reason) if scan else ""
        return cls(
            scan=ScanView(id=scan.id, verdict=scan.verdict, message=message, office=scan.office) if scan else None,
            asked=news.asked,
        )


class ShowQuery(QuerySchema):
    """What the holder chooses to show; as a card where nothing was chosen."""

    preset: Preset | None = None


class CodeView(Schema):
    """The next code: its QR as an SVG drawing, the digits that stand for it, the seconds that it lasts."""

    svg: str
    digits: str
    seconds: int

    @classmethod
    def of(cls, presented: Presented) -> "CodeView":
        """The view of a live code."""
        left = (presented.expires_at - clock.now()).total_seconds()
        return cls(svg=qr_svg(presented.code), digits=grouped(presented.digits or ""), seconds=max(0, int(left)))


_SHOWING = (
    LicenceNotFoundError,
    LevelTooLowError,
    ConsentMissingError,
    PresetNotOfferedError,
    PresetNotMetError,
    NotFoundError,
    TemporarilyUnavailableError,
)


@routes.add(
    "GET",
    "/h5/licences/<licence_id:uuid>/show",
    actor=Actor.CITIZEN,
    acting=True,
    limit="present",
    media_type="text/html",
    errors=_SHOWING,
)
async def open_showing(call: Call, licence_id: UUID, query: ShowQuery) -> HTTPResponse:
    """Show a licence: its code, what it shows, and whether it was scanned. Each opening makes a code."""
    licence = await shown_licence(call.party, licence_id)
    definition = await get_licence_type(licence.type_code)
    offered = list(definition.presets)
    preset = query.preset or (Preset.CARD if Preset.CARD in offered else offered[0])
    code = await _code(call, licence_id, preset)
    scan = (await look([shown := Shown(licence.id, call.session_id)]))[shown].scan
    return page(
        call.request,
        "showing.html",
        licence=licence,
        name=definition.name,
        holder=mask_name(licence.holder),
        presets=offered,
        preset=preset,
        code=code,
        seen=scan.id if scan else "",
    )


@routes.add(
    "POST",
    "/h5/licences/<licence_id:uuid>/codes",
    actor=Actor.CITIZEN,
    acting=True,
    limit="present",
    status=201,
    errors=_SHOWING,
)
async def renew_code(call: Call, licence_id: UUID, body: PresentationRequest) -> CodeView:
    """The next code, before the one that a page shows ends."""
    return await _code(call, licence_id, body.preset)


async def _code(call: Call, licence_id: UUID, preset: Preset) -> CodeView:
    house = call.house
    return CodeView.of(
        await present_licence(
            house.code_signer, house.settings.public_url, call.party, licence_id, preset, call.session_id
        )
    )


@routes.add(
    "GET",
    "/h5/licences/<licence_id:uuid>/news",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    errors=(LicenceNotFoundError, LevelTooLowError, NotFoundError),
)
async def read_showing_news(call: Call, licence_id: UUID) -> NewsView:
    """The same as ``watch_showing`` tells, once: for browsers that cannot be told."""
    shown = await _shown(call, licence_id)
    return NewsView.of((await look([shown]))[shown], view_of(call.request).language)


@routes.add(
    "GET",
    "/h5/licences/<licence_id:uuid>/events",
    actor=Actor.CITIZEN,
    acting=True,
    limit="present",
    media_type="text/event-stream",
    errors=(LicenceNotFoundError, LevelTooLowError, NotFoundError, TemporarilyUnavailableError),
)
async def watch_showing(call: Call, licence_id: UUID) -> ResponseStream:
    """Be told of scans as they happen: Server-Sent Events, each a NewsView."""
    shown = await _shown(call, licence_id)
    call.house.screens.require_room()

    async def send(stream: Any) -> None:
        async with call.house.screens.watching(shown) as screen:
            async for piece in _told(call, screen):
                await stream.response.send(piece)

    return ResponseStream(send, headers=_HEADERS, content_type="text/event-stream; charset=utf-8")


async def _shown(call: Call, licence_id: UUID) -> Shown:
    licence = await shown_licence(call.party, licence_id)
    return Shown(licence.id, call.session_id)


async def _told(call: Call, screen: Screen) -> AsyncIterator[str]:
    until, language = monotonic() + _LONGEST_SECONDS, view_of(call.request).language
    yield f"retry: {_AGAIN_MILLISECONDS}\n\n"
    async for news in screen.news(_BEAT_SECONDS):
        try:
            await call.house.live_sessions.owner(call.session_id)
        except DomainError:
            return
        if call.party.mandate_id and not await is_live(call.party.mandate_id):
            return
        yield f"data: {NewsView.of(news, language).model_dump_json()}\n\n" if news else ": \n\n"
        if monotonic() > until:
            return
