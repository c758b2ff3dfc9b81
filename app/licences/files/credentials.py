"""A licence's data as a signed credential: a JWT (RFC 7519) that anybody can check with the published keys.

Its claims about the licence have the names of GB/T 36903; ``values`` are the fields of the type, each under its title.
It carries no more than the card shows: what is masked there is masked here. ``status`` leads to the status list, where
the credential's licence is looked up (IETF Token Status List, section 6); a credential itself never ends.
"""

import base64
import json
from datetime import datetime, time
from typing import Any
from uuid import UUID

from app.catalogue.licence_type import LicenceTypeDefinition
from app.catalogue.queries import get_licence_type
from app.identity.rules import mask_id_number
from app.kit import clock
from app.licences.codes.signer import CodeKeys
from app.licences.files.faces import written_values
from app.licences.keys.algorithms import Algorithm, Purpose
from app.licences.models import HolderKind, Licence
from app.licences.queries import shown_licence
from app.licences.status.publishing import PATH
from app.mandates.party import Party

CREDENTIAL = "application/jwt"

# SM2's name is not registered (RFC 7518 has none); it is what the published JWK says.
_JWS_NAMES = {Algorithm.EDDSA: "EdDSA", Algorithm.SM2: "SM2"}


async def credential(keys: CodeKeys, public_url: str, party: Party, licence_id: UUID) -> bytes:
    """A party's own licence as a JWT in its compact form.

    Raises LicenceNotFoundError, MatterNotCoveredError, LevelTooLowError, or TemporarilyUnavailableError where no key
    signs.
    """
    licence = await shown_licence(party, licence_id)
    return await sign_credential(keys, public_url, licence, await get_licence_type(licence.type_code))


async def sign_credential(
    keys: CodeKeys, public_url: str, licence: Licence, definition: LicenceTypeDefinition
) -> bytes:
    """The JWT of a licence, signed by the key for credentials."""
    key = await keys.active(Purpose.CREDENTIAL)
    header = {"typ": "JWT", "alg": _JWS_NAMES[Algorithm(key.algorithm)], "kid": key.key_id.decode()}
    signed = b".".join(_encoded(part) for part in (header, claims_of(public_url, licence, definition)))
    return signed + b"." + _base64url(await keys.sign(key.key_id, signed))


def claims_of(public_url: str, licence: Licence, definition: LicenceTypeDefinition) -> dict[str, Any]:
    """What the credential says. The same licence says the same until something about it changes."""
    changed = licence.state_changed_at or datetime.combine(licence.issued_on, time(), tzinfo=clock.CITY_TIME)
    claims = {
        "iss": public_url,
        "sub": licence.reference,
        "iat": int(changed.timestamp()),
        "ZZMC": definition.name,
        "ZZLXDM": definition.type_code,
        "ZZBS": licence.identifier,
        "ZZBH": licence.number,
        "ZZBFJG": licence.issuer,
        "ZZBFJGDM": licence.issuer_code,
        "ZZBFRQ": licence.issued_on.isoformat(),
        "ZZYXQQSRQ": licence.valid_from.isoformat(),
        "ZZYXQJZRQ": licence.valid_until.isoformat() if licence.valid_until else None,
        "CZZT": licence.holder,
        "CZZTDM": _holder_code(licence),
        "CZZTDMLX": licence.holder_kind.value,
        "values": dict(written_values(licence, definition).values()),
    }
    if licence.status_list is not None:
        uri = f"{public_url}{PATH}/{licence.status_list}"
        claims["status"] = {"status_list": {"idx": licence.status_index, "uri": uri}}
    return claims


def _holder_code(licence: Licence) -> str | None:
    if licence.holder_code is None or licence.holder_kind is HolderKind.COMPANY:
        return licence.holder_code
    return mask_id_number(licence.holder_code)


def _encoded(part: dict[str, Any]) -> bytes:
    return _base64url(json.dumps(part, ensure_ascii=False, separators=(",", ":")).encode())


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
