"""Ways into the mini-program from outside: links for a browser or a text message, codes for a poster.

Source: WeChat's documentation of generateUrlLink and getUnlimitedQRCode.
"""

import re
from typing import Literal

from wechat.account import Account
from wechat.reading import text

_URL_LINK = "/wxa/generate_urllink"
_CODE = "/wxa/getwxacodeunlimit"

Version = Literal["release", "trial", "develop"]

_BY_INTERVAL = 1
LONGEST_QUERY = 1024
LONGEST_DAYS = 30
_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
_WIDTHS = range(280, 1281)


class Links:
    """Links to and codes of one mini-program. Every method raises the errors of ``wechat.account.Account``."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def url_link(
        self, page: str, query: str = "", *, days: int = LONGEST_DAYS, version: Version = "release"
    ) -> str:
        """An https address that opens ``page`` of the mini-program, for 1 to 30 days.

        ``query`` is handed to the page, such as ``no=1&from=sms``. Raises ValueError for a query of more than 1024
        characters or other days.
        """
        if len(query) > LONGEST_QUERY or not 1 <= days <= LONGEST_DAYS:
            raise ValueError(f"a query of at most {LONGEST_QUERY} characters, for 1 to {LONGEST_DAYS} days")
        body = {
            "path": page,
            "query": query,
            "expire_type": _BY_INTERVAL,
            "expire_interval": days,
            "env_version": version,
        }
        return text(await self._account.post(_URL_LINK, body), "url_link", api=_URL_LINK)

    async def unlimited_code(
        self, scene: str, page: str, *, width: int = 430, version: Version = "release", check_page: bool = True
    ) -> bytes:
        """The image of a code that opens ``page``, without end and in any number; ``scene`` is handed to the page.

        ``width`` is in pixels, 280 to 1280; ``check_page`` has WeChat refuse a page that is not published. The image is
        a PNG or a JPEG. Raises ValueError for a scene that is not 1 to 32 of WeChat's characters, a page that begins
        with a slash, or another width.
        """
        if not _SCENE.fullmatch(scene):
            raise ValueError("a scene is 1 to 32 digits, letters or !#$&'()*+,/:;=?@-._~")
        if page.startswith("/") or width not in _WIDTHS:
            raise ValueError("a page without a slash at its beginning, 280 to 1280 pixels wide")
        body = {"scene": scene, "page": page, "width": width, "env_version": version, "check_path": check_page}
        return await self._account.post_for_image(_CODE, body)
