"""What may go wrong between us and WeChat.

::

    WeChatError
    ├── WeChatRefusedError      the platform answered with an errcode: it did not do it
    ├── WeChatUnreachableError  certainly not sent: safe to try again
    ├── WeChatLimitedError      certainly not sent: our count says that the quota is used up
    ├── WeChatAmbiguousError    sent, no usable answer: it may have happened
    ├── NotAMemberError         WeCom knows who it is: nobody of the company
    └── CallbackRefusedError    a push to us that is not to be believed

No message carries a value of ours or of a citizen: no code, openid, token, secret or text of a field.
"""

from typing import Literal

from wechat.codes import Advice, advice_for

RefusalReason = Literal["signature", "plain", "malformed", "decrypt", "appid"]


class WeChatError(Exception):
    """Anything that goes wrong with WeChat."""


class WeChatRefusedError(WeChatError):
    """The platform answered with an errcode.

    ``api`` is the API's path, ``code`` the errcode, ``message`` a text free of values, ``advice`` what to do about it.
    """

    def __init__(self, api: str, code: int, message: str) -> None:
        super().__init__(f"{api}: {code} {message}")
        self.api = api
        self.code = code
        self.message = message

    @property
    def advice(self) -> Advice:
        """What to do about it, from ``wechat.codes``."""
        return advice_for(self.code)


class WeChatUnreachableError(WeChatError):
    """The request certainly never left: no connection could be had. ``reason`` names the kind of failure."""

    def __init__(self, api: str, reason: str) -> None:
        super().__init__(f"{api}: not sent ({reason})")
        self.api = api
        self.reason = reason


class WeChatLimitedError(WeChatError):
    """The request was not sent, since a quota is used up; ``retry_after`` is in how many seconds it may be sent."""

    def __init__(self, api: str, retry_after: float) -> None:
        super().__init__(f"{api}: not sent (quota, {retry_after:.0f} s)")
        self.api = api
        self.retry_after = retry_after


class WeChatAmbiguousError(WeChatError):
    """The request was sent, wholly or in part, and no usable answer came: it may have happened.

    ``reason`` names the kind of failure.
    """

    def __init__(self, api: str, reason: str) -> None:
        super().__init__(f"{api}: sent without a usable answer ({reason})")
        self.api = api
        self.reason = reason


class NotAMemberError(WeChatError):
    """WeCom answered, and the person is no member of the company. ``api`` is the API's path."""

    def __init__(self, api: str) -> None:
        super().__init__(f"{api}: not a member of the company")
        self.api = api


class CallbackRefusedError(WeChatError):
    """A request to the server callback that is not to be believed or cannot be read.

    ``reason`` is signature, plain (not sealed where it has to be), malformed, decrypt or appid.
    """

    def __init__(self, reason: RefusalReason) -> None:
        super().__init__(reason)
        self.reason = reason
