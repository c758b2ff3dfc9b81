"""Whatever is killed wherever: no case is lost, none is there twice, and each ends as it would have ended.

A run is made of its seed: the same seed kills the same at the same boundary among the same cases.
"""

from collections.abc import Iterator

import httpx
import pytest

from app.demo.plan import Plan
from app.kit.tls import public_tls
from config.settings import Settings
from tests.e2e.books import Books
from tests.e2e.breaking import Breaker, await_true
from tests.e2e.campaign import BOUNDARIES, VICTIMS, WAYS, Applicant, Script, applicants_for, carry_out
from tests.nursery import command

_SHORT, _ALL = 20, 220
_SEEDS = [
    pytest.param(seed, marks=[] if seed < _SHORT else pytest.mark.long, id=f"seed-{seed}-") for seed in range(_ALL)
]


@pytest.fixture
def breaker(plan: Plan) -> Iterator[Breaker]:
    """Kills processes of the running house."""
    breaker = Breaker(plan)
    yield breaker
    breaker.close()


def set_idempotent(plan: Plan, *, idempotent: bool) -> None:
    """Say whether the approval system recognises what it has already."""
    url = f"{plan.sandbox_url}/control/approvals/settings"
    httpx.post(url, json={"idempotent": idempotent}, verify=public_tls(), trust_env=False).raise_for_status()


def balance(plan: Plan, settings: Settings, applicants: list[Applicant]) -> None:
    """Wait until everything has settled, then look at the books."""
    books = Books(plan, settings, applicants)
    left = ["nobody looked"]

    def settled() -> bool:
        left[:] = books.unsettled()
        return not left

    try:
        await_true("everything settles", settled, seconds=90)
    except AssertionError as error:
        error.add_note("\n".join(left))
        raise
    books.assert_balanced()


def test_undisturbed_every_way_ends_as_the_campaign_expects(plan: Plan, settings: Settings) -> None:
    """The reference itself."""
    with applicants_for(plan, WAYS) as applicants:
        for applicant in applicants:
            applicant.prepare()
            applicant.submit()
        for applicant in applicants:
            applicant.go_on()
        balance(plan, settings, applicants)


def test_the_schedule_meets_every_boundary_victim_and_stand_in() -> None:
    """The short one meets each of them, the long one each pair with both stand-ins."""
    short = [Script.of(seed) for seed in range(_SHORT)]
    assert {script.boundary for script in short} == set(BOUNDARIES)
    assert {(script.victim, script.idempotent) for script in short} == {(v, i) for v in VICTIMS for i in (True, False)}
    everything = {(script.victim, script.boundary, script.idempotent) for script in map(Script.of, range(_ALL))}
    assert len(everything) == len(VICTIMS) * len(BOUNDARIES) * 2


@pytest.mark.parametrize("seed", _SEEDS)
def test_nothing_is_lost_doubled_or_left_lying(plan: Plan, settings: Settings, breaker: Breaker, seed: int) -> None:
    """One run; a failure says what was killed where, and how to repeat it."""
    script = Script.of(seed)
    set_idempotent(plan, idempotent=script.idempotent)
    try:
        with applicants_for(plan, script.ways) as applicants:
            carry_out(breaker, script, applicants)
            balance(plan, settings, applicants)
    except BaseException as error:
        error.add_note(f"{script}\nrepeat: .venv/bin/pytest tests/e2e/test_kill_campaign.py -k 'seed-{seed}-'")
        raise
    finally:
        await_true("the stand-ins answer", lambda: _is_up(plan))
        set_idempotent(plan, idempotent=True)


def test_every_message_is_accounted_for_after_all_that(plan: Plan) -> None:
    """Created is the sum of what became of them, which the command prints."""
    done = command("messages", "ledger", JIABAN_CONFIG_FILE=str(plan.config_file))
    print(done.stdout)  # noqa: T201  # what the books say, for whoever reads the run
    assert done.returncode == 0, done.stdout + done.stderr
    assert "created" in done.stdout


def _is_up(plan: Plan) -> bool:
    try:
        return httpx.get(f"{plan.sandbox_url}/control/health", verify=public_tls(), trust_env=False).is_success
    except httpx.TransportError:
        return False
