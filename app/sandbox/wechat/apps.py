"""The two apps that WeChat's stand-in knows: one mini-program and one official account."""

from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr

from app.sandbox.wechat.answers import PlatformError, is_secret
from config.settings import WeChatSettings

Kind = Literal["mini", "official"]
OFFICIAL_OPENID = "oa-"
MINI_OPENID = "o-"


@dataclass(frozen=True, slots=True)
class WeChatApp:
    """One app: its keys, those of its callback, and the callback's path at the product."""

    kind: Kind
    appid: str
    secret: SecretStr
    callback_token: SecretStr
    aes_key: SecretStr
    callback_path: str

    @property
    def original_id(self) -> str:
        """The name an app has in pushes (``ToUserName``), which is not its appid."""
        return f"gh_{self.appid}"


class Apps:
    """Both apps, by kind and by appid."""

    def __init__(self, settings: WeChatSettings) -> None:
        self.mini = WeChatApp(
            "mini",
            settings.mini_program_appid,
            settings.mini_program_secret,
            settings.mini_program_token,
            settings.mini_program_aes_key,
            "/wechat/mini-program",
        )
        self.official = WeChatApp(
            "official",
            settings.official_account_appid,
            settings.official_account_secret,
            settings.official_account_token,
            settings.official_account_aes_key,
            "/wechat/official-account",
        )
        self.by_appid = {app.appid: app for app in (self.mini, self.official)}

    def of_kind(self, kind: Kind) -> WeChatApp:
        """The app of a kind."""
        return self.mini if kind == "mini" else self.official

    def of_openid(self, openid: str) -> WeChatApp:
        """The app an openid belongs to, told by its beginning; raises PlatformError 40003."""
        if openid.startswith(OFFICIAL_OPENID):
            return self.official
        if openid.startswith(MINI_OPENID):
            return self.mini
        raise PlatformError(40003, "invalid openid")

    def with_secret(self, appid: str | None, secret: str | None) -> WeChatApp:
        """The app that shows its secret; raises PlatformError 40013 or 40125."""
        return check_secret(self.by_appid.get(appid or ""), secret)


def check_secret(app: WeChatApp | None, secret: str | None) -> WeChatApp:
    """The app if this is its secret; raises PlatformError 40013 or 40125."""
    if app is None:
        raise PlatformError(40013, "invalid appid")
    if not is_secret(secret, app.secret):
        raise PlatformError(40125, "invalid appsecret")
    return app
