"""Web and worker are killed at every boundary of the trip: one case, one licence, each message once."""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

import asyncpg
import pytest

from app.demo.plan import Plan
from app.demo.trip import Traveller, Trip
from tests.e2e.breaking import Background, Breaker

SIGN_IN, PHONE, REAL_NAME, FIND, DRAFT, UPLOAD, SUBMIT, REACH, SUPPLEMENT, APPROVED = range(10)
LICENCE, CARD, PRESENT, VERIFY, AGAIN, SEEN, MESSAGES, REVOKED = range(10, 18)


@pytest.fixture
def breaker(plan: Plan) -> Iterator[Breaker]:
    """Kills processes of the running house."""
    breaker = Breaker(plan)
    yield breaker
    breaker.close()


@pytest.fixture
def trip(plan: Plan) -> Iterator[Trip]:
    """A trip of a citizen whom nobody knows yet."""
    trip = Trip(plan.web_url, plan.sandbox_url, Traveller(login_code=f"login-{uuid.uuid4().hex}"), all_sent=False)
    yield trip
    trip.close()


async def assert_books_balance(plan: Plan, trip: Trip) -> None:
    """One case here and there, one licence, every send ended, every delivery made, every event applied."""
    connection = await asyncpg.connect(plan.database_url)
    case_no = trip.notes.case_no
    try:
        citizen = await connection.fetchval("SELECT citizen_id FROM applications WHERE case_no = $1", case_no)
        cases = "SELECT count(*) FROM applications WHERE citizen_id = $1 AND case_no IS NOT NULL"
        assert await connection.fetchval(cases, citizen) == 1
        assert await connection.fetchval("SELECT count(*) FROM licences WHERE citizen_id = $1", citizen) == 1
        deliveries = await connection.fetch("SELECT kind, state FROM deliveries WHERE case_no = $1", case_no)
        assert sorted(map(tuple, deliveries)) == [("case", "delivered"), ("supplement", "delivered")]
        unapplied = "SELECT count(*) FROM inbox_events WHERE case_no = $1 AND applied_at IS NULL"
        assert await connection.fetchval(unapplied, case_no) == 0
        kinds = [
            entry["kind"]
            for entry in await connection.fetch("SELECT kind FROM messages WHERE citizen_id = $1", citizen)
        ]
        once = ("submitted", "supplement_requested", "accepted", "approved", "licence_issued", "licence_revoked")
        assert {kind: kinds.count(kind) for kind in once} == dict.fromkeys(once, 1)
    finally:
        await connection.close()


async def ended_sends(plan: Plan, trip: Trip) -> set[str]:
    """The states in which the trip's sends stand, once none is on its way any more."""
    connection = await asyncpg.connect(plan.database_url)
    sql = "SELECT DISTINCT sends.state FROM sends JOIN applications USING (citizen_id) WHERE case_no = $1"
    try:
        async with asyncio.timeout(30):
            while True:
                states = {entry["state"] for entry in await connection.fetch(sql, trip.notes.case_no)}
                if not states & {"waiting", "sending"}:
                    return states
                await asyncio.sleep(0.1)
    finally:
        await connection.close()


async def test_killed_between_any_two_steps_the_trip_completes(plan: Plan, breaker: Breaker, trip: Trip) -> None:
    """After each step one of the two is killed, the web process and the worker in turn."""
    for number, (_, step) in enumerate(trip.steps()):
        step()
        breaker.kill("web" if number % 2 else "worker")
    await assert_books_balance(plan, trip)


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where a process is killed: during which step, held by what, and the boundary's name."""

    name: str
    step: int
    victim: str
    hold: Callable[[Breaker], AbstractContextManager[Callable[[], None]]]


WEB = (
    Boundary("asking WeChat who it is", SIGN_IN, "web", lambda b: b.paused("wechat.login.before")),
    Boundary("WeChat has answered", SIGN_IN, "web", lambda b: b.paused("wechat.login.after")),
    Boundary("writing the new citizen", SIGN_IN, "web", lambda b: b.locked("citizens")),
    Boundary("asking the authority", REAL_NAME, "web", lambda b: b.paused("authority.check.after")),
    Boundary("writing the material", UPLOAD, "web", lambda b: b.locked("materials")),
    Boundary("giving the case number", SUBMIT, "web", lambda b: b.locked("case_counters")),
    Boundary("deferring the job of a submission", SUBMIT, "web", lambda b: b.locked("procrastinate_jobs")),
    Boundary("keeping the approval system's word", REACH, "web", lambda b: b.locked("inbox_events")),
    Boundary("writing the supplement", SUPPLEMENT, "web", lambda b: b.locked("supplements")),
    Boundary("handing out a code", PRESENT, "web", lambda b: b.locked("presentations")),
    Boundary("spending a code", VERIFY, "web", lambda b: b.locked("verifications")),
)
WORKER = (
    (
        Boundary("about to hand the case over", SUBMIT, "worker", lambda b: b.locked("deliveries")),
        Boundary("the case is there, unanswered", SUBMIT, "worker", lambda b: b.paused("approvals.receive.after")),
        Boundary("the supplement is there", SUPPLEMENT, "worker", lambda b: b.paused("approvals.supplement.after")),
        Boundary("writing the licence", APPROVED, "worker", lambda b: b.locked("licences")),
        Boundary("a message is on its way", VERIFY, "worker", lambda b: b.paused("wechat.send.before")),
        Boundary("writing a message", REVOKED, "worker", lambda b: b.locked("messages")),
    ),
    (
        Boundary("the case is on its way", SUBMIT, "worker", lambda b: b.paused("approvals.receive.before")),
        Boundary("a message is at WeChat, unanswered", VERIFY, "worker", lambda b: b.paused("wechat.send.after")),
    ),
)


async def walk(plan: Plan, breaker: Breaker, trip: Trip, boundaries: tuple[Boundary, ...]) -> None:
    """Walk the trip and be killed at each of these boundaries; those of one step come one after the other."""
    for number, (_, step) in enumerate(trip.steps()):
        here = [boundary for boundary in boundaries if boundary.step == number]
        if not here:
            step()
            continue
        running = None
        with ExitStack() as last:
            for boundary in here:
                # The next boundary is held before the last one lets go, so that the repeated step runs into it.
                hold = ExitStack()
                wait_until_held = hold.enter_context(boundary.hold(breaker))
                last.close()
                last.push(hold)
                running = running or Background(step)
                wait_until_held()
                breaker.kill(boundary.victim)
        if running:
            running.join()
    await assert_books_balance(plan, trip)


async def test_the_web_process_killed_at_any_boundary_loses_nothing(plan: Plan, breaker: Breaker, trip: Trip) -> None:
    """Held in the middle of a request, killed, started again."""
    await walk(plan, breaker, trip, WEB)


@pytest.mark.parametrize("boundaries", WORKER, ids=["apart", "around the other systems"])
async def test_the_worker_killed_at_any_boundary_repeats_nothing(
    plan: Plan, breaker: Breaker, trip: Trip, boundaries: tuple[Boundary, ...]
) -> None:
    """Held in the middle of a job, killed, and the job taken up by the next worker."""
    await walk(plan, breaker, trip, boundaries)
    assert "uncertain" in await ended_sends(plan, trip)
