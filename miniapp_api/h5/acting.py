"""For whom the pages of a browser act: oneself, or somebody whose mandate one holds."""

from datetime import datetime
from uuid import UUID

from sanic import HTTPResponse

from app.kit import clock
from app.mandates.errors import MandateInactiveError
from app.mandates.party import party_of
from app.mandates.rules import last_day
from miniapp_api import cookies
from miniapp_api.citizen.mandates import list_mandates
from miniapp_api.h5.pages import moved, page
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()
_HOME = "/h5/"


class ActingForm(QuerySchema):
    """The mandate by which to act."""

    mandate_id: UUID


@routes.add("GET", "/h5/acting", actor=Actor.CITIZEN, limit="read", media_type="text/html")
async def open_acting(call: Call) -> HTTPResponse:
    """Whom I may act for."""
    found = await list_mandates(call)
    held = [
        (mandate, last_day(datetime.fromisoformat(mandate.ends_at)))
        for mandate in found.items
        if mandate.state == "active" and not mandate.given and datetime.fromisoformat(mandate.ends_at) > clock.now()
    ]
    return page(call.request, "acting.html", held=held)


@routes.add(
    "POST",
    "/h5/acting",
    actor=Actor.CITIZEN,
    limit="write",
    status=303,
    media_type="text/html",
    errors=(MandateInactiveError,),
)
async def begin_acting(call: Call, form: ActingForm) -> HTTPResponse:
    """Act for somebody on the pages of this browser, for twelve hours at most."""
    await party_of(call.citizen_id, form.mandate_id)
    answer = moved(_HOME, status=303)
    cookies.give_acting(answer, form.mandate_id, call.house.settings.public_url)
    return answer


@routes.add("POST", "/h5/acting/end", actor=Actor.CITIZEN, limit="write", status=303, media_type="text/html")
async def end_acting(call: Call) -> HTTPResponse:
    """Act for myself again."""
    answer = moved(_HOME, status=303)
    cookies.take_acting(answer, call.house.settings.public_url)
    return answer
