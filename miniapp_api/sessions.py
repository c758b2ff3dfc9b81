"""How sessions are shown, to citizens and to staff alike."""

from collections.abc import Iterable
from uuid import UUID

from app.identity.models import Session
from app.kit import clock
from miniapp_api.routing import Schema


class SessionView(Schema):
    """A sign-in that did not end; ``current`` is the one that asks."""

    id: UUID
    device: str
    created_at: str
    last_used_at: str
    current: bool


class SessionList(Schema):
    """Where somebody is signed in, the last used first."""

    items: list[SessionView]

    @classmethod
    def of(cls, found: Iterable[Session], current: UUID) -> "SessionList":
        """The view of sessions, as the ``current`` one asks for it."""
        return cls(
            items=[
                SessionView(
                    id=session.id,
                    device=session.device or "",
                    created_at=clock.in_city(session.created_at),
                    last_used_at=clock.in_city(session.last_used_at or session.created_at),
                    current=session.id == current,
                )
                for session in found
            ]
        )


class EndedAnswer(Schema):
    """How many sessions were ended."""

    ended: int
