"""Phones that show a code at this moment learn of its scan.

Whichever web process recorded it: each process asks PostgreSQL once a tick for all the phones that it holds, so that a
phone costs no connection and no question of its own, and nothing else need be up (docs/decisions/0031).
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from app.kit import clock, db
from app.kit.errors import TemporarilyUnavailableError

_log = logging.getLogger(__name__)

TICK_SECONDS = 0.5
_BACK = timedelta(minutes=5)
"""How far back a scan is news to a phone that has just begun, or begun again, to watch."""
MOST = 2000
MOST_OF_ONE = 3

_SCANS = """
SELECT DISTINCT ON (p.licence_id, p.session_id) p.licence_id, p.session_id, v.id, v.verdict, v.reason, v.office
FROM presentations AS p JOIN verifications AS v ON v.nonce = p.nonce
WHERE p.licence_id = ANY($1::uuid[]) AND p.session_id = ANY($2::uuid[]) AND p.expires_at > $3 AND v.at > $3
ORDER BY p.licence_id, p.session_id, v.id DESC
"""
_ASKED = """
SELECT DISTINCT ON (v.licence_id) v.licence_id, r.id
FROM field_requests AS r JOIN verifications AS v ON v.id = r.verification_id
WHERE v.licence_id = ANY($1::uuid[]) AND r.answer IS NULL AND r.expires_at > $2
ORDER BY v.licence_id, r.id DESC
"""


class Shown(NamedTuple):
    """A licence whose codes a session shows."""

    licence_id: UUID
    session_id: UUID


@dataclass(frozen=True, slots=True)
class Scan:
    """The latest verification of a code: its verdict, its reason and where it was made."""

    id: UUID
    verdict: str
    reason: str
    office: str


@dataclass(frozen=True, slots=True)
class News:
    """What a phone that shows a code should say: its latest scan, and the latest request for more fields that waits."""

    scan: Scan | None = None
    asked: UUID | None = None


async def look(shown: Collection[Shown]) -> dict[Shown, News]:
    """The news of each of these."""
    moment, licences = clock.now(), list({one.licence_id for one in shown})
    scans = await db.rows(_SCANS, licences, list({one.session_id for one in shown}), moment - _BACK)
    asked = {row["licence_id"]: row["id"] for row in await db.rows(_ASKED, licences, moment)}
    found = {
        Shown(row["licence_id"], row["session_id"]): Scan(row["id"], row["verdict"], row["reason"], row["office"])
        for row in scans
    }
    return {one: News(found.get(one), asked.get(one.licence_id)) for one in shown}


class Screen:
    """One phone that watches."""

    def __init__(self) -> None:
        self._given: News | None = None
        self._latest, self._ended = News(), False
        self._woken = asyncio.Event()

    def tell(self, news: News) -> None:
        """What it should say by now."""
        self._latest = news
        if news != self._given:
            self._woken.set()

    def end(self) -> None:
        """It is told nothing more."""
        self._ended = True
        self._woken.set()

    async def news(self, seconds: float) -> AsyncGenerator[News | None]:
        """The news at first and as often as they change, None after so many seconds without, until the end."""
        while True:
            try:
                async with asyncio.timeout(seconds):
                    await self._woken.wait()
            except TimeoutError:
                yield None
                continue
            if self._ended:
                return
            self._woken.clear()
            self._given = self._latest
            yield self._latest


class Screens:
    """The phones that this process holds; it asks nothing while there are none."""

    def __init__(self) -> None:
        self._open: defaultdict[Shown, list[Screen]] = defaultdict(list)
        self._asking: asyncio.Task[None] | None = None
        self._closed = False

    def __len__(self) -> int:
        return sum(map(len, self._open.values()))

    def require_room(self) -> None:
        """Raise TemporarilyUnavailableError where this process holds all that it can: the phone then asks by itself."""
        if self._closed or len(self) >= MOST:
            raise TemporarilyUnavailableError

    @asynccontextmanager
    async def watching(self, shown: Shown) -> AsyncIterator[Screen]:
        """Watch for the scans of a session's codes of a licence.

        The oldest of too many of one session is ended: most likely its phone has gone already.
        """
        screen, same = Screen(), self._open[shown]
        if len(same) >= MOST_OF_ONE:
            same.pop(0).end()
        same.append(screen)
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        try:
            yield screen
        finally:
            if screen in same:
                same.remove(screen)
            if not same and self._open.get(shown) is same:
                del self._open[shown]

    async def close(self) -> None:
        """End them all, so that the process may end."""
        self._closed = True
        for screen in [screen for same in self._open.values() for screen in same]:
            screen.end()
        if self._asking:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _ask(self) -> None:
        while self._open:
            try:
                for shown, news in (await look(list(self._open))).items():
                    for screen in self._open.get(shown, ()):
                        screen.tell(news)
            except db.AWAY:
                # Nothing is verified either meanwhile; the next tick asks again.
                _log.warning("screens_not_looked_up")
            await asyncio.sleep(TICK_SECONDS)
