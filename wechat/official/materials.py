"""Codes to be scanned into the official account, and files that its messages may show.

Source: WeChat's documentation of QR codes with parameters and of temporary media.
"""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from wechat.official.subject import Subject
from wechat.reading import text

_QR = "/cgi-bin/qrcode/create"
_UPLOAD = "/cgi-bin/media/upload"
_SHOW = "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket="

LONGEST_SCENE = 64
LONGEST_SECONDS = 30 * 86_400
MediaKind = Literal["image", "voice", "video", "thumb"]


@dataclass(frozen=True, slots=True)
class QrTicket:
    """A code: ``url`` is what it says, to be drawn as one pleases; ``image_url`` is WeChat's own picture of it."""

    ticket: str
    url: str

    @property
    def image_url(self) -> str:
        """Where WeChat shows it."""
        return _SHOW + quote(self.ticket, safe="")


class Materials(Subject):
    """Codes and files of one official account."""

    async def qr_ticket(self, scene: str, seconds: int | None) -> QrTicket:
        """A code whose ``scene`` comes back with the event of who scans it.

        It lives for ``seconds``, at most 30 days; None makes one without end, of which an account has 100,000. Raises
        ValueError for a scene that is not 1 to 64 characters long, or other seconds.
        """
        if not 0 < len(scene) <= LONGEST_SCENE or not (seconds is None or 0 < seconds <= LONGEST_SECONDS):
            raise ValueError(f"a scene of 1 to {LONGEST_SCENE} characters, for at most {LONGEST_SECONDS} seconds")
        body: dict[str, object] = {"action_info": {"scene": {"scene_str": scene}}}
        if seconds is None:
            body["action_name"] = "QR_LIMIT_STR_SCENE"
        else:
            body |= {"action_name": "QR_STR_SCENE", "expire_seconds": seconds}
        answer = await self._account.post(_QR, body)
        return QrTicket(text(answer, "ticket", api=_QR), text(answer, "url", api=_QR))

    async def upload_media(self, kind: MediaKind, name: str, content: bytes, content_type: str) -> str:
        """Leave a file with WeChat for three days; its media id. WeChat limits an image to 10 MB."""
        api_name = {"type": kind}
        answer = await self._account.upload(_UPLOAD, api_name, (name, content, content_type))
        return text(answer, "thumb_media_id" if kind == "thumb" else "media_id", api=_UPLOAD)
