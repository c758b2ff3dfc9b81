"""A transaction that cannot begin leaves its task and its pool as they were."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
from tortoise import Tortoise
from tortoise.backends.base.client import BaseDBAsyncClient

from app.kit import db
from config.settings import Settings

_CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1"
_NAME = "begin"


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[BaseDBAsyncClient]:
    """A pool of one connection, known to PostgreSQL by a name."""
    config = db.tortoise_config(settings.database_url.get_secret_value(), max_connections=1)
    config["connections"]["default"]["credentials"]["application_name"] = _NAME
    context = await Tortoise.init(config=config, _enable_global_fallback=False)
    yield db.connection()
    await context.close_connections()


def _cut(settings: Settings) -> None:
    """Cut the pool's connections while this loop stands still, so that nobody has noticed yet."""
    with psycopg.connect(settings.database_url.get_secret_value(), autocommit=True) as other:
        other.execute(_CUT.replace("$1", "%s"), [_NAME])
        gone = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
        while other.execute(gone, [_NAME]).fetchone() != (0,):
            pass


async def _one() -> int:
    async with db.transaction():
        answer = await db.row("SELECT 1 AS one")
    assert answer is not None
    return int(answer["one"])


async def test_a_begin_that_fails_leaves_the_pool_as_the_tasks_connection(
    pool: BaseDBAsyncClient, settings: Settings
) -> None:
    """A kept-alive HTTP connection is one task: its next request works again once the database does."""
    assert await _one() == 1
    _cut(settings)
    with pytest.raises(db.AWAY):
        await _one()
    assert db.connection() is pool
    assert await _one() == 1


async def test_a_begin_that_is_cancelled_gives_its_connection_back(pool: BaseDBAsyncClient) -> None:
    """The pool has one connection: a lost one would let the next wait for ever."""
    assert await _one() == 1
    for ticks in range(12):
        beginning = asyncio.create_task(_one())
        for _ in range(ticks):
            await asyncio.sleep(0)
        beginning.cancel()
        await asyncio.gather(beginning, return_exceptions=True)
    assert await asyncio.wait_for(_one(), 10) == 1
