"""What broadcasts need from outside."""

from collections.abc import Mapping
from typing import Protocol

from wechat.official import MiniProgramPage


class Limits(Protocol):
    """The account's quotas, shared by all processes."""

    async def take(self, api: str, many: int = 1) -> None:
        """Count so many calls beforehand. Raises WeChatLimitedError, and takes none then."""
        ...


class Templates(Protocol):
    """WeChat's side of a template message; raises the errors of ``wechat.errors``."""

    @property
    def limits(self) -> Limits | None:
        """The account's quotas; None where nobody counts."""
        ...

    async def send_template(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        *,
        url: str | None = None,
        mini_program: MiniProgramPage | None = None,
        taken: bool = False,
    ) -> str:
        """Send one message and return WeChat's id of it; ``taken`` says that ``limits`` has counted it."""
        ...
