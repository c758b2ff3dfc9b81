"""Who opened a web page in WeChat: the official account's web authorization."""

from dataclasses import dataclass, field

import httpx

from wechat.oauth import Scope, authorize_url
from wechat.transport import call, text

_TOKEN = "/sns/oauth2/access_token"  # noqa: S105  # a path


@dataclass(frozen=True, slots=True)
class OAuthIdentity:
    """Who came back with a code. The openid is the official account's, another than the mini-program's.

    ``unionid`` comes with the scope snsapi_userinfo only, and when the account is bound to an Open Platform account.
    ``snapshot_user`` says that WeChat showed a snapshot of the page to a made-up account: nobody to be believed.
    """

    openid: str = field(repr=False)
    unionid: str | None = field(repr=False)
    snapshot_user: bool


class OfficialAccountClient:
    """The web authorization of one official account.

    ``http`` carries WeChat's address as its base URL, and the time-outs; ``open_url`` is where browsers are sent,
    https://open.weixin.qq.com in production.
    """

    def __init__(self, appid: str, secret: str, http: httpx.AsyncClient, open_url: str) -> None:
        self._appid = appid
        self._secret = secret
        self._http = http
        self._open_url = open_url

    def authorize_url(self, redirect_uri: str, state: str, scope: Scope) -> str:
        """The address to send the browser to; it comes back to ``redirect_uri`` with ``code`` and ``state``."""
        return authorize_url(self._open_url, self._appid, redirect_uri, state, scope)

    async def oauth_identity(self, code: str) -> OAuthIdentity:
        """Spend a code, which works once and lives five minutes. The person's tokens are dropped.

        Raises WeChatRefusedError, WeChatUnreachableError or WeChatAmbiguousError.
        """
        params = {"appid": self._appid, "secret": self._secret, "code": code, "grant_type": "authorization_code"}
        answer = await call(self._http, "GET", _TOKEN, params=params)
        return OAuthIdentity(
            openid=text(answer, "openid", api=_TOKEN),
            unionid=text(answer, "unionid", api=_TOKEN) if answer.get("unionid") else None,
            # Documented as 1 or absent; whatever else it may say is no reason to believe.
            snapshot_user=answer.get("is_snapshotuser") not in (None, 0),
        )
