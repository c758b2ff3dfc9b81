"""The one place where settings become objects."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import SecretStr
from redis import asyncio as aioredis

from app.applications.materials import allowance
from app.applications.materials.queries import read_content
from app.applications.ports import SharedData
from app.applications.shared_data import HttpSharedData
from app.approvals.connector import HttpApprovalSystem
from app.approvals.connectors import Connector, Connectors
from app.approvals.tables.front import FrontDatabase
from app.approvals.tables.system import TablesApprovalSystem
from app.identity.authority import HttpAuthority
from app.identity.queries import holds_stand_in_data
from app.identity.sessions import LiveSessions
from app.identity.staff import StaffDoor
from app.identity.tokens import AccessTokens
from app.kit import crypto
from app.kit.crypto import Keyring
from app.kit.db import database
from app.kit.limits import SharedCounts, shared_counts
from app.kit.record_signing import RecordSigner
from app.kit.scanning import ClamScanner, Scanner
from app.kit.signed_http import SignedHttp
from app.kit.signing import Signer
from app.kit.tls import public_tls
from app.kit.wechat_tokens import PostgresTokenStore
from app.licences.codes import CodeSigner
from app.licences.keys.ports import KeyHolder
from app.licences.keys.ring import SigningKeys
from app.licences.relying import Purpose, RelyingSystem, RelyingSystems
from app.licences.verifying.screens import Screens
from app.notifications.ports import SmsSender
from app.notifications.sms.console import ConsoleSms
from app.notifications.sms.tencent import Credentials, TencentSms
from config.settings import (
    PartnerSettings,
    ProvinceSettings,
    S3Settings,
    ScannerSettings,
    Settings,
    SharedDataSettings,
    SmsSettings,
    UnsafeStartError,
    WeChatSettings,
    WorkSettings,
)
from media.storage import BlobStore, FolderStore
from wechat import tokens as wechat_tokens
from wechat.account import Account
from wechat.callback import CallbackCodec
from wechat.client import MiniProgramClient
from wechat.content import ContentClient
from wechat.face import FaceClient
from wechat.limits import Limits
from wechat.official import JsTickets, OfficialAccountClient
from wechat.quotas import with_own
from wechat.redis_store import RedisTokenStore
from wechat.sharing import TokenStore
from wechat.transport import open_http
from wechat.work import WorkClient

if TYPE_CHECKING:
    from app.identity.province import ProvinceLogin

_log = logging.getLogger(__name__)

STAND_IN_APPID = "wxjiabansandbox"
STAND_IN_CORPID = "wwjiabansandbox"
_LOOPBACK = {"127.0.0.1", "localhost", "::1", "0.0.0.0"}  # noqa: S104  # named in order to be refused
_REDIS_SECONDS = 1.0
_SHORTEST_SECRET = 32


@dataclass(frozen=True, slots=True)
class House:
    """Every object a process needs, made once.

    ``sms`` is None where nobody sends short messages for the city;
    ``official`` calls WeChat for the official account, ``official_account`` reads what WeChat pushes to it; ``work`` is
    None where the staff have no WeCom, ``shared`` where nobody shares data, ``scanner`` where none looks for viruses.
    """

    settings: Settings
    redis: aioredis.Redis
    counts: SharedCounts
    blobs: BlobStore
    scanner: Scanner | None
    wechat: MiniProgramClient
    face: FaceClient
    content: ContentClient
    official: OfficialAccountClient
    work: WorkClient | None
    sms: SmsSender | None
    authority: HttpAuthority
    province: "ProvinceLogin | None"
    connectors: Connectors
    shared: SharedData | None
    access_tokens: AccessTokens
    live_sessions: LiveSessions
    staff_door: StaffDoor
    code_signer: CodeSigner
    licence_keys: SigningKeys
    screens: Screens
    relying_systems: RelyingSystems
    record_signer: RecordSigner
    official_account: CallbackCodec
    mini_program: CallbackCodec


def _bytes(keys: Mapping[str, SecretStr]) -> dict[str, bytes]:
    return {key_id: bytes.fromhex(key.get_secret_value()) for key_id, key in keys.items()}


def _signing(keys: Mapping[str, SecretStr]) -> dict[str, Ed25519PrivateKey]:
    return {key_id: Ed25519PrivateKey.from_private_bytes(key) for key_id, key in _bytes(keys).items()}


def _known(keys: Mapping[str, str]) -> dict[str, Ed25519PublicKey]:
    """Public keys by their ids. Raises UnsafeStartError."""
    try:
        known = {key_id: load_pem_public_key(pem.encode()) for key_id, pem in keys.items()}
    except ValueError as error:
        raise UnsafeStartError("keys.record_known holds what is no public key in PEM") from error
    return {key_id: key for key_id, key in known.items() if isinstance(key, Ed25519PublicKey)}


def install_keyring(settings: Settings) -> None:
    """Make the settings' encryption keys the ones this process seals with."""
    keys = settings.keys
    lookup = _bytes(keys.lookup_ring)
    crypto.install(Keyring(_bytes(keys.encryption), keys.encryption_active, lookup, keys.lookup_active, keys.profile))


