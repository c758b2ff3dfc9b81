"""Presenting: a code that is genuine, kept, and read from its picture by a decoder."""

import base64
import io
from datetime import timedelta
from typing import Any

import httpx
import zxingcpp
from PIL import Image

from app.identity.models import Citizen
from app.kit import clock
from app.kit.crypto import keyring
from app.licences.codes.digits import is_checked, read_digits
from app.licences.models import DIGITS, Presentation
from bench.people import find_holders
from bench.town import Town


async def see(town: Town, client: httpx.AsyncClient) -> dict[str, Any]:
    """What a side answers and does in each case."""
    mine, other = await find_holders(town, 2)
    path = f"/api/v1/licences/{mine.licence_id}/presentations"
    seen: dict[str, Any] = {}
    for preset in ("valid", "card", "all"):
        answer = await client.post(path, json={"preset": preset}, headers=mine.bearer)
        seen[preset] = (answer.status_code, await _looked_at(town, answer.json()))
    seen["not offered"] = (await client.post(path, json={"preset": "age_60"}, headers=mine.bearer)).status_code
    for case, headers in {"another's": other.bearer, "nobody": {}}.items():
        seen[case] = (await client.post(path, json={"preset": "all"}, headers=headers)).status_code
    await Citizen.filter(id=mine.id).update(level=1)
    seen["level too low"] = (await client.post(path, json={"preset": "all"}, headers=mine.bearer)).status_code
    await Citizen.filter(id=mine.id).update(level=2)
    return seen


async def _looked_at(town: Town, body: dict[str, Any]) -> dict[str, Any]:
    code = await town.house.code_signer.read(body["code"])
    claims = code.claims
    row = await Presentation.get(nonce=claims.nonce.hex())
    digits = read_digits(body["digits"]) or ""
    picture = Image.open(io.BytesIO(base64.b64decode(body["qr"].partition(",")[2])))
    return {
        **{name: body[name] for name in ("kind", "licence_state")},
        "names": sorted(body),
        "claims": (claims.kind, claims.preset, claims.reference, claims.licence_type, claims.masked_holder),
        "more claims": (claims.valid_until, claims.facts, claims.status_list, claims.status_index),
        "life": claims.expires_at - claims.issued_at,
        "just made": clock.now() - claims.issued_at < timedelta(seconds=20),
        "end": body["expires_at"] == clock.in_city(claims.expires_at) == clock.in_city(row.expires_at),
        "url": body["url"].upper() == body["code"],
        "digits": is_checked(digits) and row.digits_hash in keyring().lookups(digits, DIGITS),
        "row": (row.digest == code.digest, row.preset, row.kind, row.session_id, row.spent_at, row.ended_at),
        "picture": (picture.format, [found.text == body["code"] for found in zxingcpp.read_barcodes(picture)]),
    }
