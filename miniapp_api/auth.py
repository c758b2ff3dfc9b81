"""Who is calling: citizens and staff by access token, partners by signature, operators by their token."""

import hmac
import secrets
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_network
from typing import cast
from uuid import UUID

from sanic import Request

from app.approvals.errors import SignatureExpiredError, SignatureInvalidError, SignatureMissingError
from app.bootstrap import House
from app.identity.errors import AccessTokenInvalidError, AccessTokenMissingError, CsrfTokenWrongError
from app.identity.models import Staff
from app.identity.rules import Audience, Duty
from app.identity.staff import require_duty, signed_in
from app.identity.tokens import Bearer
from app.kit import clock
from app.kit.errors import DomainError
from app.kit.signing import CLIENT_ID, SignatureRefusedError, Signer
from app.licences.relying import RelyingSystem
from app.mandates.errors import ActingNotPossibleError, MandateInactiveError
from app.mandates.party import Party, party_of
from app.mandates.queries import principal_of
from miniapp_api import cookies
from miniapp_api.telemetry import note_caller
from miniapp_api.wire import NumberedRequest, seen_by

ACTING_FOR = "X-Acting-For"
DEVICE_ID = "X-Device-Id"
CSRF_TOKEN = "X-CSRF-Token"  # noqa: S105  # a header's name
CSRF_FIELD = "csrf_token"
# A client id that nobody has: its signature is refused like any other wrong one.
_NOBODY = Signer("", secrets.token_bytes(32))
_IPV6_LINE = 64
_SAFE = {"GET", "HEAD", "OPTIONS"}
_FOR = "."  # between a page's token and the mandate by which it was opened

