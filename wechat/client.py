"""The mini-program's calls to WeChat. Nothing is retried but a call that was refused for its token, once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import httpx

from wechat.errors import WeChatAmbiguousError
from wechat.transport import Tokens, call, call_with_token, text

_LOGIN = "/sns/jscode2session"
_PHONE = "/wxa/business/getuserphonenumber"
SUBSCRIBE_SEND = "/cgi-bin/message/subscribe/send"

ProgramState = Literal["developer", "trial", "formal"]


@dataclass(frozen=True, slots=True)
class LoginSession:
    """Who logged in. ``unionid`` is there when the app is bound to an Open Platform account."""

    openid: str = field(repr=False)
    unionid: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number without its country code, and the country code in digits, such as "86"."""

    number: str = field(repr=False)
    country_code: str


class MiniProgramClient:
    """The server APIs of one mini-program.

    ``http`` carries WeChat's address as its base URL, and the time-outs. Every method raises WeChatRefusedError,
    WeChatUnreachableError or WeChatAmbiguousError.
    """

    def __init__(self, appid: str, secret: str, http: httpx.AsyncClient, tokens: Tokens) -> None:
        self._appid = appid
        self._secret = secret
        self._http = http
        self._tokens = tokens

    async def code_to_session(self, code: str) -> LoginSession:
        """Spend the code of ``wx.login``, which works once and lives five minutes. The session key is dropped."""
        params = {
            "appid": self._appid,
            "secret": self._secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        answer = await call(self._http, "GET", _LOGIN, params=params)
        unionid = text(answer, "unionid", api=_LOGIN) if answer.get("unionid") else None
        return LoginSession(text(answer, "openid", api=_LOGIN), unionid)

    async def phone_number(self, code: str) -> PhoneNumber:
        """Spend the code of the phone number button, which works once and lives five minutes."""
        answer = await call_with_token(self._http, self._tokens, "POST", _PHONE, json={"code": code})
        info = answer.get("phone_info")
        if not isinstance(info, dict):
            raise WeChatAmbiguousError(_PHONE, "no phone_info")
        # Documented as a string, shown as a number.
        country_code = {"countryCode": str(info.get("countryCode") or "")}
        return PhoneNumber(text(info, "purePhoneNumber", api=_PHONE), text(country_code, "countryCode", api=_PHONE))

    async def send_subscribe_message(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        *,
        page: str | None = None,
        state: ProgramState = "formal",
        lang: str = "zh_CN",
    ) -> None:
        """Send one subscription message, which spends one grant of the citizen's.

        ``data`` maps a template's keys to values that fit (see ``wechat.templates``); ``page`` is opened by a tap, in
        the version of the mini-program that ``state`` names. After WeChatAmbiguousError it may have been sent.
        """
        body: dict[str, object] = {
            "touser": openid,
            "template_id": template_id,
            "data": {key: {"value": value} for key, value in data.items()},
            "miniprogram_state": state,
            "lang": lang,
        }
        if page is not None:
            body["page"] = page
        await call_with_token(self._http, self._tokens, "POST", SUBSCRIBE_SEND, json=body)
