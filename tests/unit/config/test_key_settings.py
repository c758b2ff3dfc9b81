"""Settings of keys: rings, what is active in them, and the lookup key alone of settings from before."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from config.settings import KeySettings, Settings

HEX, OTHER = "0f" * 32, "a1" * 32
KEYS: dict[str, Any] = {
    "encryption": {"2026-11": HEX},
    "encryption_active": "2026-11",
    "session_signing": {"s": HEX},
    "session_signing_active": "s",
    "record_signing": {"r": HEX},
    "record_signing_active": "r",
}


def test_a_lookup_key_alone_is_a_ring_of_one() -> None:
    """As settings files from before have it."""
    keys = KeySettings(**KEYS, lookup=HEX)
    assert keys.lookup_ring == {"1": SecretStr(HEX)}
    assert (keys.lookup_active, keys.profile) == ("1", "aes")


def test_a_lookup_ring_has_an_active_key() -> None:
    """Named like the others."""
    ring = {"1": HEX, "2026-12": OTHER}
    keys = KeySettings(**KEYS, lookup=ring, lookup_active="2026-12", profile="sm")
    assert keys.lookup_ring == {"1": SecretStr(HEX), "2026-12": SecretStr(OTHER)}
    assert keys.lookup_active == "2026-12"


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("encryption_active", {"lookup": HEX, "encryption_active": "2025"}),
        ("lookup_active", {"lookup": HEX, "lookup_active": "2"}),
        ("lookup_active", {"lookup": {"2026-12": HEX}}),
        ("session_signing_active", {"lookup": HEX, "session_signing_active": "r"}),
        ("record_signing_active", {"lookup": HEX, "record_signing_active": "s"}),
    ],
)
def test_an_active_key_that_is_not_there_is_named(name: str, more: dict[str, Any]) -> None:
    """The setting, no key."""
    with pytest.raises(ValidationError) as caught:
        KeySettings(**{**KEYS, **more})
    assert [problem["loc"] for problem in caught.value.errors()] == [(name,)]
    assert HEX not in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "ring"),
    [
        ({"JIABAN_KEYS__LOOKUP": HEX}, {"1": HEX}),
        ({"JIABAN_KEYS__LOOKUP": f'{{"1": "{HEX}", "2": "{OTHER}"}}'}, {"1": HEX, "2": OTHER}),
        ({"JIABAN_KEYS__LOOKUP__1": HEX, "JIABAN_KEYS__LOOKUP__2": OTHER}, {"1": HEX, "2": OTHER}),
    ],
)
def test_the_environment_gives_a_key_or_a_ring(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], ring: dict[str, str]
) -> None:
    """In one variable, or a variable for each key."""
    monkeypatch.delenv("JIABAN_CONFIG_FILE", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    partner = {"base_url": "https://example.gov.cn", "client_id": "jiaban", "secret": "s"}
    wechat = {
        f"{one}_{end}": "x"
        for one in ("mini_program", "official_account")
        for end in ("appid", "secret", "token", "aes_key")
    }
    rest: dict[str, Any] = {
        "public_url": "https://example.gov.cn",
        "database_url": "postgresql://nobody@127.0.0.1/none",
        "redis_url": "redis://127.0.0.1",
        "ops_token": "o",
        "wechat": {**wechat, "mini_program_secret": "s"},
        "authority": partner,
        "approvals": {"default": "city", "connectors": {"city": {"protocol": "http", **partner}}},
        "keys": KEYS,
    }
    settings = Settings(**rest)
    assert {key_id: key.get_secret_value() for key_id, key in settings.keys.lookup_ring.items()} == ring
