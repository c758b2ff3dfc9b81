"""``python -m tests.faults.overload``: more requests than one web process can do, and how the accepted ones fare.

One process of the house of `jiaban run`, with its own `requests_at_once`. First it is asked one thing after the
other, then as fast as it can, then two and a half times as often, whatever it answers; then one after the other again.
All ratios are of one run.
"""

import argparse
import asyncio
import itertools
import json
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import httptools
import httpx
from rich.console import Console

from app.demo.house import running_house
from config.settings import DemoSettings, Settings
from tests.conftest import free_ports
from tests.faults.house import environment
from tests.faults.report import machine, put

_PHONES = 600
TIMES_AS_MANY, MOST_P99, RECOVERS_SECONDS = 2.5, 5.0, 10.0
_TITLES = {
    "machine": "measured on",
    "requests_at_once": "`requests_at_once`",
    "alone_middle_ms": "one after the other: half are answered within, ms",
    "alone_p99_ms": "one after the other: 99 of 100 are answered within, ms",
    "capacity_per_second": "answers a second, where eight phones ask as fast as they are answered",
    "asked_per_second": "overload: requests a second",
    "accepted_per_second": "overload: accepted a second",
    "accepted_p99_ms": "overload: 99 of 100 accepted are answered within, ms",
    "p99_times_alone": "overload: so many times as long as alone (below 5)",
    "shed": "overload: shed, all with `Retry-After`",
    "recovered_within_seconds": "as quick as before after, s (within 10)",
}
_WORDS = ("食品", "身份证", "结婚", "社保", "开店", "残疾", "老年", "公积金")


@dataclass(slots=True)
class Answers:
    """What came back: the seconds of the accepted, how many were shed, and whatever else."""

    accepted: list[float] = field(default_factory=list)
    shed: int = 0
    shed_without_moment: int = 0
    latest: float = 0.0
    others: Counter[str] = field(default_factory=Counter)

    @property
    def p99(self) -> float:
        """The seconds within which 99 of 100 accepted were answered."""
        ordered = sorted(self.accepted)
        return ordered[math.ceil(len(ordered) * 0.99) - 1] if ordered else math.inf

    def note(self, status: int, seconds: float, *, says_when: bool) -> None:
        """Note an answer."""
        if status == httpx.codes.OK:
            self.accepted.append(seconds)
        elif status == httpx.codes.SERVICE_UNAVAILABLE:
            self.shed += 1
            self.shed_without_moment += not says_when
        else:
            self.others[str(status)] += 1


class _Phone(asyncio.Protocol):
    """A connection that is kept, over which one request after the other goes."""

    def __init__(self, free: Callable[["_Phone"], None], lost: Callable[["_Phone"], None]) -> None:
        self._free, self._lost = free, lost
        self._transport: asyncio.WriteTransport
        self._answers: Answers | None = None
        self._asked = 0.0
        self._says_when = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def ask(self, request: bytes, answers: Answers, at: float) -> None:
        """Send a request that was due ``at`` this moment of the performance counter."""
        self._answers, self._asked, self._says_when = answers, at, False
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._says_when |= name.lower() == b"retry-after" and value.isdigit()

    def on_message_complete(self) -> None:
        seconds = time.perf_counter() - self._asked
        if self._answers:
            self._answers.note(self._parser.get_status_code(), seconds, says_when=self._says_when)
        self._answers = None
        self._free(self)

    def connection_lost(self, error: Exception | None) -> None:
        del error
        if self._answers:
            self._answers.others["lost"] += 1
        self._lost(self)

    def close(self) -> None:
        """Hang up."""
        self._answers = None
        self._transport.abort()


class Crowd:
    """Phones that ask a local port."""

    def __init__(self, port: int, requests: Iterator[bytes]) -> None:
        self._port, self._requests = port, requests
        self._idle: list[_Phone] = []
        self._all: set[_Phone] = set()
        self._freed = asyncio.Event()

    def _free(self, phone: _Phone) -> None:
        self._idle.append(phone)
        self._freed.set()

    def _lost(self, phone: _Phone) -> None:
        self._all.discard(phone)
        if phone in self._idle:
            self._idle.remove(phone)

    async def call(self, many: int) -> None:
        """So many more phones connect."""
        loop = asyncio.get_running_loop()
        for _ in range(many):
            _, phone = await loop.create_connection(lambda: _Phone(self._free, self._lost), "127.0.0.1", self._port)
            self._all.add(phone)
            self._idle.append(phone)

    def hang_up(self) -> None:
        """All do."""
        for phone in list(self._all):
            phone.close()

    async def ask_in_turn(self, seconds: float, phones: int = 1) -> Answers:
        """So many phones ask, each once it was answered."""
        await self.call(max(0, phones - len(self._all)))
        answers, until = Answers(), time.perf_counter() + seconds
        held, self._idle = self._idle[phones:], self._idle[:phones]
        while time.perf_counter() < until:
            self._freed.clear()
            while self._idle:
                self._idle.pop().ask(next(self._requests), answers, time.perf_counter())
            await self._freed.wait()
        await self._all_answered(phones)
        self._idle += held
        return answers

    async def _all_answered(self, phones: int) -> None:
        while len(self._idle) < min(phones, len(self._all)):
            self._freed.clear()
            await self._freed.wait()

    async def ask_regardless(self, seconds: float, per_second: float) -> Answers:
        """A request comes so often, whether or not those before it were answered, each from a phone that is free.

        ``latest`` says by how much the latest came too late.
        """
        answers, began = Answers(), time.perf_counter()
        for number in range(int(seconds * per_second)):
            due = began + number / per_second
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            while not self._idle:
                self._freed.clear()
                await self._freed.wait()
            answers.latest = max(answers.latest, time.perf_counter() - due)
            self._idle.pop().ask(next(self._requests), answers, time.perf_counter())
        await self._all_answered(len(self._all))
        return answers


