"""Files that pages load: each address names its content, so that a browser asks for it once."""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).with_name("static")
_PACKAGES = Path(__file__).parents[2] / "node_modules"
_OF_PACKAGES = {
    "zxing.js": "zxing-wasm/dist/iife/reader/index.js",
    "zxing.wasm": "zxing-wasm/dist/reader/zxing_reader.wasm",
    "ed25519.js": "@noble/ed25519/index.js",
}
"""Scripts of others, by what they are called here; they may not be installed."""
_WORTH = re.compile(r"q=(1(\.0{0,3})?|0\.(?=\d*[1-9])\d{1,3})")
"""A weight above nothing."""
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, plain and packed by gzip, the digest of its content, its media type."""

    content: bytes
    packed: bytes
    digest: str
    media_type: str


@cache
def _assets() -> dict[str, Asset]:
    """Every file by its name."""
    packages = {name: _PACKAGES / path for name, path in _OF_PACKAGES.items()}
    files = {path.name: path for path in sorted(_FOLDER.iterdir())} | packages
    return {
        name: Asset(
            content, gzip.compress(content, mtime=0), hashlib.sha256(content).hexdigest()[:12], _TYPES[path.suffix]
        )
        for name, path in files.items()
        if path.exists()
        for content in [path.read_bytes()]
    }


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding takes gzip (RFC 9110, 12.5.3); nobody who does not say so gets it."""
    said = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        said[name.strip()] = weight.replace(" ", "")
    found = said.get("gzip", said.get("*"))
    return found is not None and (not found or bool(_WORTH.fullmatch(found)))


@cache
def address_of(name: str) -> str:
    """The address of a file by its name. Raises KeyError where there is none."""
    stem, suffix = name.rsplit(".", 1)
    return f"/h5/static/{stem}.{_assets()[name].digest}.{suffix}"


def asset_of(name: str) -> Asset:
    """A file by its name. Raises KeyError where there is none."""
    return _assets()[name]


def address_if_there(name: str) -> str:
    """The address of a file, empty where it is not installed."""
    return address_of(name) if name in _assets() else ""


def find_asset(name: str) -> tuple[Asset, bool] | None:
    """The file of an address, and whether the address names this content; None where there is no such file."""
    stem, _, rest = name.partition(".")
    digest, _, suffix = rest.partition(".")
    asset = _assets().get(f"{stem}.{suffix}")
    return (asset, digest == asset.digest) if asset else None
