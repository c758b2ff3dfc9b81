"""What WeChat pushes, read from XML (official account) or JSON (mini-program) into one shape."""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from xml.parsers.expat import ExpatError

import xmltodict

from wechat.errors import CallbackRefusedError
from wechat.reading import UNSTORABLE

# Real pushes nest four deep; a bound keeps every reader of the fields clear of the recursion limit.
_MAX_DEPTH = 8
# Longer than any name or id that WeChat gives, short enough for an index.
_MAX_NAME = 64
_SECONDS = re.compile(r"[0-9]{1,10}", re.ASCII)

Form = Literal["xml", "json"]


@dataclass(frozen=True, slots=True)
class Message:
    """One push of WeChat's.

    ``kind`` is its MsgType, ``event`` its Event, both in lower case, ``event`` only for the kind "event".
    ``created_at`` is Unix time in seconds. ``fields`` is everything as it came, ``form`` how. ``secure`` says that it
    came sealed and signed as a whole: a plain push proves only that its sender has seen one signature.
    """

    kind: str
    event: str | None
    sender: str = field(repr=False)
    receiver: str
    created_at: int
    msg_id: str | None
    content: str | None = field(repr=False)
    fields: Mapping[str, Any] = field(repr=False)
    form: Form
    secure: bool

    @property
    def dedup_key(self) -> str:
        """The same for each repeat of one push: its id, for an event, which carries none, a digest of all its fields.

        WeChat's documentation names the sender and the time; within one second they are the same for the fates of two
        messages to one person, which are two events.
        """
        if self.msg_id:
            return self.msg_id
        said = json.dumps(self.fields, sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()


def parse_fields(text: str) -> tuple[dict[str, Any], Form]:
    """The fields of an XML or JSON body, and which of the two it is; entities are never expanded.

    Raises CallbackRefusedError (malformed).
    """
    form: Form = "json" if text.lstrip().startswith("{") else "xml"
    try:
        fields = json.loads(text) if form == "json" else xmltodict.parse(text, disable_entities=True).get("xml")
    except (ValueError, ExpatError, RecursionError):
        raise CallbackRefusedError("malformed") from None
    if not isinstance(fields, dict) or not _is_storable(fields, _MAX_DEPTH):
        raise CallbackRefusedError("malformed")
    return fields, form


def read_message(fields: Mapping[str, Any], *, form: Form, secure: bool) -> Message:
    """The message in the fields. Raises CallbackRefusedError (malformed)."""
    kind = _name(fields, "MsgType").lower()
    msg_id = fields.get("MsgId")
    return Message(
        kind=kind,
        event=_name(fields, "Event").lower() if kind == "event" else None,
        sender=_name(fields, "FromUserName"),
        receiver=_name(fields, "ToUserName"),
        created_at=_seconds(fields.get("CreateTime")),
        msg_id=None if msg_id in (None, "") else _name({"MsgId": _text_of(msg_id)}, "MsgId"),
        content=_content(fields.get("Content")),
        fields=fields,
        form=form,
        secure=secure,
    )


def _is_storable(value: object, depth: int) -> bool:
    if depth < 0:
        return False
    if isinstance(value, dict):
        return all(_is_storable(key, depth) and _is_storable(item, depth - 1) for key, item in value.items())
    if isinstance(value, list):
        return all(_is_storable(item, depth - 1) for item in value)
    if isinstance(value, float):
        return math.isfinite(value)  # JSON proper knows neither infinity nor NaN
    return not (isinstance(value, str) and UNSTORABLE.search(value))  # no real push has them


def _text_of(value: object) -> object:
    # JSON pushes write ids as numbers or as strings.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _name(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_NAME:
        raise CallbackRefusedError("malformed")
    return value


def _seconds(value: object) -> int:
    text = _text_of(value)
    if not isinstance(text, str) or not _SECONDS.fullmatch(text):
        raise CallbackRefusedError("malformed")
    return int(text)


def _content(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise CallbackRefusedError("malformed")
    return value
