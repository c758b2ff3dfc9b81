"""A citizen's own pages that read: inbox, data, where one is signed in."""

from uuid import UUID

from pydantic import Field
from sanic import HTTPResponse

from app.identity import sessions
from app.identity.errors import SessionNotFoundError
from app.identity.rules import Audience
from app.identity.service import get_citizen
from app.kit.errors import InvalidCursorError, NotFoundError
from app.notifications import service as notifications
from app.notifications.errors import MessageNotFoundError
from miniapp_api import cookies
from miniapp_api.citizen.identity import CitizenView
from miniapp_api.citizen.messages import list_messages
from miniapp_api.citizen.sessions import list_sessions
from miniapp_api.h5.links import page_of
from miniapp_api.h5.pages import moved, page
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()
# Whoever is not signed in is sent to where one signs in.
_ELSEWHERE = (302,)


class OneMessage(QuerySchema):
    """A message that was opened."""

    message_id: UUID


class OneSession(QuerySchema):
    """A place where one is signed in."""

    session_id: UUID


class NothingMore(QuerySchema):
    """A form of one button."""

    csrf_token: str = Field(default="", max_length=128)


@routes.add(
    "GET",
    "/h5/inbox",
    actor=Actor.CITIZEN,
    limit="read",
    media_type="text/html",
    also=_ELSEWHERE,
    errors=(InvalidCursorError,),
)
async def open_inbox(call: Call, query: PageQuery) -> HTTPResponse:
    """My messages, the newest first."""
    found = await list_messages(call, query)
    pages = {message.id: page_of(message.link) for message in found.items}
    return page(call.request, "inbox.html", found=found, pages=pages)


@routes.add(
    "POST",
    "/h5/inbox/read",
    actor=Actor.CITIZEN,
    limit="write",
    status=303,
    media_type="text/html",
    errors=(MessageNotFoundError,),
)
async def note_read_on_page(call: Call, form: OneMessage) -> HTTPResponse:
    """Note that I read a message."""
    await notifications.read_message(call.citizen_id, form.message_id)
    return moved("/h5/inbox", status=303)


@routes.add(
    "GET", "/h5/me", actor=Actor.CITIZEN, limit="read", media_type="text/html", also=_ELSEWHERE, errors=(NotFoundError,)
)
async def open_me(call: Call) -> HTTPResponse:
    """Who I am here, what else there is, where I am signed in."""
    return page(
        call.request,
        "me.html",
        me=CitizenView.of(await get_citizen(call.citizen_id)),
        sessions=await list_sessions(call),
    )


@routes.add(
    "POST",
    "/h5/me/sessions/end",
    actor=Actor.CITIZEN,
    limit="write",
    status=303,
    media_type="text/html",
    errors=(SessionNotFoundError,),
)
async def end_session_on_page(call: Call, form: OneSession) -> HTTPResponse:
    """Sign out on another device."""
    await sessions.end_session(Audience.CITIZEN, call.citizen_id, form.session_id)
    return moved("/h5/me", status=303)


@routes.add(
    "POST",
    "/h5/me/sign-out",
    actor=Actor.CITIZEN,
    limit="write",
    status=303,
    media_type="text/html",
    errors=(SessionNotFoundError,),
)
async def sign_out_on_page(call: Call, form: NothingMore) -> HTTPResponse:
    """Sign out on this browser."""
    del form
    await sessions.end_session(Audience.H5, call.citizen_id, call.session_id)
    answer = moved("/h5/#left", status=303)
    cookies.take_session(answer, call.house.settings.public_url)
    return answer
