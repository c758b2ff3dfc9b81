"""The stand-ins as a running process, and a small product that takes their pushes."""

import asyncio
import contextlib
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

from app.kit.signing import Signer

T = TypeVar("T")
APPROVALS = Signer("jiaban", b"approvals-secret")
AUTHORITY = Signer("jiaban-authority", b"authority-secret")
SHARED_DATA = Signer("jiaban-data", b"data-secret")
# Characters that client_secret_basic must encode (RFC 6749, 2.3.1).
PROVINCE_CLIENT, PROVINCE_SECRET = "jiaban:province", "secret of+the%province"
TEMPLATE = "T" * 43
MINI_AES_KEY = "M" * 42 + "E"
OFFICIAL_APPID = "wxjiabansandbox01"
CITIZEN_NUMBER = "11010519491231002X"
_SERVE = "from app.sandbox.server import serve; from config.settings import load_settings; serve(load_settings())"


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def until(question: Callable[[], Awaitable[T]], wanted: Callable[[T], bool], *, within: float = 8.0) -> T:
    """Ask until the answer is the wanted one; fails with the last answer after ``within`` seconds."""
    deadline = time.monotonic() + within
    while not wanted(answer := await question()):
        assert time.monotonic() < deadline, answer
        await asyncio.sleep(0.01)
    return answer


def submission(case_no: str, text: str = "小吃店", **changes: Any) -> dict[str, Any]:
    """A case as the product hands it in; ``text`` stands in its form, where magic words are looked for."""
    return {
        "case_no": case_no,
        "item_code": "spjy",
        "item_name": "食品经营许可",
        "applicant": {"name": "张三", "id_number": CITIZEN_NUMBER, "phone": "13800138000"},
        "form": {"premises": {"remarks": [text]}, "area": 30},
        "materials": [],
        "submitted_at": "2026-03-02T09:00:00.000+08:00",
        **changes,
    }


def material(content: bytes, path: str) -> dict[str, Any]:
    """One material announced with the digest of ``content``."""
    return {
        "material_id": "photo",
        "file_id": path.rsplit("/", 1)[-1],
        "file_name": "门头.jpg",
        "content_type": "image/jpeg",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "path": path,
    }


async def say_success(_path: str, _body: bytes) -> tuple[int, bytes]:
    """The answer to a push of WeChat's to which nothing is said."""
    return 200, b"success"


class Product:
    """What the stand-in of the approval system calls: takes pushes and serves files, all of them signed.

    ``statuses`` holds by case the answers still to give to its pushes, first one first; others are answered 200.
    WeChat's pushes lie in ``wechat_pushes``, addresses with their query and bodies; ``answer_wechat`` answers them.
    """

    def __init__(self) -> None:
        self.pushes: list[dict[str, Any]] = []
        self.nonces: list[str] = []
        self.statuses: dict[str, list[int]] = {}
        self.files: dict[str, bytes] = {}
        self.wechat_pushes: list[tuple[str, bytes]] = []
        self.answer_wechat: Callable[[str, bytes], Awaitable[tuple[int, bytes]]] = say_success
        self.port = free_port()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A killed process leaves half a request behind.
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await self._answer_one(reader, writer)
        writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = lines[0].split(" ")
        headers = httpx.Headers(dict(line.split(": ", 1) for line in lines[1:] if line))
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        if path.startswith("/wechat/"):
            self.wechat_pushes.append((path, body))
            status, content = await self.answer_wechat(path, body)
        else:
            self.nonces.append(APPROVALS.verify(headers, method, path, body, now=time.time()))
            status, content = self._answer(method, path, body)
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + content)
        await writer.drain()

    def _answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if method == "GET":
            return (200, self.files[path]) if path in self.files else (404, b"")
        assert path == "/callbacks/approvals"
        push = json.loads(body)
        self.pushes.append(push)
        statuses = self.statuses.get(push["case_no"])
        return (statuses.pop(0) if statuses else 200), b"{}"

    async def pushed(self, case_no: str) -> list[tuple[int, str]]:
        """Sequence and kind of what was pushed of a case so far, in the order it came."""
        return [(push["sequence"], push["kind"]) for push in self.pushes if push["case_no"] == case_no]


