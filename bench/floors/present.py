"""A code is made, signed, kept and drawn behind no framework: one statement reads, one writes."""

import base64
import hashlib
import json
import secrets
import struct
import zlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.catalogue.licence_type import Preset
from app.identity.rules import mask_name
from app.kit import clock
from app.kit.codes import token_of
from app.kit.crypto import keyring
from app.licences.codes import NONCE_BYTES, Claims, CodeKind, shortened, wire
from app.licences.codes.digits import grouped, new_digits
from app.licences.models import DIGITS
from bench.floors import bare
from config.settings import Settings

_READ = """
SELECT level, licences.* FROM sessions JOIN citizens ON citizens.id = sessions.citizen_id
LEFT JOIN licences ON licences.id = $2 AND licences.citizen_id = citizens.id AND company_id IS NULL
WHERE sessions.id = $1 AND sessions.ended_at IS NULL
"""
_WRITE = """
INSERT INTO presentations (nonce, licence_id, kind, preset, digest, digits_hash, session_id, issued_at, expires_at)
VALUES ($1, $2, 'live', $3, $4, $5, $6, $7, $8)
"""
_LIFE = timedelta(seconds=60)
_BORDER, _PIXELS = 4, 8


class _Presenter:
    def __init__(self, pool: asyncpg.Pool, settings: Settings) -> None:
        self._pool, self._bearers = pool, bare.Bearers(settings, "citizen")
        self._site = settings.public_url
        self._types: dict[str, dict[str, Any]] = {}
        self._header = b""
        self._key: Ed25519PrivateKey

    async def read(self) -> None:
        """The key that signs, and the types of licences."""
        row = await self._pool.fetchrow("SELECT id, algorithm, handle FROM licence_keys WHERE purpose = 'code'")
        secret = bytes.fromhex(keyring().open(row["handle"], "licence_keys.handle").decode())
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self._header = wire.header_of(row["id"].encode(), row["algorithm"])
        for one in await self._pool.fetch("SELECT code, definition FROM licence_types"):
            self._types[one["code"]] = one["definition"]

    async def handle(self, request: bare.Request) -> tuple[int, bytes]:
        session = self._bearers.session(request.headers.get(b"authorization", b""))
        licence_id = UUID(request.path.split(b"/")[4].decode())
        row = await self._pool.fetchrow(_READ, session, licence_id) if session else None
        if row is None:
            return 401, b"{}"
        if row["id"] is None:
            return 404, b"{}"
        definition, preset = self._types[row["type_code"]], json.loads(request.body)["preset"]
        if row["level"] < definition["assurance_level"]:
            return 403, b"{}"
        if preset not in definition["presets"]:
            return 422, b"{}"
        issued_at = clock.now().replace(microsecond=0)
        expires_at, nonce, digits = issued_at + _LIFE, secrets.token_bytes(NONCE_BYTES), new_digits()
        payload = wire.payload_of(
            Claims(
                kind=CodeKind.LIVE,
                nonce=nonce,
                issued_at=issued_at,
                expires_at=expires_at,
                reference=bytes.fromhex(row["reference"]),
                licence_type=row["type_code"],
                masked_holder=shortened(mask_name(keyring().open(row["holder"], "licences.holder").decode())),
                valid_until=row["valid_until"],
                preset=Preset(preset),
                status_list=row["status_list"],
                status_index=row["status_index"],
            )
        )
        code = wire.code_bytes(self._header, payload, self._key.sign(wire.signed_data(self._header, payload)))
        await self._pool.execute(
            *(_WRITE, nonce.hex(), licence_id, preset, hashlib.sha256(code).hexdigest()),
            *(keyring().lookup(digits, DIGITS), session, issued_at, expires_at),
        )
        token = token_of(code)
        text = f"{self._site}/V/{token}".upper()
        said = {
            "kind": "live",
            "code": text,
            "url": f"{self._site}/v/{token.lower()}",
            "digits": grouped(digits),
            "expires_at": clock.in_city(expires_at),
            "qr": "data:image/png;base64," + base64.b64encode(_drawn(text)).decode(),
            "licence_state": row["state"],
        }
        return 201, json.dumps(said).encode()


def _drawn(text: str) -> bytes:
    """A PNG of one bit a pixel, whose modules are eight pixels wide: so a module is a byte (RFC 2083)."""
    picture = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M").to_image(
        scale=1, add_quiet_zones=False
    )
    side = picture.shape[1]
    modules = memoryview(picture).tobytes()  # type: ignore[arg-type]  # its stub leaves the buffer out
    edge = b"\xff" * _BORDER
    line = [b"\0" + edge + modules[at : at + side] + edge for at in range(0, side * side, side)]
    blank = b"\0" + b"\xff" * (side + 2 * _BORDER)
    rows = [blank] * _BORDER + line + [blank] * _BORDER
    pixels = zlib.compress(b"".join(row * _PIXELS for row in rows), 1)
    width = (side + 2 * _BORDER) * _PIXELS
    head = struct.pack(">IIBBBBB", width, width, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


async def make(pool: asyncpg.Pool, settings: Settings) -> bare.Handle:
    """The one route."""
    presenter = _Presenter(pool, settings)
    await presenter.read()
    return presenter.handle


if __name__ == "__main__":
    bare.serve(make)
