"""``x-compute``: fields that the server fills from their neighbours."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from app.identity.errors import IdNumberInvalidError
from app.identity.rules import born_on, parse_id_number

Rule = Callable[[Sequence[Any], date], Any]

_OLD = re.compile(r"[1-9][0-9]{14}")
_MALE, _FEMALE = "1", "2"
_WORDS = {_MALE: "男", _FEMALE: "女"}


def _person(values: Sequence[Any], today: date) -> tuple[date, bool] | None:
    """Birthday and whether male, from an identity number (GB 11643); of 15 digits as they were given until 1999."""
    value = values[0] if len(values) == 1 else None
    if not isinstance(value, str):
        return None
    try:
        if _OLD.fullmatch(value):
            born, serial = date(1900 + int(value[6:8]), int(value[8:10]), int(value[10:12])), value[14]
        else:
            number = parse_id_number(value, today=today)
            born, serial = born_on(number), number[16]
    except (IdNumberInvalidError, ValueError):
        return None
    return born, int(serial) % 2 == 1


def _birth_date(values: Sequence[Any], today: date) -> str | None:
    person = _person(values, today)
    return person[0].isoformat() if person else None


def _sex(values: Sequence[Any], today: date) -> str | None:
    """A code of GB/T 2261.1."""
    person = _person(values, today)
    return (_MALE if person[1] else _FEMALE) if person else None


def _age(values: Sequence[Any], today: date) -> int | None:
    """Whole years (周岁); who was born on 29 February has their birthday on 1 March where there is none."""
    person = _person(values, today)
    if person is None:
        return None
    born = person[0]
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _sum(values: Sequence[Any], today: date) -> int | float | None:
    """Exact in decimals, as the numbers were written: 0.1 and 0.2 make 0.3. What is not filled is passed over."""
    del today
    given = [value for value in values if value is not None]
    if not given or not all(isinstance(value, int | float) and not isinstance(value, bool) for value in given):
        return None
    total = sum((Decimal(str(value)) for value in given), Decimal(0))
    if not total.is_finite():
        return None
    return int(total) if total == total.to_integral_value() else float(total)


RULES: dict[str, Rule] = {"birth_date_of": _birth_date, "sex_of": _sex, "age_of": _age, "sum_of": _sum}
"""The rules by their names. Each takes the values of its fields, None for one that is not filled, and the day."""


def compute(field: dict[str, Any], neighbours: dict[str, Any], today: date) -> Any:
    """The value of a computed field, None where its sources give none.

    A field that lets 男 and 女 be chosen is given these words in place of the codes.
    """
    definition = field["x-compute"]
    value = RULES[definition["rule"]]([neighbours.get(name) for name in definition["of"]], today)
    worded = definition["rule"] == "sex_of" and value is not None and set(_WORDS.values()) <= set(field.get("enum", ()))
    return _WORDS[value] if worded else value
