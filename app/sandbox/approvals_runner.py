"""Keeps the cases moving: their own next steps, the pushes of their events, the fetching of their materials."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from app.sandbox.answers import dumps
from app.sandbox.approvals_case import Case, Event
from app.sandbox.approvals_flow import Pace, next_push, next_step
from app.sandbox.approvals_store import ApprovalsStore
from app.sandbox.product import Reply, persist

_log = logging.getLogger(__name__)
_CALLBACK = "/callbacks/approvals"


class Outlet(Protocol):
    """The way back to the product, over which events go and materials come."""

    async def post(self, path: str, body: bytes) -> Reply:
        """Hand an event over, once."""

    async def get(self, path: str) -> Reply:
        """Fetch a material, once."""


class Runner:
    """Timers and tasks of all cases, at most one of each sort a case. It lives on the running event loop."""

    def __init__(self, store: ApprovalsStore, product: Outlet, pace: Pace) -> None:
        self._store = store
        self._product = product
        self._pace = pace
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}

    def start(self) -> None:
        """Take up every case where the journal left it."""
        self._store.on_change = self._touch
        for case in self._store.cases.values():
            self._touch(case)

    async def stop(self) -> None:
        """Stop all timers and tasks; what is not settled goes on after the next start."""
        for timer in self._timers.values():
            timer.cancel()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _touch(self, case: Case) -> None:
        timer = self._timers.pop(case.case_no, None)
        if timer is not None:
            timer.cancel()
        step = next_step(case, self._pace)
        if step is not None:
            self._timers[case.case_no] = asyncio.get_running_loop().call_later(step.delay, self._advance, case)
        if next_push(case) is not None:
            self._run("push", case, self._push)
        if any(material.verified is None for material in case.materials):
            self._run("verify", case, self._verify)

    def _advance(self, case: Case) -> None:
        step = next_step(case, self._pace)
        if step is not None:
            self._store.emit(case, step.drafts)

    def _run(self, sort: str, case: Case, work: Callable[[Case], Awaitable[None]]) -> None:
        key = (sort, case.case_no)
        if key in self._tasks:
            return

        async def run() -> None:
            try:
                await work(case)
            except OSError as error:
                _log.warning("the journal refused a %s: %s", sort, type(error).__name__)
            finally:
                del self._tasks[key]

        self._tasks[key] = asyncio.get_running_loop().create_task(run())

    async def _push(self, case: Case) -> None:
        while (event := next_push(case)) is not None:
            reply = await persist(partial(self._post, event))
            self._store.pushed(event, delivered=reply is not None)

    async def _post(self, event: Event) -> Reply:
        event.pushes += 1
        return await self._product.post(_CALLBACK, dumps(event.protocol()).encode())

    async def _verify(self, case: Case) -> None:
        for index, material in enumerate(case.materials):
            if material.verified is None:
                reply = await persist(partial(self._product.get, material.path))
                matches = reply is not None and reply.sha256 == material.sha256.lower()
                self._store.verified(case, index, verified=matches)
