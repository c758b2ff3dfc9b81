"""The simulation keeps to what is known of queues, repeats itself, and the document says what the figures say."""

import random
from functools import partial
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from bench.simulation import drawing, scenarios, sizing, tables
from bench.simulation.__main__ import DOCUMENT
from bench.simulation.figures import Busy, Echo, Figures, Opening, figures
from bench.simulation.queues import erlang_c, mean_wait, simulate, steady

_FEW = 500


def _small() -> Figures:
    """The figures with scenarios that take no time, and processes that shed early."""
    given = figures()
    busy = Busy(processes=4, requests=2_000, shares=[0.3, 0.8])
    opening = Opening(applicants=_FEW, minutes_to_half=1, paces=[2, 4])
    echo = Echo(messages=4_000, a_second=400, opened=0.5, minutes_to_half=0.1, processes=[1, 4])
    scenes = given.scenarios.model_copy(update={"busy": busy, "opening": opening, "echo": echo})
    machines = given.machines.model_copy(update={"requests_at_once": 2})
    return given.model_copy(update={"scenarios": scenes, "machines": machines})


def test_erlangs_c_is_that_of_its_tables() -> None:
    assert erlang_c(1, 0.7) == pytest.approx(0.7)
    assert erlang_c(2, 1.0) == pytest.approx(1 / 3)
    assert erlang_c(10, 7.0) == pytest.approx(0.2217, abs=1e-4)
    with pytest.raises(ValueError, match="as much is offered"):
        erlang_c(2, 2.0)


@pytest.mark.parametrize(("servers", "offered"), [(1, 0.5), (4, 2.8), (10, 7.0)])
def test_simulated_customers_wait_as_long_as_erlang_says(servers: int, offered: float) -> None:
    means = []
    for seed in range(4):
        rng = random.Random(seed)
        seen = simulate(rng, steady(rng, offered, 10_000), partial(rng.expovariate, 1.0), servers=servers)
        means.append(sum(seen.waited) / len(seen.waited))
    assert sum(means) / len(means) == pytest.approx(mean_wait(servers, offered, 1.0), rel=0.1)


def test_customers_that_stay_with_a_queue_wait_as_if_each_queue_were_alone() -> None:
    rng = random.Random(1)
    seen = simulate(rng, steady(rng, 2.0, 40_000), lambda: rng.expovariate(1.0), queues=4)
    assert sum(seen.waited) / len(seen.waited) == pytest.approx(mean_wait(1, 0.5, 1.0), rel=0.1)


def test_whoever_finds_the_queue_full_is_turned_away_and_holds_up_nobody() -> None:
    rng = random.Random(1)
    seen = simulate(rng, iter([0.0, 0.1, 0.2, 0.3, 5.0]), lambda: 2.0, most=2)
    assert seen.shed == [0.2, 0.3]
    assert seen.waited == pytest.approx([0.0, 1.9, 0.0])
    assert seen.stayed == pytest.approx([2.0, 3.9, 2.0])


def test_a_seed_repeats_itself_and_another_differs() -> None:
    given = _small()
    for scenario in (scenarios.how_busy, scenarios.item_opens, scenarios.broadcast_echoes):
        once = scenario(given, 7)
        assert scenario(given, 7) == once
        assert scenario(given, 8) != once


def test_requests_take_longer_the_busier_processes_are_and_where_connections_are_stuck() -> None:
    idle, busy = scenarios.how_busy(_small())
    assert idle.stuck < busy.stuck
    assert busy.shared < busy.stuck


def test_a_slower_approval_system_lets_cases_wait_longer_and_all_are_delivered() -> None:
    slow, fast = scenarios.item_opens(_small())
    assert slow.longest > fast.longest
    assert slow.most > fast.most
    assert [one.waiting[-1][1] for one in (slow, fast)] == [0, 0]


def test_more_processes_turn_fewer_away() -> None:
    one, four = scenarios.broadcast_echoes(_small())
    assert one.shed > four.shed
    assert one.can_a_second * 4 == pytest.approx(four.can_a_second)


def test_needs_grow_with_the_people_and_never_fall_below_the_least() -> None:
    given = figures()
    village, city, country = (sizing.house(given, people) for people in (5_000, 2_300_000, 1_400_000_000))
    assert (village.web, village.workers, village.nodes) == (given.machines.least_web, given.machines.least_workers, 1)
    assert country.web * given.machines.fullest > country.processors["web"]
    assert country.nodes * given.machines.node_bytes >= country.database_bytes
    assert country.rates["verify"] / city.rates["verify"] == pytest.approx(1_400 / 2.3)


def test_a_dearer_request_needs_more_processes() -> None:
    given = figures()
    dear = given.costs["page"].model_copy(update={"web": 10 * given.costs["page"].web})
    dearer = given.model_copy(update={"costs": {**given.costs, "page": dear}})
    people = given.people["country"]
    assert sizing.house(dearer, people).web > sizing.house(given, people).web


def test_each_limit_is_reckoned_and_grows_with_the_people() -> None:
    given = figures()
    sizes = [sizing.used(given, people) for people in given.people.values()]
    assert all(set(used) == set(given.limits) for used in sizes)
    for less, more in pairwise(sizes):
        assert all(more[name] > less[name] for name in given.limits)


def test_the_document_says_what_the_figures_say() -> None:
    """Run python -m bench.simulation after a figure has changed."""
    document = DOCUMENT.read_text(encoding="utf-8")
    assert tables.put(document, tables.reckoned(figures())) == document


def test_a_table_takes_its_place_and_leaves_the_rest() -> None:
    document = "before\n<!-- one: python -m bench.simulation -->\nold\n<!-- end of one -->\nafter\n"
    assert tables.put(document, {"one": r"new \1"}) == document.replace("old", r"new \1")
    with pytest.raises(ValueError, match="no single place for the table two"):
        tables.put(document, {"two": ""})


def test_a_drawing_has_each_line_and_each_limit_with_its_name() -> None:
    lines = drawing.lines("title", "across", {"a": [(0, 1), (2, 40)], "b & c": [(0, 5), (2, 3)]}, limits={"edge": 50})
    used = drawing.used_of_limits("title", {"one": {"city": 0.5, "country": 70.0}, "other": {"city": 2, "country": 3}})
    names = {element.text for drawn in (lines, used) for element in ET.fromstring(drawn).iter()}  # noqa: S314  # our own
    assert {"a", "b & c", "edge", "across", "one", "other", "● city", "● country"} <= names
