"""What a cell holds, read from a sheet and written into one."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from app.upkeep.tables.layout import Column, words
from app.upkeep.tables.problems import CellError, excerpt

LONGEST = 32_767
"""Characters that a cell holds at most: Excel's own limit."""

_DEEPEST = 32
# PostgreSQL keeps no NUL, UTF-8 no half of a pair.
_UNKEPT = re.compile("[\x00\ud800-\udfff]")
_INTEGER = re.compile(r"-?[0-9]{1,9}")
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?[eE]\+?[0-9]{1,3}")
_WORDS_APART = re.compile(r"[\n,，、;；]")  # as people separate words
_CONDITION = re.compile(r"([A-Za-z0-9_]+)=([A-Za-z0-9_]+(?:,[A-Za-z0-9_]+)*)")


@dataclass(frozen=True, slots=True)
class Odd:
    """A cell that holds no text."""

    kind: Literal["number", "boolean", "formula", "error"]
    text: str


Cell = str | Odd
"""What stands in a cell; an empty one is the empty text."""


def read_cell(column: Column, cell: Cell) -> Any:
    """The value that a cell of this column means. Raises CellError."""
    if isinstance(cell, Odd):
        if cell.kind in ("formula", "error"):
            raise CellError(f"cell_{cell.kind}")
    else:
        require_fit(cell)
    return _READ[column.kind](column, cell)


def written(column: Column, value: Any) -> str | int | float | None:
    """What goes into a cell of this column so that ``read_cell`` gives the value again."""
    return None if value is None else _WRITTEN[column.kind](column, value)


def length(text: str) -> int:
    """The length of a text as spreadsheets count: in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def require_fit(text: str) -> None:
    """Raises CellError where a text is longer than a cell may be, or holds what is not kept."""
    if len(text) > LONGEST or (len(text) > LONGEST // 2 and length(text) > LONGEST):
        raise CellError("cell_too_long", longest=LONGEST)
    if _UNKEPT.search(text):
        raise CellError("character_forbidden")


def _text(column: Column, cell: Cell) -> str:
    del column
    if isinstance(cell, Odd):
        raise CellError("cell_number")
    return cell


def _code(column: Column, cell: Cell) -> str | None:
    text = _text(column, cell).strip()
    if _SCIENTIFIC.fullmatch(text):
        raise CellError("cell_number")
    return text or (None if column.optional else "")


def _integer(column: Column, cell: Cell) -> int | None:
    text = (cell.text if isinstance(cell, Odd) else cell).strip()
    if not text and column.optional:
        return None
    if (isinstance(cell, Odd) and cell.kind != "number") or not _INTEGER.fullmatch(text):
        _refuse(text, "cell_no_integer")
    return int(text)


def _decimal(column: Column, cell: Cell) -> float | None:
    text = (cell.text if isinstance(cell, Odd) else cell).strip()
    if not text and column.optional:
        return None
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or (isinstance(cell, Odd) and cell.kind != "number"):
        _refuse(text, "cell_no_number")
    return value


def _flag(column: Column, cell: Cell) -> bool | None:
    if isinstance(cell, Odd) and cell.kind == "boolean":
        return cell.text == "1"
    chosen = _word(Column(column.name, "word", ("true", "false"), optional=column.optional), cell)
    return None if chosen is None else chosen == "true"


def _word(column: Column, cell: Cell) -> str | None:
    text = (cell.text if isinstance(cell, Odd) else cell).strip()
    if not text and column.optional:
        return None
    return _chosen(column, text)


def _words(column: Column, cell: Cell) -> list[str]:
    return [_chosen(column, part.strip()) for part in _WORDS_APART.split(_text(column, cell)) if part.strip()]


def _chosen(column: Column, text: str) -> str:
    named = words(column.choices)
    chosen = next((code for code, word in named.items() if text in (word, code)), None)
    if chosen is None:
        _refuse(text, "cell_no_choice", choices="、".join(named.values()))
    return chosen


def _list(column: Column, cell: Cell) -> list[str]:
    text = _text(column, cell)
    if not text.lstrip().startswith("["):
        return [line.strip() for line in text.splitlines() if line.strip()]
    found = _parsed(text)
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        _refuse(text, "cell_no_list")
    return found


def _written_list(value: list[str]) -> str:
    plain = all(one and one == one.strip() and len(one.splitlines()) == 1 for one in value)
    if plain and not (value and value[0].startswith("[")):
        return "\n".join(value)
    return json.dumps(value, ensure_ascii=False)


def _conditions(column: Column, cell: Cell) -> dict[str, list[str]]:
    text = _text(column, cell)
    if text.lstrip().startswith("{"):
        found = _parsed(text)
        if not isinstance(found, dict) or not all(_is_texts(value) for value in found.values()):
            _refuse(text, "cell_no_conditions")
        return found
    holds: dict[str, list[str]] = {}
    for line in (line.strip() for line in text.splitlines()):
        match = _CONDITION.fullmatch(line.replace(" ", ""))
        if line and (match is None or match[1] in holds):
            _refuse(line, "cell_no_conditions")
        if match:
            holds[match[1]] = match[2].split(",")
    return holds


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _written_conditions(value: dict[str, list[str]]) -> str:
    lines = [f"{name}={','.join(values)}" for name, values in value.items()]
    if all(_CONDITION.fullmatch(line) and "," not in "".join(value[line.split("=")[0]]) for line in lines):
        return "\n".join(lines)
    return json.dumps(value, ensure_ascii=False)


def _json(column: Column, cell: Cell) -> list[Any] | None:
    """A list of the one value, so that null can be told from an empty cell."""
    text = _text(column, cell)
    return [_parsed(text)] if text.strip() or not column.optional else None


def _parsed(text: str) -> Any:
    try:
        found = json.loads(text, parse_float=_finite, parse_constant=_finite)
        fit = _fits(found, _DEEPEST)
    except (ValueError, RecursionError):
        _refuse(text, "cell_no_json")
    if not fit:
        _refuse(text, "cell_no_json")
    return found


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError
    return value


def _fits(value: Any, depth: int) -> bool:
    """Whether a value may be kept: not too deep, and no text within that PostgreSQL or UTF-8 refuses."""
    if isinstance(value, str):
        return _UNKEPT.search(value) is None
    if isinstance(value, dict):
        return depth > 0 and all(_fits(key, 0) and _fits(one, depth - 1) for key, one in value.items())
    if isinstance(value, list):
        return depth > 0 and all(_fits(one, depth - 1) for one in value)
    return True


def _refuse(text: str, code: str, **context: Any) -> NoReturn:
    raise CellError("cell_empty" if not text else code, value=excerpt(text), **context)


_READ: dict[str, Any] = {
    "code": _code,
    "text": _text,
    "integer": _integer,
    "decimal": _decimal,
    "flag": _flag,
    "word": _word,
    "words": _words,
    "list": _list,
    "conditions": _conditions,
    "json": _json,
}
_WRITTEN: dict[str, Any] = {
    "code": lambda _, value: value,
    "text": lambda _, value: value,
    "integer": lambda _, value: value,
    "decimal": lambda _, value: value,
    "flag": lambda _, value: words(("true", "false"))["true" if value else "false"],
    "word": lambda column, value: words(column.choices)[value],
    "words": lambda column, value: "\n".join(words(column.choices)[one] for one in value),
    "list": lambda _, value: _written_list(value),
    "conditions": lambda _, value: _written_conditions(value),
    "json": lambda _, value: json.dumps(value[0], ensure_ascii=False),
}
