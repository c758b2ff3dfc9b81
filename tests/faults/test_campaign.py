"""A short campaign: a few faults of each sort while citizens apply, show and are told, and the books balance."""

import itertools
from pathlib import Path

import pytest

from tests.faults.campaign import carry_out
from tests.faults.report import as_json, write
from tests.faults.schedule import KINDS, Kind, kinds_of, schedule


def test_a_seed_makes_one_schedule() -> None:
    """The same at each time, and another one than its neighbour's."""
    first, again, other = (schedule(seed, 600) for seed in (1, 1, 2))
    assert first == again != other


def test_a_round_has_each_kind_once_and_no_place_two_at_a_time() -> None:
    """Whatever the seed."""
    for seed in range(20):
        faults = schedule(seed, 3600)
        kinds = [fault.kind for fault in faults]
        for start in range(0, len(kinds) - len(KINDS) + 1, len(KINDS)):
            assert set(kinds[start : start + len(KINDS)]) == set(KINDS)
        assert len(kinds) > len(KINDS)
        assert faults == sorted(faults, key=lambda fault: fault.at)
        for place in {kind.where for kind in KINDS}:
            here = [fault for fault in faults if fault.kind.where == place]
            assert all(one.at + one.lasts <= then.at for one, then in itertools.pairwise(here))


_FEW = kinds_of("kill web, kill worker, deaf approvals, deaf phones, cut database, web +24 h, full disk")


@pytest.mark.parametrize(
    ("seconds", "kinds", "longest"),
    [pytest.param(15, _FEW, 2.0, id="short"), pytest.param(600, KINDS, 5.0, id="long", marks=pytest.mark.long)],
)
def test_whatever_breaks_the_books_balance(
    tmp_path: Path, seconds: float, kinds: tuple[Kind, ...], longest: float
) -> None:
    """In short, web and worker die, a link loses answers, the database is cut off, a clock jumps, the disk is full."""
    faults = schedule(3, seconds, kinds, longest)
    outcome = carry_out(tmp_path, 3, faults, seconds, phones=2, progress=lambda *_: None)
    write(tmp_path, outcome)
    assert not outcome.wrong, outcome.wrong
    assert as_json(outcome)["cases"] >= 2
    assert {path.name for path in tmp_path.glob("*.*")} >= {"report.json", "report.md", "timeline.svg"}
