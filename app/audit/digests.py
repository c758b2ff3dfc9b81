"""How a record becomes a digest that follows from the record before it.

Two formats. The first hashes the record as it is: SHA-256 over the digest before and the record's canonical JSON. The
second hashes a commitment in place of the actor and of each detail, so that a record can be proven to somebody without
showing them every name in it. A record of the second format carries ``salt``, 16 random bytes, from which the openings
of its commitments are derived; what is hashed begins with the algorithm's name, so that neither format and neither
algorithm can pass for another.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.hashes import SM3, Hash

from app.kit.ciphers import ProfileName, hmac_sha256, hmac_sm3

FIRST = bytes(32)
"""What the first record of a chain has as the digest before it."""

SALT_BYTES = 16


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces, in UTF-8."""
    return _ENCODER.encode(value).encode()


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _sm3(data: bytes) -> bytes:
    digest = Hash(SM3())
    digest.update(data)
    return digest.finalize()


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A hash with 32 bytes, and the keyed hash that goes with it: SHA-256 (FIPS 180-4) or SM3 (GB/T 32905)."""

    name: str
    hash: Callable[[bytes], bytes]
    mac: Callable[[bytes, bytes], bytes]


SHA256 = Algorithm("sha256", _sha256, hmac_sha256)
ALGORITHMS: dict[str, Algorithm] = {one.name: one for one in (SHA256, Algorithm("sm3", _sm3, hmac_sm3))}
OF_PROFILE: dict[ProfileName, str] = {"aes": "sha256", "sm": "sm3"}
"""The name of the algorithm that goes with each profile of ``keys.profile``."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A record without its digest. ``previous`` is the digest before it; ``salt`` is None in the first format."""

    chain: str
    position: int
    at: datetime
    actor: str
    action: str
    details: Mapping[str, Any]
    previous: bytes
    algorithm: str
    salt: bytes | None

    @property
    def kind(self) -> str:
        """What kind of actor it was: ``citizen``, ``staff``, ``system`` and the like, without an id."""
        return self.actor.partition(":")[0]

    @property
    def time(self) -> str:
        """The moment as it is hashed: ISO 8601 in UTC with microseconds."""
        return self.at.isoformat(timespec="microseconds")

    @property
    def values(self) -> dict[str, Any]:
        """What is committed to, by its name: the actor, and each detail."""
        return {"actor": self.actor, **{f"details.{name}": value for name, value in self.details.items()}}


def opening_of(entry: Entry, name: str) -> bytes:
    """What opens the commitment to one value of a record, and no other. Raises ValueError for the first format."""
    if entry.salt is None:
        raise ValueError("the first format has no commitments")
    return ALGORITHMS[entry.algorithm].mac(entry.salt, name.encode())


def commitment(algorithm: str, opening: bytes, name: str, value: Any) -> bytes:
    """The commitment to a value: who does not know the opening learns nothing of the value from it."""
    return ALGORITHMS[algorithm].hash(b"jiaban:commitment:" + opening + canonical([name, value]))


def commitments_of(entry: Entry) -> dict[str, str]:
    """The commitments to all values of a record of the second format, in hexadecimal."""
    return {
        name: commitment(entry.algorithm, opening_of(entry, name), name, value).hex()
        for name, value in entry.values.items()
    }


def digest_of(entry: Entry) -> bytes:
    """The digest of a record. Raises ValueError where its format and algorithm do not exist."""
    if entry.algorithm not in ALGORITHMS:
        raise ValueError("an unknown algorithm")
    if entry.salt is None:
        if entry.algorithm != SHA256.name:
            raise ValueError("the first format is SHA-256 alone")
        plain = [entry.chain, entry.position, entry.time, entry.actor, entry.action, dict(entry.details)]
        return _sha256(entry.previous + canonical(plain))
    record = [entry.chain, entry.position, entry.time, entry.kind, entry.action, commitments_of(entry)]
    head = f"jiaban:audit:{entry.algorithm}:".encode()
    return ALGORITHMS[entry.algorithm].hash(head + entry.previous + canonical(record))
