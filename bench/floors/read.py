"""A licence, a case, a guide: one prepared statement each, on asyncpg's pool behind Sanic without middleware."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sanic import HTTPResponse, Request, Sanic

from app.identity.rules import mask_id_number
from app.kit import clock, texts
from app.kit.crypto import keyring
from bench.floors import bare
from bench.floors.on_sanic import bare_app, serve
from bench.rules import REACH, limit_moves

app = bare_app()

_CALLER = """
WITH caller AS (
    SELECT citizens.id, level FROM sessions JOIN citizens ON citizens.id = citizen_id
    WHERE sessions.id = $1 AND ended_at IS NULL
)
"""
_LICENCE = f"""
{_CALLER} SELECT caller.id AS caller, caller.level, licences.*, (
    SELECT COALESCE(jsonb_agg(to_jsonb(licence_moves) ORDER BY at DESC, licence_moves.id DESC), '[]')
    FROM licence_moves WHERE licence_id = licences.id
) AS moves
FROM caller LEFT JOIN licences ON licences.id = $2 AND licences.citizen_id = caller.id AND company_id IS NULL
"""
_CASE = f"""
{_CALLER} SELECT caller.id AS caller, applications.*, licences.id AS licence_id, (
    SELECT array_agg((kind, state, note, mandate_id, at) ORDER BY timeline_entries.id)
    FROM timeline_entries WHERE application_id = applications.id
) AS timeline, (
    SELECT array_agg((id, material_id, content_type, size, width, height, pages, sha256, scan, trust,
        preview_blob_key IS NOT NULL, handed_in_at IS NOT NULL, reused_from) ORDER BY materials.id)
    FROM materials WHERE application_id = applications.id
) AS materials
FROM caller
LEFT JOIN applications
    ON applications.id = $2 AND applications.citizen_id = caller.id AND applications.company_id IS NULL
