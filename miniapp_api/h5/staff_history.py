"""Staff look at the verifications that they made."""

from sanic import HTTPResponse

from app.identity.rules import Duty
from app.kit import clock
from app.kit.errors import InvalidCursorError
from app.licences.verifying.models import Way
from app.licences.verifying.queries import MadeVerification, list_made
from app.licences.verifying.verdicts import Reason
from miniapp_api.h5.pages import page
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()


class MadeView(Schema):
    """A verification of mine. ``said`` is what the phone answered without network, where that was another verdict."""

    at: str
    verdict: str
    reason: str
    licence_name: str | None
    offline: bool
    said: str | None
    clock_wrong: bool
    doubled: bool

    @classmethod
    def of(cls, made: MadeVerification) -> "MadeView":
        """The view of a verification."""
        one = made.verification
        said = Reason(one.said) if one.said else None
        return cls(
            at=clock.in_city(one.at),
            verdict=one.verdict,
            reason=one.reason,
            licence_name=made.licence_name,
            offline=one.way is Way.OFFLINE,
            said=said.verdict.value if said and said.verdict != one.verdict else None,
            clock_wrong=one.clock_wrong,
            doubled=made.doubled,
        )


@routes.add(
    "GET",
    "/h5/staff/verifications",
    actor=Actor.STAFF,
    duty=Duty.ANY,
    limit="read",
    media_type="text/html",
    errors=(InvalidCursorError,),
)
async def open_own_verifications(call: Call, query: PageQuery) -> HTTPResponse:
    """The verifications that I made, the latest first."""
    found = await list_made(call.staff.id, query.cursor)
    made = [MadeView.of(one) for one in found.items]
    return page(call.request, "staff_history.html", staff=call.staff, made=made, next_cursor=found.next_cursor)
