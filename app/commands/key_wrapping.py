"""``jiaban keys wrap`` and ``unwrap``: the keys of the settings in a file that nobody reads without a code on paper.

The code is drawn here (160 bits), printed once and kept nowhere, so that file and code can lie in two places. It is
long enough to need no stretching: the file's key comes from it by HKDF-SHA256 (RFC 5869), and seals with AES-256-GCM.
"""

import base64
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.kit import clock
from config.settings import KeySettings

FORMAT = 1
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U
_LENGTH, _GROUP = 32, 4
_MEANT = str.maketrans("OIL", "011", "- \t")
_INFO = b"jiaban wrapped keys"


class WrappingError(Exception):
    """A file cannot be wrapped or unwrapped; the sentence says why."""


def wrap(keys: KeySettings, path: Path) -> int:
    """Write all keys of the settings, wrapped, into a new file, and print the code that unwraps it."""
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    content = wrapped(keys, code)
    if unwrapped(content, code) != _plain(keys):
        raise WrappingError("what was wrapped does not unwrap")
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
    except FileExistsError:
        sys.stderr.write(f"{path} is there already: nothing was written\n")
        return 1
    groups = [code[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP)]
    _say(f"{path}: {', '.join(names(keys))}")
    _say(f"the code, shown once: write it down, and keep it apart from the file\n  {'-'.join(groups)}")
    return 0


def unwrap(path: Path) -> int:
    """Print the keys of a wrapped file as settings; the code is read from standard input."""
    sys.stderr.write("the code: ")
    sys.stderr.flush()
    try:
        keys = unwrapped(path.read_bytes(), sys.stdin.readline())
    except (OSError, WrappingError) as error:
        sys.stderr.write(f"\nnothing was unwrapped: {error}\n")
        return 1
    sys.stderr.write("\n")
    _say("[keys]")
    for name, value in keys.items():
        _say(f"{name} = {_toml(value)}")
    return 0


def wrapped(keys: KeySettings, code: str) -> bytes:
    """The content of a file that the code unwraps."""
    salt, nonce = os.urandom(32), os.urandom(12)
    head = {"format": FORMAT, "made_at": clock.in_city(clock.now()), "keys": names(keys)}
    sealed = AESGCM(_key(code, salt)).encrypt(nonce, json.dumps(_plain(keys)).encode(), _bound(head))
    body = {
        name: base64.b64encode(part).decode() for name, part in (("salt", salt), ("nonce", nonce), ("sealed", sealed))
    }
    return json.dumps(head | body, indent=2).encode() + b"\n"


def unwrapped(content: bytes, code: str) -> dict[str, Any]:
    """The keys in a file, as the settings name them. Raises WrappingError."""
    try:
        found = json.loads(content)
        salt, nonce, sealed = (base64.b64decode(found.pop(name)) for name in ("salt", "nonce", "sealed"))
        plain = AESGCM(_key(code, salt)).decrypt(nonce, sealed, _bound(found))
    except (ValueError, KeyError, AttributeError) as error:
        raise WrappingError("this is no file of wrapped keys") from error
    except InvalidTag as error:
        raise WrappingError("the code is another file's, or the file was changed") from error
    keys: dict[str, Any] = json.loads(plain)
    return keys


def names(keys: KeySettings) -> list[str]:
    """The keys that are wrapped, as ``<ring>.<id>``."""
    return [f"{ring}.{key_id}" for ring, value in _plain(keys).items() if isinstance(value, dict) for key_id in value]


def _plain(keys: KeySettings) -> dict[str, Any]:
    rings = {"encryption": keys.encryption, "lookup": keys.lookup_ring}
    rings |= {"session_signing": keys.session_signing, "record_signing": keys.record_signing}
    active = {name: getattr(keys, name) for name in KeySettings.model_fields if name.endswith("_active")}
    return {
        "profile": keys.profile,
        **{ring: {key_id: key.get_secret_value() for key_id, key in held.items()} for ring, held in rings.items()},
        **active,
    }


def _key(code: str, salt: bytes) -> bytes:
    meant = code.strip().upper().translate(_MEANT)
    return HKDF(SHA256(), 32, salt, _INFO).derive(meant.encode())


def _bound(head: dict[str, Any]) -> bytes:
    return json.dumps(head, sort_keys=True).encode()


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {json.dumps(entry)}" for name, entry in value.items()) + "}"
    return json.dumps(value)


def _say(line: str) -> None:
    print(line)  # noqa: T201  # the command's answer
