"""What the demonstration consists of: ports, addresses, keys, and the settings that every process reads."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.settings import DemoSettings

# Known to all, so that other programs can play the stand-ins' part; they listen on loopback only.
_PARTNER_SECRET = "jiaban-sandbox"  # noqa: S105  # published
CONFIG_VARIABLE = "JIABAN_CONFIG_FILE"


@dataclass(frozen=True, slots=True)
class Plan:
    """Where everything of one demonstration lies."""

    var: Path
    web_port: int
    sandbox_port: int
    postgres_port: int
    redis_port: int
    scanner_port: int
    database_url: str
    redis_url: str

    @property
    def front_url(self) -> str:
        """The front database, where exchange tables stand; on the same server."""
        return f"{self.database_url}_front"

    @property
    def web_url(self) -> str:
        """The web server's address."""
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def sandbox_url(self) -> str:
        """The stand-ins' address."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def config_file(self) -> Path:
        """The settings that every process reads."""
        return self.var / "demo.toml"

    @property
    def run_file(self) -> Path:
        """Which processes run, for other programs."""
        return self.var / "run.json"


def make_plan(demo: DemoSettings) -> Plan:
    """The plan that the demonstration's settings ask for."""
    var = demo.var.resolve()
    web, sandbox, postgres, redis, scanner = range(demo.port, demo.port + 5)
    return Plan(
        var=var,
        web_port=web,
        sandbox_port=sandbox,
        postgres_port=postgres,
        redis_port=redis,
        scanner_port=scanner,
        database_url=demo.database_url or f"postgresql://jiaban@127.0.0.1:{postgres}/jiaban",
        redis_url=demo.redis_url or f"redis://127.0.0.1:{redis}/0",
    )


def _key() -> str:
    return secrets.token_hex(32)


def _keys(var: Path) -> dict[str, str]:
    """The demonstration's keys, made at its first start and kept, since its data is sealed with them."""
    path = var / "keys.json"
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    names = ("encryption", "lookup", "session", "record", "ops")
    keys = {name: kept.get(name) or _key() for name in names}
    if keys != kept:
        write_private(path, json.dumps(keys))
    return keys


def write_private(path: Path, text: str) -> None:
    """Write a file whole or not at all, readable by its owner alone."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _toml(values: Mapping[str, Any]) -> str:
    """A table with tables, as TOML; JSON's strings and numbers are TOML's too."""
    plain = {name: value for name, value in values.items() if not isinstance(value, Mapping)}
    lines = [f"{name} = {json.dumps(value)}" for name, value in plain.items()]
    for name, table in values.items():
        if isinstance(table, Mapping):
            lines += ["", f"[{name}]"]
            lines += [f"{key} = {_inline(value)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {_inline(entry)}" for key, entry in value.items()) + "}"
    return json.dumps(value)


def write_settings(plan: Plan, demo: DemoSettings) -> None:
    """Write the settings file of the demonstration."""
    plan.var.mkdir(parents=True, exist_ok=True)
    keys = _keys(plan.var)
    settings = {
        "environment": "demonstration",
        "port": plan.web_port,
        "public_url": plan.web_url,
        "database_url": plan.database_url,
        "redis_url": plan.redis_url,
        "blobs": str(plan.var / "blobs"),
        "ops_token": keys["ops"],
        "requests_at_once": 1000,
        "wechat": {
            "base_url": plan.sandbox_url,
            "open_url": plan.sandbox_url,
            "mini_program_appid": "wxjiabansandbox02",
            "mini_program_secret": "jiaban-sandbox",
            "mini_program_token": "jiaban",
            "mini_program_aes_key": "A" * 43,
            "official_account_appid": "wxjiabansandbox01",
            "official_account_secret": "jiaban-sandbox",
            "official_account_token": "jiaban",
            "official_account_aes_key": "A" * 43,
            "plain_pushes": True,
        },
        "work": {
            "base_url": plan.sandbox_url,
            "corpid": "wwjiabansandbox",
            "agent_id": "1000002",
            "secret": "jiaban-sandbox",
        },
        "authority": {"base_url": plan.sandbox_url, "client_id": "jiaban", "secret": _PARTNER_SECRET},
        "approvals": {
            "default": "city",
            "departments": {"mz": "civil_affairs"},
            "connectors": {
                "city": {
                    "protocol": "http",
                    "base_url": plan.sandbox_url,
                    "client_id": "jiaban",
                    "secret": _PARTNER_SECRET,
                },
                "civil_affairs": {
                    "protocol": "tables",
                    "database_url": plan.front_url,
                    "read_every_seconds": 1,
                },
            },
        },
        "shared_data": {"base_url": plan.sandbox_url, "client_id": "jiaban", "secret": _PARTNER_SECRET},
        "relying_systems": {
            "schools": {
                "title": "市教育局入学服务系统",
                "client_id": "schools",
                "secret": _PARTNER_SECRET,
                "per_minute": 600,
                "purposes": {
                    "enrolment": {
                        "title": "入学资格核验",
                        "licence_types": {
                            "food_business": ["business_name", "business_site"],
                            "disability_certificate": [],
                        },
                    },
                },
            },
        },
        "province": {
            "issuer": f"{plan.sandbox_url}/province",
            "client_id": "jiaban",
            "client_secret": _PARTNER_SECRET,
        },
        "scanner": {"port": plan.scanner_port},
        "sms": {
            "base_url": f"{plan.sandbox_url}/sms",
            "secret_id": "jiaban",
            "secret_key": _PARTNER_SECRET,
            "sdk_app_id": "1400000000",
            "sign_name": "佳办",
        },
        "keys": {
            "encryption": {"demo-1": keys["encryption"]},
            "encryption_active": "demo-1",
            "lookup": keys["lookup"],
            "session_signing": {"demo-1": keys["session"]},
            "session_signing_active": "demo-1",
            "record_signing": {"demo-1": keys["record"]},
            "record_signing_active": "demo-1",
        },
        "worker": {
            "heartbeat_seconds": demo.heartbeat_seconds,
            "stalled_after_seconds": demo.stalled_after_seconds,
            "reconcile_every_seconds": demo.reconcile_every_seconds,
        },
        "sandbox": {
            "port": plan.sandbox_port,
            "data": str(plan.var / "sandbox"),
            "callback_base_url": plan.web_url,
        },
    }
    write_private(plan.config_file, _toml(settings))
