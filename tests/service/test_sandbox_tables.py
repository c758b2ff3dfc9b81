"""The stand-in behind exchange tables: it goes on when its database was away."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from app.approvals.tables.front import FrontDatabase, make_tables
from app.approvals.tables.system import TablesApprovalSystem
from app.demo.house import ensure_database
from app.demo.plan import Plan
from app.sandbox.approvals_flow import Pace
from app.sandbox.approvals_store import ApprovalsStore
from app.sandbox.approvals_tables import TablesDesk
from tests.contract.approvals.ways import case_of, read_file, until

_OTHERS = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1"
_ENDED = 100


@pytest.fixture
async def admin(plan: Plan) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the server that is not one to a front database."""
    connection = await asyncpg.connect(f"{plan.database_url.rpartition('/')[0]}/postgres")
    yield connection
    await connection.close()


@pytest.fixture
async def front_url(plan: Plan, admin: asyncpg.Connection) -> AsyncIterator[str]:
    """The address of an empty front database, on the same server."""
    url = f"{plan.database_url.rpartition('/')[0]}/d{uuid.uuid4().hex[:12]}"
    await ensure_database(url)
    await make_tables(url)
    yield url
    await admin.execute(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')


async def test_cases_are_taken_after_connections_were_ended_again_and_again(
    tmp_path: Path, front_url: str, admin: asyncpg.Connection
) -> None:
    """At whatever moment, that of the next statement included, of which the driver speaks with an error of its own."""
    store = ApprovalsStore(tmp_path)
    desk = TablesDesk(front_url, store, Pace(1000.0, 1000.0))
    desk.start()
    ended, deadline = 0, time.monotonic() + 20.0
    while ended < _ENDED:
        assert time.monotonic() < deadline, "nobody looks into the tables any more"
        ended += await admin.fetchval(_OTHERS, front_url.rpartition("/")[2])
        await asyncio.sleep(0)
    async with FrontDatabase.opened(front_url, 5.0, 1) as front:
        await TablesApprovalSystem("t", front, read_file).send_case("after", case_of("请等待"))

        async def taken() -> bool:
            return "after" in store.cases

        await until(taken, bool)
    await desk.stop()
    with contextlib.suppress(OSError):
        store.close()
