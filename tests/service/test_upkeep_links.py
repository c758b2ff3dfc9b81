"""Addresses in guides are called over real TLS, and none of the house's own network."""

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from app.upkeep.links import AT_ONCE, Address, CheckedLink, Finding, LinkChecker, is_public, links_of, look_up
from tests.unit.upkeep.guides import whole

NAME = "guide.example"
LOOPBACK = ipaddress.ip_address("127.0.0.1")


HEADLESS = "405 No"
ANSWERS = {
    "/gone": "404 Gone",
    "/moved": "302 Moved|Location: /fine",
    "/circle": "302 Moved|Location: /circle",
    "/plain": f"302 Moved|Location: http://{NAME}:{{port}}/fine",
    "/inwards": "302 Moved|Location: https://10.0.0.1/secrets",
}


class Site:
    """A web site on this machine that answers by its path, and remembers who asked for what."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.names: list[str] = []
        self.inside = self.most = 0
        self.crowded, self.released = asyncio.Event(), asyncio.Event()
        self.port = 0

    def url(self, path: str, host: str = NAME) -> str:
        """An address of this site."""
        return f"https://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, path = head.split(" ")[:2]
            self.asked.append(f"{method} {path}")
            self.names += [line[6:] for line in head.split("\r\n") if line.lower().startswith("host: ")]
            await self._answer(method, path, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, method: str, path: str, writer: asyncio.StreamWriter) -> None:
        plain = ANSWERS.get(path) or (HEADLESS if path == "/no-head" and method == "HEAD" else None)
        if path == "/silent":
            await asyncio.Event().wait()
        elif path == "/endless":
            await self._endless(method, writer)
        elif path.startswith("/crowd"):
            await self._crowd()
        status, *headers = (plain or "200 OK").format(port=self.port).split("|")
        writer.write("\r\n".join([f"HTTP/1.1 {status}", "Connection: close", *headers, "", ""]).encode())

    async def _endless(self, method: str, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {403 if method == 'HEAD' else 200} X\r\nConnection: close\r\n\r\n".encode())
        while method != "HEAD":
            writer.write(bytes(65536))
            await writer.drain()

    async def _crowd(self) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        if self.inside == AT_ONCE:
            self.crowded.set()
        await self.released.wait()
        self.inside -= 1


def certificate(folder: Path) -> Path:
    """A key and a certificate for the site's name, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "site.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site's certificate."""
    return certificate(tmp_path_factory.mktemp("site"))


@pytest.fixture
async def site(pem: Path) -> AsyncIterator[Site]:
    """The site, while a test lasts."""
    site = Site()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(site.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    yield site
    server.close()
    for task in list(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def here(name: str, port: int) -> list[Address]:
    """The site's name leads to this machine, which no public register says; other names as they are."""
    if name == "nowhere.example":
        raise OSError("no such name")
    if name == "both.example":
        return [ipaddress.ip_address("8.8.8.8"), LOOPBACK]
    return [LOOPBACK] if name == NAME else await look_up(name, port)


def checker(pem: Path, *, seconds: float = 20.0) -> LinkChecker:
    """One that may call this machine."""
    tls = ssl.create_default_context(cafile=str(pem))
    return LinkChecker(allowed=lambda address: address.is_loopback, look_up=here, tls=tls, seconds=seconds)


@pytest.mark.parametrize(
    ("path", "finding", "status", "asked"),
    [
        ("/fine", Finding.FINE, 200, ["HEAD /fine"]),
        ("/no-head", Finding.FINE, 200, ["HEAD /no-head", "GET /no-head"]),
        ("/gone", Finding.ANSWERS_BADLY, 404, ["HEAD /gone", "GET /gone"]),
        ("/moved", Finding.FINE, 200, ["HEAD /moved", "HEAD /fine"]),
        ("/circle", Finding.TURNS_IN_CIRCLES, None, ["HEAD /circle"] * 5),
        ("/plain", Finding.NOT_HTTPS, None, ["HEAD /plain"]),
        ("/inwards", Finding.NOT_PUBLIC, None, ["HEAD /inwards"]),
        ("/endless", Finding.FINE, 200, ["HEAD /endless", "GET /endless"]),
    ],
)
async def test_an_address_is_called_as_far_as_it_leads(
    site: Site, pem: Path, path: str, finding: Finding, status: int | None, asked: list[str]
) -> None:
    """With HEAD, else GET, by its name at the address that was looked at; redirects are looked at likewise."""
    url = site.url(path)
    found = await checker(pem).check([url, url])
    assert found == {url: CheckedLink(url, finding, status)}
    assert site.asked == asked
    assert set(site.names) == {f"{NAME}:{site.port}"}


