"""``jiaban preflight``: whether a city can open its doors: every address, key, template and date is tried once.

Nothing is sent to a citizen and nothing of a citizen is sent. What is wrong comes with what to do.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import asyncpg
from rich.console import Console
from rich.table import Table
from tortoise.exceptions import BaseORMException

from app.bootstrap import install_keyring, open_house, refuse_stand_ins
from app.commands import probes
from app.commands.probes import NotRightError
from app.kit import db
from app.kit.ports import PortError
from config.settings import Settings, UnsafeStartError, load_settings
from wechat.errors import WeChatError

_SECONDS = 20.0
Probe = Callable[[], Awaitable[str]]


class Verdict(StrEnum):
    """How something stands: SOON is right today and will not be."""

    RIGHT = "right"
    SOON = "soon"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe found, and what to do where it is not right."""

    name: str
    verdict: Verdict
    said: str
    advice: str = ""


def add_commands(command: argparse.ArgumentParser) -> None:
    """``preflight`` is told nothing."""
    command.set_defaults(function=_preflight)


def _preflight(arguments: argparse.Namespace) -> int:
    del arguments
    found = asyncio.run(examine(load_settings()))
    table = Table(box=None, pad_edge=False)
    for title in ("", "what", "found", "what to do"):
        table.add_column(title, overflow="fold")
    for one in found:
        table.add_row(one.verdict, one.name, one.said, one.advice)
    Console(highlight=False).print(table)
    return 1 if any(one.verdict is Verdict.WRONG for one in found) else 0


async def examine(settings: Settings) -> list[Finding]:
    """Try everything; what cannot be tried without the database is not tried without it."""
    before = [
        await _tried("settings", "see docs/settings.md", _at_once(lambda: _settings(settings))),
        await _tried(
            "calendar", "update chinesecalendar, or enter the year in calendar.yaml", _at_once(probes.calendar)
        ),
        await _tried("database", "see docs/go-live.md", lambda: probes.database(settings)),
    ]
    reachable = [
        await _tried(name, "open the way to it, or see to its certificate", partial(probes.reach, url))
        for name, url in probes.outside(settings).items()
    ]
    if any(one.verdict is Verdict.WRONG for one in before):
        return [*before, *reachable]
    async with open_house(settings) as house:
        within = [await _tried(name, advice, probe) for name, advice, probe in probes.of_house(house)]
    return [*before, *reachable, *within]


def _settings(settings: Settings) -> str:
    try:
        refuse_stand_ins(settings)
        install_keyring(settings)
    except (UnsafeStartError, ValueError) as error:
        raise NotRightError(str(error)) from error
    return settings.environment


def _at_once(look: Callable[[], str]) -> Probe:
    async def probe() -> str:
        return look()

    return probe


async def _tried(name: str, advice: str, probe: Probe) -> Finding:
    try:
        async with asyncio.timeout(_SECONDS):
            return Finding(name, Verdict.RIGHT, await probe())
    except NotRightError as error:
        return Finding(name, Verdict.SOON if error.soon else Verdict.WRONG, str(error), error.advice or advice)
    except PortError as error:
        return Finding(name, Verdict.WRONG, error.reason, advice)
    except WeChatError as error:
        return Finding(name, Verdict.WRONG, str(error), advice)
    except (asyncpg.PostgresError, BaseORMException, *db.AWAY) as error:
        return Finding(name, Verdict.WRONG, type(error).__name__, advice)
