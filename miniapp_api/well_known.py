"""What verifiers without a network fetch beforehand: the keys that sign, and what every licence is worth."""

import hashlib

from sanic import HTTPResponse

from app.kit.errors import NotFoundError
from app.licences.keys.cose import cose_key_set, jwk_set
from app.licences.status.publishing import PATH
from app.licences.status.queries import published_list, published_numbers
from miniapp_api.answers import cacheable_answer
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()
# A verifier that is told of a key has a day until it signs; one that holds a list looks again after a minute.
_KEYS_SECONDS = 300
_LIST_SECONDS = 60
_COSE_KEYS, _JWKS = "application/cose-key-set", "application/jwk-set+json"
_STATUS_LIST = "application/statuslist+cwt"


class StatusLists(Schema):
    """The addresses of all status lists (Status List Aggregation of draft-ietf-oauth-status-list)."""

    status_lists: list[str]


def _for_all(call: Call, content: bytes, content_type: str, seconds: int, digest: str | None = None) -> HTTPResponse:
    """An answer that pages of other sites may read too."""
    etag = digest or hashlib.sha256(content).hexdigest()
    asked = call.request.headers.get("If-None-Match")
    answer = cacheable_answer(content, etag, asked, content_type=content_type, seconds=seconds)
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


@routes.add("GET", "/.well-known/licence-keys", actor=Actor.ANYONE, limit="browse", media_type=_COSE_KEYS, also=(304,))
async def read_licence_keys(call: Call) -> HTTPResponse:
    """The public keys as a COSE_KeySet (RFC 9052), with what each signs and from when until when it counts."""
    return _for_all(call, cose_key_set(await call.house.licence_keys.published()), _COSE_KEYS, _KEYS_SECONDS)


@routes.add("GET", "/.well-known/licence-keys.json", actor=Actor.ANYONE, limit="browse", media_type=_JWKS, also=(304,))
async def read_licence_jwks(call: Call) -> HTTPResponse:
    """The same keys as a JWK set (RFC 7517)."""
    return _for_all(call, jwk_set(await call.house.licence_keys.published()).encode(), _JWKS, _KEYS_SECONDS)


@routes.add("GET", "/.well-known/licence-status", actor=Actor.ANYONE, limit="browse", also=(304,), shape=StatusLists)
async def list_status_lists(call: Call) -> HTTPResponse:
    """The addresses of all status lists."""
    base = f"{call.house.settings.public_url}{PATH}"
    body = StatusLists(status_lists=[f"{base}/{number}" for number in await published_numbers()])
    return _for_all(call, body.model_dump_json().encode(), "application/json", _LIST_SECONDS)


@routes.add(
    "GET",
    "/.well-known/licence-status/<number:int>",
    actor=Actor.ANYONE,
    limit="browse",
    media_type=_STATUS_LIST,
    also=(304,),
    errors=(NotFoundError,),
)
async def read_status_list(call: Call, number: int) -> HTTPResponse:
    """A status list as a signed CWT; two bits for each place: 0 valid, 1 invalid, 2 suspended, 3 expired."""
    found = await published_list(number)
    if found is None:
        raise NotFoundError
    return _for_all(call, found.token, _STATUS_LIST, _LIST_SECONDS, found.digest)
