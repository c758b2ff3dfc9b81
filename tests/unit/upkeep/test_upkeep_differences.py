"""Differences between versions: all of them, nothing else, each at its place."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.upkeep.differences import Difference, Kind, differences
from tests.unit.upkeep.guides import changed, written

NAMES = st.sampled_from(["a", "b", "properties", "materials"])
LEAVES = st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["x", "y"])


@st.composite
def _named(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> list[Any]:
    return [{"id": name, "n": draw(inner)} for name in draw(st.lists(st.sampled_from(["p", "q", "r"]), unique=True))]


def _entries(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    unnamed = st.dictionaries(st.sampled_from(["id", "n"]), LEAVES, max_size=2)
    return _named(inner) | st.lists(unnamed, max_size=3) | st.lists(inner, max_size=3)


JSON = st.recursive(LEAVES, lambda inner: st.dictionaries(NAMES, inner, max_size=3) | _entries(inner), max_leaves=10)
DOCUMENTS = st.dictionaries(NAMES, JSON, max_size=3)


def canonical(value: Any, name: str = "") -> Any:
    """A value in which only what counts is told apart: the order of names counts within ``properties`` alone."""
    if isinstance(value, dict):
        inner = [(key, canonical(entry, key)) for key, entry in value.items()]
        # Under a name of its own: an empty object is no empty list.
        return {"names": inner if name == "properties" else sorted(inner, key=lambda pair: pair[0])}
    return [canonical(entry) for entry in value] if isinstance(value, list) else value


def applied(document: Any, found: list[Difference]) -> Any:
    """The document with all differences carried out."""
    result = copy.deepcopy(document)
    for one in found:
        if not one.path:
            return one.after
        way = one.path.split(".")
        at = result
        for name in way[:-1]:
            at = at[_place(at, name)]
        if one.kind is Kind.MOVED:
            _move(at, _place(at, way[-1]), one.after)
        elif one.kind is Kind.REMOVED:
            del at[_place(at, way[-1])]
        elif one.kind is Kind.ADDED and isinstance(at, list):
            at.append(one.after)
        else:
            at[_place(at, way[-1])] = one.after
    return result


def _place(at: Any, name: str) -> Any:
    if isinstance(at, dict):
        return name
    return next(
        (place for place, entry in enumerate(at) if isinstance(entry, dict) and entry.get("id") == name), None
    ) or (int(name) if name.isdigit() else 0)


def _move(parent: Any, key: Any, order: list[str]) -> None:
    """Those named in both documents take their new order; others were added at the end."""
    if isinstance(parent[key], dict):
        parent[key] = {name: parent[key][name] for name in [*order, *(n for n in parent[key] if n not in order)]}
    else:
        parent[key].sort(key=lambda entry: order.index(entry["id"]) if entry["id"] in order else len(order))


@given(DOCUMENTS, DOCUMENTS)
def test_nothing_is_told_exactly_where_nothing_changed(before: Any, after: Any) -> None:
    """Truth values are no numbers; the order of names counts where phones show it."""
    same = json.dumps(canonical(before)) == json.dumps(canonical(after))
    told = list(differences(before, after))
    # An entry that is new among others, or gone, says enough: the order of the rest did not change by it.
    assert (told == []) is same


@pytest.mark.parametrize(("before", "after"), [(1, True), (False, 0), (None, 0), ("1", 1), ([], {}), ([0], [False])])
def test_values_that_only_python_holds_to_be_alike_are_different(before: Any, after: Any) -> None:
    """In JSON a truth value is no number."""
    assert len(list(differences({"a": before}, {"a": after}))) == 1


@given(DOCUMENTS, DOCUMENTS)
def test_each_difference_tells_what_stood_there(before: Any, after: Any) -> None:
    """Before, after, and a place of its own for each kind."""
    told = list(differences(before, after))
    places = [(one.path, one.kind is Kind.MOVED) for one in told]
    assert len(set(places)) == len(places)
    for one in told:
        assert one.kind is not Kind.ADDED or one.before is None
        assert one.kind is not Kind.REMOVED or one.after is None
        assert one.kind is not Kind.CHANGED or json.dumps(one.before) != json.dumps(one.after)
        assert one.kind is not Kind.MOVED or sorted(one.before) == sorted(one.after)


def _plain(document: Any) -> Any:
    """What the differences say, apart from where among others something new was put."""
    if isinstance(document, dict):
        return {name: _plain(value) for name, value in document.items()}
    if isinstance(document, list):
        entries = [_plain(entry) for entry in document]
        named = all(isinstance(entry, dict) and isinstance(entry.get("id"), str) for entry in entries)
        return sorted(entries, key=lambda entry: str(entry["id"])) if named else entries
    return document


@given(DOCUMENTS, DOCUMENTS)
def test_the_differences_lead_from_one_to_the_other(before: Any, after: Any) -> None:
    """So none is missing."""
    result = applied(before, list(differences(before, after)))
    assert json.dumps(_plain(result), sort_keys=True) == json.dumps(_plain(after), sort_keys=True)


EDITS: dict[str, tuple[str, Any, list[tuple[str, Kind, Any, Any]]]] = {
    "a value": ("promised_days", 4, [("promised_days", Kind.CHANGED, 5, 4)]),
    "an entry by its id": ("materials.1.copies", 3, [("materials.id_card.copies", Kind.CHANGED, 1, 3)]),
    "a line": ("steps.1.days", 2, [("steps.1.days", Kind.CHANGED, 3, 2)]),
    "a list of another length": (
        "keywords",
        ["示例"],
        [("keywords", Kind.CHANGED, ["示例", "例子", "样子"], ["示例"])],
    ),
    "something new": ("materials.0.note", "看清。", [("materials.photo.note", Kind.ADDED, None, "看清。")]),
    "an answer": (
        "guidance.questions.0.options.1.label",
        "别人",
        [("guidance.questions.who.options.other.label", Kind.CHANGED, "他人", "别人")],
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_told_at_its_place(name: str) -> None:
    """As staff read it."""
    path, value, expected = EDITS[name]
    told = [(one.path, one.kind, one.before, one.after) for one in differences(written(), changed(path, value))]
    assert told == expected


def test_what_was_put_in_moves_nothing_and_what_was_moved_is_told() -> None:
    """A new field in the midst; two fields that change places."""
    before, after = written(), written()
    fields = list(after["form_schema"]["properties"].items())
    after["form_schema"]["properties"] = dict([*fields[:3], ("new", {}), *fields[3:]])
    assert [(one.path, one.kind) for one in differences(before, after)] == [("form_schema.properties.new", Kind.ADDED)]
    after = written()
    after["form_schema"]["properties"] = dict([fields[1], fields[0], *fields[2:]])
    after["materials"].reverse()
    told = {one.path: (one.kind, one.before[:2], one.after[:2]) for one in differences(before, after)}
    names = [name for name, _ in fields[:2]]
    assert told == {
        "form_schema.properties": (Kind.MOVED, names, names[::-1]),
        "materials": (Kind.MOVED, ["photo", "id_card"], ["id_card", "photo"]),
    }
