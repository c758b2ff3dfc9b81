"""Who of the staff opened a web page in WeCom (企业微信): the web authorization of one company's own app.

Source: WeCom's documentation of gettoken, of web authorization and of auth/getuserinfo, and its list of errcodes.
Not confirmed: which errcode a code gets that was used or has expired (the documentation shows 40029), and that asking
for a token repeats the one in force (older versions of the page say so, the present one is silent).
"""

import time
from collections.abc import Callable

import httpx

from wechat.account import Account
from wechat.errors import NotAMemberError
from wechat.oauth import authorize_url
from wechat.reading import text
from wechat.sharing import SharedToken
from wechat.tokens import read_token
from wechat.transport import call

_TOKEN = "/cgi-bin/gettoken"  # noqa: S105  # a path
_IDENTITY = "/cgi-bin/auth/getuserinfo"


class WorkTokens(SharedToken):
    """The access token of one app of a company, kept by each process for itself: staff sign in seldom.

    ``clock`` gives seconds that never go back.
    """

    def __init__(
        self, corpid: str, secret: str, http: httpx.AsyncClient, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(clock=clock)
        self._params = {"corpid": corpid, "corpsecret": secret}
        self._http = http

    async def fetch(self, stale: str | None) -> tuple[str, float]:
        """See ``SharedToken``; there is no forced mode."""
        del stale
        return read_token(await call(self._http, "GET", _TOKEN, params=self._params), api=_TOKEN)


class WorkClient:
    """The web authorization of one app of a company.

    ``http`` carries WeCom's address as its base URL, and the time-outs; ``open_url`` is where browsers are sent,
    https://open.weixin.qq.com in production.
    """

    def __init__(self, corpid: str, secret: str, agent_id: str, http: httpx.AsyncClient, open_url: str) -> None:
        self._corpid = corpid
        self._agent_id = agent_id
        self._open_url = open_url
        self._account = Account(corpid, secret, http, WorkTokens(corpid, secret, http))

    def authorize_url(self, redirect_uri: str, state: str) -> str:
        """The address to send the browser to; it comes back to ``redirect_uri`` with ``code`` and ``state``."""
        return authorize_url(self._open_url, self._corpid, redirect_uri, state, "snsapi_base", agent_id=self._agent_id)

    async def user_id(self, code: str) -> str:
        """Spend a code, which works once and lives five minutes: the member's ``userid``.

        A member of a linked company comes as ``<corpid>/<userid>``. Raises NotAMemberError for anybody else,
        WeChatRefusedError, WeChatUnreachableError or WeChatAmbiguousError.
        """
        answer = await self._account.get(_IDENTITY, {"code": code})
        if not answer.get("userid") and (answer.get("openid") or answer.get("external_userid")):
            raise NotAMemberError(_IDENTITY)
        return text(answer, "userid", api=_IDENTITY)
