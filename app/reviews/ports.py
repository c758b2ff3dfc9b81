"""What reviews need from outside."""

from typing import Protocol

from wechat.content import Scene, Verdict


class ContentSafety(Protocol):
    """WeChat's judgement of a text; raises the errors of ``wechat.errors``."""

    async def check(self, content: str, *, openid: str, scene: Scene) -> Verdict:
        """Have a text judged; may be asked again."""
