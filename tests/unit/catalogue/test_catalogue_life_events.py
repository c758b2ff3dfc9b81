"""Life events: which fields of several forms are asked once, and where a saved value goes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue.errors import LifeEventItemsInvalidError
from app.catalogue.life_events import LifeEventDefinition, choose_items, link_fields

A, B, C = "A", "B", "C"


def event(*same: dict[str, str]) -> LifeEventDefinition:
    """A life event of three items, the last of which may be left out."""
    items = [{"item_code": code, "required": code != C} for code in (A, B, C)]
    return LifeEventDefinition.model_validate(
        {
            "code": "x",
            "name": "示例",
            "summary": "示例。",
            "audience": ["person"],
            "themes": [],
            "keywords": [],
            "items": items,
            "same": list(same),
        }
    )


def schema(**kinds: str) -> dict[str, Any]:
    """A form with fields of these types."""
    return {"type": "object", "properties": {name: {"type": kind} for name, kind in kinds.items()}}


def test_fields_of_one_name_and_kind_are_asked_with_the_first_item() -> None:
    """Another kind of the same name is another field."""
    links = link_fields(event(), {A: schema(name="string", size="integer"), B: schema(size="string", name="string")})
    assert (links.asked(A), links.asked(B)) == (["name", "size"], ["size"])
    assert links.spread(B, {"name": "x", "size": "y"}) == {B: {"name": "x", "size": "y"}, A: {"name": "x"}}


def test_choices_of_different_lists_are_different_fields() -> None:
    """What may be chosen for one form says nothing to another."""
    one = {"properties": {"mode": {"type": "string", "enum": ["新办"]}}}
    other = {"properties": {"mode": {"type": "string", "enum": ["变更"]}}}
    assert link_fields(event(), {A: one, B: other}).asked(B) == ["mode"]


def test_fields_of_different_names_are_one_where_the_event_says_so() -> None:
    """Also where the first item does not have it."""
    links = link_fields(
        event({A: "trade", B: "firm", C: "place"}), {B: schema(firm="string"), C: schema(place="string")}
    )
    assert (links.asked(B), links.asked(C)) == (["firm"], [])
    assert links.spread(C, {"place": "x"}) == {C: {"place": "x"}, B: {"firm": "x"}}


def test_a_field_that_no_form_has_goes_nowhere_else() -> None:
    """Its own form refuses it."""
    assert link_fields(event(), {A: schema(name="string"), B: schema()}).spread(A, {"y": 1}) == {A: {"y": 1}}


_FORMS = st.fixed_dictionaries(
    {code: st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["string", "integer"])) for code in (A, B, C)}
)
_SAME = st.lists(st.dictionaries(st.sampled_from([A, B, C]), st.sampled_from("abcd"), min_size=2), max_size=2)


@given(_FORMS, _SAME)
def test_every_field_is_asked_once_and_reached_from_everywhere(
    forms: dict[str, dict[str, str]], same: list[dict[str, str]]
) -> None:
    """Whatever the forms hold: from any field of a group a value reaches the same fields."""
    links = link_fields(event(*same), {code: schema(**kinds) for code, kinds in forms.items()})
    asked = {(code, name) for code in forms for name in links.asked(code)}
    for code, kinds in forms.items():
        assert links.asked(code) == [name for name in kinds if (code, name) in asked]
        for name in kinds:
            reached = {(to, field) for to, fields in links.spread(code, {name: 0}).items() for field in fields}
            assert len(reached & asked) == 1
            for to, field in reached:
                again = {(there, one) for there, fields in links.spread(to, {field: 0}).items() for one in fields}
                assert again == reached


def test_a_choice_takes_what_the_event_needs_in_its_order() -> None:
    """Neither less nor anything else."""
    assert choose_items(event(), {C: 0, B: 0, A: 0}) == [A, B, C]
    assert choose_items(event(), [B, A]) == [A, B]
    for wrong in ([A], [], [A, B, "D"]):
        with pytest.raises(LifeEventItemsInvalidError):
            choose_items(event(), wrong)
