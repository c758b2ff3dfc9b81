"""One app's way to WeChat: its HTTP client, its token and its quotas, in each call."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

import httpx

from wechat.codes import Advice
from wechat.errors import WeChatRefusedError
from wechat.limits import Limits
from wechat.tokens import AccessTokens
from wechat.transport import call, call_for_image

_T = TypeVar("_T")


class Tokens(Protocol):
    """Where access tokens come from; both methods raise the errors of ``wechat.errors`` where none can be had."""

    async def get(self) -> str:
        """The token in force."""
        ...

    async def refresh(self, stale: str) -> str:
        """Another token than ``stale``, which the platform has refused."""
        ...


class Account:
    """One mini-program or official account.

    ``http`` carries WeChat's address as its base URL, and the time-outs (``wechat.transport.open_http`` makes one).
    Without ``tokens`` the account has a token that it shares with nobody, without ``limits`` nothing is counted.
    Nothing is repeated but a call that was refused for its token, once. Every method raises WeChatRefusedError,
    WeChatLimitedError, WeChatUnreachableError or WeChatAmbiguousError.
    """

    def __init__(
        self,
        appid: str,
        secret: str,
        http: httpx.AsyncClient,
        tokens: Tokens | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.appid = appid
        self.limits = limits
        self._secret = secret
        self._http = http
        self._tokens = tokens or AccessTokens(appid, secret, http, limits=limits)

    async def get(self, api: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """GET an API with the token."""
        return await self._with_token(
            api, lambda token: call(self._http, "GET", api, params={"access_token": token, **(params or {})})
        )

    async def post(self, api: str, body: Mapping[str, object], *, taken: bool = False) -> dict[str, Any]:
        """POST to an API with the token; ``taken`` says that ``limits.take`` has counted the call already."""
        return await self._with_token(
            api, lambda token: call(self._http, "POST", api, params={"access_token": token}, json=body), taken=taken
        )

    async def post_for_image(self, api: str, body: Mapping[str, object]) -> bytes:
        """POST to an API that answers an image."""
        return await self._with_token(
            api, lambda token: call_for_image(self._http, api, params={"access_token": token}, json=body)
        )

    async def upload(self, api: str, params: Mapping[str, str], file: tuple[str, bytes, str]) -> dict[str, Any]:
        """POST a file (name, content, type) to an API with the token."""
        return await self._with_token(
            api, lambda token: call(self._http, "POST", api, params={"access_token": token, **params}, file=file)
        )

    async def get_by_secret(self, api: str, params: Mapping[str, str]) -> dict[str, Any]:
        """GET an API of ``/sns/``, which wants the app's secret in place of a token."""
        own = {"appid": self.appid, "secret": self._secret}
        return await self._counted(api, lambda: call(self._http, "GET", api, params={**own, **params}))

    async def _with_token(self, api: str, send: Callable[[str], Awaitable[_T]], *, taken: bool = False) -> _T:
        token = await self._tokens.get()
        try:
            return await self._counted(api, lambda: send(token), taken=taken)
        except WeChatRefusedError as refused:
            if refused.advice is not Advice.REFRESH_TOKEN:
                raise
        # The platform said no, so nothing has happened and a repeat is safe; a second no stands.
        fresh = await self._tokens.refresh(token)
        return await self._counted(api, lambda: send(fresh))

    async def _counted(self, api: str, send: Callable[[], Awaitable[_T]], *, taken: bool = False) -> _T:
        if self.limits is None:
            return await send()
        if taken:
            self.limits.check(api)
        else:
            await self.limits.take(api)
        try:
            return await send()
        except WeChatRefusedError as refused:
            await self.limits.heed(refused)
            raise
