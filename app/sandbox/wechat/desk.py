"""The one way into WeChat's stand-in: every API is entered here, judged, counted, slowed down and answered."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from app.sandbox.answers import RefusedError, answer
from app.sandbox.faults import LONGEST_PAUSE, Faults, InjectedError
from app.sandbox.wechat.answers import PlatformError
from app.sandbox.wechat.apps import Apps, Kind, WeChatApp
from app.sandbox.wechat.quotas import DAY_USED_UP, MINUTE_USED_UP, Quotas
from app.sandbox.wechat.tokens import Tokens
from app.sandbox.wechat.troubles import Moment, Trouble, Troubles

Answer = dict[str, Any] | HTTPResponse
OK: dict[str, Any] = {"errcode": 0, "errmsg": "ok"}
_TEXTS = {
    -1: "system error",
    **dict((DAY_USED_UP, MINUTE_USED_UP)),
    40001: "invalid credential, access_token is invalid or not latest",
    42001: "access_token expired",
}


@dataclass(frozen=True, slots=True)
class _Api:
    path: str
    work: Callable[[Request, WeChatApp], Answer]
    kinds: tuple[Kind, ...]
    point: str


class _LostError(Exception):
    """The answer that a test asked for in place of WeChat's: an HTTP status, or none at all."""

    def __init__(self, status: int | None) -> None:
        super().__init__(f"status {status}" if status else "timeout")
        self.status = status


class Desk:
    """Serves APIs and counts their answers (in memory). What an API does is done at once and cannot be cut in half."""

    def __init__(self, apps: Apps, tokens: Tokens, faults: Faults) -> None:
        self.apps = apps
        self.quotas = Quotas()
        self.troubles = Troubles()
        self.counts: Counter[tuple[str, str]] = Counter()
        self.paths: set[str] = set()
        self._tokens = tokens
        self._faults = faults

    def serve(
        self,
        routes: Blueprint,
        method: str,
        path: str,
        work: Callable[[Request, WeChatApp], Answer],
        *,
        kinds: tuple[Kind, ...],
        point: str = "",
    ) -> None:
        """An API for apps of these kinds, which show an access token: ``work`` answers or raises PlatformError.

        ``point`` names its place among the faults, where it has one.
        """
        self._add(routes, method, _Api(path, work, kinds, point))

    def serve_open(
        self, routes: Blueprint, method: str, path: str, work: Callable[[Request], Answer], *, point: str = ""
    ) -> None:
        """An API that takes no access token: ``work`` looks at the app's secret itself."""
        self._add(routes, method, _Api(path, lambda request, _app: work(request), (), point))

    def _add(self, routes: Blueprint, method: str, api: _Api) -> None:
        async def handle(request: Request) -> HTTPResponse:
            return await self._handle(request, api)

        self.paths.add(api.path)
        routes.add_route(handle, api.path, methods=[method], name=f"{method}_{api.path}".replace("/", "_"))

    async def _handle(self, request: Request, api: _Api) -> HTTPResponse:
        body: Answer
        try:
            body = await self._outcome(request, api)
        except PlatformError as refused:
            body = {"errcode": refused.errcode, "errmsg": refused.errmsg}
        except InjectedError:
            body = {"errcode": -1, "errmsg": _TEXTS[-1]}
        except RefusedError:
            body = {"errcode": 47001, "errmsg": "data format error"}
        except _LostError as lost:
            self.counts[api.path, str(lost)] += 1
            return await self._lose(request, lost)
        self.counts[api.path, str(body.get("errcode", 0)) if isinstance(body, dict) else "0"] += 1
        # The wait comes after the work: a caller that hangs up meanwhile has been served all the same.
        if seconds := self.troubles.delay(api.path):
            await asyncio.sleep(seconds)
        return answer(body) if isinstance(body, dict) else body

    async def _outcome(self, request: Request, api: _Api) -> Answer:
        if api.point:
            await self._faults.reach(request, f"{api.point}.before")
        self._meet(api, "before")
        app = self._app(request, api)
        self.quotas.spend(app.appid if api.kinds else "", api.path)
        body = api.work(request, app)
        if api.point:
            await self._faults.reach(request, f"{api.point}.after")
        self._meet(api, "after")
        return body

    def _app(self, request: Request, api: _Api) -> WeChatApp:
        if not api.kinds:
            return self.apps.mini
        app = self.apps.by_appid[self._tokens.check(request.args.get("access_token"))]
        if app.kind not in api.kinds:
            raise PlatformError(48001, "api unauthorized")
        return app

    def _meet(self, api: _Api, moment: Moment) -> None:
        trouble: Trouble | None = self.troubles.meet(api.path, moment)
        if trouble is None:
            return
        if trouble.errcode is not None:
            raise PlatformError(trouble.errcode, _TEXTS.get(trouble.errcode, "asked for by a test"))
        raise _LostError(trouble.status)

    async def _lose(self, request: Request, lost: _LostError) -> HTTPResponse:
        if lost.status is None:
            await asyncio.sleep(LONGEST_PAUSE)
            request.transport.close()
        return HTTPResponse("", status=lost.status or 504)
