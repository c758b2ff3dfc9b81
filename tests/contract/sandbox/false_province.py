"""A provider that says whatever a test wants, over real HTTP, and counts what it is asked."""

import base64
import json
import threading
from collections import Counter
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from app.kit import clock
from tests.contract.sandbox.stand_ins import CITIZEN_NUMBER

CLIENT, NONCE = "jiaban", "nonce-of-this-sign-in"
_DISCOVERY, _JWKS, _TOKEN = "/.well-known/openid-configuration", "/jwks", "/token"


def new_key() -> ec.EllipticCurvePrivateKey:
    """A key of the kind that signs ID tokens."""
    return ec.generate_private_key(ec.SECP256R1())


def segment(content: bytes | Mapping[str, Any]) -> str:
    """One part of a compact JWS (RFC 7515)."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class FalseProvince:
    """``keys`` are those published, by key id; ``token`` is the ID token it gives.

    ``answers`` holds by path the answer to give instead: a status with a body.
    """

    def __init__(self, tls: SSLContext | None = None) -> None:
        self.key = new_key()
        self.keys: dict[str, ec.EllipticCurvePrivateKey] = {"one": self.key}
        self.document: dict[str, Any] = {}
        self.token = ""
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.calls: Counter[str] = Counter()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.issuer = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def claims(self, **changes: Any) -> dict[str, Any]:
        """What a right ID token says, with changes; a claim that is changed to None is left out."""
        now = int(clock.now().timestamp())
        right = {"iss": self.issuer, "aud": CLIENT, "sub": "s-1", "iat": now, "exp": now + 300, "nonce": NONCE}
        person = {"name": "李玉兰", "cn_id_number": CITIZEN_NUMBER, "acr": "2"}
        return {name: value for name, value in (right | person | changes).items() if value is not None}

    def sign(self, kid: str = "one", key: ec.EllipticCurvePrivateKey | None = None, **changes: Any) -> str:
        """An ID token, signed with the first key unless another is given."""
        return jwt.encode(self.claims(**changes), key or self.key, algorithm="ES256", headers={"kid": kid})

    def published(self) -> list[dict[str, Any]]:
        """The keys as JWKs."""
        return [
            {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}
            for kid, key in self.keys.items()
        ]

    def answer(self, path: str) -> tuple[int, bytes]:
        """Count a request and find its answer."""
        self.calls[path] += 1
        if path in self.answers:
            return self.answers[path]
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": self.issuer + _TOKEN,
            "jwks_uri": self.issuer + _JWKS,
        }
        bodies: dict[str, Any] = {
            _DISCOVERY: document | self.document,
            _JWKS: {"keys": self.published()},
            _TOKEN: {"access_token": "a", "token_type": "Bearer", "id_token": self.token},
        }
        return 200, json.dumps(bodies[path]).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        province = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = province.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the library's name
                pass

        return Handler
