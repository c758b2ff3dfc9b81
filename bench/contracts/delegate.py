"""Delegating: the existing system gets a case once, and what it says of it is applied once, in its order, and told."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx

from app.applications.rules import Cause
from app.kit import clock, db
from app.kit.crypto import keyring
from app.kit.ids import new_id
from app.kit.signing import Signer
from bench.town import Town

PATH = "/callbacks/approvals"
_PATIENCE_SECONDS = 60
_CASE = """
SELECT state, last_sequence, promised_on, statutory_on, promised_provisional FROM applications WHERE case_no = $1
"""
_TIMELINE = """
SELECT kind, entry.state, note IS NULL AS silent FROM timeline_entries AS entry
JOIN applications AS one ON one.id = application_id WHERE case_no = $1 ORDER BY entry.id
"""
_AUDIT = """
SELECT actor, action, details FROM audit_records
WHERE chain = (SELECT 'application:' || id FROM applications WHERE case_no = $1) ORDER BY position DESC LIMIT $2
"""
_MESSAGES = """
SELECT key, kind, urgency, title, text, link, region, state, channel, plan FROM messages
WHERE split_part(key, ':', 2) = $1 ORDER BY key
"""
_WAITING = "SELECT count(*) AS many FROM inbox_events WHERE case_no = $1 AND applied_at IS NULL"
_MINUTE = re.compile(r"\d+年\d+月\d+日 \d\d:\d\d")
Defer = Callable[[Sequence[str]], Awaitable[None]]
Count = Callable[[Sequence[str]], Awaitable[int]]


def say(case_no: str, kind: Cause = Cause.ACCEPTED, sequence: int = 1) -> bytes:
    """The existing system's word about a case, as it writes it."""
    said = {
        "event_id": str(new_id()),
        "case_no": case_no,
        "sequence": sequence,
        "kind": kind,
        "occurred_at": clock.now().isoformat(),
        "data": {"note": "测试"},
    }
    return json.dumps(said, ensure_ascii=False).encode()


def signed(town: Town, content: bytes) -> dict[str, str]:
    """The headers with which the existing system signs it."""
    partner = town.house.settings.approvals.over_http["city"]
    signer = Signer(partner.client_id, partner.secret.get_secret_value().encode())
    return signer.headers("POST", PATH, content, now=clock.now().timestamp())


async def see_delivery(existing: httpx.AsyncClient, case_no: str, defer: Defer, done: Count) -> dict[str, Any]:
    """What the existing system is told of a case whose delivery is asked for twice, and how often."""
    await defer([case_no])
    await _until(lambda: done([case_no]))
    taken = (await existing.get(f"/taken/{case_no}")).json()
    await defer([case_no])
    await asyncio.sleep(1)
    again = await existing.get(f"/taken/{case_no}")
    return {"taken": taken, "taken again": again.status_code}


async def see_callbacks(town: Town, web: httpx.AsyncClient, case_no: str) -> dict[str, Any]:
    """What is answered and done where the existing system speaks of a case that was just submitted."""
    seen: dict[str, Any] = {}

    async def hear(name: str, content: bytes, headers: dict[str, str]) -> None:
        answer = await web.post(PATH, content=content, headers={**headers, "Content-Type": "application/json"})
        seen[name] = answer.json() if answer.is_success else answer.status_code

    first = say(case_no)
    headers = signed(town, first)
    await hear("first", first, headers)
    await hear("the same request", first, headers)
    await hear("the same event", first, signed(town, first))
    await _until(lambda: _all_applied(case_no))
    seen["accepted"] = await _state(case_no)
    other = say(case_no)
    await hear("another event in its place", other, signed(town, other))
    await hear("signed otherwise", other, signed(town, first))
    unknown = say("0" * 43)
    await hear("an unknown case", unknown, signed(town, unknown))
    third = say(case_no, Cause.ACCEPTED, 3)
    await hear("the third", third, signed(town, third))
    await asyncio.sleep(1)
    seen["with a gap"] = await _state(case_no)
    second = say(case_no, Cause.UNDER_REVIEW, 2)
    await hear("the second", second, signed(town, second))
    await _until(lambda: _all_applied(case_no))
    seen["in order"] = await _state(case_no)
    return seen


async def _all_applied(case_no: str) -> bool:
    return not (await db.rows(_WAITING, case_no))[0]["many"]


async def _until(holds: Callable[[], Awaitable[Any]]) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            if await holds():
                break
            await asyncio.sleep(0.1)


async def _state(case_no: str) -> dict[str, Any]:
    case = dict((await db.rows(_CASE, case_no))[0])
    messages = [dict(row) for row in await db.rows(_MESSAGES, case_no)]
    for message in messages:
        message["text"] = _MINUTE.sub("", keyring().open(message["text"], "messages.text").decode())
    return {
        "case": case,
        "timeline": [dict(row) for row in await db.rows(_TIMELINE, case_no)],
        "audit": [dict(row) for row in await db.rows(_AUDIT, case_no, case["last_sequence"])],
        "messages": messages,
    }
