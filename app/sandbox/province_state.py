"""What the stand-in of the provincial platform knows: persons, signing keys, codes and access tokens."""

import secrets
import time
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import ECAlgorithm

from app.sandbox.journal import Change, Journal

CODE_LIFETIME = 300
TOKEN_LIFETIME = 300
# How long a key that no longer signs is still published.
OVERLAP = 3600.0


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account at the province. ``acr`` is "2" (name and number checked) or "3" (face)."""

    subject: str
    acr: str
    name: str = field(repr=False)
    id_number: str = field(repr=False)
    phone: str | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code was given for: nobody redeems it with anything else."""

    hint: str
    client_id: str
    redirect_uri: str
    challenge: str
    nonce: str | None = None


@dataclass(slots=True)
class _Key:
    kid: str
    private: ec.EllipticCurvePrivateKey = field(repr=False)
    retired_at: float | None = None


class ProvinceState:
    """Persons by hint, keys, codes and access tokens, journaled in ``province.jsonl``.

    A person registered again under the same hint keeps the subject.
    """

    def __init__(self, folder: Path) -> None:
        self.jwks_reads = 0
        self._persons: dict[str, Person] = {}
        self._keys: list[_Key] = []
        self._codes: dict[str, tuple[Grant, float]] = {}
        self._access: dict[str, tuple[str, float]] = {}
        self._journal = Journal(folder / "province.jsonl", self._apply)
        if not self._keys:
            self.rotate(drop_old=True)

    def _apply(self, change: Change) -> None:
        match change["kind"]:
            case "person":
                self._persons[change["hint"]] = Person(**change["person"])
            case "key":
                for key in self._keys:
                    key.retired_at = key.retired_at or change["made_at"]
                private = load_pem_private_key(change["pem"].encode(), None)
                assert isinstance(private, ec.EllipticCurvePrivateKey)  # noqa: S101  # written below
                self._keys.append(_Key(change["kid"], private))
            case "old_keys_dropped":
                self._keys = self._keys[-1:]
            case "code":
                self._codes[change["code"]] = (Grant(**change["grant"]), change["until"])
            case "redeemed":
                grant, _ = self._codes.pop(change["code"])
                self._access[change["access_token"]] = (grant.hint, change["until"])

    def register(self, hint: str, person: dict[str, Any]) -> Person:
        """Give somebody an account, or change it."""
        known = self._persons.get(hint)
        subject = known.subject if known else uuid.uuid4().hex
        self._journal.record({"kind": "person", "hint": hint, "person": {**person, "subject": subject}})
        return self._persons[hint]

    def person(self, hint: str) -> Person | None:
        """Who has this hint."""
        return self._persons.get(hint)

    def rotate(self, *, drop_old: bool) -> None:
        """Sign with a new key from now on; the old ones stay published for OVERLAP, unless they are dropped."""
        private = ec.generate_private_key(ec.SECP256R1())
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        made: Change = {"kind": "key", "kid": secrets.token_hex(8), "pem": pem, "made_at": time.time()}
        self._journal.record(made, *([{"kind": "old_keys_dropped"}] if drop_old else []))

    @property
    def signing_key(self) -> tuple[str, ec.EllipticCurvePrivateKey]:
        """The id of the key that signs, and the key."""
        return self._keys[-1].kid, self._keys[-1].private

    def published(self) -> list[dict[str, Any]]:
        """The public keys as JWKs (RFC 7517), the oldest first."""
        now = time.time()
        live = [key for key in self._keys if key.retired_at is None or key.retired_at + OVERLAP > now]
        named = [(key.kid, ECAlgorithm.to_jwk(key.private.public_key(), as_dict=True)) for key in live]
        return [{**jwk, "kid": kid, "use": "sig", "alg": "ES256"} for kid, jwk in named]

    def give_code(self, grant: Grant) -> str:
        """A code that works once within CODE_LIFETIME."""
        now = time.time()
        for code in [code for code, (_, until) in self._codes.items() if until <= now]:
            del self._codes[code]
        code = secrets.token_urlsafe(32)
        self._journal.record({"kind": "code", "code": code, "grant": asdict(grant), "until": now + CODE_LIFETIME})
        return code

    def grant_of(self, code: str) -> Grant | None:
        """What a code was given for; None for one that is unknown, used or over."""
        grant, until = self._codes.get(code, (None, 0.0))
        return grant if until > time.time() else None

    def redeem(self, code: str) -> str:
        """Spend a code that ``grant_of`` knows; the access token."""
        now = time.time()
        for token in [token for token, (_, until) in self._access.items() if until <= now]:
            del self._access[token]
        token = secrets.token_urlsafe(32)
        redeemed: Change = {"kind": "redeemed", "code": code, "access_token": token, "until": now + TOKEN_LIFETIME}
        self._journal.record(redeemed)
        return token

    def bearer(self, access_token: str) -> Person | None:
        """Whose access token this is, while it lives."""
        hint, until = self._access.get(access_token, ("", 0.0))
        return self._persons.get(hint) if until > time.time() else None

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()
