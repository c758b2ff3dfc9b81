"""Reads of notifications."""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from app.kit.paging import Page, newest_first
from app.notifications.definitions import templates
from app.notifications.models import Message, Send, SubscriptionGrant


@dataclass(frozen=True, slots=True)
class TemplateGrant:
    """A template, and how many sends through it the citizen has granted."""

    template_id: str
    name: str
    remaining: int


async def inbox(citizen_id: UUID, cursor: str | None) -> Page[Message]:
    """A citizen's messages, the newest first. Raises InvalidCursorError."""
    return await newest_first(Message.filter(citizen_id=citizen_id), cursor)


async def grants(citizen_id: UUID) -> list[TemplateGrant]:
    """Every template in use with what the citizen has granted."""
    remaining: Counter[str] = Counter()
    async for grant in SubscriptionGrant.filter(citizen_id=citizen_id):
        remaining[grant.template_id] = grant.remaining
    return [TemplateGrant(template_id, name, remaining[template_id]) for template_id, name in templates().items()]


async def sends_by_state() -> dict[str, int]:
    """How many sends stand in each state."""
    return Counter([str(state) for state in await Send.all().values_list("state", flat=True)])
