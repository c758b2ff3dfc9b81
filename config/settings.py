"""Settings: typed, frozen, read from the environment and one TOML file.

This module is the only place that reads the environment. Every name is prefixed ``JIABAN_`` and nested names are
joined by two underscores: ``JIABAN_WECHAT__BASE_URL``. The TOML file is named by ``JIABAN_CONFIG_FILE``; the
environment wins over the file.
"""

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

CITY_DATA = Path(__file__).parent / "city"
TEXTS = Path(__file__).parent / "texts"
LIMITS = Path(__file__).parent / "limits.yaml"
RETENTION = Path(__file__).parent / "retention.yaml"

_ONLY_LOOKUP_KEY = "1"

_FROZEN = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class QuotaSettings(BaseModel):
    """How often one API of WeChat may be called in a minute and in a day, where WeChat grants other numbers.

    What is not given has no limit.
    """

    model_config = _FROZEN
    minute: int | None = Field(default=None, ge=1)
    day: int | None = Field(default=None, ge=1)


class WeChatSettings(BaseModel):
    """One mini-program and one official account.

    ``base_url`` is WeChat's address or the stand-in's; ``open_url`` is where browsers are sent to be recognised.
    ``plain_pushes`` believes pushes that did not come sealed: whoever has seen the address of one could forge others.
    ``quotas`` has the paths of APIs, such as "/cgi-bin/message/template/send"; ``processes`` is how many share the
    quotas while Redis is away.
    """

    model_config = _FROZEN
    base_url: str = "https://api.weixin.qq.com"
    open_url: str = "https://open.weixin.qq.com"
    mini_program_appid: str
    mini_program_secret: SecretStr
    mini_program_token: SecretStr
    mini_program_aes_key: SecretStr
    official_account_appid: str
    official_account_secret: SecretStr
    official_account_token: SecretStr
    official_account_aes_key: SecretStr
    previous_aes_key: SecretStr | None = None
    plain_pushes: bool = False
    quotas: dict[str, QuotaSettings] = Field(default_factory=dict)
    processes: int = Field(default=10, ge=1)
    timeout_seconds: float = 5.0


class WorkSettings(BaseModel):
    """One app of the staff's company in WeCom (企业微信): ``base_url`` is WeCom's address or the stand-in's."""

    model_config = _FROZEN
    base_url: str = "https://qyapi.weixin.qq.com"
    corpid: str
    agent_id: str
    secret: SecretStr
    timeout_seconds: float = 5.0


class PartnerSettings(BaseModel):
    """Another system spoken to over signed HTTP: its address, and the name and key both sides sign with."""

    model_config = _FROZEN
    base_url: str
    client_id: str
    secret: SecretStr
    timeout_seconds: float = 5.0


class HttpConnectorSettings(PartnerSettings):
    """An approval system over signed HTTP, in both directions: its ``client_id`` says which one calls."""

    protocol: Literal["http"]
    per_second: float = Field(default=10.0, gt=0)
    concurrency: int = Field(default=4, ge=1)


class TablesConnectorSettings(BaseModel):
    """An approval system behind exchange tables (库表交换) in a front database, PostgreSQL 14 or newer.

    The database is looked into every ``read_every_seconds``; what takes longer than ``timeout_seconds`` has failed.
    """

    model_config = _FROZEN
    protocol: Literal["tables"]
    database_url: SecretStr
    timeout_seconds: float = 10.0
    read_every_seconds: int = Field(default=5, ge=1)
    per_second: float = Field(default=10.0, gt=0)
    concurrency: int = Field(default=4, ge=1)


ConnectorSettings = Annotated[HttpConnectorSettings | TablesConnectorSettings, Field(discriminator="protocol")]
ConnectorName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=32)]


class ApprovalsSettings(BaseModel):
    """The connectors to approval systems by name, and which takes a department's cases, by the department's code."""

    model_config = _FROZEN
    connectors: dict[ConnectorName, ConnectorSettings]
    default: ConnectorName
    departments: dict[str, ConnectorName] = {}

    @model_validator(mode="after")
    def _names_connectors(self) -> Self:
        unknown = {self.default, *self.departments.values()} - set(self.connectors)
        if unknown:
            raise ValueError(f"these connectors are not set: {', '.join(sorted(unknown))}")
        clients = [one.client_id for one in self.over_http.values()]
        if len(clients) != len(set(clients)):
            raise ValueError("two connectors have the same client_id")
        return self

    @property
    def over_http(self) -> dict[str, HttpConnectorSettings]:
        """The connectors over signed HTTP."""
        return {name: one for name, one in self.connectors.items() if one.protocol == "http"}

    @property
    def over_tables(self) -> dict[str, TablesConnectorSettings]:
        """The connectors over exchange tables."""
        return {name: one for name, one in self.connectors.items() if one.protocol == "tables"}


