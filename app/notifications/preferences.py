"""What a citizen wants of normal messages, and when they are not to be disturbed."""

from collections.abc import Iterable
from datetime import time
from uuid import UUID

from app.identity.queries import lock_present
from app.kit import clock, db
from app.kit.db import transaction
from app.notifications.definitions import city_messages
from app.notifications.errors import MessageGroupUnknownError
from app.notifications.models import MessagePreference
from app.notifications.rules import USUAL, USUAL_QUIET, Channel, Preferences, Quiet

_SET = """
INSERT INTO message_preferences (citizen_id, muted_groups, muted_channels, quiet_from, quiet_until, updated_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (citizen_id) DO UPDATE SET muted_groups = excluded.muted_groups, muted_channels = excluded.muted_channels,
    quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until, updated_at = excluded.updated_at
"""


def quiet_of(start: str | None, end: str | None, *, chosen: bool) -> Quiet | None:
    """The quiet hours of a row's two times; the usual ones where nobody has ``chosen``."""
    if not chosen:
        return USUAL_QUIET
    return Quiet(time.fromisoformat(start), time.fromisoformat(end)) if start and end else None


async def preferences_of(citizen_id: UUID) -> Preferences:
    """What a citizen wants, the usual where they said nothing."""
    return (await preferences_of_all([citizen_id])).get(citizen_id, USUAL)


async def preferences_of_all(citizens: Iterable[UUID]) -> dict[UUID, Preferences]:
    """What those of these citizens want who ever said it."""
    return {
        row.citizen_id: Preferences(
            frozenset(row.muted_groups),
            frozenset(row.muted_channels),
            quiet_of(row.quiet_from, row.quiet_until, chosen=True),
        )
        for row in await MessagePreference.filter(citizen_id__in=list(citizens))
    }


async def set_preferences(citizen_id: UUID, wanted: Preferences) -> None:
    """Keep what a citizen wants from now on. Raises MessageGroupUnknownError or SessionEndedError."""
    if wanted.muted_groups - city_messages().groups.keys():
        raise MessageGroupUnknownError
    quiet = wanted.quiet
    times = (f"{quiet.start:%H:%M}", f"{quiet.end:%H:%M}") if quiet else (None, None)
    channels = sorted(Channel(channel) for channel in wanted.muted_channels)
    async with transaction():
        await lock_present(citizen_id)
        await db.rows(_SET, citizen_id, sorted(wanted.muted_groups), channels, *times, clock.now())
