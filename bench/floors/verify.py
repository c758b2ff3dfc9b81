"""A scanned code is verified in one statement, behind no framework; signatures are checked as everywhere."""

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.catalogue.licence_type import LicenceTypeDefinition, Preset
from app.identity.rules import mask_name
from app.kit import clock, texts
from app.kit.crypto import keyring
from app.kit.ids import new_id
from app.licences.codes.wire import header_of
from app.licences.verifying.digests import digest_of
from app.licences.verifying.verdicts import SKEW, Reason, shows_licence
from bench.floors import bare
from config.settings import Settings

_NONCE, _ISSUED = 7, 6
_OFFICER = """
officer AS (
    SELECT staff.id, office FROM sessions JOIN staff ON staff.id = sessions.staff_id
    WHERE sessions.id = $1 AND sessions.ended_at IS NULL AND active AND duties ? 'verify' AND password_given IS NOT TRUE
)
"""
_RECORD = """
INSERT INTO verifications (id, staff_id, way, office, duty, licence_id, verdict, reason, shown, idempotency_key,
    code_digest, kind, preset, nonce, at)
"""
# One snapshot: ``found`` is the code as it was before ``spent`` changed it.
_VERIFY = f"""
WITH {_OFFICER}, found AS (
    SELECT presentations.*, licences.state, licences.valid_from, licences.valid_until, licences.holder,
        licences.values, licences.type_code, licences.number, licences.identifier, licences.issuer,
        licences.state_reason FROM presentations JOIN licences ON licences.id = licence_id, officer
    WHERE nonce = $2 AND digest = $3
), spent AS (
    UPDATE presentations SET spent_at = $4 FROM officer
    WHERE NOT $10 AND nonce = $2 AND digest = $3 AND spent_at IS NULL AND ended_at IS NULL AND expires_at > $4
    AND (session_id IS NULL OR EXISTS (SELECT FROM sessions WHERE sessions.id = session_id AND ended_at IS NULL))
    RETURNING nonce
), judged AS (
    SELECT officer.id AS staff_id, office, found.*, CASE
        WHEN found.nonce IS NULL THEN 'malformed' WHEN $10 THEN 'clock_skew'
        WHEN spent.nonce IS NULL THEN CASE
            WHEN spent_at IS NOT NULL THEN 'replayed' WHEN expires_at <= $4 THEN 'expired'
            WHEN ended_at IS NOT NULL OR NOT EXISTS (
                SELECT FROM sessions WHERE sessions.id = session_id AND sessions.ended_at IS NULL
            ) THEN 'code_ended' ELSE 'replayed' END
        WHEN state = 'expired' THEN 'licence_expired'
        WHEN state <> 'valid' THEN state
        WHEN valid_from > $5 THEN 'not_begun' WHEN valid_until < $5 THEN 'licence_expired'
        ELSE CASE kind WHEN 'live' THEN 'valid' WHEN 'held' THEN 'genuine_offline' ELSE 'genuine_paper' END
    END AS reason FROM officer LEFT JOIN found ON TRUE LEFT JOIN spent ON TRUE
), said AS (
    SELECT *, CASE WHEN reason = 'valid' THEN 'valid' WHEN reason LIKE 'genuine%' THEN 'genuine' ELSE 'refused' END
        AS verdict FROM judged
), recorded AS (
    {_RECORD}
    SELECT $6, staff_id, 'online', office, 'verify', licence_id, verdict, reason,
        CASE WHEN verdict = 'refused' THEN '[]' ELSE COALESCE($7::jsonb -> (type_code || '/' || preset), '[]') END,
        $8, $9, kind, preset, nonce, $4 FROM said
)
SELECT * FROM said
"""
_REFUSE = f"""
WITH {_OFFICER}
{_RECORD}
SELECT $2, id, 'online', office, 'verify', NULL, 'refused', $3, '[]', $4, $5, NULL, NULL, NULL, $6 FROM officer
RETURNING id
"""
_BEFORE = """
SELECT verifications.id, reason, verifications.kind, preset, code_digest, verifications.at, licences.state,
    licences.valid_from, licences.valid_until, licences.holder, licences.values, licences.type_code, licences.number,
    licences.identifier, licences.issuer, licences.state_reason
FROM verifications JOIN sessions ON sessions.staff_id = verifications.staff_id
LEFT JOIN licences ON licences.id = licence_id
WHERE sessions.id = $1 AND idempotency_key = $2
"""
_SIGNED_IN = """
SELECT EXISTS (
    SELECT FROM sessions JOIN staff ON staff.id = staff_id WHERE sessions.id = $1 AND ended_at IS NULL AND active
)
"""


@dataclass(frozen=True, slots=True)
class _Code:
    nonce: str
    digest: str
    early: bool