class StandIns:
    """The process and the ways to speak to it."""

    def __init__(self, data: Path, product: Product) -> None:
        self.data = data
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.http = httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=10)
        self.scanner_port = free_port()
        self._environment = _environment(data, port, product.port, self.scanner_port)
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start the process and wait until it answers, half a minute on a busy machine."""
        self._launch()
        try:
            await until(self._is_up, bool, within=30)
        except AssertionError:
            self.kill()
            raise

    def _launch(self) -> None:
        command = [sys.executable, "-c", _SERVE]
        self._process = subprocess.Popen(command, env=self._environment)

    async def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "the stand-ins ended"
        try:
            return (await self.http.get("/control/health")).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(timeout=5)

    async def signed(self, method: str, path: str, body: Any = None, *, signer: Signer = APPROVALS) -> httpx.Response:
        """One signed request."""
        content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = signer.headers(method, path, content, now=time.time())
        return await self.http.request(method, path, content=content, headers=headers)

    async def control(self, case_no: str, action: str, **more: Any) -> httpx.Response:
        """One control action on a case."""
        return await self.http.post(f"/control/approvals/{case_no}", json={"action": action, **more})

    async def case(self, case_no: str) -> dict[str, Any]:
        """The case as /control lists it, or nothing."""
        items: list[dict[str, Any]] = (await self.http.get("/control/approvals")).json()["items"]
        return next((item for item in items if item["case_no"] == case_no), {})

    async def hand_in(self, case_no: str, text: str = "小吃店", **changes: Any) -> httpx.Response:
        """Hand a case in, signed."""
        return await self.signed("POST", "/approvals", submission(case_no, text, **changes))

    async def supplement(self, case_no: str, supplement_id: str, text: str = "小吃店") -> httpx.Response:
        """Hand a supplement in, signed."""
        body = {
            "supplement_id": supplement_id,
            "form": {"remarks": text},
            "materials": [],
            "note": "已补",
            "submitted_at": "2026-03-02T10:00:00.000+08:00",
        }
        return await self.signed("POST", f"/approvals/{case_no}/supplements", body)

    async def all_events(self) -> list[dict[str, Any]]:
        """The feed from its start, page by page."""
        events: list[dict[str, Any]] = []
        cursor = "0"
        while page := (answer := (await self.signed("GET", f"/events?after={cursor}")).json())["items"]:
            events += page
            cursor = answer["next_cursor"]
        return events

    async def reached(self, case_no: str, state: str) -> dict[str, Any]:
        """Wait until the case is in this state."""
        return await until(lambda: self.case(case_no), lambda case: case.get("state") == state)

    async def token(self, *, force: bool = False, official: bool = False) -> str:
        """The access token WeChat's stand-in gives to the mini-program or the official account."""
        appid, secret = (OFFICIAL_APPID, "official") if official else ("wxmini", "mini")
        body = {"grant_type": "client_credential", "appid": appid, "secret": secret, "force_refresh": force}
        token: str = (await self.http.post("/cgi-bin/stable_token", json=body)).json()["access_token"]
        return token


def _environment(data: Path, port: int, product_port: int, scanner_port: int) -> dict[str, str]:
    key = '{"k":"00"}'
    settings = {
        "ENVIRONMENT": "demonstration",
        "PUBLIC_URL": "http://127.0.0.1",
        "DATABASE_URL": "postgres://unused",
        "REDIS_URL": "redis://unused",
        "OPS_TOKEN": "unused",
        "WECHAT__MINI_PROGRAM_APPID": "wxmini",
        "WECHAT__MINI_PROGRAM_SECRET": "mini",
        "WECHAT__MINI_PROGRAM_TOKEN": "mini-token",
        "WECHAT__MINI_PROGRAM_AES_KEY": MINI_AES_KEY,
        "WECHAT__OFFICIAL_ACCOUNT_APPID": OFFICIAL_APPID,
        "WECHAT__OFFICIAL_ACCOUNT_SECRET": "official",
        "WECHAT__OFFICIAL_ACCOUNT_TOKEN": "jiaban",
        "WECHAT__OFFICIAL_ACCOUNT_AES_KEY": "A" * 43,
        "WORK__CORPID": "wwcompany",
        "WORK__AGENT_ID": "1000002",
        "WORK__SECRET": "company",
        "AUTHORITY__BASE_URL": "http://unused",
        "AUTHORITY__CLIENT_ID": AUTHORITY.client_id,
        "AUTHORITY__SECRET": AUTHORITY.secret.decode(),
        "APPROVALS__DEFAULT": "city",
        "APPROVALS__CONNECTORS__CITY__PROTOCOL": "http",
        "APPROVALS__CONNECTORS__CITY__BASE_URL": "http://unused",
        "APPROVALS__CONNECTORS__CITY__CLIENT_ID": APPROVALS.client_id,
        "APPROVALS__CONNECTORS__CITY__SECRET": APPROVALS.secret.decode(),
        "SHARED_DATA__BASE_URL": "http://unused",
        "SHARED_DATA__CLIENT_ID": SHARED_DATA.client_id,
        "SHARED_DATA__SECRET": SHARED_DATA.secret.decode(),
        "PROVINCE__ISSUER": f"http://127.0.0.1:{port}/province",
        "PROVINCE__CLIENT_ID": PROVINCE_CLIENT,
        "PROVINCE__CLIENT_SECRET": PROVINCE_SECRET,
        "SCANNER__PORT": str(scanner_port),
        "KEYS__ENCRYPTION": key,
        "KEYS__ENCRYPTION_ACTIVE": "k",
        "KEYS__LOOKUP": "00",
        "KEYS__SESSION_SIGNING": key,
        "KEYS__SESSION_SIGNING_ACTIVE": "k",
        "KEYS__RECORD_SIGNING": key,
        "KEYS__RECORD_SIGNING_ACTIVE": "k",
        "SANDBOX__PORT": str(port),
        "SANDBOX__DATA": str(data),
        "SANDBOX__CALLBACK_BASE_URL": f"http://127.0.0.1:{product_port}",
        "SANDBOX__ACCEPT_AFTER_SECONDS": "0.05",
        "SANDBOX__APPROVE_AFTER_SECONDS": "0.05",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("JIABAN_")}
    return inherited | {f"JIABAN_{name}": value for name, value in settings.items()}
