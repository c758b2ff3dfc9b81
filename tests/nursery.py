"""Commands of ``jiaban`` as processes of their own, forked from one that has loaded all they need.

Loading takes most of what a command takes; ``tests/unit/test_command_line.py`` and ``tests/e2e`` start some the long
way, as a shell does.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import IO

_LOADED = ("app.bootstrap", "app.worker", "app.demo.house", "app.upkeep.city")
_COMMANDS = ("audit", "backup", "broadcasts", "catalogue", "keys", "licences", "messages", "restore", "staff", "wechat")
_REPOSITORY = Path(__file__).parents[1]
_LONGEST = 1 << 20
_PATIENCE_SECONDS = 120.0


def command(*words: str, **told: str) -> subprocess.CompletedProcess[str]:
    """Run ``jiaban`` with ``words``, and with ``told`` in its environment beside our own.

    Its exit code, what it answered, and what it said beside.
    """
    return _nursery()(*words, **told)


@cache
def _nursery() -> "_Nursery":
    nursery = _Nursery()
    atexit.register(nursery.close)
    return nursery


class _Nursery:
    """Runs commands, one at a time."""

    def __init__(self) -> None:
        self._one = Lock()
        self._here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with there:
            self._process = subprocess.Popen(
                [sys.executable, "-c", f"from tests.nursery import raise_commands; raise_commands({there.fileno()})"],
                pass_fds=(there.fileno(),),
                cwd=_REPOSITORY,
                env=os.environ | {"COLUMNS": "200"},
            )

    def __call__(self, *words: str, **told: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "COLUMNS": "200", **told}
        with self._one, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as beside:
            asked = json.dumps([words, environment]).encode()
            socket.send_fds(self._here, [asked], [out.fileno(), beside.fileno()])
            self._here.settimeout(_PATIENCE_SECONDS)
            code = int(self._here.recv(_LONGEST))
            return subprocess.CompletedProcess(words, code, _all_of(out), _all_of(beside))

    def close(self) -> None:
        """End it, with what still runs."""
        self._here.close()
        self._process.kill()
        self._process.wait()


def _all_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def raise_commands(there: int) -> None:
    """Fork for each command that is asked for at a socket, and answer with its exit code, until nobody asks."""
    for name in (*_LOADED, *(f"app.commands.{command}" for command in _COMMANDS)):
        import_module(name)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=there) as asking:
        while asked := socket.recv_fds(asking, _LONGEST, 2):
            message, files, _, _ = asked
            if not message:
                return
            if (child := os.fork()) == 0:
                asking.close()
                signal.signal(signal.SIGINT, signal.default_int_handler)
                words, environment = json.loads(message)
                _become(words, environment, files)
            for file in files:
                os.close(file)
            _, status = os.waitpid(child, 0)
            asking.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(words: list[str], environment: dict[str, str], files: list[int]) -> None:
    for file, place in zip(files, (1, 2), strict=True):
        os.dup2(file, place)
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    sys.stdout, sys.stderr = open(1, "w", encoding="utf-8"), open(2, "w", encoding="utf-8")  # noqa: SIM115
    code = 1
    try:
        code = import_module("app.cli").main(words)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # what the interpreter does
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