def _requests(codes: list[str]) -> Iterator[bytes]:
    """Searches and guides, each from another address, as a proxy in front tells it."""
    words = itertools.cycle(_WORDS)
    guides = itertools.cycle(codes)
    for number in itertools.count():
        path = f"/api/v1/items?q={quote(next(words))}" if number % 2 else f"/api/v1/items/{next(guides)}"
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        yield f"GET {path} HTTP/1.1\r\nHost: jiaban\r\nX-Forwarded-For: {address}\r\n\r\n".encode()


async def measure(port: int) -> dict[str, float | int | dict[str, int]]:
    """What one run finds: times in milliseconds, rates in requests a second."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as http:
        codes = [item["item_code"] for item in (await http.get("/api/v1/items")).json()["items"]]
    crowd = Crowd(port, _requests(codes))
    try:
        await crowd.ask_in_turn(2)
        alone = await crowd.ask_in_turn(6)
        full = await crowd.ask_in_turn(4, phones=8)
        capacity = len(full.accepted) / 4
        await crowd.call(_PHONES)
        over = await crowd.ask_regardless(8, TIMES_AS_MANY * capacity)
        ended = time.perf_counter()
        while (after := await crowd.ask_in_turn(1)).shed or after.p99 > 2 * alone.p99:
            if time.perf_counter() - ended > 4 * RECOVERS_SECONDS:
                break
        recovered = time.perf_counter() - ended - 1
    finally:
        crowd.hang_up()
    return {
        "alone_p99_ms": round(alone.p99 * 1000, 2),
        "alone_middle_ms": round(sorted(alone.accepted)[len(alone.accepted) // 2] * 1000, 2),
        "capacity_per_second": round(capacity),
        "asked_per_second": round(TIMES_AS_MANY * capacity),
        "accepted_per_second": round(len(over.accepted) / 8),
        "accepted_middle_ms": round(sorted(over.accepted)[len(over.accepted) // 2] * 1000, 2),
        "accepted_p99_ms": round(over.p99 * 1000, 2),
        "p99_times_alone": round(over.p99 / alone.p99, 2),
        "asked_late_ms": round(over.latest * 1000),
        "shed": over.shed,
        "shed_without_retry_after": over.shed_without_moment,
        "others": dict(over.others),
        "recovered_within_seconds": round(max(recovered, 0), 1),
    }


def wrong(found: dict[str, float | int | dict[str, int]]) -> list[str]:
    """What must not be, in sentences."""
    return [
        sentence
        for is_wrong, sentence in (
            (not found["shed"], "nothing was shed"),
            (found["shed_without_retry_after"], "some were shed without a moment to come again"),
            (found["others"], f"some answers were others: {found['others']}"),
            (
                cast("float", found["p99_times_alone"]) >= MOST_P99,
                f"p99 is {found['p99_times_alone']} times that alone",
            ),
            (
                cast("float", found["recovered_within_seconds"]) > RECOVERS_SECONDS,
                f"it took {found['recovered_within_seconds']} s to recover",
            ),
        )
        if is_wrong
    ]


def _table(report: dict[str, Any]) -> Iterator[str]:
    yield "| One web process | |"
    yield "|---|---|"
    for name, title in _TITLES.items():
        yield f"| {title} | {report[name]} |"


def main() -> int:
    """Measure; 1 where it does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.overload", description=__doc__)
    parser.add_argument("--var", type=Path, default=Path("var/faults"))
    parser.add_argument("--at-once", type=int, default=Settings.model_fields["requests_at_once"].default)
    parser.add_argument("--keep", action="store_true", help="write what is found into docs/faults.md as well")
    told = parser.parse_args()
    console = Console(highlight=False)
    demo = DemoSettings(port=free_ports(), var=told.var / "overload")
    settings = {"JIABAN_REQUESTS_AT_ONCE": str(told.at_once), "JIABAN_PROXIES_COUNT": "1"}
    with environment(settings), running_house(demo, console.print) as plan:
        console.print("measuring")
        found = {"requests_at_once": told.at_once, "machine": machine(), **asyncio.run(measure(plan.web_port))}
    sentences = wrong(found)
    report = {**found, "wrong": sentences}
    (told.var / "overload.json").write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for name, value in report.items():
        console.print(f"{name}: {value}", markup=False)
    if told.keep:
        put("overload", "tests.faults.overload", "\n".join(_table(report)))
    return 1 if sentences else 0


if __name__ == "__main__":
    sys.exit(main())
