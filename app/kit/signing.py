"""Signed HTTP between two systems: one HMAC over everything that must not change on the way.

The signed text is, joined by line feeds: client id, timestamp, nonce, method, path with query, and the lower-case
hexadecimal SHA-256 of the body. The signature is its HMAC-SHA256 in lower-case hexadecimal.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

CLIENT_ID = "X-Client-Id"
TIMESTAMP = "X-Timestamp"
NONCE = "X-Nonce"
SIGNATURE = "X-Signature"
WINDOW = timedelta(minutes=5)
_MAX_NONCE = 64


class SignatureRefusedError(Exception):
    """A signed request that is not to be believed; ``reason`` is missing, window or mismatch."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Signer:
    """One side's name and the key it shares with the other side."""

    client_id: str
    secret: bytes

    def _signature(self, timestamp: str, nonce: str, method: str, path: str, body: bytes) -> str:
        digest = hashlib.sha256(body).hexdigest()
        text = "\n".join((self.client_id, timestamp, nonce, method.upper(), path, digest))
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()

    def headers(self, method: str, path: str, body: bytes, *, now: float) -> dict[str, str]:
        """Headers that sign one request. ``path`` carries the query, ``now`` is Unix time in seconds."""
        timestamp, nonce = str(int(now)), secrets.token_hex(16)
        return {
            CLIENT_ID: self.client_id,
            TIMESTAMP: timestamp,
            NONCE: nonce,
            SIGNATURE: self._signature(timestamp, nonce, method, path, body),
        }

    def verify(self, headers: Mapping[str, str], method: str, path: str, body: bytes, *, now: float) -> str:
        """Return the request's nonce, which the caller must spend once.

        Raises SignatureRefusedError where a header is missing or not printable ASCII, the time lies outside the window
        of five minutes, or the signature is not this client's.
        """
        client_id, timestamp, nonce, signature = (
            headers.get(name, "") for name in (CLIENT_ID, TIMESTAMP, NONCE, SIGNATURE)
        )
        if not all(
            value.isascii() and value.isprintable() and value for value in (client_id, timestamp, nonce, signature)
        ):
            raise SignatureRefusedError("missing")
        if not timestamp.isdigit() or len(timestamp) > len("9999999999") or len(nonce) > _MAX_NONCE:
            raise SignatureRefusedError("missing")
        if abs(now - int(timestamp)) > WINDOW.total_seconds():
            raise SignatureRefusedError("window")
        expected = self._signature(timestamp, nonce, method, path, body)
        same_client = hmac.compare_digest(client_id.encode(), self.client_id.encode())
        same_signature = hmac.compare_digest(signature.encode(), expected.encode())
        if not (same_client and same_signature):
            raise SignatureRefusedError("mismatch")
        return nonce
