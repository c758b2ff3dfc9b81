"""The catalogue's commands, as whoever holds the server types them."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from app.bootstrap import open_house
from app.catalogue.guide import Guide
from app.catalogue.models import ItemVersion, VersionOrigin
from app.catalogue.queries import get_item
from app.catalogue.service import bring_into_effect, lock_publishing, publish_guides
from app.commands import catalogue_check
from app.commands.catalogue_check import add_commands
from app.demo.plan import Plan
from app.kit import clock
from app.kit.db import transaction
from app.upkeep.known import guides_in_effect
from config.settings import Settings

FOOD = "11230800JB0000017Q3000131001001"


@pytest.fixture
def quiet_environment(quiet_settings: Settings, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The commands read the settings of the house, and the database that nobody else uses."""
    monkeypatch.setenv("JIABAN_CONFIG_FILE", str(plan.config_file))
    monkeypatch.setenv("JIABAN_DATABASE_URL", quiet_settings.database_url.get_secret_value())
    monkeypatch.setattr(catalogue_check._console, "width", 250)
    return quiet_settings


def run(*words: str) -> int:
    """Run a command of the group."""
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True))
    arguments = parser.parse_args(words)
    code: int = arguments.function(arguments)
    return code


@asynccontextmanager
async def faulty(settings: Settings) -> AsyncIterator[None]:
    """The food licence with steps that do not add up, and a link to this machine."""
    async with open_house(settings):
        guide = (await get_item(FOOD)).guide
        broken = guide.model_copy(update={"promised_days": 1, "conditions": ["见https://127.0.0.1:9/x。"]})
        await _publish(broken)
    yield
    async with open_house(settings):
        await _publish(guide)


async def _publish(guide: Guide) -> None:
    async with transaction():
        await lock_publishing()
        await publish_guides([guide], clock.today(), VersionOrigin.TABLES)
        await bring_into_effect([FOOD])


def test_the_citys_guides_have_no_errors(quiet_environment: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """Their number is told, and that of the warnings; the warnings where they are asked for."""
    del quiet_environment
    assert run("check") == 0
    told = capsys.readouterr().out
    assert " guides, 0 errors, " in told
    assert int(told.split(" guides")[0]) >= 20
    assert FOOD not in told
    assert run("check", "--warnings", FOOD) == 0
    assert FOOD in capsys.readouterr().out


def test_what_is_wrong_is_listed_and_is_the_exit_code(
    quiet_environment: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """The guide's place, the sentence, the link that leads into the house, and an item that is none."""

    async def check() -> list[tuple[int, str]]:
        async with faulty(quiet_environment):
            return [
                (await asyncio.to_thread(run, *words), capsys.readouterr().out)
                for words in (("check",), ("check", "--links", FOOD))
            ]

    (code, plain), (_, linked) = asyncio.run(check())
    assert code == 1
    assert "各办理环节的天数之和与承诺时限不一致。" in plain
    assert "not_public" not in plain
    assert "https://127.0.0.1:9/x" in linked
    assert "not_public" in linked
    assert "1 links, 1 lead nowhere" in linked
    assert run("check", "nothing") == 1
    assert "nothing: no such item in effect" in capsys.readouterr().out


def test_figures_are_told_against_what_was_promised(
    quiet_environment: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole, each county, each department; a region that is none is a sentence."""
    del quiet_environment
    assert run("figures") == 0
    told = capsys.readouterr().out
    assert "50% of city and county items online by 2018-12-31" in told
    assert "70% of city and county items online by 2019-12-31" in told
    assert "桦南县" in told
    assert "佳木斯市市场监督管理局" in told
    assert "visits spared: " in told
    assert run("figures", "--region", "999999") == 1
    assert "region_unknown" in capsys.readouterr().out
    assert run("figures", "--region", "230822", "--department", "scjg") == 0
    narrowed = capsys.readouterr().out
    assert "桦南县" in narrowed
    assert "汤原县" not in narrowed


async def test_guides_are_read_as_they_are_in_effect(quiet_settings: Settings) -> None:
    """Each once, in order; not what is planned, not what ended."""
    async with open_house(quiet_settings):
        before = [guide.item_code async for guide in guides_in_effect()]
        assert before == sorted(set(before))
        assert FOOD in before
        newest = await ItemVersion.filter(item_code=FOOD, state="published").order_by("-number").first()
        assert newest is not None
        plain = {name: getattr(newest, name) for name in ("item_code", "state", "department", "guide", "digest")}
        planned = ItemVersion(
            **plain,
            number=(newest.number or 0) + 1,
            offered=False,
            effective_on=clock.today() + timedelta(days=9),
            created_at=clock.now(),
            updated_at=clock.now(),
        )
        await planned.save()
        try:
            assert [guide.item_code async for guide in guides_in_effect([FOOD, "x"])] == [FOOD]
            with clock.travel(timedelta(days=9)):
                assert [guide.item_code async for guide in guides_in_effect()] == [c for c in before if c != FOOD]
        finally:
            await planned.delete()
