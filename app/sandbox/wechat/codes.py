"""The QR codes of the official account and its ticket for web pages, as WeChat's stand-in remembers them."""

import secrets
import time
from collections.abc import Callable

from app.sandbox.answers import RefusedError
from app.sandbox.journal import Change

TICKET_LIFETIME = 7200


class Codes:
    """Codes by their tickets, and the page ticket of each app. ``record`` journals changes."""

    KINDS = frozenset({"code_made", "page_ticket_made"})

    def __init__(self, record: Callable[[Change], None]) -> None:
        self._record = record
        self._codes: dict[str, tuple[str, float | None]] = {}
        self._page_tickets: dict[str, tuple[str, float]] = {}

    def apply(self, change: Change) -> None:
        """Take one journaled change."""
        match change["kind"]:
            case "code_made":
                self._codes[change["ticket"]] = change["scene"], change["expires_at"]
            case "page_ticket_made":
                self._page_tickets[change["appid"]] = change["ticket"], change["expires_at"]

    def make(self, scene: str, seconds: int | None) -> str:
        """A code's ticket, for so many seconds or for good."""
        ticket = secrets.token_urlsafe(60)
        expires_at = None if seconds is None else time.time() + seconds
        self._record({"kind": "code_made", "ticket": ticket, "scene": scene, "expires_at": expires_at})
        return ticket

    def scene_of(self, ticket: str) -> str:
        """The scene of a code; raises RefusedError 404 ``unknown_ticket`` for one that is none or has expired."""
        scene, expires_at = self._codes.get(ticket, ("", 0.0))
        if expires_at is not None and expires_at <= time.time():
            raise RefusedError(404, "unknown_ticket", "没有这个二维码，或者已经过期")
        return scene

    def page_ticket(self, appid: str) -> tuple[str, int]:
        """The ticket for signing web pages and its remaining seconds; the same one until it expires."""
        now = time.time()
        if self._page_tickets.get(appid, ("", 0.0))[1] <= now:
            new = {"ticket": secrets.token_urlsafe(64), "expires_at": now + TICKET_LIFETIME}
            self._record({"kind": "page_ticket_made", "appid": appid, **new})
        ticket, expires_at = self._page_tickets[appid]
        return ticket, round(expires_at - now)
