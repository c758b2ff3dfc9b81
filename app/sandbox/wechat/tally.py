"""Every send that WeChat's stand-in took, in sixteen bytes each, so that a second one to the same person is seen.

A million sends are sixteen megabytes, in memory and on disk. A record is the digest of openid, template and the
message's key, the number of a generated follower (``NOBODY`` for anybody else) and a check sum of the template's id.
"""

import hashlib
import itertools
import os
import struct
import zlib
from array import array
from collections import Counter
from pathlib import Path
from typing import NamedTuple

_RECORD = struct.Struct("<QII")
NOBODY = 0xFFFFFFFF
# Real ids of messages have nineteen digits: whoever keeps them in a float is found out.
_FIRST_ID = 4_000_000_000_000_000_001


class Double(NamedTuple):
    """A send that came more than once: its digest, the follower's number or ``NOBODY``, and how often it came."""

    digest: int
    number: int
    times: int


class Tally:
    """The sends counted. A record outlives the process, not the machine; half a record at the end is cut off."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        content = path.read_bytes()
        whole = len(content) // _RECORD.size * _RECORD.size
        os.ftruncate(self._file, whole)
        self._digests, self._numbers, self._templates = array("Q"), array("I"), array("I")
        for record in _RECORD.iter_unpack(memoryview(content)[:whole]):
            self._keep(*record)

    def _keep(self, digest: int, number: int, template: int) -> None:
        self._digests.append(digest)
        self._numbers.append(number)
        self._templates.append(template)

    def add(self, openid: str, template_id: str, key: str, number: int = NOBODY) -> tuple[int, int]:
        """Count one send, of a generated follower where it has a ``number``: the message's id and the digest."""
        text = f"{openid}\0{template_id}\0{key}".encode()
        digest = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
        record = digest, number, zlib.crc32(template_id.encode())
        os.write(self._file, _RECORD.pack(*record))
        self._keep(*record)
        return _FIRST_ID + len(self._digests) - 1, digest

    def doubles(self, template_id: str | None) -> tuple[int, list[Double]]:
        """How many sends there were, of one template or of all, and those that came more than once."""
        wanted = None if template_id is None else zlib.crc32(template_id.encode())
        templates = self._templates[: len(self._digests)]
        chosen = [index for index, template in enumerate(templates) if wanted in (None, template)]
        digests = self._digests
        # Sorted, not counted: a table of a million counts is a hundred megabytes.
        in_order = sorted(digests[index] for index in chosen)
        again = {one for one, following in itertools.pairwise(in_order) if one == following}
        times = Counter(digests[index] for index in chosen if digests[index] in again)
        numbers = {digests[index]: self._numbers[index] for index in chosen if digests[index] in again}
        return len(chosen), [Double(digest, numbers[digest], count) for digest, count in times.items()]

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
