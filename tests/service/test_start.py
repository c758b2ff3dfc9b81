"""What may start, and on which database."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from tortoise import Tortoise
from tortoise.migrations.api import migrate

from app.bootstrap import House, UnsafeStartError, open_house, refuse_stand_ins
from app.demo.house import ensure_database
from app.kit.db import tortoise_config
from app.schema import migrate_database, pending_changes
from config.settings import Settings


async def test_the_models_want_no_migration_that_nobody_wrote(settings: Settings) -> None:
    """No drift between models and migrations."""
    assert await pending_changes(settings.database_url.get_secret_value()) == []


async def test_migrating_again_changes_nothing(settings: Settings, house: House) -> None:
    """A second run finds nothing to do."""
    del house
    await migrate_database(settings.database_url.get_secret_value())


async def test_a_database_that_holds_rows_is_brought_up_to_date(settings: Settings) -> None:
    """From the first release on, with a citizen and a session in it."""
    url = settings.database_url.get_secret_value()
    base, _, _ = url.rpartition("/")
    name = f"old_{uuid4().hex}"
    await ensure_database(f"{base}/{name}")
    try:
        await migrate(config=tortoise_config(f"{base}/{name}"), target="jiaban.0002_search")
        await Tortoise.close_connections()
        connection = await asyncpg.connect(f"{base}/{name}")
        citizen = "INSERT INTO citizens (id, level, created_at) VALUES ($1, 0, now())"
        await connection.execute(citizen, one := uuid4())
        session = "INSERT INTO sessions (id, citizen_id, created_at) VALUES ($1, $2, now())"
        await connection.execute(session, uuid4(), one)
        await migrate_database(f"{base}/{name}")
        kept = "SELECT last_used_at = created_at FROM sessions WHERE citizen_id = $1"
        assert await connection.fetchval(kept, one) is True
        await connection.close()
    finally:
        admin = await asyncpg.connect(f"{base}/postgres")
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()


def production(settings: Settings, **changes: Any) -> Settings:
    """Settings as a city would have them, with some changes."""
    real = {
        "environment": "production",
        "sandbox": None,
        "public_url": "https://jiaban.example.gov.cn",
        "wechat": settings.wechat.model_copy(
            update={
                "base_url": "https://api.weixin.qq.com",
                "mini_program_appid": "wx0123456789abcdef",
                "official_account_appid": "wxfedcba9876543210",
            }
        ),
        "authority": settings.authority.model_copy(update={"base_url": "https://authority.example.gov.cn"}),
        "approvals": settings.approvals.model_copy(update={"base_url": "https://approvals.example.gov.cn"}),
    }
    return settings.model_copy(update={**real, **changes})


def test_real_settings_may_start(settings: Settings) -> None:
    """What the refusals are measured against."""
    refuse_stand_ins(production(settings))


STAND_INS: dict[str, Callable[[Settings], dict[str, Any]]] = {
    "sandbox": lambda demo: {"sandbox": demo.sandbox},
    "WeChat's address": lambda demo: {"wechat": demo.wechat},
    "the authority's address": lambda demo: {"authority": demo.authority},
    "the approval system's address": lambda demo: {"approvals": demo.approvals},
    "our own address": lambda demo: {"public_url": demo.public_url},
    "no encryption": lambda _: {"public_url": "http://jiaban.example.gov.cn"},
    "an app id of the stand-in": lambda demo: {
        "wechat": demo.wechat.model_copy(update={"base_url": "https://api.weixin.qq.com"})
    },
}


@pytest.mark.parametrize("name", STAND_INS)
def test_production_refuses_anything_of_the_stand_ins(settings: Settings, name: str) -> None:
    """Each by itself is enough."""
    with pytest.raises(UnsafeStartError):
        refuse_stand_ins(production(settings, **STAND_INS[name](settings)))


async def test_production_refuses_a_database_with_demonstration_accounts(settings: Settings) -> None:
    """The settings are real, the database is the demonstration's."""
    with pytest.raises(UnsafeStartError, match="demonstration"):
        async with open_house(production(settings)):
            pass
