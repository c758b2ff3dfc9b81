"""The inbox, and what the citizen allows WeChat to send."""

from datetime import time
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from app.kit import clock
from app.kit.errors import InvalidCursorError
from app.notifications import consents, preferences, queries, rules, service
from app.notifications.definitions import Kind, city_messages
from app.notifications.errors import (
    MessageGroupUnknownError,
    MessageNotFoundError,
    TapUnknownError,
    TemplateUnknownError,
)
from app.notifications.rules import Preferences, Urgency
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, Routes, Schema, Word

routes = Routes()

Result = Literal["accept", "reject", "ban", "filter", "acceptWithAudio", "acceptWithAlert"]


class SubscriptionRequest(Schema):
    """What ``wx.requestSubscribeMessage`` answered: the templates asked for, and the citizen's word on each.

    ``results`` maps template ids to words, as WeChat gives them, or lists the words in the order of the ids.
    """

    template_ids: list[Word] = Field(min_length=1, max_length=5)
    results: Annotated[dict[Word, Result], Field(max_length=5)] | Annotated[list[Result], Field(max_length=5)]

    def accepted(self) -> list[str]:
        """The templates that the citizen allowed, each once: one tap grants one send of each."""
        results = self.results if isinstance(self.results, dict) else dict(zip(self.template_ids, self.results))  # noqa: B905  # fewer words than ids: the rest was not allowed
        return [
            template_id
            for template_id in dict.fromkeys(self.template_ids)
            if results.get(template_id, "").startswith("accept")
        ]


class TemplateView(Schema):
    """A template. ``remaining`` counts granted sends of a ``one_time`` one; of a ``long_term`` one it is 1 or 0."""

    template_id: str
    name: str
    kind: Kind
    remaining: int


class SubscriptionList(Schema):
    """Templates, in the order to ask for them."""

    items: list[TemplateView]


class SubscriptionQuery(Schema):
    """The tap at which the phone asks; all templates without one."""

    tap: str | None = Field(default=None, max_length=32)


class Quiet(Schema):
    """Hours of the city's day in which nothing normal is sent; ``start`` may be later than ``end``, over midnight."""

    start: time
    end: time

    @field_validator("start", "end")
    @classmethod
    def _whole_minute(cls, value: time) -> time:
        if value.tzinfo is not None or value.second or value.microsecond:
            raise ValueError("a time of the city's day, to the minute")
        return value

    @model_validator(mode="after")
    def _is_a_while(self) -> Self:
        if self.start == self.end:
            raise ValueError("start and end are the same")
        return self


class PreferencesRequest(Schema):
    """What normal messages I want. Legal ones heed none of it, and the inbox has every message."""

    muted_groups: list[Word] = Field(max_length=32)
    muted_channels: list[Literal["mini_program", "official_account", "sms"]] = Field(max_length=3)
    quiet: Quiet | None


class MessageGroupView(Schema):
    """A group of messages."""

    group: str
    name: str
    muted: bool


class PreferencesView(Schema):
    """What normal messages I get, by which channels, and when not (``HH:MM``)."""

    groups: list[MessageGroupView]
    muted_channels: list[str]
    quiet: dict[Literal["start", "end"], str] | None

    @classmethod
    def of(cls, preferences: Preferences) -> "PreferencesView":
        """The view of what a citizen wants."""
        quiet = preferences.quiet
        return cls(
            groups=[
                MessageGroupView(group=group, name=name, muted=group in preferences.muted_groups)
                for group, name in city_messages().groups.items()
            ],
            muted_channels=sorted(preferences.muted_channels),
            quiet={"start": f"{quiet.start:%H:%M}", "end": f"{quiet.end:%H:%M}"} if quiet else None,
        )


class MessageView(Schema):
    """A message of the inbox."""

    id: UUID
    kind: str
    title: str
    text: str
    link: str | None
    urgency: Urgency
    read: bool
    created_at: str


class MessagePage(Schema):
    """A page of messages. ``unread`` counts all that I have not opened."""

    items: list[MessageView]
    unread: int
    next_cursor: str | None


class UnreadView(Schema):
    """How many messages I have not opened."""

    unread: int


async def _grants(call: Call, tap: str | None = None) -> SubscriptionList:
    found = await queries.grants(call.citizen_id, tap)
    return SubscriptionList(items=[TemplateView.model_validate(grant, from_attributes=True) for grant in found])


@routes.add("GET", "/api/v1/subscriptions", actor=Actor.CITIZEN, limit="read", errors=(TapUnknownError,))
async def list_subscriptions(call: Call, query: SubscriptionQuery) -> SubscriptionList:
    """The templates to ask for at a tap, at most five of one kind, and what was granted so far."""
    return await _grants(call, query.tap)


@routes.add("POST", "/api/v1/subscriptions", actor=Actor.CITIZEN, limit="write", errors=(TemplateUnknownError,))
async def record_subscriptions(call: Call, body: SubscriptionRequest) -> SubscriptionList:
    """Record what the citizen allowed, one send each."""
    await consents.grant_sends(call.citizen_id, body.accepted())
    return await _grants(call)


@routes.add("GET", "/api/v1/message-preferences", actor=Actor.CITIZEN, limit="read")
async def read_message_preferences(call: Call) -> PreferencesView:
    """Which normal messages I get, by which channels, and my quiet hours."""
    return PreferencesView.of(await preferences.preferences_of(call.citizen_id))


@routes.add(
    "PUT", "/api/v1/message-preferences", actor=Actor.CITIZEN, limit="write", errors=(MessageGroupUnknownError,)
)
async def set_message_preferences(call: Call, body: PreferencesRequest) -> PreferencesView:
    """Choose which normal messages I get, by which channels, and my quiet hours."""
    quiet = rules.Quiet(body.quiet.start, body.quiet.end) if body.quiet else None
    wanted = Preferences(frozenset(body.muted_groups), frozenset(body.muted_channels), quiet)
    await preferences.set_preferences(call.citizen_id, wanted)
    return PreferencesView.of(wanted)


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
            urgency=message.urgency,
            read=message.read_at is not None,
            created_at=clock.in_city(message.created_at),
        )
        for message in page.items
    ]
    unread = await queries.count_unread(call.citizen_id)
    return MessagePage(items=items, unread=unread, next_cursor=page.next_cursor)


@routes.add(
    "POST",
    "/api/v1/messages/<message_id:uuid>/read",
    actor=Actor.CITIZEN,
    limit="write",
    errors=(MessageNotFoundError,),
)
async def read_message(call: Call, message_id: UUID) -> UnreadView:
    """Note that I opened a message; once more it changes nothing."""
    await service.read_message(call.citizen_id, message_id)
    return UnreadView(unread=await queries.count_unread(call.citizen_id))
