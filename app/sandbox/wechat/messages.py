"""What WeChat's stand-in keeps of sends: who allowed how many of which template, and the messages themselves."""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from app.sandbox.answers import beijing_time, dumps
from app.sandbox.journal import Change
from app.sandbox.wechat.answers import PlatformError
from app.sandbox.wechat.tally import NOBODY, Tally

_TEMPLATE_ID = re.compile(r"[A-Za-z0-9_-]{43}")
_SHOWN_DOUBLES = 100
# Kinds of fields of a subscription message, from WeChat's page on sending them. A value of another kind must only
# not be empty.
_PRINTED = r"[^\x00-\x1f\x7f]"
_CLOCK = r"[0-9]{1,2}:[0-9]{2}"
_DAY = r"[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日"
_FIELDS = {
    "thing": re.compile(_PRINTED + r"{1,20}"),
    "character_string": re.compile(r"[\x20-\x7e]{1,32}"),
    "number": re.compile(r"[0-9]{1,32}"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(_PRINTED + r"{1,5}"),
    "phrase": re.compile(r"[\u3400-\u9fff]{1,5}"),
    "name": re.compile(_PRINTED + r"{1,10}|[\x20-\x7e]{1,20}"),
    "time": re.compile(rf"(?:{_DAY} )?{_CLOCK}"),
    "date": re.compile(rf"{_DAY}(?: {_CLOCK})?"),
    "amount": re.compile(r"[^0-9\s]?[0-9]{1,10}(?:\.[0-9]{1,2})?元?"),
    "phone_number": re.compile(r"[0-9+() -]{1,17}"),
    "car_number": re.compile(_PRINTED + r"{1,8}"),
}
_ANY_FIELD = re.compile(_PRINTED + "+")


class Record(Protocol):
    """Writes a change to the journal."""

    def __call__(self, change: Change, *, durable: bool = True) -> None:
        """Write and apply it."""
        ...


@dataclass(frozen=True, slots=True)
class Send:
    """One message to be sent: what it says, and what tells it from another one to the same person."""

    api: str
    openid: str
    template_id: str
    content: dict[str, Any]
    client_key: str | None = None

    @property
    def key(self) -> str:
        """The sender's own key, else all that the message says."""
        return self.client_key or dumps(self.content)


def check_template(template_id: str, data: dict[str, dict[str, str]]) -> None:
    """Hold a message to its template's form; raises PlatformError 40037, or 47003, which names the field."""
    if _TEMPLATE_ID.fullmatch(template_id) is None:
        raise PlatformError(40037, "invalid template_id")
    for key, field in data.items():
        pattern = _FIELDS.get(key.rstrip("0123456789"), _ANY_FIELD)
        if pattern.fullmatch(field.get("value", "")) is None:
            raise PlatformError(47003, f"argument invalid! data.{key}.value invalid")


class Messages:
    """Grants and messages. A generated follower's message is counted in the tally and not kept.

    ``number_of`` tells the number of a generated follower, who has allowed everything for good.
    """

    KINDS = frozenset({"granted", "long_granted", "refused", "sent"})

    def __init__(self, record: Record, tally: Tally, number_of: Callable[[str], int | None]) -> None:
        self._record = record
        self._tally = tally
        self._number_of = number_of
        self._grants: Counter[tuple[str, str]] = Counter()
        self._long_grants: set[tuple[str, str]] = set()
        # Encoded, they are a fifth of the memory of what they say.
        self._messages: list[tuple[str, int, bytes]] = []

    def apply(self, change: Change) -> None:
        """Take one journaled change."""
        match change["kind"]:
            case "granted":
                self._grants.update((change["openid"], template_id) for template_id in change["template_ids"])
            case "long_granted":
                self._long_grants.update((change["openid"], template_id) for template_id in change["template_ids"])
            case "refused":
                for template_id in change["template_ids"]:
                    self._long_grants.discard((change["openid"], template_id))
            case "sent":
                message = change["message"]
                if change.get("spends", True):
                    self._grants[message["openid"], message["template_id"]] -= 1
                self._messages.append((message["openid"], change.get("digest", 0), dumps(message).encode()))

    def grant(self, openid: str, template_ids: list[str], *, long_term: bool) -> None:
        """Add one send of each template, as a tap on "allow" does; any number with a ``long_term`` subscription."""
        kind = "long_granted" if long_term else "granted"
        self._record({"kind": kind, "openid": openid, "template_ids": template_ids})

    def refuse(self, openid: str, template_ids: list[str]) -> None:
        """End long-term subscriptions, as the switch in the mini-program's settings does."""
        self._record({"kind": "refused", "openid": openid, "template_ids": template_ids})

    def take(self, send: Send, *, spends: bool) -> int:
        """Keep or count one message; the message's id.

        Raises PlatformError 43101 where it ``spends`` a grant and none is left.
        """
        number = self._number_of(send.openid)
        if number is not None:
            return self._tally.add(send.openid, send.template_id, send.key, number)[0]
        if spends:
            spends = not self._is_long_granted(send)
        message_id, digest = self._tally.add(send.openid, send.template_id, send.key, NOBODY)
        kept = {"openid": send.openid, "template_id": send.template_id, **send.content}
        message = {**kept, "time": beijing_time(), "api": send.api, "msgid": message_id}
        self._record({"kind": "sent", "message": message, "spends": spends, "digest": digest}, durable=False)
        return message_id

    def _is_long_granted(self, send: Send) -> bool:
        wanted = send.openid, send.template_id
        if wanted in self._long_grants:
            return True
        if self._grants[wanted] <= 0:
            raise PlatformError(43101, "user refuse to accept the msg")
        return False

    def listing(self, openid: str | None) -> list[dict[str, Any]]:
        """The messages kept, oldest first: one person's, or all."""
        return [json.loads(text) for name, _digest, text in self._messages if openid in (None, name)]

    def doubles(self, template_id: str | None, openid_of: Callable[[int], str]) -> dict[str, Any]:
        """How many sends there were, how many were one too many, and the first hundred that came more than once."""
        sends, doubles = self._tally.doubles(template_id)
        names = {digest: name for name, digest, _text in self._messages}
        items = [
            {"openid": names.get(one.digest, "") if one.number == NOBODY else openid_of(one.number), "times": one.times}
            for one in doubles[:_SHOWN_DOUBLES]
        ]
        return {"sends": sends, "doubles": sum(one.times - 1 for one in doubles), "items": items}
