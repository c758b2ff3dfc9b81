"""WeChat's access token, shared by all processes and renewed by one of them at a time.

``stable_token`` is used, not the older ``token``: in its normal mode it repeats the token in force, so that two
processes that ask at once do not invalidate each other. Its forced mode is allowed 20 times a day (source: WeChat's
documentation of stable_token), so it stands behind the normal mode.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from redis.asyncio import Redis

from wechat.token_store import Held, TokenStore
from wechat.transport import call, lifetime, text

_API = "/cgi-bin/stable_token"
# The platform renews a token in the last five minutes of its life: let go of ours before that.
_MARGIN_SECONDS = 300.0
# How long a process trusts its own copy before it looks at the shared one again.
_LOCAL_SECONDS = 10.0


def read_token(answer: Mapping[str, Any], *, api: str) -> tuple[str, float]:
    """The token of an answer and the seconds to use it for. Raises WeChatAmbiguousError where either is missing."""
    token, seconds = text(answer, "access_token", api=api), lifetime(answer, api=api)
    return token, seconds - min(_MARGIN_SECONDS, seconds / 10)


class AccessTokens:
    """The access token of one app.

    ``redis`` is where processes share it; without it, or while it is away, each process keeps its own. ``base_url`` is
    WeChat's address where ``http`` has none of its own. ``patience`` is how many seconds to wait for another process
    that is fetching; ``clock`` gives seconds that never go back.
    """

    def __init__(
        self,
        appid: str,
        secret: str,
        http: httpx.AsyncClient,
        redis: Redis | None,
        base_url: str = "",
        *,
        patience: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._appid = appid
        self._secret = secret
        self._http = http
        self._base_url = base_url
        self._store = TokenStore(redis, appid, patience=patience) if redis is not None else None
        self._clock = clock
        self._token = ""
        self._fresh_until = 0.0
        self._flights: dict[str | None, asyncio.Task[str]] = {}

    async def get(self) -> str:
        """The token in force. Raises the errors of ``wechat.transport.call`` where none can be had."""
        return self._local() or await self._fly(None)

    async def refresh(self, stale: str) -> str:
        """Another token than ``stale``, which the platform has refused: the shared one or a new one.

        Raises the errors of ``wechat.transport.call``.
        """
        token = self._local()
        return token if token and token != stale else await self._fly(stale)

    def _local(self) -> str:
        return self._token if self._clock() < self._fresh_until else ""

    def _remember(self, token: str, seconds: float) -> str:
        self._token, self._fresh_until = token, self._clock() + seconds
        return token

    async def _fly(self, stale: str | None) -> str:
        # One task for all callers: a failure is everybody's at once, and a caller that hangs up stops nobody else.
        flight = self._flights.get(stale)
        if flight is None:
            flight = self._flights[stale] = asyncio.create_task(self._obtain(stale))
            flight.add_done_callback(lambda done: self._landed(stale, done))
        return await asyncio.shield(flight)

    def _landed(self, stale: str | None, flight: asyncio.Task[str]) -> None:
        del self._flights[stale]
        if not flight.cancelled():
            flight.exception()  # marks it as seen, should every caller have hung up

    async def _obtain(self, stale: str | None) -> str:
        found = await self._store.read_or_lock(stale) if self._store else None
        if isinstance(found, Held):
            return self._remember(found.token, min(found.seconds, _LOCAL_SECONDS))
        if self._store is None or found is None:
            return self._remember(*await self.fetch(stale))
        try:
            token, seconds = await self.fetch(stale)
            shared = await self._store.write(token, seconds)
        finally:
            await self._store.unlock(found)
        return self._remember(token, min(seconds, _LOCAL_SECONDS) if shared else seconds)

    async def fetch(self, stale: str | None) -> tuple[str, float]:
        """A token from the platform, if possible another than ``stale``, and its seconds; nothing is remembered.

        A platform that gives tokens in another way has its own. Raises the errors of ``wechat.transport.call``.
        """
        token, seconds = await self._ask(force=False)
        if token == stale:
            token, seconds = await self._ask(force=True)
        return token, seconds

    async def _ask(self, *, force: bool) -> tuple[str, float]:
        answer = await call(
            self._http,
            "POST",
            _API,
            base_url=self._base_url,
            json={
                "grant_type": "client_credential",
                "appid": self._appid,
                "secret": self._secret,
                "force_refresh": force,
            },
        )
        return read_token(answer, api=_API)
