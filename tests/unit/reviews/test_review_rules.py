"""Rules of reviews: stages, masks, comments and what can be told of the time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.applications.rules import Cause as CaseCause
from app.reviews.definitions import terms, titles
from app.reviews.models import CommentState, Stage
from app.reviews.rules import COMMENTS, LEVELS, Judgement, Tone, masked, period, satisfaction, stages_of, tone_of

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
NUMBERS = st.text("0123456789０１２３４５６７８９", min_size=7, max_size=20)


@pytest.mark.parametrize(
    ("way", "stages"),
    [
        (["submit", "received"], set()),
        (["submit", "accepted"], {Stage.ACCEPTANCE}),
        (["submit", "not_accepted"], {Stage.ACCEPTANCE}),
        (["submit", "accepted", "under_review", "refused"], {Stage.ACCEPTANCE, Stage.RESULT}),
        (["submit", "approved", "completed"], {Stage.RESULT}),
        (["submit", "accepted", "withdraw"], {Stage.ACCEPTANCE}),
    ],
)
def test_a_case_is_reviewed_by_the_stages_it_has_been_through(way: list[str], stages: set[Stage]) -> None:
    assert set(stages_of((CaseCause(kind), NOON) for kind in way)) == stages


def test_what_happened_twice_counts_from_the_last_time() -> None:
    later = NOON + timedelta(days=3)
    assert stages_of([("accepted", later), ("accepted", NOON)]) == {Stage.ACCEPTANCE: later}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("我的身份证11010519491231002X办了三次", "我的身份证***办了三次"),
        ("电话 138 0013 8000", "电话 ***"),
        ("电话１３８００１３８０００", "电话***"),
        ("座机0454-8612345", "座机***"),
        ("写信 li.guilan@example.com 给我", "写信 *** 给我"),
        ("桂兰等了3小时，2次，5个工作日", "***等了3小时，2次，5个工作日"),
        ("2026年11月，排了12345号", "2026年11月，排了12345号"),
    ],
)
def test_numbers_by_which_somebody_is_found_are_masked(written: str, kept: str) -> None:
    assert masked(written, ["桂兰"]) == kept


@given(before=st.text("办事窗口，。 "), number=NUMBERS, parts=st.lists(st.integers(1, 19), max_size=3))
def test_no_long_number_is_left_however_it_is_parted(before: str, number: str, parts: list[int]) -> None:
    for place in parts:
        number = number[:place] + "-" + number[place:] if number[place : place + 1].isdigit() else number
    number = number.replace("--", "-").strip("-")
    kept = masked(before + number + "。")
    assert sum(char.isdigit() for char in kept) == 0


@given(text=st.text(max_size=500))
def test_masking_twice_changes_nothing(text: str) -> None:
    """So that a review that comes again is the same."""
    once = masked(text, ["李桂兰"])
    assert masked(once, ["李桂兰"]) == once
    assert len(once) <= max(len(text), 3)


@given(judgements=st.lists(st.sampled_from(Judgement), max_size=30))
def test_a_comment_is_never_public_unless_it_passed_or_was_left_to_a_person(judgements: list[Judgement]) -> None:
    """What WeChat refused stays hidden, and nobody releases what WeChat has not judged."""
    state, seen = CommentState.CHECKING, [CommentState.CHECKING]
    for judgement in judgements:
        state = COMMENTS[judgement].get(state, state)
        seen.append(state)
    if CommentState.RISKY in seen:
        assert CommentState.RELEASED not in seen
    if CommentState.RELEASED in seen:
        first = next(one for one in judgements if COMMENTS[one].get(CommentState.CHECKING))
        assert first in {Judgement.PASS, Judgement.UNSURE}


@pytest.mark.parametrize(("month", "year", "told"), [(5, 9, "2026-11"), (4, 9, "2026"), (4, 5, "2026"), (1, 4, None)])
def test_the_time_is_told_as_exactly_as_the_group_is_large(month: int, year: int, told: str | None) -> None:
    assert period(NOON, month, year, 5) == told


def test_the_month_is_the_citys() -> None:
    assert period(datetime(2026, 11, 30, 17, tzinfo=UTC), 9, 9, 5) == "2026-12"


def test_the_satisfied_are_those_from_three_up() -> None:
    assert [tone_of(level) for level in LEVELS] == [Tone.BAD, Tone.BAD, Tone.GOOD, Tone.GOOD, Tone.GOOD]
    assert satisfaction({5: 1, 3: 1, 2: 1, 1: 1}) == 0.5
    assert satisfaction(dict.fromkeys(LEVELS, 0)) is None


def test_every_reason_has_a_title_and_stands_beside_one_tone() -> None:
    reasons = terms().reasons
    assert set(reasons) == set(Tone)
    assert not set(reasons[Tone.GOOD]) & set(reasons[Tone.BAD])
    assert titles(["told_at_once", "gone"]) == ["一次性告知清楚"]
