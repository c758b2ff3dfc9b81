"""What identity needs from outside."""

from typing import Protocol

from wechat.client import LoginSession, PhoneNumber


class WeChatLogin(Protocol):
    """WeChat's side of a login; raises the errors of ``wechat.errors``."""

    async def code_to_session(self, code: str) -> LoginSession:
        """Exchange a login code, which works once."""

    async def phone_number(self, code: str) -> PhoneNumber:
        """Exchange a phone code, which works once."""


class RealNameAuthority(Protocol):
    """The authority that knows who carries which identity number; raises the errors of ``app.kit.ports``."""

    async def matches(self, name: str, id_number: str) -> bool:
        """Whether this person carries this number."""