def addresses(settings: Settings) -> dict[str, str]:
    """The addresses of everybody whom a production may not have a stand-in for, by the names of their settings."""
    return {
        "wechat.base_url": settings.wechat.base_url,
        "wechat.open_url": settings.wechat.open_url,
        **({"work.base_url": settings.work.base_url} if settings.work else {}),
        "authority.base_url": settings.authority.base_url,
        **{f"approvals.connectors.{name}.base_url": one.base_url for name, one in settings.approvals.over_http.items()},
        **({"province.issuer": settings.province.issuer} if settings.province else {}),
        **({"shared_data.base_url": settings.shared_data.base_url} if settings.shared_data else {}),
        **({"s3.endpoint": settings.s3.endpoint} if settings.s3 else {}),
        **({"sms.base_url": settings.sms.base_url} if settings.sms else {}),
        "public_url": settings.public_url,
    }


def _chosen_secrets(settings: Settings) -> dict[str, SecretStr]:
    """The secrets that the city chooses or agrees on with others, by the names of their settings."""
    shared = settings.shared_data
    return {
        "ops_token": settings.ops_token,
        "authority.secret": settings.authority.secret,
        **{f"approvals.connectors.{name}.secret": one.secret for name, one in settings.approvals.over_http.items()},
        **{f"relying_systems.{name}.secret": one.secret for name, one in settings.relying_systems.items()},
        **({"shared_data.secret": shared.secret} if shared else {}),
    }


def _refuse_local(name: str, address: str) -> None:
    if urlsplit(address).hostname in _LOOPBACK:
        raise UnsafeStartError(f"{name} points at this machine, where only stand-ins live")


def _refuse_guessable(name: str, secret: SecretStr) -> None:
    if len(secret.get_secret_value()) < _SHORTEST_SECRET:
        raise UnsafeStartError(f"{name} can be guessed: a secret has {_SHORTEST_SECRET} characters or more")


def refuse_stand_ins(settings: Settings) -> None:
    """Raise UnsafeStartError where production settings name a stand-in, or believe what others could forge."""
    if settings.environment != "production":
        return
    if settings.sandbox is not None:
        raise UnsafeStartError("production settings must not configure the sandbox")
    for name, address in addresses(settings).items():
        _refuse_local(name, address)
        if urlsplit(address).scheme != "https":
            raise UnsafeStartError(f"{name} must be an https address in production")
    for name, tables in settings.approvals.over_tables.items():
        _refuse_local(f"approvals.connectors.{name}.database_url", tables.database_url.get_secret_value())
    appids = (settings.wechat.mini_program_appid, settings.wechat.official_account_appid)
    if any(appid.startswith(STAND_IN_APPID) for appid in appids):
        raise UnsafeStartError("a WeChat app id of the stand-in is configured")
    if settings.work is not None and settings.work.corpid.startswith(STAND_IN_CORPID):
        raise UnsafeStartError("the WeCom corpid of the stand-in is configured")
    if settings.wechat.plain_pushes:
        raise UnsafeStartError("wechat.plain_pushes would let others speak for citizens")
    for name, secret in _chosen_secrets(settings).items():
        _refuse_guessable(name, secret)


