"""The events that WeChat's stand-in pushes by itself, some time after the call that caused them."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, Field

from app.sandbox.wechat.apps import WeChatApp
from app.sandbox.wechat.push import Pusher
from app.sandbox.wechat.push_body import Format, Mode, Style

_PUSHES_AT_ONCE = 32
Fields = Callable[[Format], dict[str, Any]]


class _StyleBody(BaseModel):
    mode: Mode
    format: Format


class EventSettings(BaseModel):
    """Which events come, how late, and how each app's callback is set."""

    delivery: bool = False
    outcome: str = "success"
    after_seconds: float = Field(default=0.1, ge=0, le=60)
    official: _StyleBody = _StyleBody(mode="secure", format="xml")
    mini: _StyleBody = _StyleBody(mode="secure", format="json")

    def style(self, app: WeChatApp) -> Style:
        """How pushes to an app look."""
        body = self.mini if app.kind == "mini" else self.official
        return Style(body.mode, body.format)


class Events:
    """A queue of events, pushed in the order in which they fall due. In memory only: a kill forgets those waiting."""

    def __init__(self) -> None:
        self.settings = EventSettings()
        self.pushed = 0
        self.failed = 0
        self._waiting: deque[tuple[float, WeChatApp, int, Fields]] = deque()
        self._woken = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._open = 0

    def start(self, pusher: Pusher) -> None:
        """Begin to push."""
        self._tasks = [asyncio.create_task(self._work(pusher)) for _ in range(_PUSHES_AT_ONCE)]

    async def stop(self) -> None:
        """Stop in the middle."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def later(self, app: WeChatApp, fields: Fields) -> None:
        """Push an event after the time that is set; ``fields`` writes it for XML or JSON."""
        self._waiting.append((time.monotonic() + self.settings.after_seconds, app, int(time.time()), fields))
        self._woken.set()

    def public(self) -> dict[str, Any]:
        """The settings and how many events wait, were taken by the product and were given up."""
        counts = {"waiting": len(self._waiting) + self._open, "pushed": self.pushed, "failed": self.failed}
        return {**self.settings.model_dump(), **counts}

    async def _work(self, pusher: Pusher) -> None:
        while True:
            while not self._waiting:
                self._woken.clear()
                await self._woken.wait()
            due, app, created_at, fields = self._waiting.popleft()
            self._open += 1
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            style = self.settings.style(app)
            complete = pusher.complete(app, {"CreateTime": created_at, **fields(style.format)})
            delivery = await pusher.deliver(app, complete, style)
            self._open -= 1
            if delivery.problem:
                self.failed += 1
            else:
                self.pushed += 1
