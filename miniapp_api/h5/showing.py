"""A phone shows a licence: what it is told while it does."""

from collections.abc import AsyncIterator
from time import monotonic
from typing import Any
from uuid import UUID

from sanic.response.types import ResponseStream

from app.identity.errors import LevelTooLowError
from app.kit import texts
from app.kit.errors import DomainError, NotFoundError, TemporarilyUnavailableError
from app.licences.errors import LicenceNotFoundError
from app.licences.queries import shown_licence
from app.licences.verifying.screens import News, Screen, Shown, look
from miniapp_api.routing import Actor, Call, Routes, Schema

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
    def of(cls, news: News) -> "NewsView":
        """The view of news."""
        scan = news.scan
        return cls(
            scan=ScanView(
                id=scan.id, verdict=scan.verdict, message=texts.text("reason", scan.reason), office=scan.office
            )
            if scan
            else None,
            asked=news.asked,
        )


@routes.add(
    "GET",
    "/h5/licences/<licence_id:uuid>/news",
    actor=Actor.CITIZEN,
    limit="read",
    errors=(LicenceNotFoundError, LevelTooLowError, NotFoundError),
)
async def read_showing_news(call: Call, licence_id: UUID) -> NewsView:
    """The same as ``watch_showing`` tells, once: for browsers that cannot be told."""
    shown = await _shown(call, licence_id)
    return NewsView.of((await look([shown]))[shown])


@routes.add(
    "GET",
    "/h5/licences/<licence_id:uuid>/events",
    actor=Actor.CITIZEN,
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
    until = monotonic() + _LONGEST_SECONDS
    yield f"retry: {_AGAIN_MILLISECONDS}\n\n"
    async for news in screen.news(_BEAT_SECONDS):
        try:
            await call.house.live_sessions.owner(call.session_id)
        except DomainError:
            return
        yield f"data: {NewsView.of(news).model_dump_json()}\n\n" if news else ": \n\n"
        if monotonic() > until:
            return