def _callback(settings: WeChatSettings, appid: str, token: SecretStr, key: SecretStr) -> CallbackCodec:
    previous = settings.previous_aes_key
    keys = [key.get_secret_value(), *([previous.get_secret_value()] if previous else [])]
    return CallbackCodec(appid, token.get_secret_value(), keys, plain=settings.plain_pushes)


def _stores(redis: aioredis.Redis, appid: str, name: str) -> tuple[TokenStore, ...]:
    return RedisTokenStore(redis, appid, name), PostgresTokenStore(appid, name)


def _account(
    settings: WeChatSettings, appid: str, secret: SecretStr, http: httpx.AsyncClient, redis: aioredis.Redis
) -> Account:
    key = secret.get_secret_value()
    own = with_own({api: (quota.minute, quota.day) for api, quota in settings.quotas.items()})
    limits = Limits(appid, redis, quotas=own, shares=settings.processes)
    tokens = wechat_tokens.AccessTokens(appid, key, http, _stores(redis, appid, "access_token"), limits)
    return Account(appid, key, http, tokens, limits)


def blob_store(settings: Settings) -> BlobStore:
    """Where these settings keep files."""
    return _s3(settings.s3) if settings.s3 else FolderStore(settings.blobs)


async def _connectors(
    settings: Settings,
    partner: Callable[[PartnerSettings], Awaitable[SignedHttp]],
    stack: AsyncExitStack,
    blobs: BlobStore,
) -> Connectors:
    made: list[Connector] = []
    for name, http in settings.approvals.over_http.items():
        system = HttpApprovalSystem(await partner(http))
        seconds = settings.worker.reconcile_every_seconds
        made.append(Connector(name, system, http.per_second, http.concurrency, seconds, _signer(http)))
    for name, one in settings.approvals.over_tables.items():
        url = one.database_url.get_secret_value()
        # One connection more than deliveries take, for reading.
        front = await stack.enter_async_context(FrontDatabase.opened(url, one.timeout_seconds, one.concurrency + 1))
        tables = TablesApprovalSystem(name, front, partial(read_content, blobs))
        made.append(Connector(name, tables, one.per_second, one.concurrency, one.read_every_seconds))
    return Connectors(made, settings.approvals.default, settings.approvals.departments)


@asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[House]:
    """Make every object, in the running event loop, and close them at the end.

    Raises UnsafeStartError where production would run on stand-ins or on a demonstration's data.
    """
    refuse_stand_ins(settings)
    install_keyring(settings)
    allowance.install(settings.drafts_max_bytes)
    if settings.environment == "production" and settings.sms is None:
        _log.warning("no sender of short messages is set: whom WeChat does not reach is left to the staff")
    if settings.environment == "production" and settings.scanner is None:
        _log.warning("no virus scanner is set: what people upload is marked as not scanned")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(database(settings.database_url.get_secret_value()))
        if settings.environment == "production" and await holds_stand_in_data(STAND_IN_APPID):
            raise UnsafeStartError("the database holds demonstration accounts or stand-in data")
        redis = aioredis.Redis.from_url(
            settings.redis_url.get_secret_value(),
            socket_timeout=_REDIS_SECONDS,
            socket_connect_timeout=_REDIS_SECONDS,
        )
        stack.push_async_callback(redis.aclose)

        async def client(base_url: str, seconds: float) -> httpx.AsyncClient:
            http = httpx.AsyncClient(base_url=base_url, timeout=seconds, verify=public_tls(), trust_env=False)
            return await stack.enter_async_context(http)

        async def partner(one: PartnerSettings) -> SignedHttp:
            return SignedHttp(await client(one.base_url, one.timeout_seconds), _signer(one))

        async def staff(work: WorkSettings) -> WorkClient:
            http = await client(work.base_url, work.timeout_seconds)
            return WorkClient(work.corpid, work.secret.get_secret_value(), work.agent_id, http, wechat.open_url)

        async def shared(one: SharedDataSettings) -> SharedData:
            return HttpSharedData(await partner(one), one.timeout_seconds)

        async def sms(one: SmsSettings) -> SmsSender:
            credentials = Credentials(one.secret_id.get_secret_value(), one.secret_key.get_secret_value())
            http = await client(one.base_url, one.timeout_seconds)
            return TencentSms(http, credentials, sdk_app_id=one.sdk_app_id, sign_name=one.sign_name, region=one.region)

        async def province(one: ProvinceSettings) -> "ProvinceLogin":
            from app.identity.province import ProvinceLogin  # with its libraries only where a province signs in

            return ProvinceLogin(await client("", one.timeout_seconds), one)

        wechat, keys = settings.wechat, settings.keys
        blobs = blob_store(settings)
        http = await stack.enter_async_context(
            open_http(wechat.base_url, seconds=wechat.timeout_seconds, verify=public_tls())
        )
        mini_program = _account(wechat, wechat.mini_program_appid, wechat.mini_program_secret, http, redis)
        official = _account(wechat, wechat.official_account_appid, wechat.official_account_secret, http, redis)
        tickets = JsTickets(official, _stores(redis, official.appid, "jsapi_ticket"))
        licence_keys = SigningKeys(_device(keys.licence_device) if keys.licence_device else None)
        access_tokens = AccessTokens(_signing(keys.session_signing), keys.session_signing_active)
        yield House(
            settings=settings,
            redis=redis,
            counts=await stack.enter_async_context(shared_counts(redis)),
            blobs=blobs,
            scanner=_scanner(settings.scanner) if settings.scanner else None,
            wechat=MiniProgramClient(mini_program),
            face=FaceClient(mini_program),
            content=ContentClient(mini_program),
            official=OfficialAccountClient(official, wechat.open_url, tickets),
            work=await staff(settings.work) if settings.work else None,
            sms=await sms(settings.sms) if settings.sms else _no_sms(settings),
            authority=HttpAuthority(await partner(settings.authority)),
            province=await province(settings.province) if settings.province else None,
            connectors=await _connectors(settings, partner, stack, blobs),
            shared=await shared(settings.shared_data) if settings.shared_data else None,
            access_tokens=access_tokens,
            live_sessions=LiveSessions(),
            staff_door=StaffDoor(access_tokens, second_factor_for_all=settings.environment == "production"),
            code_signer=CodeSigner(licence_keys),
            licence_keys=licence_keys,
            screens=Screens(),
            relying_systems=_relying(settings),
            record_signer=RecordSigner(
                _signing(keys.record_signing), keys.record_signing_active, _known(keys.record_known)
            ),
            official_account=_callback(
                wechat,
                wechat.official_account_appid,
                wechat.official_account_token,
                wechat.official_account_aes_key,
            ),
            mini_program=_callback(
                wechat, wechat.mini_program_appid, wechat.mini_program_token, wechat.mini_program_aes_key
            ),
        )


def _no_sms(settings: Settings) -> ConsoleSms | None:
    """A twin in a demonstration; nobody in production, where the other channels do without."""
    return ConsoleSms() if settings.environment == "demonstration" else None


def _device(place: str) -> KeyHolder:
    """What ``module:function`` makes. Raises UnsafeStartError where there is no such function."""
    module, _, name = place.partition(":")
    try:
        make: Callable[[], KeyHolder] = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise UnsafeStartError(f"keys.licence_device: there is no {place}") from error
    return make()


def _relying(settings: Settings) -> RelyingSystems:
    return RelyingSystems(
        RelyingSystem(
            name,
            one.title,
            Signer(one.client_id, one.secret.get_secret_value().encode()),
            one.per_minute,
            {code: Purpose(purpose.title, purpose.licence_types) for code, purpose in one.purposes.items()},
        )
        for name, one in settings.relying_systems.items()
    )


def _signer(partner: PartnerSettings) -> Signer:
    return Signer(partner.client_id, partner.secret.get_secret_value().encode())


def _s3(settings: S3Settings) -> BlobStore:
    from media.s3 import S3Store  # its library takes 4 MB, which folders do without

    return S3Store(
        endpoint=settings.endpoint,
        bucket=settings.bucket,
        region=settings.region,
        access_key_id=settings.access_key_id,
        secret_access_key=settings.secret_access_key.get_secret_value(),
        path_style=settings.path_style,
        allow_http=settings.allow_http,
        timeout_seconds=settings.timeout_seconds,
    )


def _scanner(settings: ScannerSettings) -> ClamScanner:
    return ClamScanner(settings.host, settings.port, settings.timeout_seconds, settings.max_bytes)
