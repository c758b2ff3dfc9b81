"""A running house, and browsers that open its pages."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from app.demo.plan import Plan
from tests.browser.browsers import new_context, running_browser
from tests.people import Person


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