class RelyingPurposeSettings(BaseModel):
    """What a relying system may ask for: licence type → the names of the fields that it is told.

    ``title`` is what holders read.
    """

    model_config = _FROZEN
    title: str = Field(min_length=1, max_length=128)
    licence_types: dict[str, list[str]]


class RelyingSystemSettings(BaseModel):
    """A system (用证系统) that verifies licences over signed HTTP; ``title`` is what holders are told of it."""

    model_config = _FROZEN
    title: str = Field(min_length=1, max_length=128)
    client_id: str = Field(min_length=1, max_length=64)
    secret: SecretStr
    per_minute: int = Field(default=60, ge=1)
    purposes: dict[ConnectorName, RelyingPurposeSettings]


class SharedDataSettings(PartnerSettings):
    """Data that other bodies share. Somebody waits at a phone: ``timeout_seconds`` is the time for a whole answer."""

    timeout_seconds: float = 1.5


class ProvinceSettings(BaseModel):
    """The provincial identity platform: its OpenID Connect issuer, and the client it knows this city as."""

    model_config = _FROZEN
    issuer: str
    client_id: str
    client_secret: SecretStr
    timeout_seconds: float = 5.0


class KeySettings(BaseModel):
    """Keys that guard people. A ring maps a key's id to its value; ``*_active`` names the one that writes.

    Encryption and lookup keys are 32 bytes in hexadecimal; signing keys are Ed25519 private keys in the same form.
    ``licence_device`` is where a device's ``KeyHolder`` is made, ``module:function``; without it licences' private keys
    are kept in the database. ``record_known`` are record signing keys of which only the public one (PEM) is left; they
    sign nothing, and what they signed is believed. ``profile`` chooses the algorithms that seal and
    hash. ``lookup`` may also be a key alone: then its id is ``1``.
    """

    model_config = _FROZEN
    profile: Literal["aes", "sm"] = "aes"
    encryption: dict[str, SecretStr]
    encryption_active: str
    lookup: dict[str, SecretStr] | SecretStr
    lookup_active: str = Field(default=_ONLY_LOOKUP_KEY, validate_default=True)
    session_signing: dict[str, SecretStr]
    session_signing_active: str
    record_signing: dict[str, SecretStr]
    record_signing_active: str
    record_known: dict[str, str] = {}
    licence_device: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")] | None = None

    @field_validator(
        "encryption_active",
        "lookup_active",
        "session_signing_active",
        "record_signing_active",
    )
    @classmethod
    def _names_a_key(cls, active: str, info: ValidationInfo) -> str:
        ring = info.data.get(str(info.field_name).removesuffix("_active"))
        ids = ring if isinstance(ring, dict) else {_ONLY_LOOKUP_KEY}
        if ring is not None and active not in ids:
            raise ValueError("the active key is not in its ring")
        return active

    @property
    def lookup_ring(self) -> dict[str, SecretStr]:
        """The lookup keys by their ids."""
        return self.lookup if isinstance(self.lookup, dict) else {_ONLY_LOOKUP_KEY: self.lookup}


class LicenceSettings(BaseModel):
    """How old what is published of licences may grow, in whole minutes: at most a quarter of an hour."""

    model_config = _FROZEN
    status_every_seconds: int = Field(default=300, ge=60, le=900, multiple_of=60)


class SmsSettings(BaseModel):
    """Tencent Cloud SMS: the city's key and SMS application, and the approved signature before each message."""

    model_config = _FROZEN
    base_url: str = "https://sms.tencentcloudapi.com"
    secret_id: SecretStr
    secret_key: SecretStr
    sdk_app_id: str
    sign_name: str
    region: str = "ap-guangzhou"
    timeout_seconds: float = 5.0


class SandboxSettings(BaseModel):
    """The stand-ins' own process. ``callback_base_url`` is where the stand-in of the approval system sends its word."""

    model_config = _FROZEN
    host: Literal["127.0.0.1"] = "127.0.0.1"
    port: int = 8811
    data: Path = Path("var/sandbox")
    callback_base_url: str = "http://127.0.0.1:8810"
    accept_after_seconds: float = 1.0
    approve_after_seconds: float = 1.0


