"""A house without a worker, on a database of its own: where a test turns the clock far ahead or lets all data go."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from uuid import uuid4

import pytest
from pydantic import SecretStr

from app.applications.materials import allowance
from app.bootstrap import House, open_house
from app.demo.house import ensure_database
from app.identity.staff_accounts import ensure_demonstration_staff
from app.kit import db
from app.licences.keys.service import make_missing
from app.privacy.models import RetentionRun
from app.schema import migrate_database
from app.upkeep.city import load_city
from config.settings import CITY_DATA, Settings


@pytest.fixture(scope="session")
def quiet_settings(settings: Settings) -> Settings:
    """Settings of a database that nobody else uses."""
    base, _, _ = settings.database_url.get_secret_value().rpartition("/")
    name = f"quiet_{uuid4().hex}"
    quiet = settings.model_copy(update={"database_url": SecretStr(f"{base}/{name}")})
    asyncio.run(_make(quiet))
    return quiet


async def _make(settings: Settings) -> None:
    url = settings.database_url.get_secret_value()
    await ensure_database(url)
    await migrate_database(url)
    async with open_house(settings) as house:
        await load_city(CITY_DATA)
        await ensure_demonstration_staff()
        await make_missing(house.licence_keys, "test")


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
