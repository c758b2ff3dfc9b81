"""Who calls: by a bearer token, a JWT signed with Ed25519, whose session is alive."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from bench.peers.django_house.models import Citizen, Session

_KEYS = {
    name: Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key.get_secret_value())).public_key()
    for name, key in settings.HOUSE.keys.session_signing.items()
}
View = Callable[..., Awaitable[HttpResponse]]


async def _citizen(request: HttpRequest) -> Citizen | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        key = _KEYS[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(token, key, algorithms=["EdDSA"], audience="citizen", issuer="jiaban")
        session_id = UUID(claims["sid"])
    except (jwt.PyJWTError, KeyError, ValueError):
        return None
    found = Session.objects.select_related("citizen").filter(id=session_id, ended_at=None)
    session = await found.afirst() if scheme.lower() == "bearer" else None
    return session.citizen if session else None


def citizens_only(view: View) -> View:
    """A view that is told which citizen calls."""

    @wraps(view)
    async def guarded(request: HttpRequest, **named: Any) -> HttpResponse:
        citizen = await _citizen(request)
        if citizen is None:
            return JsonResponse({}, status=401, headers={"WWW-Authenticate": "Bearer"})
        return await view(request, citizen, **named)

    return guarded
