"""Single statements on connections of their own: what breaks one harms none that follows."""

import asyncio

import asyncpg
import pytest

from app.bootstrap import House
from app.commands.query_plans import recorded
from app.kit import db
from app.kit.quick import MOST


@pytest.fixture(autouse=True)
def opened(house: House) -> None:
    """The database is open."""
    del house


async def test_a_statement_that_fails_leaves_its_connection_usable() -> None:
    """The next one goes over the same."""
    before = await db.quick().row("SELECT pg_backend_pid() AS process")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await db.quick().row("SELECT 1 / $1::int", 0)
    assert await db.quick().row("SELECT pg_backend_pid() AS process") == before


async def test_a_statement_that_was_cancelled_takes_its_connection_along() -> None:
    """What it would have answered is nobody else's answer."""
    before = await db.quick().row("SELECT pg_backend_pid() AS process")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await db.quick().row("SELECT pg_sleep(30)")
    after = await db.quick().row("SELECT pg_backend_pid() AS process")
    assert before
    assert after
    assert after["process"] != before["process"]


async def test_more_statements_than_connections_wait_for_one() -> None:
    """All are answered, by a few connections."""
    rows = await asyncio.gather(
        *(db.quick().row("SELECT pg_backend_pid() AS process, $1::int AS n", n) for n in range(50))
    )
    assert [row["n"] for row in rows if row] == list(range(50))
    assert len({row["process"] for row in rows if row}) <= MOST


async def test_it_is_known_whether_a_statement_would_have_to_wait() -> None:
    """While as many are under way as there are connections."""
    asked = [asyncio.create_task(db.quick().row("SELECT pg_sleep(30)")) for _ in range(MOST - 1)]
    await asyncio.sleep(0)
    assert db.has_place_to_spare()
    asked.append(asyncio.create_task(db.quick().row("SELECT pg_sleep(30)")))
    await asyncio.sleep(0)
    assert not db.has_place_to_spare()
    for one in asked:
        one.cancel()
    await asyncio.wait(asked)
    assert db.has_place_to_spare()


async def test_what_is_asked_is_recorded_with_its_values() -> None:
    """So that its plan is looked at, as that of every other statement."""
    with recorded() as recorder:
        await db.quick().row("SELECT $1::int AS first", 7)
        await db.quick().rows("SELECT $1::int AS second", 8)
    await db.quick().row("SELECT 1 AS third")
    found = {one.sql: one.values for one in recorder.statements.values()}
    assert found == {"SELECT $1::int AS first": (7,), "SELECT $1::int AS second": (8,)}


async def test_an_open_transaction_is_not_seen() -> None:
    """Each statement is a transaction of its own."""
    async with db.transaction():
        kept = "INSERT INTO spent_nonces (client_id, nonce, spent_at) VALUES ('quick', 'x', now()) RETURNING id"
        assert await db.rows(kept)
        assert await db.quick().rows("SELECT 1 FROM spent_nonces WHERE client_id = 'quick'") == []
        await db.rows("DELETE FROM spent_nonces WHERE client_id = 'quick'")
