"""E-licence identifiers of GB/T 36904."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.licences.identifiers import LicenceIdentifier, check_character, parse

ISSUED = (
    "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
    "1.2.156.3005.2.11100000000013338W032.11220000013544541J.2430599.001.F",
)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
identifiers = st.builds(
    LicenceIdentifier,
    type_code=st.text(ALPHABET, min_size=21, max_size=21),
    issuer=st.text(ALPHABET, min_size=18, max_size=18),
    serial=st.text(ALPHABET, min_size=1, max_size=30),
    version=st.integers(1, 999),
)


@pytest.mark.parametrize("text", ISSUED)
def test_identifiers_that_were_issued_are_read_and_written_alike(text: str) -> None:
    """Two that real bodies issued."""
    assert str(parse(text)) == text


@given(identifiers)
def test_what_is_written_is_read_again(identifier: LicenceIdentifier) -> None:
    """Any identifier of the standard's shape."""
    assert parse(str(identifier)) == identifier


@given(identifiers, st.data())
def test_a_changed_character_is_found(identifier: LicenceIdentifier, data: st.DataObject) -> None:
    """MOD 37,36 finds every single substitution."""
    body = f"{identifier.type_code}{identifier.issuer}{identifier.serial}{identifier.version:03d}"
    place = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.sampled_from(ALPHABET.replace(body[place], "")))
    assert check_character(body[:place] + other + body[place + 1 :]) != check_character(body)


@pytest.mark.parametrize(
    "text",
    ["", "1.2.156.3005.2", ISSUED[0][:-1], ISSUED[0][:-1] + "V", "x" + ISSUED[0], ISSUED[0].lower(), ISSUED[0] + ".1"],
)
def test_what_is_no_identifier_is_refused(text: str) -> None:
    """Wrong shape or wrong check character."""
    with pytest.raises(ValueError, match="identifier"):
        parse(text)


def test_parts_are_written_strictly() -> None:
    """An issuer that is not a unified social credit code is not written."""
    with pytest.raises(ValueError, match="shape"):
        str(LicenceIdentifier("1" * 21, "1" * 6, "1", 1))
