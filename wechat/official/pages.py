"""Web pages inside WeChat: who opened one, and what lets its script call WeChat (the JS-SDK).

Source: WeChat's documentation of web authorization and of the JS-SDK.
"""

import hashlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from wechat.account import Account
from wechat.oauth import Scope, authorize_url
from wechat.official.subject import Subject
from wechat.reading import lifetime, text
from wechat.sharing import SharedToken, TokenStore, usable

_OAUTH = "/sns/oauth2/access_token"
_TICKET = "/cgi-bin/ticket/getticket"


@dataclass(frozen=True, slots=True)
class OAuthIdentity:
    """Who came back with a code. The openid is the official account's, another than the mini-program's.

    ``unionid`` comes with the scope snsapi_userinfo only, and when the account is bound to an Open Platform account.
    ``snapshot_user`` says that WeChat showed a snapshot of the page to a made-up account: nobody to be believed.
    """

    openid: str = field(repr=False)
    unionid: str | None = field(repr=False)
    snapshot_user: bool


@dataclass(frozen=True, slots=True)
class JsSignature:
    """What a page hands to ``wx.config``; ``timestamp`` is in seconds since 1970."""

    appid: str
    nonce: str
    timestamp: int
    signature: str


class JsTickets(SharedToken):
    """The JS-SDK ticket of one official account, shared by all processes like its access token."""

    def __init__(self, account: Account, stores: Sequence[TokenStore] = ()) -> None:
        super().__init__(stores)
        self._account = account

    async def fetch(self, stale: str | None) -> tuple[str, float]:
        """See ``SharedToken``. WeChat repeats the ticket in force."""
        del stale
        answer = await self._account.get(_TICKET, {"type": "jsapi"})
        return text(answer, "ticket", api=_TICKET), usable(lifetime(answer, api=_TICKET))


def sign(ticket: str, nonce: str, timestamp: int, url: str) -> str:
    """The JS-SDK's signature of a page's address, whose part from ``#`` does not count: SHA-1 in hexadecimal."""
    address = url.partition("#")[0]
    signed = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={address}"
    return hashlib.sha1(signed.encode(), usedforsecurity=False).hexdigest()  # WeChat's choice


class Pages(Subject):
    """Web pages of one official account."""

    _open_url: str
    _tickets: SharedToken

    def authorize_url(self, redirect_uri: str, state: str, scope: Scope) -> str:
        """The address to send the browser to; it comes back to ``redirect_uri`` with ``code`` and ``state``."""
        return authorize_url(self._open_url, self._account.appid, redirect_uri, state, scope)

    async def oauth_identity(self, code: str) -> OAuthIdentity:
        """Spend a code, which works once and lives five minutes. The person's tokens are dropped."""
        answer = await self._account.get_by_secret(_OAUTH, {"code": code, "grant_type": "authorization_code"})
        return OAuthIdentity(
            openid=text(answer, "openid", api=_OAUTH),
            unionid=text(answer, "unionid", api=_OAUTH) if answer.get("unionid") else None,
            # Documented as 1 or absent; whatever else it may say is no reason to believe.
            snapshot_user=answer.get("is_snapshotuser") not in (None, 0),
        )

    async def js_ticket(self) -> str:
        """The JS-SDK ticket in force."""
        return await self._tickets.get()

    async def js_signature(self, url: str) -> JsSignature:
        """What the page at ``url`` needs; the address as its browser shows it."""
        nonce, timestamp = secrets.token_hex(8), int(time.time())
        return JsSignature(self._account.appid, nonce, timestamp, sign(await self.js_ticket(), nonce, timestamp, url))
