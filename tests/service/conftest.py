"""A house without a worker, on a database of its own: where a test turns the clock far ahead or lets all data go."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from uuid import uuid4

import asyncpg
import pytest
from pydantic import SecretStr

from app.applications.materials import allowance
from app.bootstrap import House, open_house
from app.demo.house import ensure_database
from app.demo.plan import Plan
from app.identity.staff_accounts import ensure_demonstration_staff
from app.kit import db
from app.licences.keys.service import make_missing
from app.privacy.models import RetentionRun
from app.schema import migrate_database
from app.upkeep.city import load_city
from config.settings import CITY_DATA, Settings


@pytest.fixture(scope="session")
def migrated(plan: Plan) -> str:
    """The name of a migrated and empty database to copy: applying every migration takes longer than a copy."""
    server, _, _ = plan.database_url.rpartition("/")
    name = f"migrated_{uuid4().hex}"

    async def make() -> None:
        await ensure_database(f"{server}/{name}")
        await migrate_database(f"{server}/{name}")

    asyncio.run(make())
    return name


async def copy_database(server: str, template: str) -> str:
    """Copy a database that nobody is connected to; returns the address of the copy."""
    name = f"{template.partition('_')[0]}_{uuid4().hex}"
    admin = await asyncpg.connect(f"{server}/postgres")
    try:
        await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    finally:
        await admin.close()
    return f"{server}/{name}"


@pytest.fixture(scope="session")
def with_city(plan: Plan, settings: Settings, migrated: str) -> str:
    """The name of a database with the city in it and nothing else, to copy."""
    server, _, _ = plan.database_url.rpartition("/")

    async def make() -> str:
        url = await copy_database(server, migrated)
        async with open_house(settings.model_copy(update={"database_url": SecretStr(url)})):
            await load_city(CITY_DATA)
        return url.rpartition("/")[2]

    return asyncio.run(make())


@pytest.fixture(scope="session")
def quiet_settings(plan: Plan, settings: Settings, with_city: str) -> Settings:
    """Settings of a database that nobody else uses."""
    server, _, _ = plan.database_url.rpartition("/")

    async def make() -> Settings:
        url = await copy_database(server, with_city)
        quiet = settings.model_copy(update={"database_url": SecretStr(url)})
        async with open_house(quiet) as house:
            await ensure_demonstration_staff()
            await make_missing(house.licence_keys, "test")
        return quiet

    return asyncio.run(make())


@pytest.fixture
async def quiet(quiet_settings: Settings) -> AsyncIterator[House]:
    """A house without a worker, before whose first night it is."""
    async with open_house(quiet_settings) as house:
        await RetentionRun.all().delete()
        yield house


_EMPTY = "TRUNCATE audit_records, audit_changes, audit_heads, audit_checkpoints"


@pytest.fixture
async def empty_audit(quiet: House) -> AsyncIterator[House]:
    """A house whose audit is empty: where a test is about the whole audit, or breaks it."""
    await db.rows(_EMPTY)
    yield quiet
    await db.rows(_EMPTY)


@pytest.fixture
def allowance_of(quiet: House) -> Iterator[Callable[[int], None]]:
    """Sets how many bytes drafts may hold, until the end of the test."""
    yield allowance.install
    allowance.install(quiet.settings.drafts_max_bytes)
