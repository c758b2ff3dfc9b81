"""An item's guide as rows of the sheets, and back without loss."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from app.catalogue.guide import Guide
from app.upkeep.tables.form import (
    check_example,
    check_field,
    check_rest,
    example_of,
    example_rows,
    schema_of,
    schema_rest,
    schema_rows,
)
from app.upkeep.tables.layout import SHEETS, Sheet
from app.upkeep.tables.problems import CellError, excerpt

_LISTS = ("materials", "steps", "legal_basis", "questions", "windows", "links")
_NESTED = ("fees", "replaced_by", "position")
# What tells the rows of an item apart where something else refers to them.
_KEYS = {"guidance_questions": "id", "form_fields": "field", "form_example": "field"}
_CHECKS: dict[str, dict[str, Callable[[dict[str, Any]], None]]] = {
    "items": {"form_schema": check_rest},
    "form_fields": {"other": check_field},
    "form_example": {"json": check_example},
}
_BY_NAME = {sheet.name: sheet for sheet in SHEETS}

Loc = tuple[str | int, ...]
"""Where something stands in a guide: keys and places of lists, as pydantic tells them."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of an item: its sheet's number in ``SHEETS``, where it stood, and its values by the columns' names."""

    sheet: int
    place: int
    values: dict[str, Any]


@dataclass(slots=True)
class Assembled:
    """A guide that is not checked yet, and where each part of it stood."""

    guide: dict[str, Any]
    rows: dict[Loc, Row] = field(default_factory=dict)

    def find(self, loc: Loc) -> tuple[Row, str]:
        """The row that something stands in, and the name of its column; an empty name where that cannot be told."""
        if loc[:1] == ("conditions",):
            loc = (*loc, "text")
        whole = next(loc[:end] for end in range(len(loc), -1, -1) if loc[:end] in self.rows)
        row, rest = self.rows[whole], loc[len(whole) :]
        names = {column.name for column in SHEETS[row.sheet].columns}
        dotted = [".".join(str(part) for part in rest[:end]) for end in range(len(rest), 0, -1)]
        return row, next((name for name in dotted if name in names), "")


def rows_of(guide: Guide) -> Iterator[tuple[Sheet, list[Any]]]:
    """All rows of a guide, each with its values in the columns' order."""
    whole = guide.model_dump()
    for sheet, row in _rows(whole):
        flat = {"item_code": guide.item_code, **_flat(row)}
        yield _BY_NAME[sheet], [flat.get(column.name) for column in _BY_NAME[sheet].columns]


def _rows(whole: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "items", {**whole, "form_schema": schema_rest(whole["form_schema"])}
    for text in whole["conditions"]:
        yield "conditions", {"text": text}
    for name in _LISTS:
        for row in whole[name]:
            yield name, row
    guidance = whole["guidance"] or {"questions": [], "variants": []}
    for question in guidance["questions"]:
        yield "guidance_questions", question
        for option in question["options"]:
            yield "guidance_options", {"question": question["id"], **option}
    for variant in guidance["variants"]:
        yield "guidance_variants", variant
    for row in schema_rows(whole["form_schema"]):
        yield "form_fields", row
    for row in example_rows(whole["form_example"]):
        yield "form_example", row


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    flat = dict(row)
    for name in _NESTED:
        for key, value in (flat.pop(name, None) or {}).items():
            flat[f"{name}.{key}"] = value
    return flat


def assemble(rows: Iterable[Row]) -> Assembled:
    """The guide that an item's rows mean, which come by sheet and then in their order; one row is of ``items``."""
    by_sheet = {SHEETS[number].name: list(some) for number, some in groupby(rows, key=lambda row: row.sheet)}
    item = by_sheet["items"][0]
    whole = _nested(item.values)
    found = Assembled(whole, {(): item})

    def take(name: str, *within: str, make: Callable[[dict[str, Any]], Any] = _nested) -> list[Any]:
        some = by_sheet.get(name, [])
        found.rows |= {(*(within or (name,)), place): row for place, row in enumerate(some)}
        return [make(_own(row)) for row in some]

    whole["conditions"] = take("conditions", make=lambda row: row["text"])
    for name in _LISTS:
        whole[name] = take(name)
    questions = take("guidance_questions", "guidance", "questions")
    variants = take("guidance_variants", "guidance", "variants")
    _give_options(questions, by_sheet.get("guidance_options", []), found)
    whole["guidance"] = {"questions": questions, "variants": variants} if questions or variants else None
    fields, examples = by_sheet.get("form_fields", []), by_sheet.get("form_example", [])
    whole["form_schema"] = schema_of(whole["form_schema"], [row.values for row in fields])
    whole["form_example"] = example_of([row.values for row in examples])
    found.rows |= {("form_schema", "properties", row.values["field"]): row for row in fields}
    found.rows |= {("form_example", row.values["field"]): row for row in examples}
    return found


def _give_options(questions: list[Any], options: list[Row], found: Assembled) -> None:
    places = {question["id"]: place for place, question in enumerate(questions)}
    for question in questions:
        question["options"] = []
    for row in options:
        place = places[row.values["question"]]
        given = questions[place]["options"]
        found.rows["guidance", "questions", place, "options", len(given)] = row
        given.append({"value": row.values["value"], "label": row.values["label"]})


def _own(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.values.items() if name != "item_code"}


def _nested(values: dict[str, Any]) -> dict[str, Any]:
    """Put names with dots into objects; one whose optional cells are all empty is None."""
    whole: dict[str, Any] = {}
    for name, value in values.items():
        outer, _, inner = name.partition(".")
        if inner:
            whole.setdefault(outer, {})[inner] = value
        else:
            whole[name] = value
    for name in _NESTED:
        if name in whole and all(value in (None, "") for value in whole[name].values()):
            whole[name] = None
    return whole


def contradictions(rows: Iterable[Row]) -> Iterator[tuple[Row, str, CellError]]:
    """Rows of an item that contradict themselves or each other, with the column; there are none before ``assemble``."""
    seen: dict[tuple[str, str], Row] = {}
    for row in rows:
        name = SHEETS[row.sheet].name
        if key := _KEYS.get(name):
            value = row.values[key]
            if not value:
                yield row, key, CellError("cell_empty")
            elif (name, value) in seen:
                yield row, key, CellError("name_twice", value=excerpt(value))
            seen.setdefault((name, value), row)
        if name == "guidance_options" and ("guidance_questions", row.values["question"]) not in seen:
            yield row, "question", CellError("question_unknown", value=excerpt(row.values["question"]))
        for column, check in _CHECKS.get(name, {}).items():
            try:
                check(row.values)
            except CellError as error:
                yield row, column, error
