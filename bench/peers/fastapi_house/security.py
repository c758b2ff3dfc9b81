"""Who calls: by a bearer token, a JWT signed with Ed25519, whose session is alive."""

from typing import Annotated
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import Depends, HTTPException, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from bench.peers.fastapi_house.database import Database, settings
from bench.peers.fastapi_house.models import Session, Staff

_bearer = HTTPBearer(auto_error=False)
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
_KEYS = {
    name: Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key.get_secret_value())).public_key()
    for name, key in settings.keys.session_signing.items()
}
_UNKNOWN = HTTPException(status.HTTP_401_UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})


def _session_of(credentials: HTTPAuthorizationCredentials | None, audience: str) -> UUID:
    if credentials is None:
        raise _UNKNOWN
    try:
        key = _KEYS[jwt.get_unverified_header(credentials.credentials)["kid"]]
        claims = jwt.decode(credentials.credentials, key, algorithms=["EdDSA"], audience=audience, issuer="jiaban")
        return UUID(claims["sid"])
    except (jwt.PyJWTError, KeyError, ValueError) as error:
        raise _UNKNOWN from error


async def _officer(credentials: _Credentials, database: Database) -> Staff:
    session_id = _session_of(credentials, "staff")
    found = select(Session).where(Session.id == session_id, Session.ended_at.is_(None))
    session = await database.scalar(found.options(joinedload(Session.staff)))
    if session is None or session.staff is None or not session.staff.active:
        raise _UNKNOWN
    if session.staff.password_given or "verify" not in session.staff.duties:
        raise HTTPException(status.HTTP_403_FORBIDDEN)
    return session.staff


async def _citizen(credentials: _Credentials, database: Database) -> Session:
    session_id = _session_of(credentials, "citizen")
    found = select(Session).where(Session.id == session_id, Session.ended_at.is_(None))
    session = await database.scalar(found.options(joinedload(Session.citizen)))
    if session is None or session.citizen is None:
        raise _UNKNOWN
    return session


Officer = Annotated[Staff, Depends(_officer)]
CitizenSession = Annotated[Session, Depends(_citizen)]
