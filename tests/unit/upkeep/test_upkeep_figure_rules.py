"""The arithmetic of figures, for any items."""

from datetime import date
from decimal import Decimal
from math import isclose

from hypothesis import given
from hypothesis import strategies as st

from app.upkeep.figure_rules import Tally, Target, Targets, Visits, reached, visits_saved
from config.reading import read_yaml
from config.settings import CITY_DATA


@st.composite
def _item(draw: st.DrawFn) -> Tally:
    statutory = draw(st.integers(0, 90))
    return Tally.of(
        depth=draw(st.integers(0, 4)), statutory=statutory, promised=draw(st.integers(0, statutory)), online_from=3
    )


ITEMS = st.lists(_item(), max_size=30)


def total(items: list[Tally]) -> Tally:
    """All of them."""
    return sum(items, Tally())


def test_an_example_worked_by_hand() -> None:
    """Three items: 20 days to 5, 10 to 10, and one without a limit; two of them online."""
    tally = total(
        [
            Tally.of(depth=4, statutory=20, promised=5, online_from=3),
            Tally.of(depth=2, statutory=10, promised=10, online_from=3),
            Tally.of(depth=3, statutory=0, promised=0, online_from=3),
        ]
    )
    assert (tally.items, tally.online, tally.limited) == (3, 2, 2)
    assert tally.online_share == 2 / 3
    assert tally.total_cut == 0.5
    assert tally.mean_cut == 0.375


def test_of_nothing_there_is_no_figure() -> None:
    """Not zero."""
    nothing = Tally()
    assert (nothing.online_share, nothing.total_cut, nothing.mean_cut) == (None, None, None)
    assert reached(nothing, Target(by=date(2019, 12, 31), share=Decimal("0.7"))) is None


@given(ITEMS)
def test_shares_and_cuts_lie_between_nothing_and_all(items: list[Tally]) -> None:
    """Where promises keep within the law."""
    tally = total(items)
    for figure in (tally.online_share, tally.total_cut, tally.mean_cut):
        assert figure is None or -1e-9 <= figure <= 1 + 1e-9
    assert (tally.online_share is None) is (items == [])
    assert (tally.total_cut is None) is (tally.mean_cut is None) is all(item.limited == 0 for item in items)


@given(ITEMS, ITEMS)
def test_groups_add_up_to_the_whole_in_any_order(some: list[Tally], others: list[Tally]) -> None:
    """And a whole lies between its groups."""
    whole, turned = total(some + others), total(others[::-1] + some[::-1])
    assert (whole.items, whole.online, whole.statutory, whole.promised) == (
        turned.items,
        turned.online,
        turned.statutory,
        turned.promised,
    )
    assert isclose(whole.cuts, turned.cuts, abs_tol=1e-9)
    shares = [share for share in (total(some).online_share, total(others).online_share) if share is not None]
    assert whole.online_share is None or min(shares) - 1e-9 <= whole.online_share <= max(shares) + 1e-9


@given(ITEMS, st.sampled_from(["0", "0.5", "0.7", "1"]))
def test_a_target_is_reached_by_items_not_by_rounding(items: list[Tally], share: str) -> None:
    """Seven of ten are 70 %."""
    tally = total(items)
    target = Target(by=date(2019, 12, 31), share=Decimal(share))
    expected = tally.online * 10 >= int(Decimal(share) * 10) * tally.items if items else None
    assert reached(tally, target) is expected


COUNTED = st.lists(st.tuples(st.none() | st.integers(0, 5), st.integers(0, 1000)), max_size=20)


@given(COUNTED, st.integers(0, 5))
def test_visits_are_saved_case_by_case_and_never_taken_back(counted: list[tuple[int | None, int]], before: int) -> None:
    """Each case at most the visits of before; all cases are counted or told to be unknown."""
    found = visits_saved(counted, before)
    assert found.cases + found.unknown == sum(number for _, number in counted)
    assert 0 <= found.saved <= before * found.cases
    each = [visits_saved([one], before) for one in counted]
    assert found.saved == sum(one.saved for one in each)
    assert all(one.saved == 0 for one, (visits, _) in zip(each, counted, strict=True) if (visits or 0) >= before)
    assert visits_saved([(0, number) for _, number in counted], before).saved == before * sum(n for _, n in counted)


def test_visits_worked_by_hand() -> None:
    """Two visits before: 10 cases without a visit, 5 with one, 3 with four, and 2 of nothing that is offered."""
    assert visits_saved([(0, 10), (1, 5), (4, 3), (None, 2)], 2) == Visits(items=3, cases=18, saved=25, unknown=2)


def test_the_citys_targets_are_those_that_were_published() -> None:
    """Half by the end of 2018, 70 % by the end of 2019, for city and counties."""
    read = Targets.model_validate(read_yaml(CITY_DATA / "targets.yaml"))
    assert [(one.by, one.share) for one in read.online] == [
        (date(2018, 12, 31), Decimal("0.5")),
        (date(2019, 12, 31), Decimal("0.7")),
    ]
    assert (read.levels, read.online_depth, read.visits_before) == (["city", "county"], 3, 2)
