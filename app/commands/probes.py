"""What ``jiaban preflight`` tries. Each probe says what it found, or raises NotRightError or what the port raises."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx
from pydantic import SecretStr
from redis.exceptions import RedisError

from app.bootstrap import House, addresses
from app.broadcasts.definitions import broadcasting
from app.catalogue.models import Item
from app.identity.models import Staff
from app.identity.rules import Duty
from app.kit import clock, workdays
from app.kit.columns import SealedColumn
from app.kit.crypto import SealBrokenError, keyring
from app.kit.db import rows
from app.kit.ports import RefusedError
from app.kit.rotation import key_columns
from app.kit.tls import public_tls
from app.licences.keys import rules as key_rules
from app.licences.keys.algorithms import Purpose
from app.licences.keys.models import LicenceKey
from app.notifications.definitions import templates
from app.notifications.rules import Channel
from app.schema import missing_migrations
from config.settings import Settings, WeChatSettings
from wechat.codes import Advice
from wechat.errors import WeChatRefusedError
from wechat.tokens import AccessTokens
from wechat.transport import open_http

_SECONDS = 10.0
_CERTIFICATE_DAYS = 21
_CLOCK_SECONDS = 5.0
_OLDEST_POSTGRES = 16
_NEXT_CALENDAR_MONTH = 12
Probe = Callable[[], Awaitable[str]]


class NotRightError(Exception):
    """Something is not right, or will not be ``soon``; ``advice`` says what to do where that depends on what it is."""

    def __init__(self, said: str, advice: str = "", *, soon: bool = False) -> None:
        super().__init__(said)
        self.advice, self.soon = advice, soon


def calendar() -> str:
    """Whether working days are known: this year's, and from December on next year's (the State Council's notices)."""
    today = clock.today()
    last = today.replace(month=12, day=31)
    for year, end in ((today.year, last), (today.year + 1, last.replace(year=today.year + 1))):
        day = workdays.add_working_days(end - timedelta(days=14), 1)
        if day.provisional and (year == today.year or today.month == _NEXT_CALENDAR_MONTH):
            raise NotRightError(f"the working days of {year} are not known", soon=year != today.year)
    return f"working days are known for {today.year}"


async def database(settings: Settings) -> str:
    """Whether PostgreSQL answers, is new enough, and keeps the same time."""
    connection = await asyncpg.connect(settings.database_url.get_secret_value(), timeout=_SECONDS)
    try:
        version = connection.get_server_version()
        before = datetime.now(UTC)
        theirs: datetime = await connection.fetchval("SELECT clock_timestamp()")
        after = datetime.now(UTC)
    finally:
        await connection.close()
    if version.major < _OLDEST_POSTGRES:
        raise NotRightError(f"PostgreSQL {version.major}", f"take {_OLDEST_POSTGRES} or newer")
    apart = max((before - theirs).total_seconds(), (theirs - after).total_seconds())
    if apart > 1:
        raise NotRightError(f"its clock is {apart:.0f} s off ours", "have both keep time by NTP")
    return f"PostgreSQL {version.major}.{version.minor}"


def outside(settings: Settings) -> dict[str, str]:
    """The addresses of everybody outside, by the names of their settings."""
    return {name: url for name, url in addresses(settings).items() if url}


async def reach(url: str) -> str:
    """Whether a connection can be had, with a certificate that holds for some weeks more."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    try:
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(
                parts.hostname, parts.port or (443 if secure else 80), ssl=public_tls() if secure else None
            )
    except ssl.SSLError as error:
        raise NotRightError(f"{parts.hostname}: {type(error).__name__}") from error
    except (OSError, TimeoutError) as error:
        raise NotRightError(f"{parts.hostname} is not reached: {type(error).__name__}") from error
    certificate = writer.get_extra_info("peercert") or {}
    writer.close()
    if not secure:
        return f"{parts.hostname} answers"
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    if ends < clock.now() + timedelta(days=_CERTIFICATE_DAYS):
        raise NotRightError(f"the certificate of {parts.hostname} ends on {ends:%Y-%m-%d}", soon=True)
    return f"{parts.hostname} answers, its certificate holds until {ends:%Y-%m-%d}"


def of_house(house: House) -> Iterator[tuple[str, str, Probe]]:
    """Name, advice and probe of what is tried with the objects of a process."""
    settings = house.settings
    yield "schema", "run jiaban migrate", _schema
    yield "city", "run jiaban load-city", _city
    yield "administrator", "run jiaban staff add … --duty administer", _administrator
    yield "sealed values", "put the key back: docs/operations.md, losing a key", lambda: _sealed(house)
    yield "licence keys", "run jiaban licence-keys make", lambda: _licence_keys(house)
    yield "clock", "have this machine keep time by NTP", lambda: _clock(settings)
    yield "redis", "see redis_url", lambda: _redis(house)
    yield "files", "see blobs or s3.*; the account reads, writes, deletes and lists", lambda: _files(house)
    yield "mini-program", "check appid, secret and the white list of addresses", lambda: _program_templates(house)
    yield "official account", "check appid, secret and the white list of addresses", lambda: _account_templates(house)
    if house.work:
        yield "wecom", "check corpid, secret and 企业可信IP", lambda: _work(house)
    yield "authority", "compare client id and secret with theirs", lambda: _authority(house)
    for connector in house.connectors:
        yield f"approvals {connector.name}", "compare client id and secret with theirs", _asks(house, connector.name)
    if house.shared:
        yield "shared data", "compare client id and secret with theirs", lambda: _shared(house)
    if house.province:
        yield "province", "compare issuer and client with the platform's", lambda: _province(house)
    if house.scanner:
        yield "virus scanner", "start clamd, and freshclam for its signatures", lambda: _scanner(house)
    if settings.environment == "production":
        yield "public address", "see the proxy in front", lambda: _public(settings)


async def _schema() -> str:
    missing = await missing_migrations()
    if missing:
        raise NotRightError(f"{len(missing)} migrations are missing, from {missing[0]} on")
    return "up to date"


async def _city() -> str:
    items = await Item.all().count()
    if not items:
        raise NotRightError("no service items")
    return f"{items} service items"


async def _administrator() -> str:
    if not any(Duty.ADMINISTER in member.duties for member in await Staff.filter(active=True)):
        raise NotRightError("nobody may administer accounts")
    return "there is one"


async def _sealed(house: House) -> str:
    """Whether the newest value of each sealed column opens."""
    closed = []
    for column in key_columns(house.blobs):
        if isinstance(column, SealedColumn):
            newest = await rows(
                f'SELECT "{column.column}" AS value FROM "{column.table}" WHERE "{column.column}" IS NOT NULL '  # noqa: S608  # names of our models
                f'ORDER BY "{column.primary_key}" DESC LIMIT 1'
            )
            try:
                [keyring().open(bytes(row["value"]), column.place) for row in newest]
            except SealBrokenError:
                closed.append(column.name)
    if closed:
        raise NotRightError(f"no key opens the newest of {', '.join(closed)}")
    return "the newest of each column opens"


async def _licence_keys(house: House) -> str:
    keys, moment = await LicenceKey.all(), clock.now()
    without = [purpose for purpose in Purpose if key_rules.signing_key(keys, purpose, moment) is None]
    if without:
        raise NotRightError(f"no key signs for {', '.join(without)}")
    signed = await house.licence_keys.active(Purpose.CODE)
    await house.licence_keys.sign(signed.key_id, b"preflight")
    return "one signs for each purpose"


async def _clock(settings: Settings) -> str:
    """Whether others have our time: signatures hold five minutes, second factors half a minute."""
    for url in addresses(settings).values():
        async with httpx.AsyncClient(verify=public_tls(), trust_env=False, timeout=_SECONDS) as http:
            try:
                answer = await http.get(url)
            except httpx.HTTPError:
                continue
        if "Date" in answer.headers:
            apart = abs((parsedate_to_datetime(answer.headers["Date"]) - datetime.now(UTC)).total_seconds())
            if apart > _CLOCK_SECONDS:
                raise NotRightError(f"{apart:.0f} s off that of {urlsplit(url).hostname}")
            return f"as {urlsplit(url).hostname} has it"
    return "nobody said what time it is, but the database agrees"


async def _redis(house: House) -> str:
    try:
        await house.redis.get("preflight")
    except RedisError as error:
        raise NotRightError(f"away: {type(error).__name__}") from error
    return "answers"


async def _files(house: House) -> str:
    key = f"preflight/{uuid4().hex}"
    await house.blobs.put(key, b"jiaban")
    try:
        if await house.blobs.get(key) != b"jiaban" or await house.blobs.head(key, 1) != b"j":
            raise NotRightError("what was written does not come back")
    finally:
        await house.blobs.delete(key)
    return "written, read and deleted"


async def _program_templates(house: House) -> str:
    wechat = house.settings.wechat
    await _token(wechat, wechat.mini_program_appid, wechat.mini_program_secret)
    wanted = {template.id for template in templates().values() if template.channel is Channel.MINI_PROGRAM}
    return _all_there(wanted, await house.wechat.template_ids(), "messages.yaml")


async def _account_templates(house: House) -> str:
    wechat = house.settings.wechat
    await _token(wechat, wechat.official_account_appid, wechat.official_account_secret)
    wanted = {template.id for template in templates().values() if template.channel is Channel.OFFICIAL_ACCOUNT}
    wanted |= {kind.template_id for kind in broadcasting().kinds.values()}
    return _all_there(wanted, await house.official.template_ids(), "messages.yaml and broadcasts.yaml")


async def _token(settings: WeChatSettings, appid: str, secret: SecretStr) -> None:
    """Ask for the token by the secret: the one that all processes share may have been had by another."""
    async with open_http(settings.base_url, seconds=settings.timeout_seconds, verify=public_tls()) as http:
        await AccessTokens(appid, secret.get_secret_value(), http).get()


def _all_there(wanted: set[str], there: set[str], file: str) -> str:
    if missing := sorted(wanted - there):
        raise NotRightError(f"unknown templates: {', '.join(missing)}", f"enter the platform's ids in {file}")
    return f"{len(wanted)} templates are there"


async def _work(house: House) -> str:
    """A code that nobody got is refused as such where we are let in."""
    if house.work is None:
        raise RuntimeError("asked only where there is one")
    try:
        await house.work.user_id("preflight")
    except WeChatRefusedError as refused:
        if refused.advice in {Advice.REFRESH_TOKEN, Advice.QUOTA, Advice.RETRY}:
            raise
    return "lets us in"


async def _authority(house: House) -> str:
    """Nobody's name and number: whatever is said of them, we were let in."""
    return await _let_in(house.authority.matches("", ""))


async def _shared(house: House) -> str:
    if house.shared is None:
        raise RuntimeError("asked only where there is one")
    return await _let_in(house.shared.fetch("preflight", {}))


async def _let_in(question: Awaitable[object]) -> str:
    try:
        await question
    except RefusedError as refused:
        if refused.reason in {"status_403", "status_404"}:
            raise
    return "lets us in"


def _asks(house: House, name: str) -> Probe:
    async def ask() -> str:
        if await house.connectors.get(name).system.get_case("preflight") is not None:
            raise NotRightError("it knows a case of ours that we never sent")
        return "lets us in"

    return ask


async def _province(house: House) -> str:
    if house.province is None:
        raise RuntimeError("asked only where there is one")
    await house.province.authorize_url(
        redirect_uri=house.settings.public_url, state="preflight", nonce="preflight", verifier="p" * 43
    )
    return "is who the settings say"


async def _scanner(house: House) -> str:
    if house.scanner is None:
        raise RuntimeError("asked only where there is one")
    if not (await house.scanner.scan(b"jiaban preflight")).clean:
        raise NotRightError("it finds a virus in a plain word")
    return "scans"


async def _public(settings: Settings) -> str:
    async with httpx.AsyncClient(verify=public_tls(), trust_env=False, timeout=_SECONDS) as http:
        try:
            answer = await http.get(f"{settings.public_url}/health/live")
        except httpx.HTTPError as error:
            raise NotRightError(f"not reached from here: {type(error).__name__}", soon=True) from error
    if not answer.is_success:
        raise NotRightError(f"answers {answer.status_code} to /health/live", soon=True)
    return "serves"