class S3Settings(BaseModel):
    """An object store that speaks S3. ``path_style`` false: ``endpoint`` contains the bucket's name already."""

    model_config = _FROZEN
    endpoint: str
    bucket: str
    region: str = "us-east-1"
    access_key_id: str
    secret_access_key: SecretStr
    path_style: bool = True
    allow_http: bool = False
    timeout_seconds: float = 30.0


class ScannerSettings(BaseModel):
    """ClamAV's clamd. ``host`` may be the path of a unix socket; ``max_bytes`` is its StreamMaxLength."""

    model_config = _FROZEN
    host: str = "127.0.0.1"
    port: int = 3310
    timeout_seconds: float = 20.0
    max_bytes: int = 25_000_000


class WorkerSettings(BaseModel):
    """The worker's pace. A job whose worker was silent for ``stalled_after_seconds`` is taken up by another."""

    model_config = _FROZEN
    concurrency: int = 8
    heartbeat_seconds: float = 5.0
    stalled_after_seconds: float = 20.0
    reconcile_every_seconds: int = Field(default=60, description="how often lost events are asked for")


class Settings(BaseSettings):
    """Everything a process is told from outside. Frozen; secrets never print."""

    model_config = SettingsConfigDict(
        env_prefix="JIABAN_",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
    )

    environment: Literal["production", "demonstration"] = "production"
    host: str = "127.0.0.1"
    port: int = 8810
    public_url: str
    database_url: SecretStr
    redis_url: SecretStr
    blobs: Path = Path("var/blobs")
    s3: S3Settings | None = None
    drafts_max_bytes: int = Field(default=500_000_000, gt=0)
    ops_token: SecretStr
    proxies_count: int = 0
    requests_at_once: int = Field(
        default=64, ge=1, description="how many one web process has under way before it sheds"
    )
    drain_seconds: float = Field(default=0.0, ge=0, le=5, description="how long a stopping web process still serves")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_folder: Path | None = None
    log_keep_days: int = Field(default=184, ge=184, description="six months at least (Cybersecurity Law, article 21)")
    wechat: WeChatSettings
    work: WorkSettings | None = None
    authority: PartnerSettings
    approvals: ApprovalsSettings
    relying_systems: dict[ConnectorName, RelyingSystemSettings] = {}
    province: ProvinceSettings | None = None
    shared_data: SharedDataSettings | None = None
    scanner: ScannerSettings | None = None
    sms: SmsSettings | None = None
    keys: KeySettings
    licences: LicenceSettings = LicenceSettings()
    worker: WorkerSettings = WorkerSettings()
    sandbox: SandboxSettings | None = None

    @model_validator(mode="after")
    def _knows_clients_apart(self) -> Self:
        clients = [one.client_id for one in self.approvals.over_http.values()]
        clients += [one.client_id for one in self.relying_systems.values()]
        if len(clients) != len(set(clients)):
            raise ValueError("two systems that call us have the same client_id")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over the TOML file."""
        del dotenv_settings, file_secret_settings
        file = os.environ.get("JIABAN_CONFIG_FILE")
        sources = (init_settings, env_settings)
        return (*sources, TomlConfigSettingsSource(settings_cls, Path(file))) if file else sources


class UnsafeStartError(Exception):
    """Production was asked to start with something that belongs to the demonstration; the sentence says what."""


def load_settings() -> Settings:
    """Read the settings of this process.

    Raises ``pydantic.ValidationError``, which names what is missing or wrong and never a value.
    """
    return Settings()


class DemoSettings(BaseSettings):
    """Where the demonstration runs: five ports in a row from ``port``, data under ``var``.

    ``postgres_bin`` names the folder of this machine's own PostgreSQL 16 or newer; ``database_url`` and ``redis_url``
    name servers of one's own, and then none is started. Read from ``JIABAN_DEMO_*``.
    """

    model_config = SettingsConfigDict(env_prefix="JIABAN_DEMO_", frozen=True, extra="forbid")

    port: int = Field(default=8810, ge=1024, le=65531)
    var: Path = Path("var")
    postgres_bin: Path | None = None
    database_url: str | None = None
    redis_url: str | None = None
    reconcile_every_seconds: int = 10
    stalled_after_seconds: float = 6.0
    heartbeat_seconds: float = 2.0


def load_demo_settings() -> DemoSettings:
    """Read the settings of the demonstration."""
    return DemoSettings()
