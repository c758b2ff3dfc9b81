"""Telling citizens: the inbox always, WeChat where they allowed it."""

from collections.abc import Iterable
from uuid import UUID

from app.identity.queries import hold_addressee, lock_present
from app.kit import clock, db, jobs
from app.kit.db import transaction
from app.kit.ids import new_id
from app.notifications.definitions import definitions, templates
from app.notifications.errors import TemplateUnknownError
from app.notifications.models import Message, Send

SEND = "notifications.send"

_KEPT = {"item", "case_no", "time", "note", "licence", "verdict", "office", "phrase", "case_tail", "person", "until"}

_GRANT = """
INSERT INTO subscription_grants (id, citizen_id, template_id, remaining, updated_at) VALUES ($1, $2, $3, 1, $4)
ON CONFLICT (citizen_id, template_id)
DO UPDATE SET remaining = subscription_grants.remaining + 1, updated_at = excluded.updated_at
"""


async def notify(citizen_id: UUID, kind: str, occasion: str, *, link: str | None = None, **values: str) -> None:
    """Tell a citizen something, within the transaction of what happened.

    ``occasion`` names what happened, e.g. a case number: each person is told a kind once per occasion, whatever
    repeats. The message stands in the inbox at once; WeChat hears of it from the worker. Whoever deleted their account
    is told nothing any more.
    """
    addressee = await hold_addressee(citizen_id)
    if addressee is None:
        return
    citizen_id = addressee
    definition = definitions()[kind]
    filled = {name: values.get(name, "") for name in _KEPT}
    filled["time"] = filled["time"] or clock.minute_written(clock.now())
    filled["case_tail"] = filled["case_no"][-12:]
    moment = clock.now()
    message = Message(
        citizen_id=citizen_id,
        key=f"{kind}:{occasion}:{citizen_id}",
        kind=kind,
        title=definition.title,
        text=definition.text.format(**filled),
        link=link,
        created_at=moment,
    )
    await Message.bulk_create([message], ignore_conflicts=True)
    if not await Message.exists(id=message.id):
        return
    if definition.template:
        send = await Send.create(
            message_id=message.id,
            citizen_id=citizen_id,
            template_id=definition.template.id,
            page=definition.template.page,
            data=definition.template.filled(filled),
            created_at=moment,
            updated_at=moment,
        )
        await jobs.defer(SEND, send_id=str(send.id))


async def grant_sends(citizen_id: UUID, template_ids: Iterable[str]) -> None:
    """Add one send for each template that the citizen allowed. Raises TemplateUnknownError."""
    wanted, known = list(template_ids), templates()
    if any(template_id not in known for template_id in wanted):
        raise TemplateUnknownError
    async with transaction():
        await lock_present(citizen_id)
        for template_id in sorted(wanted):
            await db.execute(_GRANT, new_id(), citizen_id, template_id, clock.now())
