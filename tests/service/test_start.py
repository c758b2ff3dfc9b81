"""What may start, and on which database."""

from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr

from app.bootstrap import House, open_house, refuse_stand_ins
from app.demo.plan import Plan
from app.schema import OtherReleaseError, migrate_database, pending_changes
from config.settings import (
    ApprovalsSettings,
    ProvinceSettings,
    RelyingSystemSettings,
    S3Settings,
    ScannerSettings,
    Settings,
    SharedDataSettings,
    UnsafeStartError,
    WeChatSettings,
    WorkSettings,
)
from media.s3 import S3Store
from media.storage import FolderStore
from tests.service.conftest import copy_database


async def test_the_models_want_no_migration_that_nobody_wrote(settings: Settings) -> None:
    """No drift between models and migrations."""
    assert await pending_changes(settings.database_url.get_secret_value()) == []


async def test_migrating_again_changes_nothing(settings: Settings, house: House) -> None:
    """A second run finds nothing to do."""
    del house
    await migrate_database(settings.database_url.get_secret_value())


async def test_a_database_of_another_release_is_left_as_it_is(plan: Plan, migrated: str) -> None:
    """Migrations that this release does not have are named, and nothing is made beside what is there."""
    server, _, _ = plan.database_url.rpartition("/")
    url = await copy_database(server, migrated)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("UPDATE tortoise_migrations SET name = '0029_verifying' WHERE name LIKE '0001%'")
        seen = "SELECT name FROM tortoise_migrations UNION SELECT relname FROM pg_class ORDER BY 1"
        before = await connection.fetch(seen)
        with pytest.raises(OtherReleaseError, match="0029_verifying"):
            await migrate_database(url)
        assert await connection.fetch(seen) == before
    finally:
        await connection.close()


LOOPBACK = "http://127.0.0.1:8811"
WORK = WorkSettings(corpid="ww0123456789abcdef", agent_id="1000002", secret=SecretStr("secret"))


def wechat(settings: Settings, **changes: str | bool) -> WeChatSettings:
    """WeChat's settings as a city would have them, with some changes."""
    real = {
        "base_url": "https://api.weixin.qq.com",
        "open_url": "https://open.weixin.qq.com",
        "mini_program_appid": "wx0123456789abcdef",
        "official_account_appid": "wxfedcba9876543210",
        "plain_pushes": False,
    }
    return settings.wechat.model_copy(update={**real, **changes})


def issued_by(settings: Settings, issuer: str) -> ProvinceSettings:
    """The provincial platform under another address."""
    assert settings.province is not None
    return settings.province.model_copy(update={"issuer": issuer})


def shared(settings: Settings, base_url: str) -> SharedDataSettings:
    """The bodies that share data under another address."""
    assert settings.shared_data is not None
    return settings.shared_data.model_copy(update={"base_url": base_url, **secret()})


def s3(endpoint: str) -> S3Settings:
    """An object store under an address."""
    return S3Settings(endpoint=endpoint, bucket="blobs", access_key_id="id", secret_access_key=SecretStr("secret"))


def handed_to(settings: Settings, base_url: str, length: int = 32) -> ApprovalsSettings:
    """The city's approval system under another address, with a secret of so many characters."""
    city = settings.approvals.connectors["city"].model_copy(update={"base_url": base_url, **secret(length)})
    return settings.approvals.model_copy(update={"connectors": {"city": city}})


def secret(length: int = 32) -> dict[str, SecretStr]:
    """A secret that is agreed on with another system."""
    return {"secret": SecretStr("k" * length)}


def relying(settings: Settings, length: int) -> dict[str, RelyingSystemSettings]:
    """The systems that verify licences, with secrets of so many characters."""
    return {name: one.model_copy(update=secret(length)) for name, one in settings.relying_systems.items()}


def production(settings: Settings, **changes: Any) -> Settings:
    """Settings as a city would have them, with some changes."""
    real = {
        "environment": "production",
        "sandbox": None,
        "public_url": "https://jiaban.example.gov.cn",
        "wechat": wechat(settings),
        "work": WORK,
        "sms": None,
        "authority": settings.authority.model_copy(update={"base_url": "https://authority.example.gov.cn", **secret()}),
        "approvals": handed_to(settings, "https://approvals.example.gov.cn"),
        "province": issued_by(settings, "https://id.example.gov.cn/oidc"),
        "shared_data": shared(settings, "https://data.example.gov.cn"),
        "relying_systems": relying(settings, 32),
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
    "sms.base_url points": lambda demo: {"sms": demo.sms},
    "wechat.plain_pushes would": lambda demo: {"wechat": wechat(demo, plain_pushes=True)},
    "ops_token can be guessed": lambda _: {"ops_token": SecretStr("k" * 31)},
    "relying_systems.schools.secret can be guessed": lambda demo: {"relying_systems": relying(demo, 31)},
    "approvals.connectors.city.secret can be guessed": lambda demo: {
        "approvals": handed_to(demo, "https://approvals.example.gov.cn", 31)
    },
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
