"""Nonces of signed HTTP, spent once in PostgreSQL."""

from datetime import timedelta

from app.kit import clock, db
from app.kit.signing import WINDOW


async def spend(client_id: str, nonce: str) -> bool:
    """Spend a nonce within the present transaction; False where it was spent before."""
    sql = (
        "INSERT INTO spent_nonces (client_id, nonce, spent_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id"
    )
    return await db.row(sql, client_id, nonce, clock.now()) is not None


async def forget_old() -> int:
    """Delete nonces whose signatures lie outside every window by now."""
    return await db.execute(
        "DELETE FROM spent_nonces WHERE spent_at < $1", clock.now() - 2 * WINDOW - timedelta(minutes=1)
    )
