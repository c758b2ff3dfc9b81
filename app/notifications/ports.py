"""What notifications need from outside."""

from collections.abc import Mapping
from typing import Protocol

from wechat.limits import Limits
from wechat.official.messages import MiniProgramPage


class SubscribeMessages(Protocol):
    """The mini-program's side of WeChat; raises the errors of ``wechat.errors``."""

    @property
    def limits(self) -> Limits | None:
        """The app's quotas; None where nothing is counted."""
        ...

    async def send_subscribe_message(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        *,
        page: str | None = None,
        taken: bool = False,
    ) -> str:
        """Send one message and return WeChat's msgid, which may be empty; a one-time template spends a grant.

        ``taken`` says that ``limits`` has counted it.
        """
        ...


class FollowerMessages(Protocol):
    """The official account's side of WeChat; raises the errors of ``wechat.errors``."""

    @property
    def limits(self) -> Limits | None:
        """The app's quotas; None where nothing is counted."""
        ...

    async def send_template(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        *,
        mini_program: MiniProgramPage | None = None,
        taken: bool = False,
    ) -> str:
        """Send one message to a follower and return WeChat's msgid, which may be empty; a tap opens ``mini_program``.

        ``taken`` says that ``limits`` has counted it.
        """
        ...


class SmsSender(Protocol):
    """A sender of short messages; raises the errors of ``app.kit.ports``."""

    async def send(self, phone: str, template_id: str, values: list[str]) -> str:
        """Send one message to a mainland number of eleven digits and return the sender's own name for it."""
        ...
