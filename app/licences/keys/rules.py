"""Pure rules of signing keys: what a key may do at a moment."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from app.licences.keys.algorithms import Purpose
from app.licences.keys.models import LicenceKey

PUBLISHED_FOR = timedelta(hours=24)
"""How long a key is published before it signs: scanners without a network must have fetched it."""

BELIEVED_FOR: dict[Purpose, timedelta | None] = {
    # A code that was fetched beforehand lives twelve hours, a status list likewise.
    Purpose.CODE: timedelta(hours=13),
    Purpose.STATUS: timedelta(hours=13),
    # Paper and credentials may be as old as licences without an end.
    Purpose.PAPER: None,
    Purpose.CREDENTIAL: None,
}
"""How long what a key signed last is believed after the key retired; None: for ever."""


class KeyState(StrEnum):
    """Where a key is in its life."""

    PUBLISHED = "published"
    ACTIVE = "active"
    RETIRED = "retired"
    GONE = "gone"


def is_published(key: LicenceKey, moment: datetime) -> bool:
    """Whether verifiers are told of the key, and what it signed is believed."""
    return key.gone_at is None or moment < key.gone_at


def may_sign(key: LicenceKey, moment: datetime) -> bool:
    """Whether the key is old enough to sign, and not retired."""
    return key.signs_from <= moment and (key.retired_at is None or moment < key.retired_at)


def signing_key(keys: Iterable[LicenceKey], purpose: Purpose, moment: datetime) -> LicenceKey | None:
    """The key that signs for a purpose: of those that may the one that began last."""
    able = [key for key in keys if key.purpose == purpose and may_sign(key, moment)]
    return max(able, key=lambda key: (key.signs_from, key.made_at), default=None)


def state_of(key: LicenceKey, moment: datetime) -> KeyState:
    """The state of a key, by the clock alone."""
    if not is_published(key, moment):
        return KeyState.GONE
    if key.retired_at and key.retired_at <= moment:
        return KeyState.RETIRED
    return KeyState.ACTIVE if may_sign(key, moment) else KeyState.PUBLISHED
