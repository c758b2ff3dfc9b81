"""A campaign: citizens live while the schedule's faults come, and in the end the books are balanced."""

import random
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock

from config.settings import Settings
from tests.e2e.campaign import WAYS
from tests.faults.books import balance
from tests.faults.citizens import Citizen, Officer, Watch
from tests.faults.doing import Shaker
from tests.faults.house import Shaken, shaken_house
from tests.faults.schedule import Fault


@dataclass(frozen=True, slots=True)
class Happened:
    """A fault as it was carried out: when it really began and ended, and what went wrong about it itself."""

    fault: Fault
    began: float
    ended: float
    trouble: str = ""


@dataclass(slots=True)
class Outcome:
    """What is known after a campaign."""

    seed: int
    seconds: float
    watch: Watch
    happened: list[Happened] = field(default_factory=list)
    citizens: list[Citizen] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    books: dict[str, str] = field(default_factory=dict)

    @property
    def wrong(self) -> list[str]:
        """What must not be, in sentences."""
        return [
            *(f"{title}: {line}" for title, line in self.books.items() if not line.startswith("right")),
            *(f"{what}, {times} times" for what, times in self.watch.faults_of_ours.items()),
            *(f"{one.fault}: {one.trouble}" for one in self.happened if one.trouble),
        ]


Progress = Callable[[float, str], None]


def carry_out(var: Path, seed: int, faults: list[Fault], seconds: float, *, phones: int, progress: Progress) -> Outcome:
    """Run a campaign in a house under ``var``. ``progress`` is told the seconds and what happens."""
    with shaken_house(var, lambda line: progress(0, line)) as shaken:
        watch = Watch()
        outcome = Outcome(seed, seconds, watch)
        _live_through(shaken, faults, outcome, phones, progress)
        watch.is_over = True
        progress(seconds, "balancing the books")
        settings = Settings(**tomllib.loads(shaken.plan.config_file.read_text(encoding="utf-8")))
        try:
            outcome.books = balance(shaken.plan, settings, outcome.citizens)
        finally:
            for citizen in outcome.citizens:
                citizen.close()
    return outcome


def _live_through(shaken: Shaken, faults: list[Fault], outcome: Outcome, phones: int, progress: Progress) -> None:
    chance, watch, lock = random.Random(outcome.seed), outcome.watch, Lock()
    officer = Officer(shaken.phones_url, watch)
    officer.sign_in()
    over = Event()

    def live_on() -> None:
        while not over.is_set():
            with lock:
                citizen = Citizen(shaken, chance.choice(WAYS), officer)
                outcome.citizens.append(citizen)
            citizen.live()
            outcome.ended.append(watch.now)

    with ThreadPoolExecutor(phones + len(faults)) as pool, _shaker(shaken) as shaker, _set_at_end(over):
        living = [pool.submit(live_on) for _ in range(phones)]
        shaking = [pool.submit(_shake, shaker, fault, outcome) for fault in faults]
        while watch.now < outcome.seconds:
            Event().wait(0.5)
            cases = sum(citizen.is_done for citizen in outcome.citizens)
            now = [str(fault.kind) for fault in faults if fault.at <= watch.now < fault.at + fault.lasts]
            progress(watch.now, f"{cases} cases; {', '.join(now) or 'quiet'}")
        for one in shaking:
            one.result()
        over.set()
        progress(outcome.seconds, "the last cases end")
        for done in living:
            done.result()
    officer.http.close()


@contextmanager
def _set_at_end(over: Event) -> Iterator[None]:
    """However it ends, nobody begins another case."""
    try:
        yield
    finally:
        over.set()


@contextmanager
def _shaker(shaken: Shaken) -> Iterator[Shaker]:
    shaker = Shaker(shaken)
    try:
        yield shaker
    finally:
        shaker.close()


def _shake(shaker: Shaker, fault: Fault, outcome: Outcome) -> None:
    watch = outcome.watch
    Event().wait(max(0.0, fault.at - watch.now))
    began, trouble = watch.now, ""
    try:
        shaker.carry_out(fault)
    except Exception as error:  # it is in the report
        trouble = f"{type(error).__name__}: {error}"
    outcome.happened.append(Happened(fault, began, watch.now, trouble))
