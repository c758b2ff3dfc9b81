"""Identifiers of rows."""

from uuid import UUID

from uuid_utils import compat


def new_id() -> UUID:
    """A new UUIDv7 (RFC 9562): unique everywhere, and rows made together lie together in an index."""
    return compat.uuid7()
