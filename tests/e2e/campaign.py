"""The kill campaign: one run is made of its seed alone. What is killed, where, and which cases are under way then.

The seeds come in rounds, one for each boundary. Five rounds kill each victim at each boundary, and ten do so both with
an approval system that recognises what it has already and with one that does not.
"""

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from app.demo.plan import Plan
from app.kit.tls import public_tls
from tests.conftest import Phone
from tests.e2e.breaking import Breaker, await_true
from tests.people import make_person

VICTIMS = ("web", "worker", "sandbox", "postgres", "redis")
_PATIENCE_SECONDS = 90.0
_ITEM = "个体工商户设立登记"


@dataclass(frozen=True, slots=True)
class Way:
    """How a case goes, and its end: the reference that every run is held to.

    ``timeline`` and ``told`` are the kinds that the citizen sees of the case, in order. A withdrawal may come before
    the approval system's first word: then ``received`` is passed over.
    """

    name: str
    words: str
    state: str
    timeline: tuple[str, ...]
    told: frozenset[str]
    deliveries: tuple[str, ...] = ("case",)
    licences: int = 0


_APPROVED = frozenset({"submitted", "accepted", "approved", "licence_issued", "review_invitation"})
_TO_THE_END = ("accepted", "approved", "completed")
PLAIN = Way("plain", "", "completed", ("submit", "received", *_TO_THE_END), _APPROVED, licences=1)
SCRAMBLED = Way("scrambled", "乱序", "completed", PLAIN.timeline, _APPROVED, licences=1)
SUPPLEMENTED = Way(
    "supplemented",
    "请补正",
    "completed",
    ("submit", "received", "supplement_requested", "supplement", *_TO_THE_END),
    _APPROVED | {"supplement_requested"},
    ("case", "supplement"),
    1,
)
STEPWISE = Way(
    "stepwise",
    "请逐步办理",
    "completed",
    ("submit", "received", "pre_review", "accepted", "under_review", "approved", "completed"),
    _APPROVED,
    licences=1,
)
SPECIAL = Way(
    "special",
    "请暂停",
    "completed",
    ("submit", "received", "accepted", "special_procedure", "resumed", "approved", "completed"),
    _APPROVED | {"special_procedure", "resumed"},
    licences=1,
)
REFUSED = Way(
    "refused",
    "请不予许可",
    "refused",
    ("submit", "received", "accepted", "refused"),
    frozenset({"submitted", "accepted", "refused", "review_invitation"}),
)
NOT_ACCEPTED = Way(
    "not accepted",
    "请不予受理",
    "not_accepted",
    ("submit", "received", "not_accepted"),
    frozenset({"submitted", "not_accepted", "review_invitation"}),
)
WITHDRAWN = Way(
    "withdrawn",
    "请等待",
    "withdrawn",
    ("submit", "withdraw"),
    frozenset({"submitted", "withdrawn"}),
    ("case", "withdrawal"),
)
HURRIED = Way(
    "hurried",
    "请等待",
    "completed",
    ("submit", "received", "hurry", *_TO_THE_END),
    _APPROVED,
    ("case", "notice"),
    1,
)
WAYS = (PLAIN, SCRAMBLED, SUPPLEMENTED, STEPWISE, SPECIAL, REFUSED, NOT_ACCEPTED, WITHDRAWN, HURRIED)


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where the victim is killed: at a stand-in's fault point, at a held write to a table, or at a random moment.

    ``way`` is a case that comes to it; ``first`` says that submissions do not come to it yet. Of ``writers`` the victim
    itself must be held there; where others die, it is enough that somebody is.
    """

    point: str = ""
    table: str = ""
    way: Way = PLAIN
    first: bool = True
    writers: tuple[str, ...] = ("web", "worker")

    def __str__(self) -> str:
        return self.point or (f"a write to {self.table}" if self.table else "a random moment")


BOUNDARIES = (
    *(Boundary(point=f"approvals.receive.{moment}") for moment in ("before", "after")),
    *(Boundary(point=f"approvals.supplement.{moment}", way=SUPPLEMENTED) for moment in ("before", "after")),
    *(Boundary(point=f"approvals.withdrawal.{moment}", way=WITHDRAWN) for moment in ("before", "after")),
    *(Boundary(point=f"approvals.notice.{moment}", way=HURRIED) for moment in ("before", "after")),
    *(Boundary(point=f"approvals.query.{moment}") for moment in ("before", "after")),
    *(Boundary(point=f"approvals.events.{moment}") for moment in ("before", "after")),
    Boundary(table="deliveries", writers=("worker",)),
    Boundary(table="inbox_events"),
    Boundary(table="applications", first=False),
    Boundary(table="procrastinate_jobs", first=False),
    Boundary(table="timeline_entries", first=False),
    Boundary(table="licences", writers=("worker",)),
    Boundary(table="messages", first=False),
    Boundary(),
)
# Where the approval system recognises nothing, the second held writer dies here: so is found what belongs to a
# transaction, and is written after it.
_WRITTEN_OFTEN = {"procrastinate_jobs", "inbox_events"}


@dataclass(frozen=True, slots=True)
class Script:
    """One run: ``victim`` is killed at ``boundary``; ``then``, if anybody, dies ``after`` seconds later."""

    seed: int
    victim: str
    boundary: Boundary
    ways: tuple[Way, ...]
    idempotent: bool
    moment: float
    passing: int
    then: str | None
    after: float

    @classmethod
    def of(cls, seed: int) -> "Script":
        """The run of a seed."""
        chance = random.Random(seed)
        number, place = divmod(seed, len(BOUNDARIES))
        boundary = BOUNDARIES[place]
        idempotent = (place + number // len(VICTIMS)) % 2 == 0
        return cls(
            seed=seed,
            victim=VICTIMS[(place + number) % len(VICTIMS)],
            boundary=boundary,
            ways=(*dict.fromkeys((PLAIN, boundary.way)), *chance.choices(WAYS, k=chance.randint(2, 3))),
            idempotent=idempotent,
            moment=chance.uniform(0, 2),
            passing=0 if idempotent or boundary.table not in _WRITTEN_OFTEN else 1,
            then=chance.choice(VICTIMS) if chance.random() < 1 / 3 else None,
            after=chance.uniform(0, 1.5),
        )

    def __str__(self) -> str:
        ways = ", ".join(way.name for way in self.ways)
        then = f", then {self.then} {self.after:.2f} s later" if self.then else ""
        where = f"the second of those who come to {self.boundary}" if self.passing else str(self.boundary)
        there = "recognises" if self.idempotent else "does not recognise"
        return (
            f"seed {self.seed}: {self.victim} is killed at {where}{then}; the cases are {ways}; "
            f"the approval system {there} what it has"
        )


class Applicant:
    """A new citizen with one case: a phone that repeats what was not answered, with the same Idempotency-Key."""

    def __init__(self, plan: Plan, way: Way) -> None:
        self.way = way
        self.case_no = ""
        self.phone = Phone(plan, make_person())
        self._path = ""

    def prepare(self) -> None:
        """Sign in, give the real name, and fill in the form."""
        self.phone.verify()
        found = self.ask("GET", "/items", params={"q": _ITEM})["items"][0]
        item = self.ask("GET", f"/items/{found['item_code']}")
        draft = self.ask("POST", "/applications", json={"item_code": item["item_code"]})
        self._path = f"/applications/{draft['id']}"
        form = {**item["form_example"], "remark": self.way.words}
        self.ask("PATCH", self._path, json={"form": form, "revision": draft["revision"]})

    def submit(self) -> None:
        """Submit until it is answered."""
        self.case_no = self.ask("POST", f"{self._path}/submission")["case_no"]

    def go_on(self) -> None:
        """What the way asks of the citizen after the submission."""
        if self.way is WITHDRAWN:
            self.ask("POST", f"{self._path}/withdrawal", json={"reason": "不办了"})
        elif self.way is HURRIED:
            await_true("the case arrives", lambda: self.state == "delivered", _PATIENCE_SECONDS)
            self.ask("POST", f"{self._path}/hurries", json={"text": "请尽快办理"})
            self._let_go()
        elif "supplement" in self.way.deliveries:
            await_true("a supplement is asked for", lambda: self.state == "supplement_requested", _PATIENCE_SECONDS)
            self.ask("POST", f"{self._path}/supplements", json={"note": "已补充", "form": {"remark": "已补充"}})

    def _let_go(self) -> None:
        """Let the approval system go on with a case that it held, however often it is killed."""
        url = f"{self.phone.plan.sandbox_url}/control/approvals/{self.case_no}"

        def done() -> bool:
            try:
                return httpx.post(url, json={"action": "resume"}, verify=public_tls(), trust_env=False).is_success
            except httpx.TransportError:
                return False

        await_true("the approval system goes on", done, _PATIENCE_SECONDS)

    @property
    def application_id(self) -> str:
        """The id of the case on our side."""
        return self._path.rpartition("/")[2]

    @property
    def state(self) -> str:
        """Where the case stands for the citizen."""
        return str(self.ask("GET", self._path)["state"])

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """A request, repeated while nobody answers or the answer is 503; any other refusal fails."""
        options["headers"] = {"Idempotency-Key": uuid.uuid4().hex}
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                response = self.phone.http.request(method, f"/api/v1{path}", **options)
            except httpx.TransportError:
                response = None
            if response is not None and response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                assert response.is_success, f"{method} {path} answered {response.status_code} {response.text}"
                return response.json()
            assert time.monotonic() < until, f"{method} {path}: not answered within {_PATIENCE_SECONDS:.0f} seconds"
            threading.Event().wait(0.1)

    def _listed(self, path: str) -> Iterator[Any]:
        """What a list holds on all its pages."""
        cursor: str | None = ""
        while cursor is not None:
            page = self.ask("GET", path, params={"cursor": cursor} if cursor else {})
            yield from page["items"]
            cursor = page["next_cursor"]

    def seen(self) -> dict[str, Any]:
        """What the citizen sees of the case."""
        timeline = [entry["kind"] for entry in self.ask("GET", self._path)["timeline"]]
        if self.way is WITHDRAWN:
            timeline = [kind for kind in timeline if kind != "received"]
        return {
            "state": self.state,
            "timeline": tuple(timeline),
            "told": sorted(entry["kind"] for entry in self._listed("/messages")),
            "licences": [entry["case_no"] for entry in self._listed("/licences")],
        }

    def expected(self) -> dict[str, Any]:
        """What the citizen must see of the case in the end."""
        return {
            "state": self.way.state,
            "timeline": self.way.timeline,
            "told": sorted(self.way.told),
            "licences": [self.case_no] * self.way.licences,
        }


@contextmanager
def _held(breaker: Breaker, script: Script) -> Iterator[Callable[[], Any]]:
    """Hold whoever comes to the script's boundary; yields a wait until somebody is held."""
    boundary = script.boundary
    if boundary.point:
        if "query" in boundary.point:
            # The system is asked where its answer was lost.
            breaker.fault("approvals.receive.after", "drop")
        with breaker.paused(boundary.point) as wait:
            yield wait
    elif boundary.table:
        writer = script.victim if script.victim in boundary.writers else None
        with breaker.locked(boundary.table, writer=writer, cut=writer is not None, passing=script.passing) as wait:
            yield wait
    else:
        yield lambda: threading.Event().wait(script.moment)


