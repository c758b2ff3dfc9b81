"""Who may speak to the signed stand-ins: the right signature, inside the window, once."""

import time
from pathlib import Path

from sanic.request import Request

from app.kit.signing import NONCE, TIMESTAMP, WINDOW, SignatureRefusedError, Signer
from app.sandbox.answers import RefusedError
from app.sandbox.journal import Change, Journal
from config.settings import PartnerSettings


def signer_of(partner: PartnerSettings) -> Signer:
    """The name and key shared with the product."""
    return Signer(partner.client_id, partner.secret.get_secret_value().encode())


class Nonces:
    """The nonces seen, kept on disk for as long as their timestamps could still pass the window."""

    def __init__(self, path: Path) -> None:
        self._until: dict[str, float] = {}
        self._journal = Journal(path, self._apply)

    def _apply(self, change: Change) -> None:
        self._until[change["key"]] = change["until"]

    def spend(self, client_id: str, nonce: str, timestamp: int) -> bool:
        """Spend a nonce; False where it was spent before."""
        now = time.time()
        for key in [key for key, until in self._until.items() if until < now]:
            del self._until[key]
        key = f"{client_id} {nonce}"
        if key in self._until:
            return False
        self._journal.record({"key": key, "until": timestamp + WINDOW.total_seconds()})
        return True

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()


class Gate:
    """Checks the requests of one client."""

    def __init__(self, signer: Signer, nonces: Nonces) -> None:
        self._signer = signer
        self._nonces = nonces

    def check(self, request: Request) -> None:
        """Let a signed request pass; raises RefusedError 401 ``signature`` for any other."""
        path = request.raw_url.decode("ascii")
        try:
            nonce = self._signer.verify(request.headers, request.method, path, request.body, now=time.time())
        except SignatureRefusedError:
            raise RefusedError(401, "signature") from None
        if not self._nonces.spend(self._signer.client_id, nonce, int(request.headers[TIMESTAMP])):
            raise RefusedError(401, "signature", f"{NONCE} 已使用")
