"""No statement of a path that is walked all day or each night reads a large table from end to end."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from tortoise import Tortoise

from app.bootstrap import House, open_house
from app.commands.case_filling import fill_cases
from app.commands.hot_paths import Walk
from app.commands.query_plans import LARGE, plans, recorded
from app.demo.plan import Plan
from app.kit import db
from config.settings import Settings
from tests.service.conftest import copy_database

CASES = 20_000
# Of the rows that a night looks at or that are under way, this many are enough; a scan would look at more.
MOST_TOUCHED = CASES // 10

_INDEXED = """
SELECT relname, attname FROM pg_index JOIN pg_class AS one ON one.oid = indrelid
JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0] WHERE indpred IS NULL
"""


@pytest.fixture
async def filled(plan: Plan, settings: Settings, with_city: str) -> AsyncIterator[tuple[House, str]]:
    """A house on a database of its own that is full of cases, and its address."""
    server, _, _ = plan.database_url.rpartition("/")
    url = await copy_database(server, with_city)
    async with open_house(settings.model_copy(update={"database_url": SecretStr(url)})) as house:
        await fill_cases(url, CASES)
        yield house, url


async def test_no_hot_path_reads_a_large_table_from_end_to_end(filled: tuple[House, str]) -> None:
    """Nor does an index scan pass over most of one."""
    house, url = filled
    large = {row["relname"] for row in await db.rows("SELECT relname FROM pg_class WHERE reltuples > $1", LARGE)}
    assert {"applications", "deliveries", "inbox_events", "audit_records", "messages", "sends", "licences"} <= large
    with recorded() as recorder:
        await Walk(house.blobs, house.record_signer, recorder).take()
    found = await plans(url, list(recorder.statements.values()))
    assert len(found) > 100
    slow = [plan for plan in found if plan.scanned or (plan.touched or 0) > MOST_TOUCHED]
    assert not [(plan.statement.step, sorted(plan.scanned), plan.touched, plan.statement.sql) for plan in slow]


async def test_what_the_models_say_is_indexed_is_indexed(house: House) -> None:
    """The ORM's migrations make no index for a field that is added."""
    del house
    indexed = {(row["relname"], row["attname"]) for row in await db.rows(_INDEXED)}
    declared = {
        (model._meta.db_table, model._meta.fields_db_projection[name])
        for model in Tortoise.apps["jiaban"].values()
        for name, field in model._meta.fields_map.items()
        if field.index and name in model._meta.fields_db_projection
    }
    assert declared
    assert declared <= indexed