@contextmanager
def applicants_for(plan: Plan, ways: Sequence[Way]) -> Iterator[list[Applicant]]:
    """An applicant for each way, whose connections are closed in the end."""
    applicants = [Applicant(plan, way) for way in ways]
    try:
        yield applicants
    finally:
        for applicant in applicants:
            applicant.phone.http.close()


def carry_out(breaker: Breaker, script: Script, applicants: Sequence[Applicant]) -> None:
    """Let the cases go their way while the script's victims are killed; returns once each citizen did their part."""
    # The first to come to the boundary are the submissions, unless others than the web process are to be held there.
    before = script.boundary.first or script.victim == "web"
    with ThreadPoolExecutor(len(applicants)) as pool:

        def everybody(step: Callable[[Applicant], None]) -> None:
            for done in [pool.submit(step, applicant) for applicant in applicants]:
                done.result()

        everybody(Applicant.prepare)
        if not before:
            everybody(Applicant.submit)
        with _held(breaker, script) as wait:
            steps = [pool.submit(_live, applicant, submit=before) for applicant in applicants]
            wait()
            breaker.kill(script.victim)
        if script.then:
            threading.Event().wait(script.after)
            breaker.kill(script.then)
        for step in steps:
            step.result()


def _live(applicant: Applicant, *, submit: bool) -> None:
    if submit:
        applicant.submit()
    applicant.go_on()
