"""Messages of the official account to its followers.

After WeChatAmbiguousError a message may have been sent. Each method answers WeChat's id of the message as text, by
which a later event (TEMPLATESENDJOBFINISH) names it; empty where WeChat tells none.
Source: WeChat's documentation of template messages, of subscription notices and of customer-service messages. Not
confirmed: ``client_msg_id``, which WeChat's page is said to have (one message per openid and id within ten minutes).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from wechat.official.subject import Subject
from wechat.reading import message_id, objects, text

TEMPLATE_SEND = "/cgi-bin/message/template/send"
BIZ_SEND = "/cgi-bin/message/subscribe/bizsend"
_TEMPLATES = "/cgi-bin/template/get_all_private_template"
CUSTOM_SEND = "/cgi-bin/message/custom/send"


@dataclass(frozen=True, slots=True)
class MiniProgramPage:
    """A page of a mini-program that is bound to the account; it opens at a tap."""

    appid: str
    page: str

    def as_json(self) -> dict[str, str]:
        """As WeChat wants it."""
        return {"appid": self.appid, "pagepath": self.page}


def _values(data: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {key: {"value": value} for key, value in data.items()}


class Messages(Subject):
    """Sending to one follower. ``data`` maps a template's keys to values that fit (see ``wechat.templates``)."""

    async def template_ids(self) -> set[str]:
        """The ids of the templates that were added to the account."""
        answer = await self._account.get(_TEMPLATES)
        return {text(one, "template_id", api=_TEMPLATES) for one in objects(answer, "template_list", api=_TEMPLATES)}

    async def send_template(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        *,
        url: str | None = None,
        mini_program: MiniProgramPage | None = None,
        client_msg_id: str | None = None,
        taken: bool = False,
    ) -> str:
        """Send one template message, opened by a tap at ``mini_program`` or else at ``url``.

        ``taken`` says that ``limits`` has counted it already. ``client_msg_id`` is at most 32 characters of ours.
        """
        body: dict[str, object] = {"touser": openid, "template_id": template_id, "data": _values(data)}
        if url is not None:
            body["url"] = url
        if mini_program is not None:
            body["miniprogram"] = mini_program.as_json()
        if client_msg_id is not None:
            body["client_msg_id"] = client_msg_id
        return message_id(await self._account.post(TEMPLATE_SEND, body, taken=taken))

    async def send_subscribe(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        *,
        page: str | None = None,
        mini_program: MiniProgramPage | None = None,
        taken: bool = False,
    ) -> str:
        """Send one subscription notice, which spends a grant; ``page`` is a web address that a tap opens."""
        body: dict[str, object] = {"touser": openid, "template_id": template_id, "data": _values(data)}
        if page is not None:
            body["page"] = page
        if mini_program is not None:
            body["miniprogram"] = mini_program.as_json()
        return message_id(await self._account.post(BIZ_SEND, body, taken=taken))

    async def send_custom_text(self, openid: str, text: str) -> str:
        """Send a text of customer service, within 48 hours of the follower's last message (45015 afterwards)."""
        body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        return message_id(await self._account.post(CUSTOM_SEND, body))
