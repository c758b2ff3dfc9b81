"""Reading: whole answers, to whoever may have them."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from app.identity.models import Citizen, Session
from app.identity.rules import Audience
from app.kit import clock, db
from app.licences.models import LicenceCause, LicenceMove, LicenceState
from bench.people import bearer, find_holders
from bench.town import Town


async def see(town: Town, client: httpx.AsyncClient) -> dict[str, Any]:
    """What a side answers in each case."""
    mine, other = await find_holders(town, 2)
    paths = {"licence": f"/api/v1/licences/{mine.licence_id}", "case": f"/api/v1/applications/{mine.case_id}"}
    seen: dict[str, Any] = {}
    moment = clock.now()
    session = await Session.create(
        audience=Audience.CITIZEN, citizen_id=mine.id, device="bench", created_at=moment, ended_at=moment
    )
    ended = bearer(town, Audience.CITIZEN, mine.id, session.id)
    move = await LicenceMove.create(
        licence_id=mine.licence_id,
        cause=LicenceCause.SUSPENDED,
        before=LicenceState.VALID,
        after=LicenceState.SUSPENDED,
        reason="核查",
        actor="clock",
        office="佳木斯市",
        at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    )
    for name, path in paths.items():
        for case, headers in {"its owner": mine.bearer, "another": other.bearer, "nobody": {}}.items():
            answer = await client.get(path, headers=headers)
            body = answer.json() if answer.status_code == 200 else None
            seen[f"{name}, {case}"] = (answer.status_code, body)
        seen[f"{name}, ended session"] = (await client.get(path, headers=ended)).status_code
    await move.delete()
    await Citizen.filter(id=mine.id).update(level=1)
    seen["licence, level too low"] = (await client.get(paths["licence"], headers=mine.bearer)).status_code
    await Citizen.filter(id=mine.id).update(level=2)
    for item in await db.rows("SELECT item_code FROM items ORDER BY item_code LIMIT 3"):
        answer = await client.get(f"/api/v1/items/{item['item_code']}")
        seen[f"guide {item['item_code']}"] = (answer.status_code, answer.json())
    seen["no such guide"] = (await client.get(f"/api/v1/items/{uuid4().hex[:20]}")).status_code
    return seen
