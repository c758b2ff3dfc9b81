"""The inbox, and what the citizen allows WeChat to send."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from app.kit import clock
from app.kit.errors import InvalidCursorError
from app.notifications import queries, service
from app.notifications.errors import TemplateUnknownError
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()

Result = Literal["accept", "reject", "ban", "filter", "acceptWithAudio", "acceptWithAlert"]


class SubscriptionRequest(Schema):
    """What ``wx.requestSubscribeMessage`` answered: the templates asked for, and the citizen's word on each.

    ``results`` maps template ids to words, as WeChat gives them, or lists the words in the order of the ids.
    """

    template_ids: list[str] = Field(min_length=1, max_length=5)
    results: dict[str, Result] | list[Result]

    def accepted(self) -> list[str]:
        """The templates that the citizen allowed."""
        results = self.results if isinstance(self.results, dict) else dict(zip(self.template_ids, self.results))  # noqa: B905  # fewer words than ids: the rest was not allowed
        return [template_id for template_id in self.template_ids if results.get(template_id, "").startswith("accept")]


class TemplateView(Schema):
    """A template, and how many sends through it are granted."""

    template_id: str
    name: str
    remaining: int


class SubscriptionList(Schema):
    """Every template in use."""

    items: list[TemplateView]


class MessageView(Schema):
    """A message of the inbox."""

    id: UUID
    kind: str
    title: str
    text: str
    link: str | None
    created_at: str


class MessagePage(Schema):
    """A page of messages."""

    items: list[MessageView]
    next_cursor: str | None


async def _grants(call: Call) -> SubscriptionList:
    found = await queries.grants(call.citizen_id)
    return SubscriptionList(items=[TemplateView.model_validate(grant, from_attributes=True) for grant in found])


@routes.add("GET", "/api/v1/subscriptions", actor=Actor.CITIZEN, limit="read")
async def list_subscriptions(call: Call) -> SubscriptionList:
    """The templates to ask for, and what was granted so far."""
    return await _grants(call)


@routes.add("POST", "/api/v1/subscriptions", actor=Actor.CITIZEN, limit="write", errors=(TemplateUnknownError,))
async def record_subscriptions(call: Call, body: SubscriptionRequest) -> SubscriptionList:
    """Record what the citizen allowed, one send each."""
    await service.grant_sends(call.citizen_id, body.accepted())
    return await _grants(call)


@routes.add("GET", "/api/v1/messages", actor=Actor.CITIZEN, limit="read", errors=(InvalidCursorError,))
async def list_messages(call: Call, query: PageQuery) -> MessagePage:
    """My messages, the newest first."""
    page = await queries.inbox(call.citizen_id, query.cursor)
    items = [
        MessageView(
            id=message.id,
            kind=message.kind,
            title=message.title,
            text=message.text,
            link=message.link,
            created_at=clock.in_city(message.created_at),
        )
        for message in page.items
    ]
    return MessagePage(items=items, next_cursor=page.next_cursor)
