"""What may start, and on which database."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import yaml
from pydantic import SecretStr
from tortoise import Tortoise
from tortoise.migrations.api import migrate

from app.bootstrap import House, UnsafeStartError, open_house, refuse_stand_ins
from app.catalogue.guide import Guide
from app.demo.house import ensure_database
from app.kit.db import tortoise_config
from app.schema import migrate_database, pending_changes
from config.settings import (
    CITY_DATA,
    ApprovalsSettings,
    ProvinceSettings,
    S3Settings,
    ScannerSettings,
    Settings,
    SharedDataSettings,
    WeChatSettings,
    WorkSettings,
)
from media.s3 import S3Store
from media.storage import FolderStore


async def test_the_models_want_no_migration_that_nobody_wrote(settings: Settings) -> None:
    """No drift between models and migrations."""
    assert await pending_changes(settings.database_url.get_secret_value()) == []


async def test_migrating_again_changes_nothing(settings: Settings, house: House) -> None:
    """A second run finds nothing to do."""
    del house
    await migrate_database(settings.database_url.get_secret_value())


def old_guide() -> dict[str, Any]:
    """A guide in the shape that the first releases stored."""
    guide: dict[str, Any] = yaml.safe_load((CITY_DATA / "items" / "food_business.yaml").read_text(encoding="utf-8"))
    guide["form"] = {"schema": guide.pop("form_schema"), "example": guide.pop("form_example")}
    for material in guide["materials"]:
        material["replaced_by"] = material["replaced_by"] and material["replaced_by"]["title"]
    for added in ("themes", "links", "guidance"):
        guide.pop(added, None)
    return guide


async def test_a_database_that_holds_rows_is_brought_up_to_date(settings: Settings) -> None:
    """From the first release on, with a citizen, a session and an item in it."""
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
        old = old_guide()
        draft = """INSERT INTO applications (id, citizen_id, item_code, item_name, state, form, last_sequence,
            promised_provisional, created_at, updated_at)
            VALUES ($1, $2, $3, 'x', 'draft', $4, 0, false, now(), now())"""
        await connection.execute(draft, uuid4(), one, old["item_code"], b"x")
        item = """INSERT INTO items (item_code, name, short_name, keywords, department, region, audience, guide, digest)
            VALUES ($1, 'x', 'x', 'x', 'scjg', '230800', '["person"]', $2, 'x')"""
        await connection.execute(item, old["item_code"], json.dumps(old))
        await migrate_database(f"{base}/{name}")
        version = await connection.fetchrow("SELECT * FROM item_versions")
        assert (version["item_code"], version["number"], version["state"]) == (old["item_code"], 1, "published")
        guide = Guide.model_validate_json(version["guide"])
        assert guide.form_schema == old["form"]["schema"]
        replaced = [material.replaced_by.title if material.replaced_by else None for material in guide.materials]
        assert replaced == [material["replaced_by"] for material in old["materials"]]
        assert await connection.fetchval("SELECT item_version FROM applications") == 1
        kept = "SELECT last_used_at = created_at FROM sessions WHERE citizen_id = $1"
        assert await connection.fetchval(kept, one) is True
        await connection.close()
    finally:
        admin = await asyncpg.connect(f"{base}/postgres")
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()


LOOPBACK = "http://127.0.0.1:8811"
WORK = WorkSettings(corpid="ww0123456789abcdef", agent_id="1000002", secret=SecretStr("secret"))


def wechat(settings: Settings, **changes: str) -> WeChatSettings:
    """WeChat's settings as a city would have them, with some changes."""
    real = {
        "base_url": "https://api.weixin.qq.com",
        "open_url": "https://open.weixin.qq.com",
        "mini_program_appid": "wx0123456789abcdef",
        "official_account_appid": "wxfedcba9876543210",
    }
    return settings.wechat.model_copy(update={**real, **changes})


def issued_by(settings: Settings, issuer: str) -> ProvinceSettings:
    """The provincial platform under another address."""
    assert settings.province is not None
    return settings.province.model_copy(update={"issuer": issuer})


def shared(settings: Settings, base_url: str) -> SharedDataSettings:
    """The bodies that share data under another address."""
    assert settings.shared_data is not None
    return settings.shared_data.model_copy(update={"base_url": base_url})


def s3(endpoint: str) -> S3Settings:
    """An object store under an address."""
    return S3Settings(endpoint=endpoint, bucket="blobs", access_key_id="id", secret_access_key=SecretStr("secret"))


def handed_to(settings: Settings, base_url: str) -> ApprovalsSettings:
    """The city's approval system under another address."""
    city = settings.approvals.connectors["city"].model_copy(update={"base_url": base_url})
    return settings.approvals.model_copy(update={"connectors": {"city": city}})


