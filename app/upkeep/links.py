"""Whether the addresses in guides lead somewhere. Run by hand, by whoever holds the server: nothing of it is served.

Guides are written by people, so an address may lead into the house's own network. Each name is looked up once, only
addresses that anybody on the internet could reach are called, and the connection goes to the very address that was
looked at, redirects included.
"""

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import httpx

from app.catalogue.guide import Guide
from app.upkeep.checks import texts_of

AT_ONCE = 4
_REDIRECTS = 5
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_HTTPS = re.compile(r"https://[0-9A-Za-z._~:/?#\[\]@!$&'()*+,;=%-]+")
_CLOSING = ".,;:!?'"
_MOVED = frozenset({301, 302, 303, 307, 308})
_BAD = 400

# Addresses that lead to others: 6to4, Teredo, and translation to IPv4.
_DETOURS = tuple(ipaddress.ip_network(text) for text in ("2002::/16", "2001::/32", "64:ff9b::/96", "64:ff9b:1::/48"))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Finding(StrEnum):
    """What became of calling an address."""

    FINE = "fine"
    ANSWERS_BADLY = "answers_badly"
    NO_SUCH_NAME = "no_such_name"
    NOT_PUBLIC = "not_public"
    NOT_HTTPS = "not_https"
    NO_ANSWER = "no_answer"
    TOO_SLOW = "too_slow"
    TURNS_IN_CIRCLES = "turns_in_circles"


@dataclass(frozen=True, slots=True)
class CheckedLink:
    """An address, what became of it, and the last status where one was answered."""

    url: str
    finding: Finding
    status: int | None = None


def is_public(address: Address) -> bool:
    """Whether anybody on the internet could reach an address."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _DETOURS):
            return False
    return address.is_global and not address.is_multicast


def links_of(guide: Guide) -> list[str]:
    """Every https address of a guide, among its links and in its texts, each once."""
    written = (found.rstrip(_CLOSING) for _, text in texts_of(guide) for found in _HTTPS.findall(text))
    return list(dict.fromkeys([*(link.url for link in guide.links), *written]))


class _RefusedError(Exception):
    """An address is not called at all, or no further."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding)
        self.finding = finding


async def look_up(name: str, port: int) -> list[Address]:
    """The addresses of a name. Raises OSError where it has none."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(entry[4][0]) for entry in found]


class LinkChecker:
    """Calls addresses, with HEAD and where that is refused with GET.

    ``allowed`` says which hosts' addresses are called; ``seconds`` are for each address with all its redirects.
    """

    def __init__(
        self,
        *,
        allowed: Callable[[Address], bool] = is_public,
        look_up: Callable[[str, int], Awaitable[list[Address]]] = look_up,
        tls: ssl.SSLContext | None = None,
        seconds: float = 30.0,
    ) -> None:
        self._allowed = allowed
        self._look_up = look_up
        self._tls = tls or ssl.create_default_context()
        self._seconds = seconds

    async def check(
        self, urls: Iterable[str], seen: Callable[[CheckedLink], None] = lambda _: None
    ) -> Mapping[str, CheckedLink]:
        """What became of each address, at most ``AT_ONCE`` being called; ``seen`` is told of each as it is known."""
        waiting = asyncio.Queue[str]()
        for url in dict.fromkeys(urls):
            waiting.put_nowait(url)
        found: dict[str, CheckedLink] = {}

        async def work(client: httpx.AsyncClient) -> None:
            while not waiting.empty():
                url = waiting.get_nowait()
                found[url] = await self._checked(client, url)
                seen(found[url])

        # A connection is never shared: it was made to an address that was looked at for one call.
        limits = httpx.Limits(max_keepalive_connections=0)
        async with (
            httpx.AsyncClient(verify=self._tls, timeout=_TIMEOUT, trust_env=False, limits=limits) as client,
            asyncio.TaskGroup() as group,
        ):
            for _ in range(AT_ONCE):
                group.create_task(work(client))
        return found

    async def _checked(self, client: httpx.AsyncClient, url: str) -> CheckedLink:
        try:
            async with asyncio.timeout(self._seconds):
                status = await self._follow(client, "HEAD", url)
                if status >= _BAD:
                    status = await self._follow(client, "GET", url)
        except _RefusedError as refused:
            return CheckedLink(url, refused.finding)
        except (TimeoutError, httpx.TimeoutException):
            return CheckedLink(url, Finding.TOO_SLOW)
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, UnicodeError):
            return CheckedLink(url, Finding.NO_ANSWER)
        return CheckedLink(url, Finding.FINE if status < _BAD else Finding.ANSWERS_BADLY, status)

    async def _follow(self, client: httpx.AsyncClient, method: str, url: str) -> int:
        at = httpx.URL(url)
        for _ in range(_REDIRECTS):
            response = await self._call(client, method, at)
            if response.status_code not in _MOVED or "Location" not in response.headers:
                return response.status_code
            at = at.join(response.headers["Location"])
        raise _RefusedError(Finding.TURNS_IN_CIRCLES)

    async def _call(self, client: httpx.AsyncClient, method: str, url: httpx.URL) -> httpx.Response:
        if url.scheme != "https":
            raise _RefusedError(Finding.NOT_HTTPS)
        name = url.raw_host.decode("ascii")
        request = client.build_request(
            method,
            url.copy_with(host=await self._address(name, url.port or 443), username="", password=""),
            headers={"Host": url.netloc.decode("ascii"), "User-Agent": "jiaban-link-check"},
            extensions={"sni_hostname": name},
        )
        # Only the head of the answer counts: what follows it may be without end.
        response = await client.send(request, stream=True)
        await response.aclose()
        return response

    async def _address(self, name: str, port: int) -> str:
        try:
            addresses = await self._look_up(name, port)
        except (OSError, UnicodeError) as error:
            raise _RefusedError(Finding.NO_SUCH_NAME) from error
        # A name that also leads elsewhere is not trusted with the addresses that are public.
        if not addresses or not all(self._allowed(address) for address in addresses):
            raise _RefusedError(Finding.NOT_PUBLIC)
        # Not every server can be reached by IPv6 from everywhere: what is old comes first.
        return str(min(addresses, key=lambda address: address.version))
