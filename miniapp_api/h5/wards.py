"""A page by which a guardian begins to act for a child."""

from pydantic import Field
from sanic import HTTPResponse

from app.consents import service as consents
from app.consents.definitions import asked
from app.consents.errors import ConsentMissingError, ConsentVersionOutdatedError
from app.consents.queries import consents_of
from app.identity.errors import IdNumberInvalidError, LevelTooLowError
from app.kit.errors import DomainError, NotFoundError, RateLimitedError
from app.mandates import errors, legal
from miniapp_api.errors import sentence_of, status_of
from miniapp_api.h5.pages import moved, page
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()
_CHILD = "child"
_WRONG_NUMBER = (IdNumberInvalidError, errors.NotAMinorError)
_UNCONSENTED = (ConsentMissingError, ConsentVersionOutdatedError)
_REFUSED = (
    *_WRONG_NUMBER,
    *_UNCONSENTED,
    errors.GuardianshipMismatchError,
    errors.AuthorityUnavailableError,
    RateLimitedError,
)


class WardForm(QuerySchema):
    """The child's name and number as typed; ``consent`` is the version of the text that was agreed to, 0 for none."""

    name: str = Field(default="", max_length=64)
    id_number: str = Field(default="", max_length=32)
    consent: int = Field(default=0, ge=0, le=2**31 - 1)


@routes.add("GET", "/h5/wards/new", actor=Actor.CITIZEN, limit="read", media_type="text/html")
async def open_ward_form(call: Call) -> HTTPResponse:
    """Where a guardian names the child."""
    return await _form(call, WardForm())


async def _form(call: Call, typed: WardForm, wrong: DomainError | None = None) -> HTTPResponse:
    purpose = asked(_CHILD)
    consented = any(
        one.given == purpose.version for one in await consents_of(call.citizen_id) if one.purpose == purpose
    )
    sentence = sentence_of(call.request, wrong) if wrong else ""
    of_number, of_consent = isinstance(wrong, _WRONG_NUMBER), isinstance(wrong, _UNCONSENTED)
    return page(
        call.request,
        "ward_new.html",
        status=status_of(type(wrong)) if wrong else 200,
        typed=typed,
        purpose=None if consented else purpose,
        wrong_number=sentence if of_number else "",
        wrong_consent=sentence if of_consent else "",
        wrong="" if of_number or of_consent else sentence,
    )


@routes.add(
    "POST",
    "/h5/wards",
    actor=Actor.CITIZEN,
    limit="write",
    status=303,
    media_type="text/html",
    also=(403, 409, 422, 429, 503),
    errors=(LevelTooLowError, NotFoundError),
)
async def take_ward_on_page(call: Call, form: WardForm) -> HTTPResponse:
    """Act for one's child under fourteen, as the authority confirms; what is wrong is said on the same page."""
    try:
        if form.consent:
            await consents.give_consent(
                call.citizen_id,
                _CHILD,
                form.consent,
                actor=call.party.name,
                session_id=call.caller.session_id,
                mandate_id=None,
            )
        await consents.require_consent(call.citizen_id, _CHILD)
        await legal.take_ward(call.house.authority, call.citizen_id, form.name, form.id_number)
    except _REFUSED as error:
        return await _form(call, form, error)
    return moved("/h5/mandates?done=accepted", status=303)
