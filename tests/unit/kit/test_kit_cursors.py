"""Cursors: what we made is read again, anything else is one clear error."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.errors import InvalidCursorError
from app.kit.paging import decode_cursor, encode_cursor


@given(st.integers(-(2**31) + 1, 2**31 - 1), st.from_regex(r"[0-9A-Z一-龥-]{1,40}", fullmatch=True))
def test_a_cursor_names_a_row_by_its_key(rank: int, key: str) -> None:
    """And stands in an address as it is."""
    cursor = encode_cursor(rank, key)
    assert cursor.isascii()
    assert set("+/=&?#% ").isdisjoint(cursor)
    assert decode_cursor(cursor, int, str) == (rank, key)


@pytest.mark.parametrize("none", [None, ""])
def test_no_cursor_is_the_first_page(none: str | None) -> None:
    """As a phone asks for it."""
    assert decode_cursor(none, str) is None


@given(st.text(min_size=1))
def test_any_other_text_is_refused(text: str) -> None:
    """Or it is read as a key of the right kinds, and never another error."""
    try:
        key = decode_cursor(text, str, int)
    except InvalidCursorError:
        return
    assert key is not None
    assert [type(value) for value in key] == [str, int]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
)


@given(anything)
def test_a_key_of_other_kinds_is_refused(key: Any) -> None:
    """However well it is written."""
    cursor = base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")
    with pytest.raises(InvalidCursorError):
        decode_cursor(cursor, str, int, str, int)


@given(st.integers(1, 60))
def test_a_cursor_that_was_cut_off_is_refused(length: int) -> None:
    """At any place."""
    cursor = encode_cursor("0192a5c8-7a3e-7cc3-98c4-dc0c0c07398f")
    with pytest.raises(InvalidCursorError):
        decode_cursor(cursor[: min(length, len(cursor) - 1)], str)
