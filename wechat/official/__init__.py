"""The official account's calls to WeChat, by subject; ``OfficialAccountClient`` is the one way in."""

from wechat.account import Account
from wechat.official.followers import FollowerInfo, FollowerPage, Followers, Tag
from wechat.official.materials import Materials, QrTicket
from wechat.official.menus import Menu, Menus
from wechat.official.messages import (
    BIZ_SEND,
    CUSTOM_SEND,
    TEMPLATE_SEND,
    Messages,
    MiniProgramPage,
)
from wechat.official.pages import JsSignature, JsTickets, OAuthIdentity, Pages
from wechat.sharing import SharedToken

__all__ = [
    "BIZ_SEND",
    "CUSTOM_SEND",
    "TEMPLATE_SEND",
    "FollowerInfo",
    "FollowerPage",
    "JsSignature",
    "JsTickets",
    "Menu",
    "MiniProgramPage",
    "OAuthIdentity",
    "OfficialAccountClient",
    "QrTicket",
    "Tag",
]


class OfficialAccountClient(Pages, Messages, Menus, Followers, Materials):
    """The server APIs of one official account.

    ``open_url`` is where browsers are sent to be recognised, https://open.weixin.qq.com in production; without
    ``tickets`` the JS-SDK's ticket is shared with nobody. Every method raises the errors of ``Account``.
    """

    def __init__(self, account: Account, open_url: str, tickets: SharedToken | None = None) -> None:
        super().__init__(account)
        self.limits = account.limits
        self._open_url = open_url
        self._tickets = tickets or JsTickets(account)