async def test_a_silent_site_is_not_waited_for(site: Site, pem: Path) -> None:
    """It took the request and says nothing."""
    url = site.url("/silent")
    assert (await checker(pem, seconds=1.0).check([url]))[url].finding is Finding.TOO_SLOW
    assert site.asked == ["HEAD /silent"]


async def test_a_certificate_of_another_name_is_no_answer(site: Site, pem: Path) -> None:
    """The name in the address counts, not the address called."""
    url = site.url("/fine", "localhost")
    assert (await checker(pem).check([url]))[url].finding is Finding.NO_ANSWER
    assert site.asked == []


async def test_names_that_lead_nowhere_or_half_inwards_are_told(site: Site, pem: Path) -> None:
    """One address of the house among public ones is enough."""
    nowhere, both = site.url("/fine", "nowhere.example"), site.url("/fine", "both.example")
    tls = ssl.create_default_context(cafile=str(pem))
    found = await LinkChecker(look_up=here, tls=tls).check([nowhere, both])
    assert {url: link.finding for url, link in found.items()} == {
        nowhere: Finding.NO_SUCH_NAME,
        both: Finding.NOT_PUBLIC,
    }
    assert site.asked == []


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "x@127.0.0.1",
    ],
)
async def test_this_machine_is_not_called_by_any_of_its_names(site: Site, pem: Path, host: str) -> None:
    """Unless a test allows it: nobody comes in."""
    tls = ssl.create_default_context(cafile=str(pem))
    url = site.url("/fine", host)
    assert (await LinkChecker(tls=tls).check([url]))[url].finding is Finding.NOT_PUBLIC
    assert site.asked == []


async def test_at_most_four_are_called_at_once_and_each_is_told_as_it_is_known(site: Site, pem: Path) -> None:
    """Twelve wait for four."""
    urls = [site.url(f"/crowd{n}") for n in range(12)]
    told: list[str] = []
    checking = asyncio.create_task(checker(pem).check(urls, lambda link: told.append(link.url)))
    await asyncio.wait_for(site.crowded.wait(), 20)
    for _ in range(3):
        await checker(pem).check([site.url("/probe")])
    assert (site.most, told) == (AT_ONCE, [])
    site.released.set()
    found = await checking
    assert site.most == AT_ONCE
    assert sorted(told) == sorted(urls)
    assert {link.finding for link in found.values()} == {Finding.FINE}


@pytest.mark.parametrize(
    "text",
    [
        *(
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "127.9.9.9",
            "169.254.169.254",
            "100.64.0.1",
            "0.1.2.3",
            "224.0.0.1",
        ),
        *("255.255.255.255", "198.18.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "2001:db8::1"),
        *("::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b:1::1", "2001:0:1::1"),
    ],
)
def test_what_is_not_public_is_known(text: str) -> None:
    """Private, shared, local, reserved, and what leads to such."""
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", ["8.8.8.8", "223.5.5.5", "2400:3200::1", "::ffff:8.8.8.8"])
def test_what_is_public_is_called(text: str) -> None:
    """Else nothing could be checked."""
    assert is_public(ipaddress.ip_address(text))


@given(st.ip_addresses(v=4))
def test_an_address_in_new_clothes_is_the_same(address: ipaddress.IPv4Address) -> None:
    """IPv4 within IPv6."""
    assert is_public(ipaddress.ip_address(f"::ffff:{address}")) is is_public(address)


def test_the_addresses_of_a_guide_are_found_in_its_texts_too() -> None:
    """Each once, without what follows it in a sentence; a form's own address is none."""
    guide = whole(
        conditions=["见https://example.com/a?b=1。", "另见（https://example.com/form）。"],
        links=[{"title": "样表", "url": "https://example.com/form"}],
    )
    assert links_of(guide) == ["https://example.com/form", "https://example.com/a?b=1"]
