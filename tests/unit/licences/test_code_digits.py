"""The twelve digits: what their check digit finds, and how they may be typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.licences.codes.digits import grouped, is_checked, new_digits, read_digits

drawn = st.builds(new_digits)


def test_the_published_example_checks() -> None:
    """Damm's own: 572 takes the check digit 4."""
    assert is_checked("5724")
    assert not is_checked("5727")


@given(drawn, st.integers(0, 11), st.integers(1, 9))
def test_a_wrong_digit_is_found(digits: str, place: int, further: int) -> None:
    """Any one, anywhere."""
    assert is_checked(digits)
    wrong = str((int(digits[place]) + further) % 10)
    assert not is_checked(digits[:place] + wrong + digits[place + 1 :])


@given(drawn, st.integers(0, 10))
def test_two_digits_that_changed_places_are_found(digits: str, place: int) -> None:
    """The commonest slip after a wrong digit."""
    swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    assert is_checked(swapped) == (swapped == digits)


@given(drawn)
def test_digits_are_read_as_people_type_them(digits: str) -> None:
    """In groups, with hyphens, in the wide digits of a Chinese keyboard."""
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in digits)
    for typed in (digits, grouped(digits), grouped(digits).replace(" ", "-"), f" {digits}\n", wide):
        assert read_digits(typed) == digits


@pytest.mark.parametrize(
    "text", ["", "12345678901", "1234567890123", "12345678901a", "一二三四五六七八九十一二", "٠١٢٣٤٥٦٧٨٩٠١", "-" * 12]
)
def test_anything_else_is_no_digits(text: str) -> None:
    """Too few, too many, and numbers that are not ours."""
    assert read_digits(text) is None


def test_digits_are_drawn_from_all_there_are() -> None:
    """Leading zeros too, and hardly ever twice."""
    many = {new_digits() for _ in range(5000)}
    assert len(many) == 5000
    assert {digits[0] for digits in many} == set("0123456789")
