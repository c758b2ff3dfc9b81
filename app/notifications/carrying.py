"""One send through one channel, and the verdict on its outcome."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from app.kit import clock
from app.kit.ports import AmbiguousError, RefusedError, TryLaterError
from app.notifications.claims import Claimed, Result
from app.notifications.definitions import templates
from app.notifications.models import SendState
from app.notifications.ports import FollowerMessages, SmsSender, SubscribeMessages
from app.notifications.rules import Channel, pause
from wechat.client import SUBSCRIBE_SEND
from wechat.codes import Advice
from wechat.errors import WeChatAmbiguousError, WeChatError, WeChatLimitedError, WeChatRefusedError
from wechat.official.messages import TEMPLATE_SEND, MiniProgramPage

_NO_GRANT = 43101
_PASSING = {Advice.RETRY, Advice.QUOTA, Advice.REFRESH_TOKEN}
_SEND_SECONDS = 15.0
# The calls that send; what fails before them (for a token, say) has certainly sent nothing.
_SENDING = {Channel.MINI_PROGRAM: SUBSCRIBE_SEND, Channel.OFFICIAL_ACCOUNT: TEMPLATE_SEND}


@dataclass(frozen=True, slots=True)
class Carrier:
    """The channels of this process. ``sms`` is None where nobody sends short messages for the city."""

    mini_program: SubscribeMessages
    official_account: FollowerMessages
    sms: SmsSender | None
    appids: tuple[str, str]

    async def take(self, sends: Sequence[Claimed]) -> set[Channel]:
        """Count the calls of a slice at once; returns the channels whose calls are counted.

        Where a quota has not as many left, or never gives as many at once, each call takes its own, as long as there
        are.
        """
        counts = Counter(send.channel for send in sends if self._unable(send) is None)
        taken = set()
        for channel, app in self._apps().items():
            if app.limits is not None and counts[channel]:
                with suppress(WeChatLimitedError, ValueError):
                    await app.limits.take(_SENDING[channel], counts[channel])
                    taken.add(channel)
        return taken

    def _apps(self) -> dict[Channel, SubscribeMessages | FollowerMessages]:
        return {Channel.MINI_PROGRAM: self.mini_program, Channel.OFFICIAL_ACCOUNT: self.official_account}

    async def carry(self, send: Claimed, *, spent: bool, taken: bool) -> Result:
        """Send one message, once; ``spent`` says that it holds a grant, ``taken`` that its call is counted.

        Raises nothing that a channel answers.
        """
        unable = self._unable(send)
        if unable:
            return Result(send, SendState.FAILED, unable, spent=spent)
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                msg_id = await self._call(send, taken=taken)
        except WeChatError as error:
            return _of_wechat(send, error, spent=spent)
        except TryLaterError as error:
            return _again(send, error.reason, spent=spent)
        except RefusedError as error:
            return Result(send, SendState.FAILED, error.reason, spent=spent)
        except (AmbiguousError, TimeoutError):
            return Result(send, SendState.UNCERTAIN, "no_answer", spent=spent)
        return Result(send, SendState.SENT, None, msg_id or None, spent=spent)

    def _unable(self, send: Claimed) -> str | None:
        """Why a channel cannot reach somebody at all."""
        if send.channel is Channel.SMS:
            return "no_sms" if self.sms is None else None if send.phone else "no_phone"
        if send.openid is None:
            return "no_account"
        if send.channel is Channel.OFFICIAL_ACCOUNT:
            return None if send.subscribed else "not_following"
        template = templates().get(send.template_id)
        declined = template is not None and template.kind == "long_term" and send.remaining == 0
        return "declined" if declined else None

    def _call(self, send: Claimed, *, taken: bool) -> Awaitable[str]:
        openid, template_id, page = send.openid or "", send.template_id, send.page
        if send.channel is Channel.MINI_PROGRAM:
            return self.mini_program.send_subscribe_message(openid, template_id, send.data, page=page, taken=taken)
        if send.channel is Channel.OFFICIAL_ACCOUNT:
            opens = MiniProgramPage(self.appids[0], page) if page else None
            return self.official_account.send_template(openid, template_id, send.data, mini_program=opens, taken=taken)
        if self.sms is None:
            raise RefusedError("no_sms")
        return self.sms.send(send.opened_phone() or "", send.template_id, list(send.data.values()))


def _of_wechat(send: Claimed, error: WeChatError, *, spent: bool) -> Result:
    if isinstance(error, WeChatLimitedError):
        return _again(send, "limited", error.retry_after, spent=spent)
    if isinstance(error, WeChatAmbiguousError):
        if error.api == _SENDING.get(send.channel):
            return Result(send, SendState.UNCERTAIN, "no_answer", spent=spent)
        return _again(send, "no_token", spent=spent)
    if isinstance(error, WeChatRefusedError):
        reason = f"wechat_{error.code}"
        if error.advice in _PASSING:
            return _again(send, reason, spent=spent)
        return Result(send, SendState.FAILED, reason, spent=spent, refused=error.code == _NO_GRANT)
    return _again(send, "unreachable", spent=spent)


def _again(send: Claimed, reason: str, retry_after: float = 0.0, *, spent: bool) -> Result:
    """It certainly was not sent: again later, unless this channel has had its time."""
    at = clock.now() + pause(send.attempts, retry_after)
    if at > send.give_up_at:
        return Result(send, SendState.FAILED, reason, spent=spent)
    return Result(send, SendState.WAITING, reason, due_at=at, spent=spent)
