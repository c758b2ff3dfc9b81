"""Where followers are answered, and with which words."""

from dataclasses import dataclass

from app.kit import texts
from app.official_account.rules import link
from config.settings import Settings


def say(key: str, **values: str) -> str:
    """A text of the official account's."""
    return texts.text("official_account", key, **values)


@dataclass(frozen=True, slots=True)
class Counter:
    """The official account at which followers are answered, the mini-program it leads to, and our own address."""

    appid: str
    mini_program: str
    public_url: str

    @classmethod
    def of(cls, settings: Settings) -> "Counter":
        """The counter of these settings."""
        wechat = settings.wechat
        return cls(wechat.official_account_appid, wechat.mini_program_appid, settings.public_url)

    def page(self, page: str, title: str) -> str:
        """A page of the mini-program as WeChat shows it in a text; clients that cannot open one open our own page."""
        return (
            f'<a data-miniprogram-appid="{self.mini_program}" data-miniprogram-path="{page}" '
            f'href="{self.public_url}/h5/sign-in">{title}</a>'
        )

    @property
    def sign_in(self) -> str:
        """Where whoever is not bound signs in, and is bound by it."""
        return link(f"{self.public_url}/h5/sign-in/wechat", say("sign_in"))
