"""``python -m tests.faults.overload``: more requests than one web process can do, and how the accepted ones fare.

One process of the house of `jiaban run`, with its own `requests_at_once`. First it is asked one thing after the
other, then as fast as it can, then two and a half times as often, whatever it answers; then one after the other again.
Five such rounds; each ratio is of one round, and their middle counts.
"""

import argparse
import itertools
import json
import math
import select
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

import httptools
import httpx
import psutil
from rich.console import Console
from rich.progress import track

from app.demo.house import running_house
from config.settings import DemoSettings, Settings
from tests.conftest import free_ports
from tests.faults.house import environment
from tests.faults.report import machine, put

_PHONES = 600
_ALONE_SECONDS, _FULL_SECONDS, _OVER_SECONDS = 4, 3, 15
_PIECE = 1 << 18
TIMES_AS_MANY, MOST_P99, RECOVERS_SECONDS = 2.5, 5.0, 10.0
_GREETING = b"GET /health/live HTTP/1.1\r\nHost: jiaban\r\n\r\n"
_TITLES = {
    "machine": "measured on",
    "stolen_percent": "of the processors' time the hypervisor gave so much to others, %",
    "rounds": "rounds, of which the middle stands here",
    "requests_at_once": "`requests_at_once`",
    "alone_middle_ms": "one after the other: half are answered within, ms",
    "alone_p99_ms": "one after the other: 99 of 100 are answered within, ms",
    "capacity_per_second": "answers a second, where eight phones ask as fast as they are answered",
    "asked_per_second": "overload: requests a second",
    "accepted_per_second": "overload: accepted a second",
    "accepted_middle_ms": "overload: half of the accepted are answered within, ms",
    "accepted_p99_ms": "overload: 99 of 100 accepted are answered within, ms",
    "accepted_longest_ms": "overload: the longest of the accepted, ms",
    "p99_times_alone": "overload: so many times as long as alone (below 5)",
    "p99_times_alone_of_each": "each round's",
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
    per_second: float = 0.0
    latest: float = 0.0
    others: Counter[str] = field(default_factory=Counter)

    @property
    def p99(self) -> float:
        """The seconds within which 99 of 100 accepted were answered."""
        return self.within(0.99)

    def within(self, share: float) -> float:
        """The seconds within which this share of the accepted was answered."""
        ordered = sorted(self.accepted)
        return ordered[math.ceil(len(ordered) * share) - 1] if ordered else math.inf

    def note(self, status: int, seconds: float, *, says_when: bool) -> None:
        """Note an answer."""
        if status == httpx.codes.OK:
            self.accepted.append(seconds)
        elif status == httpx.codes.SERVICE_UNAVAILABLE:
            self.shed += 1
            self.shed_without_moment += not says_when
        else:
            self.others[str(status)] += 1


class _Phone:
    """A connection that is kept, over which one request after the other goes."""

    __slots__ = ("_answered", "_parser", "asked", "line", "says_when")

    def __init__(self, port: int) -> None:
        self.line = socket.create_connection(("127.0.0.1", port))
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A phone is there once the server has taken its connection and answered over it.
        self.ask(_GREETING)
        while self.hear() is None:
            pass
        self.asked: float | None = None

    def ask(self, request: bytes) -> None:
        """Send a request."""
        self._parser, self._answered, self.says_when = httptools.HttpResponseParser(self), False, False
        self.asked = time.perf_counter()
        # Where the connection is over, so it is heard.
        with suppress(OSError):
            self.line.sendall(request)

    def hear(self) -> int | None:
        """Read what came: the status, once the answer is whole. Raises OSError where the connection is over."""
        data = self.line.recv(_PIECE)
        if not data:
            raise ConnectionResetError
        self._parser.feed_data(data)
        return self._parser.get_status_code() if self._answered else None

    def on_header(self, name: bytes, value: bytes) -> None:
        self.says_when |= name.lower() == b"retry-after" and value.isdigit()

    def on_message_complete(self) -> None:
        self._answered = True


class Crowd:
    """Phones that ask a local port, all in one loop, which leaves the processors to those who are measured."""

    def __init__(self, port: int, requests: Iterator[bytes]) -> None:
        self._port, self._requests = port, requests
        self._poll = select.epoll()
        self._all: dict[int, _Phone] = {}
        self._idle: list[_Phone] = []

    def call(self, many: int) -> None:
        """So many more phones connect."""
        for _ in range(many):
            phone = _Phone(self._port)
            self._poll.register(phone.line, select.EPOLLIN)
            self._all[phone.line.fileno()] = phone
            self._idle.append(phone)

    def hang_up(self) -> None:
        """All do."""
        for phone in self._all.values():
            phone.line.close()
        self._poll.close()

    def ask_in_turn(self, seconds: float, phones: int = 1) -> Answers:
        """So many phones ask, each once it was answered."""
        self.call(max(0, phones - len(self._all)))
        answers, until = Answers(), time.perf_counter() + seconds
        held, self._idle = self._idle[phones:], self._idle[:phones]
        while time.perf_counter() < until:
            while self._idle:
                self._idle.pop().ask(next(self._requests))
            self._hear(answers)
            if answers.others["lost"]:
                raise ConnectionError("the server hung up on a phone")
        self._hear_all(answers, len(held))
        self._idle += held
        return answers

    def ask_regardless(self, seconds: float, per_second: float) -> Answers:
        """A request comes so often, whether or not those before it were answered, each from a phone that is free.

        ``per_second`` says how often one came indeed, ``latest`` by how much the latest came too late.
        """
        answers, began = Answers(), time.perf_counter()
        for number in range(int(seconds * per_second)):
            due = began + number / per_second
            while (early := due - time.perf_counter()) > 0 or not self._idle:
                self._hear(answers, early if self._idle else None)
            answers.latest = max(answers.latest, -early)
            self._idle.pop().ask(next(self._requests))
        answers.per_second = int(seconds * per_second) / (time.perf_counter() - began)
        self._hear_all(answers)
        return answers

    def _hear_all(self, answers: Answers, held: int = 0) -> None:
        while len(self._idle) + held < len(self._all):
            self._hear(answers)

    def _hear(self, answers: Answers, seconds: float | None = None) -> None:
        """Hear those who were answered, or wait until some are, so many ``seconds`` at most."""
        # epoll itself counts in milliseconds.
        select.select([self._poll], [], [], seconds)
        for number, _ in self._poll.poll(0):
            phone = self._all[number]
            try:
                status = phone.hear()
            except OSError:
                self._lose(phone, answers)
                continue
            if status is not None and phone.asked is not None:
                answers.note(status, time.perf_counter() - phone.asked, says_when=phone.says_when)
                phone.asked = None
                self._idle.append(phone)

    def _lose(self, phone: _Phone, answers: Answers) -> None:
        del self._all[phone.line.fileno()]
        phone.line.close()
        answers.others["lost"] += 1
        if phone in self._idle:
            self._idle.remove(phone)


def _requests(codes: list[str]) -> Iterator[bytes]:
    """Searches and guides, each from another address, as a proxy in front tells it."""
    words = itertools.cycle(_WORDS)
    guides = itertools.cycle(codes)
    for number in itertools.count():
        path = f"/api/v1/items?q={quote(next(words))}" if number % 2 else f"/api/v1/items/{next(guides)}"
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        yield f"GET {path} HTTP/1.1\r\nHost: jiaban\r\nX-Forwarded-For: {address}\r\n\r\n".encode()


@dataclass(frozen=True, slots=True)
class Round:
    """One after the other; as fast as eight phones are answered; too many; and again one after the other."""

    alone: Answers
    capacity: float
    over: Answers
    recovered: float

    @property
    def times_alone(self) -> float:
        """So many times as long as alone did the accepted take, by the 99th of a hundred."""
        return self.over.p99 / self.alone.p99


def _round(crowd: Crowd) -> Round:
    alone = crowd.ask_in_turn(_ALONE_SECONDS)
    full = crowd.ask_in_turn(_FULL_SECONDS, phones=8)
    capacity = len(full.accepted) / _FULL_SECONDS
    over = crowd.ask_regardless(_OVER_SECONDS, TIMES_AS_MANY * capacity)
    ended = time.perf_counter()
    while (after := crowd.ask_in_turn(1)).shed or after.p99 > 2 * alone.p99:
        if time.perf_counter() - ended > 4 * RECOVERS_SECONDS:
            break
    return Round(alone, capacity, over, max(0.0, time.perf_counter() - ended - 1))


def measure(port: int, rounds: int, console: Console) -> dict[str, Any]:
    """What several rounds find, as their middle: times in milliseconds, rates in requests a second."""
    listed = httpx.get(f"http://127.0.0.1:{port}/api/v1/items", trust_env=False, timeout=30).json()["items"]
    crowd = Crowd(port, _requests([item["item_code"] for item in listed]))
    before = psutil.cpu_times()
    try:
        crowd.call(_PHONES)
        crowd.ask_in_turn(2)
        done = [_round(crowd) for _ in track(range(rounds), "measuring", console=console)]
    finally:
        crowd.hang_up()

    stolen = [now - then for now, then in zip(psutil.cpu_times(), before, strict=True)]

    def middle(of: Callable[[Round], float], digits: int = 2) -> float:
        return round(median(map(of, done)), digits or None)

    return {
        "rounds": rounds,
        "stolen_percent": round(100 * stolen[psutil.cpu_times()._fields.index("steal")] / sum(stolen), 1),
        "alone_middle_ms": middle(lambda one: one.alone.within(0.5) * 1000),
        "alone_p99_ms": middle(lambda one: one.alone.p99 * 1000),
        "capacity_per_second": middle(lambda one: one.capacity, 0),
        "asked_per_second": middle(lambda one: one.over.per_second, 0),
        "accepted_per_second": middle(lambda one: len(one.over.accepted) / _OVER_SECONDS, 0),
        "accepted_middle_ms": middle(lambda one: one.over.within(0.5) * 1000),
        "accepted_p99_ms": middle(lambda one: one.over.p99 * 1000),
        "accepted_longest_ms": round(max(one.over.within(1) for one in done) * 1000),
        "asked_times_capacity": round(min(one.over.per_second / one.capacity for one in done), 2),
        "p99_times_alone": middle(lambda one: one.times_alone),
        "p99_times_alone_of_each": sorted(round(one.times_alone, 2) for one in done),
        "asked_late_ms": round(max(one.over.latest for one in done) * 1000),
        "shed": min(one.over.shed for one in done),
        "shed_without_retry_after": sum(one.over.shed_without_moment for one in done),
        "others": dict(sum((one.over.others for one in done), Counter())),
        "recovered_within_seconds": round(max(one.recovered for one in done), 1),
    }


def wrong(found: dict[str, Any]) -> list[str]:
    """What must not be, in sentences."""
    return [
        sentence
        for is_wrong, sentence in (
            (not found["shed"], "nothing was shed"),
            (
                found["asked_times_capacity"] < 0.95 * TIMES_AS_MANY,
                f"no more than {found['asked_times_capacity']} times as many came as it can answer",
            ),
            (found["shed_without_retry_after"], "some were shed without a moment to come again"),
            (found["others"], f"some answers were others: {found['others']}"),
            (found["p99_times_alone"] >= MOST_P99, f"p99 is {found['p99_times_alone']} times that alone"),
            (
                found["recovered_within_seconds"] > RECOVERS_SECONDS,
                f"it took {found['recovered_within_seconds']} s to recover",
            ),
        )
        if is_wrong
    ]


def _table(report: dict[str, Any]) -> Iterator[str]:
    yield "| One web process | |"
    yield "|---|---|"
    for name, title in _TITLES.items():
        value = report[name]
        yield f"| {title} | {', '.join(map(str, value)) if isinstance(value, list) else value} |"


def main() -> int:
    """Measure; 1 where it does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.overload", description=__doc__)
    parser.add_argument("--var", type=Path, default=Path("var/faults"))
    parser.add_argument("--at-once", type=int, default=Settings.model_fields["requests_at_once"].default)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", action="store_true", help="write what is found into docs/faults.md as well")
    told = parser.parse_args()
    console = Console(highlight=False)
    demo = DemoSettings(port=free_ports(), var=told.var / "overload")
    settings = {"JIABAN_REQUESTS_AT_ONCE": str(told.at_once), "JIABAN_PROXIES_COUNT": "1"}
    with environment(settings), running_house(demo, console.print) as plan:
        measured = measure(plan.web_port, told.rounds, console)
        found = {"requests_at_once": told.at_once, "machine": machine(), **measured}
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
