"""The mini-program's calls to WeChat: who logged in, their phone number, messages, links and codes.

Content safety and face verification have clients of their own (``wechat.content``, ``wechat.face``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from wechat.account import Account
from wechat.links import Links
from wechat.reading import message_id, objects, part, text

_LOGIN = "/sns/jscode2session"
_PHONE = "/wxa/business/getuserphonenumber"
_TEMPLATES = "/wxaapi/newtmpl/gettemplate"
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


class MiniProgramClient(Links):
    """The server APIs of one mini-program. Every method raises the errors of ``wechat.account.Account``."""

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self.limits = account.limits

    async def code_to_session(self, code: str) -> LoginSession:
        """Spend the code of ``wx.login``, which works once and lives five minutes. The session key is dropped."""
        answer = await self._account.get_by_secret(_LOGIN, {"js_code": code, "grant_type": "authorization_code"})
        unionid = text(answer, "unionid", api=_LOGIN) if answer.get("unionid") else None
        return LoginSession(text(answer, "openid", api=_LOGIN), unionid)

    async def phone_number(self, code: str) -> PhoneNumber:
        """Spend the code of the phone number button, which works once and lives five minutes."""
        info = part(await self._account.post(_PHONE, {"code": code}), "phone_info", api=_PHONE)
        # Documented as a string, shown as a number.
        country_code = {"countryCode": str(info.get("countryCode") or "")}
        return PhoneNumber(text(info, "purePhoneNumber", api=_PHONE), text(country_code, "countryCode", api=_PHONE))

    async def template_ids(self) -> set[str]:
        """The ids of the subscription messages' templates that were added to the mini-program."""
        answer = await self._account.get(_TEMPLATES)
        return {text(one, "priTmplId", api=_TEMPLATES) for one in objects(answer, "data", api=_TEMPLATES)}

    async def send_subscribe_message(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        *,
        page: str | None = None,
        state: ProgramState = "formal",
        lang: str = "zh_CN",
        taken: bool = False,
    ) -> str:
        """Send one subscription message, which spends one grant of the citizen's; WeChat's id of it.

        ``data`` maps a template's keys to values that fit (see ``wechat.templates``); ``page`` is opened by a tap, in
        the version of the mini-program that ``state`` names; ``taken`` says that ``limits`` has counted it already.
        After WeChatAmbiguousError it may have been sent. The id is empty where WeChat tells none.
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
        return message_id(await self._account.post(SUBSCRIBE_SEND, body, taken=taken))