class _Verifier:
    def __init__(self, pool: asyncpg.Pool, settings: Settings) -> None:
        self._pool, self._bearers = pool, bare.Bearers(settings, "staff")
        self._keys: dict[bytes, Ed25519PublicKey] = {}
        self._types: dict[str, LicenceTypeDefinition] = {}
        self._shown: dict[str, list[str]] = {}

    async def read(self) -> None:
        """The keys that sign codes, and who sees what of each type of licence."""
        for row in await self._pool.fetch("SELECT id, algorithm, public FROM licence_keys WHERE purpose = 'code'"):
            key = Ed25519PublicKey.from_public_bytes(row["public"])
            self._keys[header_of(row["id"].encode(), row["algorithm"])] = key
        for row in await self._pool.fetch("SELECT definition FROM licence_types"):
            one = LicenceTypeDefinition.model_validate(row["definition"])
            self._types[one.code] = one
            for preset in Preset:
                chosen = one.preset_fields(preset)
                self._shown[f"{one.code}/{preset}"] = [name for name in one.fields_for("verify") if name in chosen]

    async def handle(self, request: bare.Request) -> tuple[int, bytes]:
        session = self._bearers.session(request.headers.get(b"authorization", b""))
        if session is None:
            return 401, b"{}"
        text, moment, new = json.loads(request.body)["code"], clock.now(), new_id()
        key = request.headers.get(b"idempotency-key", b"").decode() or None
        code = self._code(text, moment)
        try:
            if isinstance(code, Reason):
                refused = (session, new, code, key, digest_of(text), moment)
                if await self._pool.fetchval(_REFUSE, *refused) is None:
                    return await self._unknown(session)
                return 200, self._answer(new, code, None)
            row = await self._pool.fetchrow(
                *(_VERIFY, session, code.nonce, code.digest, moment, clock.today(), new, self._shown, key),
                *(digest_of(text), code.early),
            )
        except asyncpg.UniqueViolationError:
            return await self._before(session, key, digest_of(text), moment)
        if row is None:
            return await self._unknown(session)
        return 200, self._answer(new, Reason(row["reason"]), row)

    def _code(self, text: str, moment: datetime) -> _Code | Reason:
        """What a code says that one of our keys signed."""
        token = text.strip().upper().rpartition("/V/")[2]
        try:
            code = base64.b32decode(token + "=" * (-len(token) % 8))
            header, _, payload, signature = cbor2.loads(code).value
            key = self._keys.get(header)
            if key is None:
                return Reason.UNKNOWN_KEY
            key.verify(signature, cbor2.dumps(["Signature1", header, b"", payload]))
            claims = cbor2.loads(payload)
        except (ValueError, TypeError, AttributeError, InvalidSignature, cbor2.CBORDecodeError):
            return Reason.MALFORMED
        early = claims[_ISSUED] > (moment + SKEW).timestamp()
        return _Code(claims[_NONCE].hex(), hashlib.sha256(code).hexdigest(), early)

    async def _unknown(self, session: UUID) -> tuple[int, bytes]:
        return (403 if await self._pool.fetchval(_SIGNED_IN, session) else 401), b"{}"

    async def _before(self, session: UUID, key: str | None, digest: str, moment: datetime) -> tuple[int, bytes]:
        row = await self._pool.fetchrow(_BEFORE, session, key)
        if row["code_digest"] != digest or row["at"] + timedelta(minutes=10) < moment:
            return 409, b"{}"
        return 200, self._answer(row["id"], Reason(row["reason"]), row)

    def _answer(self, verification: UUID, reason: Reason, row: Any) -> bytes:
        shown = row is not None and shows_licence(reason)
        said = {
            "id": str(verification),
            "verdict": reason.verdict,
            "reason": reason,
            "message": texts.text("reason", reason),
            "kind": row["kind"] if row else None,
            "preset": row["preset"] if row else None,
            "holder": mask_name(keyring().open(row["holder"], "licences.holder").decode()) if shown else None,
            "facts": {},
            "licence": self._licence(reason, row) if shown else None,
        }
        return json.dumps(said, ensure_ascii=False).encode()

    def _licence(self, reason: Reason, row: Any) -> dict[str, Any]:
        definition, numbers = self._types[row["type_code"]], row["preset"] == Preset.ALL
        names = self._shown[f"{row['type_code']}/{row['preset']}"] if reason.verdict != "refused" else []
        values = json.loads(keyring().open(row["values"], "licences.values"))
        why = row["state_reason"]
        return {
            "licence_type": row["type_code"],
            "name": definition.name,
            "number": row["number"] if numbers else None,
            "identifier": row["identifier"] if numbers else None,
            "state": row["state"],
            "state_reason": keyring().open(why, "licences.state_reason").decode() if why else None,
            "issuer": row["issuer"],
            "valid_from": row["valid_from"].isoformat(),
            "valid_until": row["valid_until"].isoformat() if row["valid_until"] else None,
            "fields": [
                {"name": field.name, "title": field.title, "value": values[field.name]}
                for field in definition.fields
                if field.name in values and field.name in names
            ],
        }


async def make(pool: asyncpg.Pool, settings: Settings) -> bare.Handle:
    """The one route."""
    verifier = _Verifier(pool, settings)
    await verifier.read()
    return verifier.handle


if __name__ == "__main__":
    bare.serve(make)
