"""Shared data over signed HTTP, for people who wait: asked for a moment, and not while it is known to be away."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from app.kit.ports import AmbiguousError, PortError, RefusedError, TryLaterError
from app.kit.signed_http import SignedHttp

REST_SECONDS = 10.0
"""For so long a set that did not answer is not asked again by this process, so that nobody waits for it in vain."""


class HttpSharedData:
    """SharedData over the signed HTTP protocol: ``POST /shared-data/{set}``."""

    def __init__(self, http: SignedHttp, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """``seconds`` is the time for a whole answer; ``clock`` counts seconds."""
        self._http, self._seconds, self._clock = http, seconds, clock
        self._resting: dict[str, float] = {}

    async def fetch(self, data_set: str, subject: dict[str, str]) -> dict[str, Any]:
        """See ``SharedData``. Raises TryLaterError ``resting`` without asking where the set was away just now."""
        if self._resting.get(data_set, 0.0) > self._clock():
            raise TryLaterError("resting")
        try:
            values = await self._ask(data_set, subject)
        except RefusedError:
            # Said of one subject: others are answered.
            raise
        except PortError:
            self._resting[data_set] = self._clock() + REST_SECONDS
            raise
        self._resting.pop(data_set, None)
        return values

    async def _ask(self, data_set: str, subject: dict[str, str]) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._http.request(
                    "POST", f"/shared-data/{data_set}", subject, expected=frozenset({200, 404})
                )
        except TimeoutError as error:
            raise AmbiguousError("no_answer") from error
        if answer.status == 404:  # noqa: PLR2004  # Not Found
            return {}
        values = answer.body.get("values") if isinstance(answer.body, dict) else None
        if not isinstance(values, dict):
            raise AmbiguousError("unreadable_answer")
        return values
