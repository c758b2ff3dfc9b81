"""The web side: events of the approval system are kept, and a job is handed to the workers."""

from datetime import datetime
from typing import Any, Literal

from fastapi import Depends, FastAPI, HTTPException, Request, status
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.applications.rules import EVENT_CAUSES, Cause
from app.kit import clock
from app.kit.ids import new_id
from app.kit.signing import WINDOW, SignatureRefusedError, Signer
from bench.peers.celery_house.hearing import apply_events
from bench.peers.celery_house.models import Application, InboxEvent
from bench.peers.fastapi_house.database import Database, redis, settings

app = FastAPI()
_partner = settings.approvals.over_http["city"]
_signer = Signer(_partner.client_id, _partner.secret.get_secret_value().encode())
_NONCE_SECONDS = int(2 * WINDOW.total_seconds())


class EventMessage(BaseModel):
    """An event as the approval system writes it."""

    event_id: str = Field(min_length=1, max_length=64)
    case_no: str = Field(min_length=1, max_length=43)
    sequence: int = Field(ge=1, le=1_000_000, strict=True)
    kind: Cause
    occurred_at: AwareDatetime
    data: dict[str, Any] = {}


class EventAnswer(BaseModel):
    """Whether it came for the first time."""

    status: Literal["kept", "known"]


async def _signed(request: Request) -> None:
    now = clock.now().timestamp()
    try:
        nonce = _signer.verify(request.headers, request.method, request.url.path, await request.body(), now=now)
    except SignatureRefusedError as error:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED) from error
    if not await redis.set(f"bench:nonce:{nonce}", 1, nx=True, ex=_NONCE_SECONDS):
        raise HTTPException(status.HTTP_409_CONFLICT)


@app.post("/callbacks/approvals", dependencies=[Depends(_signed)])
async def take_approval_event(body: EventMessage, database: Database) -> EventAnswer:
    """Keep an event once, and have it applied."""
    if body.kind not in EVENT_CAUSES:
        raise HTTPException(status.HTTP_422_UNPROCESSABLE_CONTENT)
    if not await database.scalar(select(Application.id).where(Application.case_no == body.case_no)):
        raise HTTPException(status.HTTP_404_NOT_FOUND)
    moment = clock.now()
    kept = await database.scalar(
        insert(InboxEvent).values(_row(body, moment)).on_conflict_do_nothing().returning(InboxEvent.id)
    )
    await database.commit()
    if kept is None:
        before = await database.scalar(select(InboxEvent).where(InboxEvent.event_id == body.event_id))
        same = (body.case_no, body.sequence, body.kind.value)
        if before is None or (before.case_no, before.sequence, before.kind) != same:
            raise HTTPException(status.HTTP_409_CONFLICT)
        return EventAnswer(status="known")
    apply_events.delay(body.case_no)
    return EventAnswer(status="kept")


def _row(body: EventMessage, moment: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "event_id": body.event_id,
        "case_no": body.case_no,
        "sequence": body.sequence,
        "kind": body.kind.value,
        "occurred_at": min(body.occurred_at, moment),
        "data": body.data,
        "received_at": moment,
    }
