"""A small WeChat on a loopback port, spoken to over real HTTP, that counts what it is asked."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

APPID = "wx0123456789abcdef"
SECRET = "secret-of-the-app"
TOKEN_PATH = "/cgi-bin/stable_token"

Answer = dict[str, Any] | int | bytes | tuple[int, bytes] | None
"""JSON, a bare status, a raw body, a status with a body, or None for a connection that is closed without an answer."""


def as_response(answer: Answer) -> tuple[int, bytes]:
    """The status and body of an answer."""
    if isinstance(answer, tuple):
        return answer
    if isinstance(answer, int):
        return answer, b""
    return 200, answer if isinstance(answer, bytes) else json.dumps(answer).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Hundreds connect at once.
    request_queue_size = 512


class Platform:
    """Tokens as ``stable_token`` gives them; every other path answers what the test put into ``answers``."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.connections = 0
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.answers: dict[str, list[Answer]] = {}
        self.expires_in = 7200
        self.serial = 1
        self.before_token: Callable[[], object] = lambda: None
        self.hold = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def token(self) -> str:
        """The token in force."""
        return f"token-{self.serial}"

    def close(self) -> None:
        """Stop listening and let go of every request that is being held."""
        self.hold.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, path: str, query: dict[str, str], body: Any) -> Answer:
        """Count the request and find its answer."""
        with self._lock:
            self.calls[path] += 1
            self.requests.append((path, query, body))
            planned = self.answers.get(path)
            if planned:
                return planned.pop(0) if len(planned) > 1 else planned[0]
        if path != TOKEN_PATH:
            return 404
        self.before_token()
        with self._lock:
            if body["force_refresh"]:
                self.serial += 1
            return {"access_token": self.token, "expires_in": self.expires_in}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        platform = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                with platform._lock:
                    platform.connections += 1
                super().setup()

            def do_GET(self) -> None:
                self._respond(None)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self._respond(json.loads(body) if self.headers["Content-Type"] == "application/json" else body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class names it so
                del format, args

            def _respond(self, body: Any) -> None:
                address = urlsplit(self.path)
                answer = platform.answer(address.path, dict(parse_qsl(address.query)), body)
                if answer is None:
                    self.close_connection = True
                    return
                status, content = as_response(answer)
                if content == b"hold":
                    platform.hold.wait(10)
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        return Handler
