"""The definitions of messages, as they stand in ``config/city/messages.yaml``."""

from functools import cache
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from app.notifications.rules import Channel, Urgency
from config.reading import read_yaml
from config.settings import CITY_DATA
from wechat.templates import fit

_STRICT = ConfigDict(extra="forbid", frozen=True)
_MOST_AT_A_TAP = 5

Kind = Literal["one_time", "long_term"]


class Template(BaseModel):
    """A template of one channel. ``kind`` is WeChat's kind of a subscription message, None elsewhere."""

    model_config = _STRICT
    channel: Literal[Channel.MINI_PROGRAM, Channel.OFFICIAL_ACCOUNT, Channel.SMS]
    id: str
    name: str
    kind: Kind | None = None

    @model_validator(mode="after")
    def _kind_where_there_is_one(self) -> Self:
        if (self.kind is None) == (self.channel is Channel.MINI_PROGRAM):
            raise ValueError("templates of the mini-program have a kind, and no others")
        return self


class Outlet(BaseModel):
    """What a message says through one channel: a template's name, the text of each of its fields, the page it opens."""

    model_config = _STRICT
    template: str
    fields: dict[str, str] = {}
    page: str | None = None


class Plan(BaseModel):
    """One send as it will be: what a channel is given for a message."""

    model_config = _STRICT
    channel: Channel
    template_id: str
    page: str | None
    data: dict[str, str]


class Outlets(BaseModel):
    """What a message says through each channel beside the inbox."""

    model_config = _STRICT
    mini_program: Outlet | None = None
    official_account: Outlet | None = None
    sms: Outlet | None = None

    def in_order(self) -> list[tuple[Channel, Outlet]]:
        """The channels in the order they are tried; the official account says what the mini-program does by default."""
        mini, official = self.mini_program, self.official_account
        if official and mini and not official.fields:
            official = official.model_copy(update={"fields": mini.fields, "page": official.page or mini.page})
        found = ((Channel.MINI_PROGRAM, mini), (Channel.OFFICIAL_ACCOUNT, official), (Channel.SMS, self.sms))
        return [(channel, outlet) for channel, outlet in found if outlet is not None]


class Definition(Outlets):
    """What one kind of message says, to whom it matters how much, and by which channels."""

    title: str
    text: str
    urgency: Urgency
    group: str


class Messages(BaseModel):
    """The whole file."""

    model_config = _STRICT
    groups: dict[str, str]
    taps: dict[str, list[str]]
    templates: dict[str, Template]
    legal: Outlets
    messages: dict[str, Definition]

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        for kind, one in self.messages.items():
            if one.group not in self.groups:
                raise ValueError(f"{kind}: unknown group {one.group}")
            for channel, outlet in self.outlets(kind):
                if outlet.template not in self.templates or self.templates[outlet.template].channel is not channel:
                    raise ValueError(f"{kind}: {outlet.template} is no template of {channel}")
                # The database keeps no order of keys but that of such numbers.
                if channel is Channel.SMS and list(outlet.fields) != [f"{n}" for n, _ in enumerate(outlet.fields, 1)]:
                    raise ValueError(f"{kind}: the fields of a short message are numbered from 1, in their order")
        for tap in self.taps:
            asked = self.asked_at(tap)
            if not 0 < len(asked) <= _MOST_AT_A_TAP or len({template.kind for template in asked}) != 1:
                raise ValueError(f"tap {tap}: one to five templates of one kind")
        return self

    def outlets(self, kind: str) -> list[tuple[Channel, Outlet]]:
        """Through which channels a kind of message goes, in order, and what it says there."""
        one = self.messages[kind]
        if one.urgency is not Urgency.LEGAL:
            return one.in_order()
        own = {name: getattr(one, name) or getattr(self.legal, name) for name in Outlets.model_fields}
        return Outlets(**own).in_order()

    def asked_at(self, tap: str) -> list[Template]:
        """The mini-program's templates to ask for at a tap, each once."""
        outlets = [self.messages[kind].mini_program for kind in self.taps[tap]]
        names = dict.fromkeys(outlet.template for outlet in outlets if outlet)
        return [self.templates[name] for name in names]


@cache
def city_messages() -> Messages:
    """What the city tells its citizens."""
    loaded = read_yaml(CITY_DATA / "messages.yaml")
    return Messages.model_validate(loaded)


def definitions() -> dict[str, Definition]:
    """All definitions by kind."""
    return city_messages().messages


@cache
def templates() -> dict[str, Template]:
    """The templates of the mini-program by their ids."""
    found = city_messages().templates.values()
    return {one.id: one for one in found if one.channel is Channel.MINI_PROGRAM}


def plan(kind: str, channel: Channel, outlet: Outlet, values: dict[str, str]) -> Plan:
    """A send with its placeholders filled, each field cut to what its kind may hold.

    An SMS holds what a ``thing`` does. Raises ValueError where a value cannot fit.
    """
    filled = {"title": city_messages().messages[kind].title, **values}
    data = {
        key: fit("thing1" if channel is Channel.SMS else key, text.format(**filled))
        for key, text in outlet.fields.items()
    }
    template = city_messages().templates[outlet.template]
    return Plan(channel=channel, template_id=template.id, page=outlet.page, data=data)
