"""What WeChat's events say, in our words: decisions on subscription messages, and what became of messages.

In XML the list of such an event lies within an element of its own, in JSON at the top; either is a single object where
there is one entry, else a list; numbers come as numbers or as texts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from wechat.message import Message

Decision = Literal["accept", "reject"]
SUCCESS = "success"
_LONGEST = 64
_DECIDED = {
    "subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
    "subscribe_msg_change_event": "SubscribeMsgChangeEvent",
}
_SENT = {"subscribe_msg_sent_event": "SubscribeMsgSentEvent"}


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a message by WeChat's id: "success", or the reason it was not delivered."""

    msg_id: str
    outcome: str


def decisions_in(message: Message) -> dict[str, Decision]:
    """What somebody decided about templates, by the templates' ids; of two about one the last."""
    found: dict[str, Decision] = {}
    for entry in _entries(message, _DECIDED):
        template, decision = _text(entry.get("TemplateId")), _text(entry.get("SubscribeStatusString"))
        if template and decision == "accept":
            found[template] = "accept"
        elif template and decision == "reject":
            found[template] = "reject"
    return found


def fates_in(message: Message) -> list[Fate]:
    """What an event says of messages that were sent; nothing for any other event."""
    if message.event == "templatesendjobfinish":
        msg_id = _text(message.fields.get("MsgID"))
        return [Fate(msg_id, _outcome(_text(message.fields.get("Status"))))] if msg_id else []
    return [
        Fate(msg_id, SUCCESS if _text(entry.get("ErrorCode")) == "0" else _reason(entry))
        for entry in _entries(message, _SENT)
        if (msg_id := _text(entry.get("MsgID")))
    ]


def _outcome(status: str) -> str:
    return SUCCESS if status.casefold() == SUCCESS else status or "unknown"


def _reason(entry: Mapping[str, Any]) -> str:
    code, status = _text(entry.get("ErrorCode")), _text(entry.get("ErrorStatus"))
    return " ".join(part for part in (code, status) if part)[:_LONGEST] or "unknown"


def _entries(message: Message, names: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    name = names.get(message.event or "")
    if name is None:
        return
    nested = message.fields.get(name)
    listed = nested.get("List") if isinstance(nested, Mapping) else message.fields.get("List")
    for entry in listed if isinstance(listed, list) else [listed]:
        if isinstance(entry, Mapping):
            yield entry


def _text(value: object) -> str:
    """A text or number as a text of bounded length."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()[:_LONGEST]
