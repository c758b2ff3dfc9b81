"""Content safety: WeChat judges a text that somebody wrote before others get to see it.

Source: WeChat's documentation of msgSecCheck and mediaCheckAsync, version 2. Not confirmed: the labels beyond 100
(normal).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

from wechat.account import Account
from wechat.errors import WeChatAmbiguousError
from wechat.reading import part, text

_CHECK = "/wxa/msg_sec_check"
_CHECK_MEDIA = "/wxa/media_check_async"
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


class MediaKind(IntEnum):
    """What kind of file is to be judged."""

    AUDIO = 1
    IMAGE = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """WeChat's verdict on a text or a file. ``label`` is its kind of trouble, 100 for none."""

    suggestion: Suggestion
    label: int


class ContentClient:
    """The content safety check of one mini-program. Every method raises the errors of ``wechat.account.Account``."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def check(self, content: str, *, openid: str, scene: Scene) -> Verdict:
        """Have a text of at most 2500 characters judged, written by ``openid``; may be asked again.

        WeChatRefusedError has NOT_SEEN_LATELY where the writer was not there lately. Raises ValueError for a text that
        is empty or too long.
        """
        if not 0 < len(content) <= LONGEST:
            raise ValueError(f"1 to {LONGEST} characters are judged")
        body = {"content": content, "version": _VERSION, "scene": scene.value, "openid": openid}
        return _verdict(await self._account.post(_CHECK, body), api=_CHECK)

    async def check_media(self, url: str, kind: MediaKind, *, openid: str, scene: Scene) -> str:
        """Have a file at a public address judged, of at most 10 MB; the ``trace_id`` of a later push.

        The verdict comes within 30 minutes as the event ``wxa_media_check``: see ``media_verdict``. The writer must
        have been there within the last two hours, as for ``check``.
        """
        body = {
            "media_url": url,
            "media_type": kind.value,
            "version": _VERSION,
            "scene": scene.value,
            "openid": openid,
        }
        return text(await self._account.post(_CHECK_MEDIA, body), "trace_id", api=_CHECK_MEDIA)


def media_verdict(event: Mapping[str, Any]) -> tuple[str, Verdict]:
    """The ``trace_id`` and the verdict of the event ``wxa_media_check``, given as its fields.

    Raises WeChatAmbiguousError where it holds no verdict that can be read: ``errcode`` says why WeChat gave none.
    """
    if event.get("errcode") not in (None, 0, "0"):
        raise WeChatAmbiguousError(_CHECK_MEDIA, "not judged")
    return text(event, "trace_id", api=_CHECK_MEDIA), _verdict(event, api=_CHECK_MEDIA)


def _verdict(answer: Mapping[str, Any], *, api: str) -> Verdict:
    result = part(answer, "result", api=api)
    try:
        return Verdict(Suggestion(result["suggest"]), int(result["label"]))
    except (KeyError, ValueError, TypeError):
        # A word that is not known is no pass.
        raise WeChatAmbiguousError(api, "unreadable result") from None
