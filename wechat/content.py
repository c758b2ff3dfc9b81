"""Content safety: WeChat judges a text that somebody wrote before others get to see it.

Source: WeChat's documentation of msgSecCheck, version 2. Not confirmed: the labels beyond 100 (normal).
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

import httpx

from wechat.errors import WeChatAmbiguousError
from wechat.transport import Tokens, call_with_token

_CHECK = "/wxa/msg_sec_check"
_VERSION = 2
LONGEST = 2500
NOT_SEEN_LATELY = 61010
"""The errcode where the writer was not in the mini-program within the last two hours: WeChat does not judge then."""


class Scene(IntEnum):
    """Where the text is to stand."""

    PROFILE = 1
    COMMENT = 2
    FORUM = 3
    SOCIAL_LOG = 4


class Suggestion(StrEnum):
    """What WeChat suggests: to let it pass, to have a person look at it, or that it is not to be shown."""

    PASS = "pass"  # noqa: S105  # WeChat's word, not a secret
    REVIEW = "review"
    RISKY = "risky"


@dataclass(frozen=True, slots=True)
class Verdict:
    """WeChat's verdict on a text. ``label`` is its kind of trouble, 100 for none."""

    suggestion: Suggestion
    label: int


class ContentClient:
    """The content safety check of one mini-program; ``http`` carries WeChat's address as its base URL."""

    def __init__(self, http: httpx.AsyncClient, tokens: Tokens) -> None:
        self._http = http
        self._tokens = tokens

    async def check(self, content: str, *, openid: str, scene: Scene) -> Verdict:
        """Have a text of at most 2500 characters judged, written by ``openid``; may be asked again.

        Raises WeChatRefusedError (with NOT_SEEN_LATELY where the writer was not there lately), WeChatUnreachableError
        or WeChatAmbiguousError, and ValueError for a text that is empty or too long.
        """
        if not 0 < len(content) <= LONGEST:
            raise ValueError(f"1 to {LONGEST} characters are judged")
        body = {"content": content, "version": _VERSION, "scene": scene.value, "openid": openid}
        answer = await call_with_token(self._http, self._tokens, "POST", _CHECK, json=body)
        result = answer.get("result")
        if not isinstance(result, dict):
            raise WeChatAmbiguousError(_CHECK, "no result")
        try:
            return Verdict(Suggestion(result["suggest"]), int(result["label"]))
        except (KeyError, ValueError, TypeError):
            # A word that is not known is no pass.
            raise WeChatAmbiguousError(_CHECK, "unreadable result") from None
