"""What the processes of a house under faults load before anything else.

``SWITCHES`` names a folder. ``told.json`` in it says what each process is told of others' addresses. ``switches`` is
mapped into memory: for each process the seconds its clock is off, and whether it finds host names. Moved are the
product's one clock, ``app.kit.clock.now``, and for libraries ``time.time`` and the moment from which Procrastinate
counts.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def _move(switches: Path, place: int) -> None:
    import datetime
    import mmap
    import socket
    import struct
    import time

    sys.path.insert(0, str(Path(__file__).parents[3]))
    from app.kit import clock

    with switches.open("r+b") as file:
        memory = mmap.mmap(file.fileno(), 0)
    two = struct.Struct("<dd")
    real_time, real_addresses = time.time, socket.getaddrinfo

    def off() -> float:
        return float(two.unpack_from(memory, place * two.size)[0])

    def now() -> datetime.datetime:
        return datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=off())

    def look_up(*_: object) -> None:
        if two.unpack_from(memory, place * two.size)[1]:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    def addresses(*arguments: Any, **named: Any) -> Any:
        look_up()
        return real_addresses(*arguments, **named)

    clock.now = now
    time.time = lambda: real_time() + off()
    socket.getaddrinfo = addresses
    _move_uvloop(look_up)
    if "worker" in sys.orig_argv:
        from procrastinate import utils

        utils.utcnow = now


def _move_uvloop(look_up: Callable[[], None]) -> None:
    """It asks for addresses without Python."""
    import uvloop

    def found(name: str, place: int) -> None:
        real = getattr(uvloop.Loop, name)

        async def ask(*arguments: Any, **named: Any) -> Any:
            if named.get("host", arguments[place] if len(arguments) > place else None):
                look_up()
            return await real(*arguments, **named)

        setattr(uvloop.Loop, name, ask)

    found("getaddrinfo", 1)
    found("create_connection", 2)


_mine = sys.orig_argv[-1]
if "SWITCHES" in os.environ and "app.cli" in sys.orig_argv:
    _folder = Path(os.environ["SWITCHES"])
    _told = json.loads((_folder / "told.json").read_text())
    if _mine in _told:
        os.environ.update(_told[_mine])
        _move(_folder / "switches", list(_told).index(_mine))
