"""Identity numbers, masks, levels."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.identity.errors import IdNumberInvalidError, LevelTooLowError, PasswordWeakError
from app.identity.rules import (
    check_character,
    is_mainland_phone,
    mask_id_number,
    mask_name,
    mask_phone,
    parse_id_number,
    require_level,
    require_strong_password,
)

TODAY = date(2026, 11, 22)
bodies = st.builds(
    lambda area, born, serial: f"{area}{born:%Y%m%d}{serial:03d}",
    st.integers(100_000, 999_999),
    st.dates(date(1900, 1, 1), TODAY),
    st.integers(0, 999),
)


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_the_numbers_of_the_standard_pass(number: str) -> None:
    """GB 11643 prints them."""
    assert parse_id_number(number, today=TODAY) == number


@pytest.mark.parametrize("area", ["230802", "230833"])
def test_a_number_of_an_area_that_is_no_more_passes(area: str) -> None:
    """永红区 and 抚远县: renamed and merged, while people keep their numbers."""
    number = f"{area}19600229123"
    number += check_character(number)
    assert parse_id_number(number, today=TODAY) == number


def test_a_number_is_taken_as_people_type_it() -> None:
    """A small x, spaces around."""
    assert parse_id_number(" 11010519491231002x ", today=TODAY) == "11010519491231002X"


@given(bodies)
def test_every_area_passes_and_every_wrong_check_digit_does_not(body: str) -> None:
    """Of eleven check characters one is right."""
    right = check_character(body)
    assert parse_id_number(body + right, today=TODAY) == body + right
    for wrong in set("0123456789X") - {right}:
        with pytest.raises(IdNumberInvalidError):
            parse_id_number(body + wrong, today=TODAY)


@pytest.mark.parametrize("born", ["19491331", "19490230", "20261123", "00000000"])
def test_a_birthday_that_is_none_or_not_yet_is_refused(born: str) -> None:
    """With the right check digit."""
    body = f"230804{born}002"
    with pytest.raises(IdNumberInvalidError):
        parse_id_number(body + check_character(body), today=TODAY)


@given(st.text(max_size=30))
def test_any_other_text_is_one_clear_error(text: str) -> None:
    """Full-width digits, other scripts, nothing."""
    with pytest.raises(IdNumberInvalidError):
        parse_id_number(text + "!", today=TODAY)


@pytest.mark.parametrize(
    ("name", "masked"), [("李", "*"), ("李兰", "李*"), ("李桂兰", "李*兰"), ("欧阳桂兰", "欧**兰"), ("", "*")]
)
def test_a_name_is_masked(name: str, masked: str) -> None:
    """Its first character and, from three on, its last stay."""
    assert mask_name(name) == masked


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=20))
def test_a_masked_name_shows_two_characters_at_most(name: str) -> None:
    """And its length; all that lies between is hidden."""
    masked = mask_name(name)
    assert len(masked) == max(len(name), 1)
    assert len(masked.replace("*", "")) <= 2
    assert masked[1:-1] == "*" * (len(masked) - 2)
    assert "*" in masked


@given(st.from_regex(r"1[0-9]{10}", fullmatch=True))
def test_a_masked_phone_hides_its_middle(number: str) -> None:
    """Four digits of eleven."""
    assert is_mainland_phone(number)
    assert mask_phone(number) == number[:3] + "****" + number[7:]


@given(bodies)
def test_a_masked_number_hides_the_birthday(body: str) -> None:
    """Area and serial alone stay, in part."""
    masked = mask_id_number(body + "X")
    assert len(masked) == 18
    assert masked[3:14] == "*" * 11


def test_what_has_another_length_is_hidden_whole() -> None:
    """Nothing is shown by mistake."""
    assert mask_id_number("123456") == "******"
    assert mask_phone("123456") == "******"
    assert mask_phone("13800000000") == "138****0000"


@pytest.mark.parametrize(
    ("number", "mainland"),
    [
        ("13800000000", True),
        ("23800000000", False),
        ("1380000000", False),
        ("138000000000", False),
        ("+8613800000000", False),
        ("13800000000\n", False),
        ("１３８００００００００", False),
    ],
)
def test_a_mainland_number_has_eleven_digits(number: str, mainland: bool) -> None:
    """The first is a 1."""
    assert is_mainland_phone(number) is mainland


def test_a_level_too_low_names_the_missing_steps() -> None:
    """In the order to be taken."""
    require_level(2, 2)
    with pytest.raises(LevelTooLowError) as error:
        require_level(0, 3)
    assert error.value.context == {
        "level": 0,
        "level_needed": 3,
        "next_step": "real_name",
        "steps": ["phone", "real_name", "face"],
    }


@pytest.mark.parametrize(
    "weak",
    [
        *("elevenchars", "lihong-and-more", "LIHONG-and-more", "aaaaaaaaaaaaaaaa", "abababababababab"),
        *(
            "123456789012",
            "password1234",
            "Passw0rd2026!",
            "qwertyuiop123",
            "1qaz2wsx3edc",
            "Jiamusi@2026!",
            "佳木斯政务佳办2026!!",
        ),
    ],
)
def test_a_password_that_everybody_would_try_is_refused(weak: str) -> None:
    """Too short, the user's name, few characters, words and rows that need no guessing."""
    with pytest.raises(PasswordWeakError):
        require_strong_password(weak, "lihong")


@pytest.mark.parametrize(
    "strong", ["correct horse battery", "风雨同舟 2026 共克时艰再出发", "a password of my own", "x7Qe1234Zp0-rT"]
)
def test_a_long_password_may_be_anything_else(strong: str) -> None:
    """Of any characters; common words do no harm among others."""
    require_strong_password(strong, "lihong")