PARTNER_ERRORS: tuple[type[DomainError], ...] = (
    SignatureMissingError,
    SignatureInvalidError,
    SignatureExpiredError,
)
_SIGNATURE_ERRORS: dict[str, type[DomainError]] = {
    "missing": SignatureMissingError,
    "mismatch": SignatureInvalidError,
    "window": SignatureExpiredError,
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling; ``subject`` is whom limits are counted for.

    An approval system that calls is named by its ``connector``, one that verifies licences is the ``relying`` one; the
    ``nonce`` of either is yet to be spent.
    """

    subject: str
    citizen_id: UUID | None = None
    session_id: UUID | None = None
    party: Party | None = None
    staff: Staff | None = None
    connector: str = ""
    relying: RelyingSystem | None = None
    nonce: str = ""


@dataclass(frozen=True, slots=True)
class ActingFor:
    """For whom the pages of a browser act: a masked name or a company's; ``here`` tells whether this page is theirs."""

    principal: str
    here: bool


def bearer_token(request: Request) -> str:
    """The token of the Authorization header. Raises AccessTokenMissingError."""
    scheme, _, token = str(request.headers.get("Authorization", "")).partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise AccessTokenMissingError
    return token.strip()


async def identify(house: House, request: Request, actor: str, duty: Duty | None, *, acting: bool = False) -> Caller:
    """Prove who is calling a route of ``actor``.

    ``acting`` lets a citizen act for another: by the mandate that ACTING_FOR names, else by the one that the pages of
    this browser remember. Raises the errors that the route publishes.
    """
    match actor:
        case "citizen":
            bearer = _bearer(house, request, cookies.ACCESS, Audience.CITIZEN, Audience.H5, acting=acting)
            citizen_id = await house.live_sessions.owner(bearer.session)
            note_caller(request, f"citizen:{citizen_id}")
            party = await _party(request, citizen_id, acting=acting)
            return Caller(f"citizen:{citizen_id}", citizen_id=citizen_id, session_id=bearer.session, party=party)
        case "staff":
            bearer = _bearer(house, request, cookies.STAFF, Audience.STAFF, Audience.STAFF)
            member = await signed_in(house.live_sessions, bearer.session)
            note_caller(request, f"staff:{member.id}")
            require_duty(member, duty or Duty.ANY)
            return Caller(f"staff:{member.id}", session_id=bearer.session, staff=member)
        case "partner":
            connector, nonce = verify_partner(house, request)
            note_caller(request, f"partner:{connector}")
            return Caller(f"partner:{connector}", connector=connector, nonce=nonce)
        case "relying_system":
            system, nonce = verify_relying_system(house, request)
            note_caller(request, f"relying:{system.name}")
            return Caller(f"relying:{system.name}", relying=system, nonce=nonce)
        case _:
            require_operator(house, request)
            return Caller("operator")


def anybody(request: Request) -> Caller:
    """Whoever calls from the address of this request."""
    return _somebody(*cast("NumberedRequest", request).told_by_proxies, request.ip)


@lru_cache(maxsize=4200)
def _somebody(told: str, proxies: int, address: str) -> Caller:
    return Caller(f"address:{_line_of(seen_by(told, proxies) or address)}")


def _bearer(
    house: House, request: Request, cookie: str, app: Audience, pages: Audience, *, acting: bool = False
) -> Bearer:
    """The token of the header, else that of a page's cookie: a browser sends it along whoever made the request.

    So a page that changes something also shows what no other site can read (OWASP: double submit, bound to the token).
    What a citizen's page shows also names for whom it was opened: a form that was opened before the browser acted for
    somebody else, or ceased to, changes nothing of theirs.
    """
    token = request.cookies.get(cookie)
    if token is None or "Authorization" in request.headers:
        return house.access_tokens.read(bearer_token(request), app)
    bearer = house.access_tokens.read(token, pages)
    mandate_id = cookies.acting_of(request) if pages is Audience.H5 else None
    expected = bearer.csrf_token or ""
    request.ctx.mandate_id = mandate_id
    request.ctx.csrf_token = f"{expected}{_FOR}{mandate_id}" if mandate_id else expected
    if request.method not in _SAFE:
        if acting:
            require_csrf_token(request, request.ctx.csrf_token)
        else:
            require_csrf_token(request, expected, for_anyone=True)
    return bearer


def require_own_site(request: Request) -> None:
    """Raise CsrfTokenWrongError where a browser says that another site sent the form (Fetch Metadata).

    For forms of whoever is not signed in yet, who has no token to show; browsers that say nothing pass.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise CsrfTokenWrongError


def require_csrf_token(request: Request, expected: str, *, for_anyone: bool = False) -> None:
    """Raise CsrfTokenWrongError unless the request shows the token that our own pages know, in a header or a form.

    ``for_anyone`` takes it from a page whoever that was opened for.
    """
    form = request.form
    given = str(request.headers.get(CSRF_TOKEN) or (form.get(CSRF_FIELD) if form else None) or "")
    shown = (given.partition(_FOR)[0] if for_anyone else given).encode(errors="surrogateescape")
    if not expected or not hmac.compare_digest(shown, expected.encode()):
        raise CsrfTokenWrongError


async def _party(request: Request, citizen_id: UUID, *, acting: bool) -> Party:
    named = request.headers.get(ACTING_FOR)
    if named is None:
        return await _party_of_page(request, citizen_id, acting=acting)
    if not acting:
        raise ActingNotPossibleError
    try:
        mandate_id = UUID(named)
    except ValueError as error:
        raise MandateInactiveError from error
    return await party_of(citizen_id, mandate_id)


async def _party_of_page(request: Request, citizen_id: UUID, *, acting: bool) -> Party:
    """Whose things a page is about; pages that concern oneself stay one's own, and say for whom others act."""
    own = Party.own(citizen_id)
    mandate_id: UUID | None = getattr(request.ctx, "mandate_id", None)
    if mandate_id is None:
        return own
    try:
        party = await party_of(citizen_id, mandate_id)
    except MandateInactiveError:
        if acting:
            raise
        return own
    request.ctx.acting_for = ActingFor(await principal_of(mandate_id), here=acting)
    return party if acting else own


async def note_acting(house: House, request: Request) -> None:
    """Let a page for anybody say for whom this browser acts."""
    if cookies.acting_of(request) is None or cookies.ACCESS not in request.cookies:
        return
    with suppress(DomainError):
        bearer = _bearer(house, request, cookies.ACCESS, Audience.CITIZEN, Audience.H5)
        await _party_of_page(request, await house.live_sessions.owner(bearer.session), acting=True)


def address_of(request: Request) -> str:
    """Where a request comes from, as the proxies in front tell it: an IPv4 address, or a network of IPv6.

    A line gets 2⁶⁴ addresses of IPv6 or more (RFC 6177): counted by address, nobody would be held by a limit.
    """
    return _line_of(str(request.remote_addr or request.ip))


def _line_of(address: str) -> str:
    if ":" not in address:
        return address
    try:
        known = IPv6Address(address)
    except ValueError:
        return address
    return str(known.ipv4_mapped or ip_network((known.packed, _IPV6_LINE), strict=False))


def device_of(request: Request) -> str:
    """What tries are counted by for a device: the id that the app keeps on it, else its address and browser.

    It guards together with the counts per person, which a made-up id does not escape.
    """
    named = str(request.headers.get(DEVICE_ID, ""))
    return named[:128] or f"{address_of(request)} {request.headers.get('User-Agent', '')}"


def require_operator(house: House, request: Request) -> None:
    """Raise AccessTokenMissingError or AccessTokenInvalidError unless the request carries the operators' token."""
    token = house.settings.ops_token.get_secret_value()
    # Sanic keeps bytes that are not UTF-8 as surrogates.
    given = bearer_token(request).encode(errors="surrogateescape")
    if not hmac.compare_digest(given, token.encode()):
        raise AccessTokenInvalidError


def verify_partner(house: House, request: Request) -> tuple[str, str]:
    """Verify an approval system's signature; the name of its connector, and its nonce, which is yet to be spent."""
    connector = house.connectors.of_client(request.headers.get(CLIENT_ID, ""))
    nonce = _signed_nonce(request, connector.signer if connector else None)
    return connector.name if connector else "", nonce


def verify_relying_system(house: House, request: Request) -> tuple[RelyingSystem, str]:
    """Verify the signature of a system that verifies licences; the system, and its nonce, which is yet to be spent."""
    system = house.relying_systems.of_client(request.headers.get(CLIENT_ID, ""))
    nonce = _signed_nonce(request, system.signer if system else None)
    if system is None:
        raise SignatureInvalidError
    return system, nonce


def _signed_nonce(request: Request, signer: Signer | None) -> str:
    path = request.path + (f"?{request.query_string}" if request.query_string else "")
    now = clock.now().timestamp()
    try:
        return (signer or _NOBODY).verify(request.headers, request.method, path, request.body, now=now)
    except SignatureRefusedError as error:
        raise _SIGNATURE_ERRORS[error.reason] from error
