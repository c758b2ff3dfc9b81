"""Setting text: what goes in comes out in lines that fit, or ends in an ellipsis."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.typeset import ELLIPSIS, MEDIUM, clean, fit, font, length, wrap

CHINESE = st.text(st.sampled_from("佳木斯市政务，。（）《》、 aZ09.-·😀"), max_size=120)


def wrapped(text: str, width: int = 300, size: int = 24) -> list[str]:
    return list(wrap(text, weight=MEDIUM, size=size, width=width))


def test_the_font_is_the_simplified_chinese_face_and_is_loaded_once() -> None:
    assert font(MEDIUM, 24).getname()[0] == "Noto Sans CJK SC"
    assert font(MEDIUM, 24) is font(MEDIUM, 24)


def test_a_heavier_weight_is_drawn_heavier() -> None:
    light, heavy = (sum(bytes(font(weight, 40).getmask("佳", "L"))) for weight in (400, 700))
    assert heavy > light * 1.2


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\x00b\x1bc", "a b c"),
        (" a \r\n\t b ", "a b"),
        ("\u202e反转\u200f\u2066", "反转"),
        ("e\u0301", "é"),
        ("x\u0301\u0302\u0303" * 2, "xx"),
        ("葛\U000e0100", "葛"),
        ("\ud800a", "a"),
        ("欧阳·买买提", "欧阳·买买提"),
    ],
)
def test_hostile_characters_leave_one_plain_line(text: str, line: str) -> None:
    assert clean(text) == line


def test_a_text_of_ten_thousand_characters_is_cut_and_says_so() -> None:
    line = clean("值" * 10_000)
    assert len(line) < 2_100
    assert line.endswith(ELLIPSIS)
    assert clean("值" * 2_000) == "值" * 2_000


@given(st.text())
def test_cleaned_text_has_nothing_that_moves_or_stacks(text: str) -> None:
    assert {unicodedata.category(c) for c in clean(text)}.isdisjoint({"Cc", "Cf", "Cs", "Mn", "Me", "Zl", "Zp"})


@settings(deadline=None)
@given(CHINESE)
def test_the_length_told_is_the_length_drawn(text: str) -> None:
    assert length(text, MEDIUM, 22) == font(MEDIUM, 22).getlength(text)


@settings(deadline=None)
@given(CHINESE.map(clean), st.integers(60, 400))
def test_wrapping_loses_nothing_and_keeps_to_the_width(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(font(MEDIUM, 24).getlength(line) <= width for line in lines)


def test_words_stay_whole_and_closing_punctuation_does_not_begin_a_line() -> None:
    assert wrapped("中山街 Building 128 号", 24 * 5) == ["中山街", "Building", "128 号"]
    assert wrapped("佳木斯市政府，办公", 24 * 6) == ["佳木斯市政", "府，办公"]
    assert wrapped("佳木斯市政（府）", 24 * 6) == ["佳木斯市政", "（府）"]


def test_a_word_wider_than_the_box_is_broken() -> None:
    assert "".join(wrapped("A" * 100)) == "A" * 100
    assert len(wrapped("A" * 100)) > 1


def test_text_is_set_smaller_before_it_is_cut() -> None:
    sizes = (30, 24, 18)
    assert fit("佳木斯", weight=MEDIUM, sizes=sizes, width=90).size == 30
    assert fit("佳木斯", weight=MEDIUM, sizes=sizes, width=75).size == 24
    smallest = fit("佳木斯市", weight=MEDIUM, sizes=sizes, width=60)
    assert (smallest.size, smallest.lines) == (18, ("佳木…",))


def test_an_empty_text_has_no_line() -> None:
    nothing = fit("\u200b", weight=MEDIUM, sizes=(20,), width=50)
    assert (nothing.lines, nothing.text) == ((), "")
