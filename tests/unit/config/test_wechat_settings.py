"""Settings of WeChat: an account's own quotas."""

from typing import Any

import pytest
from pydantic import ValidationError

from config.settings import QuotaSettings, WeChatSettings

APPS: dict[str, Any] = {
    f"{app}_{part}": "x"
    for app in ("mini_program", "official_account")
    for part in ("appid", "secret", "token", "aes_key")
}
PATH = "/cgi-bin/message/template/send"


def test_an_account_may_have_quotas_of_its_own() -> None:
    settings = WeChatSettings(**APPS, quotas={PATH: {"day": 1_000_000}})
    assert settings.quotas == {PATH: QuotaSettings(day=1_000_000)}
    assert WeChatSettings(**APPS).quotas == {}


@pytest.mark.parametrize("quota", [{"day": 0}, {"minute": -1}, {"hour": 5}])
def test_a_quota_that_means_nothing_stops_the_start(quota: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        WeChatSettings(**APPS, quotas={PATH: quota})