def production(settings: Settings, **changes: Any) -> Settings:
    """Settings as a city would have them, with some changes."""
    real = {
        "environment": "production",
        "sandbox": None,
        "public_url": "https://jiaban.example.gov.cn",
        "wechat": wechat(settings),
        "work": WORK,
        "authority": settings.authority.model_copy(update={"base_url": "https://authority.example.gov.cn"}),
        "approvals": handed_to(settings, "https://approvals.example.gov.cn"),
        "province": issued_by(settings, "https://id.example.gov.cn/oidc"),
        "shared_data": shared(settings, "https://data.example.gov.cn"),
    }
    return settings.model_copy(update={**real, **changes})


@pytest.mark.parametrize("work", [WORK, None])
def test_real_settings_may_start(settings: Settings, work: WorkSettings | None) -> None:
    """What the refusals are measured against; a city may do without WeCom and without the provincial platform."""
    refuse_stand_ins(production(settings, work=work))
    refuse_stand_ins(production(settings, province=None))
    refuse_stand_ins(production(settings, shared_data=None))
    refuse_stand_ins(production(settings, s3=s3("https://s3.example.gov.cn")))


STAND_INS: dict[str, Callable[[Settings], dict[str, Any]]] = {
    "s3.endpoint points": lambda _: {"s3": s3(LOOPBACK)},
    "s3.endpoint must be an https": lambda _: {"s3": s3("http://s3.example.gov.cn")},
    "the sandbox": lambda demo: {"sandbox": demo.sandbox},
    "wechat.base_url points": lambda demo: {"wechat": wechat(demo, base_url=LOOPBACK)},
    "wechat.open_url points": lambda demo: {"wechat": wechat(demo, open_url=LOOPBACK)},
    "wechat.open_url must be an https": lambda demo: {"wechat": wechat(demo, open_url="http://open.weixin.qq.com")},
    "work.base_url points": lambda _: {"work": WORK.model_copy(update={"base_url": LOOPBACK})},
    "work.base_url must be an https": lambda _: {"work": WORK.model_copy(update={"base_url": "http://qyapi.cn"})},
    "authority.base_url points": lambda demo: {"authority": demo.authority},
    "approvals.connectors.city.base_url points": lambda demo: {"approvals": demo.approvals},
    "approvals.connectors.civil_affairs.database_url points": lambda demo: {
        "approvals": demo.approvals.model_copy(update={"connectors": demo.approvals.over_tables})
    },
    "province.issuer points": lambda demo: {"province": demo.province},
    "province.issuer must be an https": lambda demo: {"province": issued_by(demo, "http://id.example.gov.cn/oidc")},
    "shared_data.base_url points": lambda demo: {"shared_data": demo.shared_data},
    "shared_data.base_url must be an https": lambda demo: {"shared_data": shared(demo, "http://data.example.gov.cn")},
    "public_url points": lambda demo: {"public_url": demo.public_url},
    "public_url must be an https": lambda _: {"public_url": "http://jiaban.example.gov.cn"},
    "app id of the stand-in": lambda demo: {"wechat": wechat(demo, mini_program_appid="wxjiabansandbox02")},
    "corpid of the stand-in": lambda _: {"work": WORK.model_copy(update={"corpid": "wwjiabansandbox"})},
}


@pytest.mark.parametrize("sentence", STAND_INS)
def test_production_refuses_anything_of_the_stand_ins(settings: Settings, sentence: str) -> None:
    """Each by itself is enough, and the refusal says what it is."""
    with pytest.raises(UnsafeStartError, match=sentence):
        refuse_stand_ins(production(settings, **STAND_INS[sentence](settings)))


async def test_a_house_may_do_without_wecom(settings: Settings, house: House) -> None:
    """The staff's WeCom is there where it is configured, and nowhere else."""
    assert house.work is not None
    async with open_house(settings.model_copy(update={"work": None})) as plain:
        assert plain.work is None


async def test_a_house_keeps_its_files_in_a_folder_or_in_an_object_store(settings: Settings, house: House) -> None:
    """The store is there where it is configured, and the folder everywhere else."""
    assert isinstance(house.blobs, FolderStore)
    async with open_house(settings.model_copy(update={"s3": s3("https://s3.example.gov.cn")})) as other:
        assert isinstance(other.blobs, S3Store)


async def test_a_house_may_do_without_a_virus_scanner(settings: Settings, house: House) -> None:
    """The scanner is there where it is configured, and nowhere else."""
    assert house.scanner is not None
    assert (await house.scanner.scan(b"x")).clean
    async with open_house(settings.model_copy(update={"scanner": None})) as plain:
        assert plain.scanner is None


@pytest.mark.parametrize("scanner", [ScannerSettings(), None])
async def test_production_says_that_nothing_looks_for_viruses(
    settings: Settings, caplog: pytest.LogCaptureFixture, scanner: ScannerSettings | None
) -> None:
    """It starts all the same; here it ends at the demonstration's data."""
    with pytest.raises(UnsafeStartError):
        async with open_house(production(settings, scanner=scanner)):
            pass
    assert ("no virus scanner is set" in caplog.text) is (scanner is None)


async def test_production_refuses_a_database_with_demonstration_accounts(settings: Settings) -> None:
    """The settings are real, the database is the demonstration's."""
    with pytest.raises(UnsafeStartError, match="demonstration"):
        async with open_house(production(settings)):
            pass
