"""What a test with a browser does in the house itself."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from app.bootstrap import open_house
from config.settings import Settings

T = TypeVar("T")


def in_house(settings: Settings, act: Callable[[], Awaitable[T]]) -> T:
    """What ``act`` gives, on the running engines; in another thread, since Playwright's loop runs in this one."""

    async def acted() -> T:
        async with open_house(settings):
            return await act()

    with ThreadPoolExecutor(1) as other:
        return other.submit(asyncio.run, acted()).result()