LEFT JOIN licences USING (case_no)
"""
_GUIDE = """
SELECT guide, number, offered, effective_on, name FROM item_versions JOIN departments ON code = department
WHERE item_code = $1 AND state = 'published' AND effective_on <= $2 ORDER BY number DESC LIMIT 1
"""
_MATERIAL = (
    *("id", "material_id", "content_type", "size", "width", "height", "pages", "sha256", "scan", "trust"),
    *("has_preview", "handed_in", "reused_from"),
)
_TYPES: dict[str, dict[str, Any]] = {}
_DAYS: dict[tuple[str, int], tuple[int, int]] = {}


@app.before_server_start
async def _open(app: Sanic[Any, Any]) -> None:
    pool, settings = await bare.opened()
    app.ctx.pool, app.ctx.bearers = pool, bare.Bearers(settings, "citizen")
    for row in await pool.fetch("SELECT code, definition FROM licence_types"):
        _TYPES[row["code"]] = row["definition"]
    for row in await pool.fetch("SELECT item_code, number, guide FROM item_versions WHERE number IS NOT NULL"):
        guide = json.loads(row["guide"])
        _DAYS[row["item_code"], row["number"]] = guide["promised_days"], guide["statutory_days"]


def _caller(request: Request) -> UUID | None:
    session: UUID | None = request.app.ctx.bearers.session(request.headers.get("authorization", "").encode())
    return session


def _json(body: Any, status: int = 200) -> HTTPResponse:
    return HTTPResponse(json.dumps(body, ensure_ascii=False, default=str), status, content_type="application/json")


def _opened(sealed: bytes | None, place: str) -> Any:
    return None if sealed is None else json.loads(keyring().open(sealed, place))


def _text(sealed: bytes | None, place: str) -> str | None:
    return None if sealed is None else keyring().open(sealed, place).decode()


@app.get("/api/v1/licences/<licence_id:uuid>")
async def read_licence(request: Request, licence_id: UUID) -> HTTPResponse:
    """One licence of mine."""
    session = _caller(request)
    row = await request.app.ctx.pool.fetchrow(_LICENCE, session, licence_id) if session else None
    if row is None:
        return _json({}, 401)
    if row["id"] is None:
        return _json({}, 404)
    definition = _TYPES[row["type_code"]]
    if row["level"] < definition["assurance_level"]:
        return _json({}, 403)
    values = _opened(row["values"], "licences.values")
    return _json(
        {
            "id": row["id"],
            "licence_type": row["type_code"],
            "name": definition["name"],
            "level_needed": definition["assurance_level"],
            "identifier": row["identifier"],
            "number": row["number"],
            "state": row["state"],
            "state_reason": _text(row["state_reason"], "licences.state_reason"),
            "issuer": row["issuer"],
            "issued_on": row["issued_on"],
            "valid_from": row["valid_from"],
            "valid_until": row["valid_until"],
            "case_no": row["case_no"],
            "fields": [
                {
                    "name": field["name"],
                    "title": field["title"],
                    "value": mask_id_number(values[field["name"]]) if field.get("masked") else values[field["name"]],
                }
                for field in definition["fields"]
                if field["name"] in values
            ],
            "moves": [_move(move) for move in row["moves"]],
        }
    )


def _move(move: dict[str, Any]) -> dict[str, Any]:
    names = ("cause", "before", "after", "office", "case_no")
    reason = bytes.fromhex(move["reason"].removeprefix("\\x"))
    at = clock.in_city(datetime.fromisoformat(move["at"]))
    return {**{name: move[name] for name in names}, "reason": _text(reason, "licence_moves.reason"), "at": at}


@app.get("/api/v1/applications/<application_id:uuid>")
async def read_application(request: Request, application_id: UUID) -> HTTPResponse:
    """One case of mine."""
    session = _caller(request)
    row = await request.app.ctx.pool.fetchrow(_CASE, session, application_id) if session else None
    if row is None:
        return _json({}, 401)
    if row["id"] is None:
        return _json({}, 404)
    timeline = row["timeline"] or []
    days = _DAYS[row["item_code"], row["item_version"]]
    saved = row["saved_fields"]
    same = (
        *("id", "item_code", "item_name", "state", "revision", "case_no", "promised_on", "statutory_on"),
        *("promised_provisional", "life_event", "group_id", "resubmission_of", "licence_id"),
    )
    return _json(
        {
            **{name: row[name] for name in same},
            "state_name": texts.text("state", row["state"]),
            "by_mandate": row["mandate_id"],
            "created_at": clock.in_city(row["created_at"]),
            "submitted_at": clock.in_city(row["submitted_at"]) if row["submitted_at"] else None,
            "form": _opened(row["form"], "applications.form"),
            "missing": [],
            "prefilled": [],
            "prefill_away": row["prefill_away"] or [],
            "saved": None if saved is None else {"fields": saved, "materials": row["saved_materials"] or 0},
            "reach": {
                "contact": _opened(row["contact"], "applications.contact") or REACH["contact"],
                "delivery": _opened(row["delivery"], "applications.delivery") or REACH["delivery"],
            },
            "result": _opened(row["result"], "applications.result"),
            "supplement_note": _text(row["supplement_note"], "applications.supplement_note"),
            "materials": [dict(zip(_MATERIAL, material, strict=True)) for material in row["materials"] or []],
            "limit_moves": limit_moves(*days, [(kind, at) for kind, _, _, _, at in timeline]),
            "timeline": [
                {
                    "kind": kind,
                    "state": state,
                    "state_name": texts.text("state", state),
                    "note": _text(note, "timeline_entries.note"),
                    "by_mandate": mandate,
                    "at": clock.in_city(at),
                }
                for kind, state, note, mandate, at in timeline
            ],
        }
    )


@app.get("/api/v1/items/<item_code:str>")
async def read_item(request: Request, item_code: str) -> HTTPResponse:
    """One item's guide, as it is in effect today."""
    row = await request.app.ctx.pool.fetchrow(_GUIDE, item_code, clock.today())
    if row is None or not row["offered"]:
        return _json({}, 404)
    beside = {"version": row["number"], "effective_on": row["effective_on"], "department_name": row["name"]}
    head = json.dumps(beside, ensure_ascii=False, default=str)
    return HTTPResponse(f"{head[:-1]},{row['guide'][1:]}", content_type="application/json")


if __name__ == "__main__":
    serve(app)
