"""``x-compute``: what the server fills from other fields."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue import forms
from app.catalogue.choices import Known
from app.identity.rules import check_character

TODAY = date(2026, 11, 24)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["number", "born"],
    "properties": {
        "number": {"type": "string", "title": "证件号码"},
        "born": {"type": "string", "title": "出生日期", "x-compute": {"rule": "birth_date_of", "of": ["number"]}},
        "sex": {"type": "string", "title": "性别", "x-compute": {"rule": "sex_of", "of": ["number"]}},
        "age": {"type": "integer", "title": "年龄", "maximum": 150, "x-compute": {"rule": "age_of", "of": ["number"]}},
        "wage": {"type": "number", "title": "工资"},
        "rent": {"type": "number", "title": "租金"},
        "income": {"type": "number", "title": "收入", "x-compute": {"rule": "sum_of", "of": ["wage", "rent"]}},
        "guardian": {"type": "string", "title": "监护人", "x-when": {"age": [12, 13]}},
        "members": {
            "type": "array",
            "title": "成员",
            "items": {
                "type": "object",
                "properties": {
                    "number": {"type": "string", "title": "证件号码"},
                    "sex": {"type": "string", "title": "性别", "x-compute": {"rule": "sex_of", "of": ["number"]}},
                },
            },
        },
    },
}


def filled(changes: dict[str, Any], before: dict[str, Any] | None = None, today: date = TODAY) -> dict[str, Any]:
    return forms.merge(SCHEMA, before or {}, changes, today=today)


def number_of(born: date, serial: str = "002") -> str:
    first = f"110105{born:%Y%m%d}{serial}"
    return first + check_character(first)


def test_an_identity_number_says_birthday_sex_and_age() -> None:
    """GB 11643: the standard's own examples, and one of 15 digits."""
    assert filled({"number": "11010519491231002X"}) == {
        "number": "11010519491231002X",
        "born": "1949-12-31",
        "sex": "2",
        "age": 76,
    }
    assert filled({"number": "440524188001010014"})["sex"] == "1"
    assert filled({"number": "110105491231002"})["born"] == "1949-12-31"
    assert filled({"number": "110105491231001"})["sex"] == "1"


def test_a_field_of_words_is_given_words() -> None:
    """Where 男 and 女 may be chosen, and nothing else is meant."""
    field = {"enum": ["男", "女"], "x-compute": {"rule": "sex_of", "of": ["number"]}}
    schema = {"properties": {"number": {}, "sex": field}}
    assert forms.merge(schema, {}, {"number": "11010519491231002X"}, today=TODAY)["sex"] == "女"
    assert forms.merge(schema, {}, {"number": "440524188001010014"}, today=TODAY)["sex"] == "男"
    assert "sex" not in forms.merge(schema, {}, {"number": "x"}, today=TODAY)


@pytest.mark.parametrize(
    "number",
    ["", "x", "110105194912310021", "11010519491331002X", "110105491331002", "110105490000002", 1, None, [], "１" * 18],
)
def test_a_bad_source_gives_no_value_and_no_error_of_its_own(number: Any) -> None:
    """What was computed before goes; what the form lacks is the source."""
    form = filled({"number": number}, {"number": "11010519491231002X", "born": "1949-12-31"})
    assert not {"born", "sex", "age"} & form.keys()
    reasons = forms.problems(SCHEMA, form, complete=True, known=Known())
    assert "born" not in {problem["field"] for problem in reasons}


def test_a_birthday_that_is_still_to_come_is_none() -> None:
    """Nobody applies before they are born."""
    assert "born" not in filled({"number": number_of(TODAY + timedelta(days=1))})


@pytest.mark.parametrize(
    ("born", "today", "age"),
    [
        (date(2000, 5, 1), date(2026, 4, 30), 25),
        (date(2000, 5, 1), date(2026, 5, 1), 26),
        (date(2012, 2, 29), date(2026, 2, 28), 13),
        (date(2012, 2, 29), date(2026, 3, 1), 14),
        (date(2012, 2, 29), date(2028, 2, 29), 16),
    ],
)
def test_age_changes_on_the_birthday(born: date, today: date, age: int) -> None:
    """Whole years; of a leap day on 1 March, as everywhere here."""
    assert filled({"number": number_of(born)}, today=today)["age"] == age


@given(st.lists(st.decimals(min_value=-(10**9), max_value=10**9, places=2), min_size=2, max_size=2))
def test_sums_are_exact_in_decimals(amounts: list[Decimal]) -> None:
    """As the amounts were written, not as binary fractions have them."""
    wage, rent = amounts
    total = filled({"wage": float(wage), "rent": float(rent)})["income"]
    assert Decimal(str(total)) == wage + rent


def test_a_sum_passes_over_what_is_not_filled_and_takes_numbers_alone() -> None:
    """None of nothing; whole sums are whole numbers."""
    assert filled({"wage": 0.1, "rent": 0.2})["income"] == 0.3
    assert str(filled({"wage": 1.5, "rent": 1.5})["income"]) == "3"
    assert filled({"wage": 5})["income"] == 5
    assert "income" not in filled({})
    assert "income" not in filled({"wage": "5", "rent": 1})
    assert "income" not in filled({"wage": True})


def test_nothing_computed_is_taken_from_a_phone() -> None:
    """At any depth, be there a source or none."""
    assert filled({"age": 5, "income": 9, "born": "2000-01-01"}) == {}
    assert filled({"number": "11010519491231002X", "age": 5})["age"] == 76
    form = filled({"members": [{"sex": "1", "number": "11010519491231002X"}, {"sex": "1"}]})
    assert form["members"] == [{"number": "11010519491231002X", "sex": "2"}, {}]


def test_what_is_asked_may_hang_on_what_is_computed() -> None:
    """It comes and goes with it."""
    child = number_of(date(2013, 1, 1))
    form = filled({"number": child, "guardian": "甲"})
    assert form["guardian"] == "甲"
    assert "guardian" not in filled({"number": "11010519491231002X"}, form)


@given(st.dictionaries(st.sampled_from(["number", "wage", "rent"]), st.text() | st.floats() | st.integers()))
def test_any_source_is_borne(changes: dict[str, Any]) -> None:
    """And computed again, it stays."""
    form = filled(changes)
    assert str(filled({}, form)) == str(form)
