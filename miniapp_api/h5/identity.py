"""Who somebody is, on pages: how far it is proven, the next step, a name that has changed."""

from pydantic import Field
from sanic import HTTPResponse

from app.consents import service as consents
from app.consents.errors import ConsentMissingError
from app.identity import errors, verification
from app.identity.service import get_citizen
from app.kit.errors import DomainError, NotFoundError, RateLimitedError
from miniapp_api.citizen.identity import CitizenView
from miniapp_api.errors import sentence_of, status_of
from miniapp_api.h5.pages import moved, page
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()
_PAGE = "/h5/identity"
_NUMBER = (errors.IdNumberInvalidError, errors.MinorNeedsGuardianError)
_REFUSED = (
    *_NUMBER,
    errors.RealNameMismatchError,
    errors.RealNameUnavailableError,
    errors.AlreadyVerifiedError,
    ConsentMissingError,
    RateLimitedError,
)


class IdentityQuery(QuerySchema):
    """Whether a name was confirmed just now."""

    done: bool = False


class NamedForm(QuerySchema):
    """A name and, where it is proven for the first time, an identity number, as typed."""

    name: str = Field(default="", max_length=64)
    id_number: str = Field(default="", max_length=32)


@routes.add("GET", _PAGE, actor=Actor.CITIZEN, limit="read", media_type="text/html", errors=(NotFoundError,))
async def open_identity(call: Call, query: IdentityQuery) -> HTTPResponse:
    """My level, and how to reach the next."""
    return await _page(call, NamedForm(), done=query.done)


async def _page(call: Call, typed: NamedForm, *, done: bool = False, wrong: DomainError | None = None) -> HTTPResponse:
    sentence, of_number = sentence_of(call.request, wrong) if wrong else "", isinstance(wrong, _NUMBER)
    return page(
        call.request,
        "identity.html",
        status=status_of(type(wrong)) if wrong else 200,
        me=CitizenView.of(await get_citizen(call.citizen_id)),
        typed=typed,
        done=done,
        wrong_number=sentence if of_number else "",
        wrong="" if of_number else sentence,
        province=call.house.province is not None,
    )


@routes.add(
    "POST",
    f"{_PAGE}/real-name",
    actor=Actor.CITIZEN,
    limit="write",
    status=303,
    media_type="text/html",
    also=(403, 409, 422, 429, 503),
    errors=(NotFoundError,),
)
async def verify_real_name_on_page(call: Call, form: NamedForm) -> HTTPResponse:
    """Verify name and identity number with the authority; what is wrong is said on the same page."""
    try:
        await consents.respect_withdrawal(call.citizen_id, "real_name")
        await verification.verify_real_name(
            call.house.authority, call.citizen_id, form.name, form.id_number, device=call.device_id
        )
    except _REFUSED as error:
        return await _page(call, form, wrong=error)
    return moved(f"{_PAGE}?done=true", status=303)


@routes.add(
    "POST",
    f"{_PAGE}/name",
    actor=Actor.CITIZEN,
    limit="write",
    status=303,
    media_type="text/html",
    also=(422, 429, 503),
    errors=(errors.LevelTooLowError, NotFoundError),
)
async def correct_name_on_page(call: Call, form: NamedForm) -> HTTPResponse:
    """Correct my name, which has changed in law."""
    try:
        await verification.correct_name(call.house.authority, call.citizen_id, form.name, device=call.device_id)
    except _REFUSED as error:
        return await _page(call, form, wrong=error)
    return moved(f"{_PAGE}?done=true", status=303)
