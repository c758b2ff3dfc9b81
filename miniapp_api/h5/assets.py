"""Files that pages load: each address names its content, so that a browser asks for it once."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).with_name("static")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, the digest of its content, its media type."""

    content: bytes
    digest: str
    media_type: str


@cache
def _assets() -> dict[str, Asset]:
    """Every file by its name."""
    return {
        path.name: Asset(content, hashlib.sha256(content).hexdigest()[:12], _TYPES[path.suffix])
        for path in sorted(_FOLDER.iterdir())
        for content in [path.read_bytes()]
    }


@cache
def address_of(name: str) -> str:
    """The address of a file by its name. Raises KeyError where there is none."""
    stem, suffix = name.rsplit(".", 1)
    return f"/h5/static/{stem}.{_assets()[name].digest}.{suffix}"


def find_asset(name: str) -> tuple[Asset, bool] | None:
    """The file of an address, and whether the address names this content; None where there is no such file."""
    stem, _, rest = name.partition(".")
    digest, _, suffix = rest.partition(".")
    asset = _assets().get(f"{stem}.{suffix}")
    return (asset, digest == asset.digest) if asset else None
