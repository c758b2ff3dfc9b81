"""WeChat's access token, shared by all processes and renewed by one of them at a time.

``stable_token`` is used, not the older ``token``: in its normal mode it repeats the token in force, so that two
processes that ask at once do not invalidate each other. Its forced mode is allowed 20 times a day, at least 30 seconds
apart (source: WeChat's documentation of stable_token), so it stands behind the normal mode.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from wechat.errors import WeChatRefusedError
from wechat.limits import Limits
from wechat.quotas import FORCED_TOKEN
from wechat.reading import lifetime, text
from wechat.sharing import SharedToken, TokenStore, usable
from wechat.transport import call

_API = "/cgi-bin/stable_token"


def read_token(answer: Mapping[str, Any], *, api: str) -> tuple[str, float]:
    """The token of an answer and the seconds to use it for. Raises WeChatAmbiguousError where either is missing."""
    return text(answer, "access_token", api=api), usable(lifetime(answer, api=api))


class AccessTokens(SharedToken):
    """The access token of one app; for the rest see ``SharedToken``.

    Raises the errors of ``wechat.account.Account`` where none can be had.
    """

    def __init__(
        self,
        appid: str,
        secret: str,
        http: httpx.AsyncClient,
        stores: Sequence[TokenStore] = (),
        limits: Limits | None = None,
        *,
        patience: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(stores, patience=patience, clock=clock)
        self._appid = appid
        self._secret = secret
        self._http = http
        self._limits = limits

    async def fetch(self, stale: str | None) -> tuple[str, float]:
        """See ``SharedToken``."""
        token, seconds = await self._ask(_API, force=False)
        if token == stale:
            token, seconds = await self._ask(FORCED_TOKEN, force=True)
        return token, seconds

    async def _ask(self, counted: str, *, force: bool) -> tuple[str, float]:
        if self._limits is not None:
            await self._limits.take(counted)
        body = {
            "grant_type": "client_credential",
            "appid": self._appid,
            "secret": self._secret,
            "force_refresh": force,
        }
        try:
            return read_token(await call(self._http, "POST", _API, json=body), api=_API)
        except WeChatRefusedError as refused:
            if self._limits is not None:
                await self._limits.heed(refused, counted)
            raise
