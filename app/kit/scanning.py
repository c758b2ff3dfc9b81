"""Looking for viruses in what strangers sent: a port, and ClamAV's daemon behind it."""

import asyncio
import re
from dataclasses import dataclass
from typing import Protocol

from app.kit.ports import RefusedError, TryLaterError

_CHUNK = 256 * 1024
_END = b"\0"
_FOUND = re.compile(r"stream: ([ -~]{1,200}) FOUND")
_TOO_LARGE = "INSTREAM size limit exceeded. ERROR"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a scan came to: ``signature`` is the scanner's name of what it found, None of a clean file."""

    signature: str | None = None

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return self.signature is None


class Scanner(Protocol):
    """Something that knows viruses."""

    async def scan(self, data: bytes) -> Verdict:
        """Look through a whole file.

        Raises TryLaterError where the scanner gave no verdict, and RefusedError where the file is too large for it.
        """


class ClamScanner:
    """ClamAV's clamd, spoken to with INSTREAM (clamd(8), "COMMANDS"): one connection a scan."""

    def __init__(self, host: str, port: int, timeout_seconds: float, max_bytes: int) -> None:
        """``host`` is a name, an address, or the path of a unix socket, for which ``port`` does not count.

        ``timeout_seconds`` is the time for a whole scan; ``max_bytes`` is clamd's own StreamMaxLength, since it hangs
        up in the middle of more.
        """
        self._host, self._port = host, port
        self._timeout, self._max_bytes = timeout_seconds, max_bytes

    async def scan(self, data: bytes) -> Verdict:
        """See ``Scanner``."""
        if len(data) > self._max_bytes:
            raise RefusedError("too_large")
        try:
            async with asyncio.timeout(self._timeout):
                reply = await self._ask(data)
        except TimeoutError as error:
            raise TryLaterError("timeout") from error
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise TryLaterError("unreachable") from error
        return _verdict(reply.decode("ascii", "replace"))

    async def _ask(self, data: bytes) -> bytes:
        if self._host.startswith("/"):
            reader, writer = await asyncio.open_unix_connection(self._host)
        else:
            reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(b"zINSTREAM" + _END)
            for start in range(0, len(data), _CHUNK):
                chunk = data[start : start + _CHUNK]
                writer.write(len(chunk).to_bytes(4) + chunk)
                await writer.drain()
            writer.write((0).to_bytes(4))
            await writer.drain()
            return (await reader.readuntil(_END)).removesuffix(_END)
        finally:
            writer.close()


def _verdict(reply: str) -> Verdict:
    """What a reply means; whatever is not understood is no verdict."""
    if reply == "stream: OK":
        return Verdict()
    if found := _FOUND.fullmatch(reply):
        return Verdict(found[1])
    if reply == _TOO_LARGE:
        raise RefusedError("too_large")
    raise TryLaterError("no_verdict")
