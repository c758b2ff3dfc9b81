"""Digits are moved into wider and narrower places, and stay what they are."""

from hypothesis import given
from hypothesis import strategies as st

from media.lanes import narrowed, widened


def number_of(digits: list[int], bits: int) -> int:
    """Digits one after the other, the first one highest."""
    number = 0
    for digit in digits:
        number = number << bits | digit
    return number


@given(st.data(), st.integers(1, 12), st.integers(0, 12))
def test_every_digit_stays_what_it_is_in_its_new_place(data: st.DataObject, narrow: int, more: int) -> None:
    digits = data.draw(st.lists(st.integers(0, (1 << narrow) - 1), max_size=600))
    packed, apart = number_of(digits, narrow), number_of(digits, narrow + more)
    assert widened(packed, len(digits), narrow, narrow + more) == apart
    assert narrowed(apart, len(digits), narrow + more, narrow) == packed
