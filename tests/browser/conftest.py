"""A running house, and browsers that open its pages."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from app.bootstrap import House, open_house
from app.demo.plan import Plan
from config.settings import Settings
from tests.browser.browsers import new_context, running_browser
from tests.people import Person

T = TypeVar("T")

# Other processes may have the machine for a while: what a page comes to is waited for.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium, for the tests of one file."""
    with running_browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
def contexts(browser: Browser, plan: Plan) -> Iterator[Callable[..., BrowserContext]]:
    """Makes phones; a person is signed in on theirs."""
    made: list[BrowserContext] = []

    def make(person: Person | None = None, **options: Any) -> BrowserContext:
        made.append(new_context(browser, plan, person, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


class Within:
    """Runs what needs a house of its own, beside Playwright, whose loop no other may share."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, work: Callable[[House], Awaitable[T]]) -> T:
        """What ``work`` returns."""

        async def run() -> T:
            async with open_house(self._settings) as house:
                return await work(house)

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(run())).result()


@pytest.fixture
def within(settings: Settings) -> Within:
    """Runs what needs a house."""
    return Within(settings)
