"""What the WeChat stand-in knows: tokens, grants, the messages it took and the faces it was shown."""

import re
import secrets
import time
from collections import Counter
from pathlib import Path
from typing import Any

from app.sandbox.answers import beijing_time
from app.sandbox.journal import Change, Journal
from app.sandbox.wechat_answers import PlatformError
from app.sandbox.wechat_faces import Faces

TOKEN_LIFETIME = 7200
_TEMPLATE_ID = re.compile(r"[A-Za-z0-9_-]{43}")
# Kinds of fields of a subscription message, from WeChat's page on sending them. A value of another kind must only
# not be empty.
_PRINTED = r"[^\x00-\x1f\x7f]"
_FIELDS = {
    "thing": re.compile(_PRINTED + r"{1,20}"),
    "character_string": re.compile(r"[\x20-\x7e]{1,32}"),
    "number": re.compile(r"[0-9]{1,32}"),
    "phrase": re.compile(r"[\u3400-\u9fff]{1,5}"),
    "name": re.compile(_PRINTED + r"{1,10}|[\x20-\x7e]{1,20}"),
}
_ANY_FIELD = re.compile(_PRINTED + "+")


def check_fields(data: dict[str, dict[str, str]]) -> None:
    """Hold every field of a message to its kind; raises PlatformError 47003, which names the field."""
    for key, field in data.items():
        pattern = _FIELDS.get(key.rstrip("0123456789"), _ANY_FIELD)
        if pattern.fullmatch(field.get("value", "")) is None:
            raise PlatformError(47003, f"argument invalid! data.{key}.value invalid")


class WeChatState:
    """Tokens, WeCom's among them, grants, kept messages and ``faces``, journaled in ``wechat.jsonl``."""

    def __init__(self, folder: Path) -> None:
        self._expiry: dict[str, float] = {}
        self._current: str | None = None
        self._grants: Counter[tuple[str, str]] = Counter()
        self._messages: list[dict[str, Any]] = []
        self._work: tuple[str, float] = ("", 0.0)
        self.faces = Faces(self._record)
        self._journal = Journal(folder / "wechat.jsonl", self._apply)

    def _apply(self, change: Change) -> None:
        match change["kind"]:
            case "token":
                if change["forced"] and self._current is not None:
                    del self._expiry[self._current]
                self._current = change["token"]
                self._expiry[change["token"]] = change["expires_at"]
            case "work_token":
                self._work = change["token"], change["expires_at"]
            case "tokens_expired":
                self._expiry = dict.fromkeys(self._expiry, 0.0)
                self._work = self._work[0], 0.0
            case "granted":
                self._grants.update((change["openid"], template_id) for template_id in change["template_ids"])
            case "sent":
                message = change["message"]
                self._grants[message["openid"], message["template_id"]] -= 1
                self._messages.append(message)
            case kind if kind in Faces.KINDS:
                self.faces.apply(change)

    def _record(self, change: Change) -> None:
        self._journal.record(change)

    def token(self, *, force: bool) -> tuple[str, int]:
        """The token and its remaining seconds. ``force`` makes a new one; the one before is unknown from then on."""
        now = time.time()
        if force or self._current is None or self._expiry[self._current] <= now:
            new = {"token": secrets.token_urlsafe(96), "expires_at": now + TOKEN_LIFETIME, "forced": force}
            self._journal.record({"kind": "token", **new})
        token = self._current or ""
        return token, round(self._expiry[token] - now)

    def check_token(self, token: str | None) -> None:
        """Raises PlatformError for a token that is missing (41001), unknown (40001) or expired (42001)."""
        if not token:
            raise PlatformError(41001, "access_token missing")
        if token not in self._expiry:
            raise PlatformError(40001, "invalid credential, access_token is invalid or not latest")
        if self._expiry[token] <= time.time():
            raise PlatformError(42001, "access_token expired")

    def work_token(self) -> tuple[str, int]:
        """WeCom's token and its remaining seconds; the same one until it expires."""
        now = time.time()
        if self._work[1] <= now:
            new = {"token": secrets.token_urlsafe(96), "expires_at": now + TOKEN_LIFETIME}
            self._journal.record({"kind": "work_token", **new})
        token, expires_at = self._work
        return token, round(expires_at - now)

    def check_work_token(self, token: str | None) -> None:
        """Raises PlatformError for a token of WeCom's that is missing (41001), unknown (40014) or expired (42001)."""
        if not token:
            raise PlatformError(41001, "access_token missing")
        known, expires_at = self._work
        if token != known:
            raise PlatformError(40014, "invalid access_token")
        if expires_at <= time.time():
            raise PlatformError(42001, "access_token expired")

    def expire_tokens(self) -> None:
        """Let every token given so far expire."""
        self._journal.record({"kind": "tokens_expired"})

    def grant(self, openid: str, template_ids: list[str]) -> None:
        """Add one send of each template, as a tap on "allow" does."""
        self._journal.record({"kind": "granted", "openid": openid, "template_ids": template_ids})

    def send(self, openid: str, template_id: str, data: dict[str, dict[str, str]], page: str | None) -> int:
        """Keep one message and spend its grant; the message's number.

        Raises PlatformError 40003, 40037, 47003, or 43101 where no grant is left.
        """
        if not openid.startswith("o-"):
            raise PlatformError(40003, "invalid openid")
        if _TEMPLATE_ID.fullmatch(template_id) is None:
            raise PlatformError(40037, "invalid template_id")
        check_fields(data)
        if self._grants[openid, template_id] <= 0:
            raise PlatformError(43101, "user refuse to accept the msg")
        message = {"openid": openid, "template_id": template_id, "data": data, "page": page, "time": beijing_time()}
        self._journal.record({"kind": "sent", "message": message})
        return len(self._messages)

    def messages(self, openid: str | None) -> list[dict[str, Any]]:
        """The messages kept, oldest first: one person's, or all."""
        return [message for message in self._messages if openid in (None, message["openid"])]

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()
