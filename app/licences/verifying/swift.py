"""The common scan in one statement: a code that its holder shows of their own licence, good in every respect.

Whatever stands against it makes the statement change nothing, and the way of ``service.verify`` says what. So a scan is
one round trip to the database where it is worth something, and the rules stand in one other place, which a test holds
this one to.
"""

import json
from contextlib import suppress
from dataclasses import dataclass

import asyncpg

from app.catalogue import queries as catalogue
from app.catalogue.licence_type import LicenceTypeDefinition, Preset
from app.identity.rules import Duty
from app.kit import clock, db
from app.kit.ids import new_id
from app.kit.lately import Lately
from app.kit.quick import Quick
from app.licences.codes import CodeKind, CodeSigner
from app.licences.models import PRESENTING, Licence
from app.licences.verifying import verdicts
from app.licences.verifying.digests import digest_of
from app.licences.verifying.models import Verification
from app.licences.verifying.verifier import Verifier

# What the licence was before the code was spent is what it is judged by, as in the long way. What a duty may see stands
# in the statement itself: it is sent, and read by PostgreSQL, when a connection prepares it and not with each code.
_VERIFY = """
WITH found AS MATERIALIZED (
    SELECT nonce, kind, preset, fields_seen AS shown, licences.*
    FROM presentations JOIN licences ON licences.id = licence_id JOIN citizens ON citizens.id = licences.citizen_id
    CROSS JOIN LATERAL (SELECT {shown}::jsonb -> (type_code || '/' || preset) AS fields_seen) AS seen
    WHERE nonce = $1 AND digest = $2 AND kind <> 'paper' AND issued_at <= $4 AND mandate_id IS NULL
    AND fields_seen IS NOT NULL AND company_id IS NULL AND state = 'valid' AND valid_from <= $5
    AND COALESCE(valid_until >= $5, true)
    AND citizens.level >= ({levels}::jsonb -> type_code)::int
    AND COALESCE((SELECT act FROM consents WHERE consents.citizen_id = citizens.id AND purpose = {presenting}
        ORDER BY consents.id DESC LIMIT 1), 'given') = 'given'
), spent AS (
    UPDATE presentations SET spent_at = $3 FROM found
    WHERE presentations.nonce = found.nonce AND spent_at IS NULL AND ended_at IS NULL AND expires_at > $3
    AND (session_id IS NULL OR EXISTS (
        SELECT 1 FROM sessions WHERE sessions.id = session_id AND sessions.ended_at IS NULL
        AND sessions.citizen_id = found.citizen_id
    ))
    RETURNING presentations.nonce
), recorded AS (
    INSERT INTO verifications (id, licence_id, staff_id, way, office, duty, verdict, reason, shown, idempotency_key,
        code_digest, kind, preset, nonce, at, clock_wrong, untold)
    SELECT $6, found.id, $7, $8, $9, $10, verdict, reason, found.shown, $11, $12, kind, preset, nonce, $3, false, true
    FROM found JOIN spent USING (nonce) JOIN (VALUES {worth}) AS worth (kind, verdict, reason) USING (kind)
    RETURNING id
)
SELECT found.* FROM found JOIN recorded ON true
"""


def _literal(text: str) -> str:
    """A text as SQL has it (standard_conforming_strings)."""
    return "'" + text.replace("'", "''") + "'"


_WORTH = ", ".join(
    f"({_literal(kind)}, {_literal(verdicts.OF_KIND[kind].verdict)}, {_literal(verdicts.OF_KIND[kind])})"
    for kind in CodeKind
)


@dataclass(frozen=True, slots=True)
class Swift:
    """A verification that was recorded, and what stands behind it."""

    verification: Verification
    licence: Licence
    definition: LicenceTypeDefinition


@dataclass(frozen=True, slots=True)
class _Types:
    """The types of licences, and the statement that verifies a code for a duty, by what it may see of each."""

    statement: str
    definitions: dict[str, LicenceTypeDefinition]


_NOTHING = dict.fromkeys(Verification._meta.fields_db_projection.values()) | {"clock_wrong": False}
_seen: Lately[tuple[Quick, Duty], _Types] = Lately()
_last: dict[Duty, _Types] = {}


async def verify_swiftly(signer: CodeSigner, verifier: Verifier, text: str, key: str | None) -> Swift | None:
    """Verify and spend a code, record it under an idempotency ``key``; None where that changed nothing.

    Raises what the driver does where the database is away.
    """
    known = await signer.recognise(text)
    if known is None or verifier.staff is None or verifier.duty is None:
        return None
    quick = db.quick()
    (nonce, digest), types, at = known, await _types_for(quick, verifier.duty), clock.now()
    record = {
        **_NOTHING,
        **verifier.columns,
        "id": new_id(),
        "staff_id": verifier.staff.id,
        "idempotency_key": key,
        "code_digest": digest_of(text),
        "nonce": nonce,
        "at": at,
        "untold": True,
    }
    found = None
    with suppress(asyncpg.UniqueViolationError):
        found = await quick.row(
            types.statement,
            *(nonce, digest, at, at + verdicts.SKEW, at.astimezone(clock.CITY_TIME).date()),
            *(record[name] for name in ("id", "staff_id", "way", "office", "duty")),
            *(key, record["code_digest"]),
        )
    if found is None:
        return None
    licence = db.instance(Licence, found)
    reason = verdicts.OF_KIND[CodeKind(found["kind"])]
    record |= {name: found[name] for name in ("kind", "preset", "shown")}
    record |= {"verdict": reason.verdict, "reason": reason, "licence_id": licence.id}
    return Swift(db.instance(Verification, record), licence, types.definitions[licence.type_code])


async def _types_for(quick: Quick, duty: Duty) -> _Types:
    """What a duty may see, as the catalogue said a second ago at most."""
    types = _seen.get((quick, duty))
    if types is None:
        definitions = await catalogue.all_licence_types()
        types = _last.get(duty)
        # The catalogue reads a definition once while it stays the same.
        if types is None or [*map(id, types.definitions.values())] != [*map(id, definitions)]:
            types = _last[duty] = _types_of(duty, definitions)
        _seen[quick, duty] = types
    return types


def _types_of(duty: Duty, definitions: list[LicenceTypeDefinition]) -> _Types:
    seen = {one.code: one for one in definitions if one.fields_for(duty)}
    shown = {
        f"{code}/{preset}": [name for name in one.fields_for(duty) if name in one.preset_fields(preset)]
        for code, one in seen.items()
        for preset in Preset
    }
    levels = {code: one.assurance_level for code, one in seen.items()}
    statement = _VERIFY.format(
        shown=_literal(json.dumps(shown)),
        levels=_literal(json.dumps(levels)),
        presenting=_literal(PRESENTING),
        worth=_WORTH,
    )
    return _Types(statement, {one.code: one for one in definitions})
