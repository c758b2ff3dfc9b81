"""Patterns of forms: how many ways a pattern can be tried on a text, so that none is let in that could take for ever.

Python's engine tries one way after another (backtracking) and cannot be interrupted. The number of ways is a product
over what may repeat a varying number of times, so that it can be counted before.
"""

import re
import warnings
from functools import lru_cache
from importlib import import_module
from typing import Any

# The engine's own reader of patterns is the only one that agrees with it; no stub describes it, so that type checkers
# differ about whether it can be imported by name.
_parser: Any = import_module("re._parser")

LONGEST = 1000
"""Characters of a text without ``maxLength`` that a pattern is tried on."""
LONGEST_PATTERN = 200
MOST_WAYS = 20_000


class _UnknownPartError(Exception):
    """A part whose ways are not counted: a look ahead or back, or a reference."""


@lru_cache(maxsize=1024)
def is_bounded(pattern: str, length: int) -> bool:
    """Whether a pattern can be tried on every text of up to ``length`` characters in at most ``MOST_WAYS`` ways.

    False also where it is no pattern or one whose meaning may change, longer than ``LONGEST_PATTERN`` (each way tries
    as many characters of it), and where it looks ahead or back or refers to what it matched.
    """
    if len(pattern) > LONGEST_PATTERN:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)
            parsed = _parser.parse(pattern)
        starts = 1 if pattern.startswith("^") and "|" not in pattern else length + 1
        return _ways(parsed, length) * starts <= MOST_WAYS
    except (re.error, RecursionError, OverflowError, FutureWarning, _UnknownPartError):
        return False


def _ways(parts: Any, length: int) -> int:
    ways = 1
    for kind, argument in parts:
        ways *= _ways_of(str(kind), argument, length)
        if ways > MOST_WAYS:
            return ways
    return ways


def _ways_of(kind: str, argument: Any, length: int) -> int:
    if kind in {"LITERAL", "NOT_LITERAL", "IN", "ANY", "AT", "CATEGORY"}:
        return 1
    if kind == "SUBPATTERN":
        return _ways(argument[-1], length)
    if kind == "BRANCH":
        return sum(_ways(branch, length) for branch in argument[1])
    if kind in {"MAX_REPEAT", "MIN_REPEAT"}:
        least, most, body = argument
        return _repeated(least, most, body, length)
    raise _UnknownPartError(kind)


def _repeated(least: int, most: int, body: Any, length: int) -> int:
    shortest = max(body.getwidth()[0], 1)
    once, most = _ways(body, length), min(int(most), length // shortest)
    if once == 1:
        return max(most - least, 0) + 1
    if least > MOST_WAYS.bit_length():
        # Two ways or more, so many times, are too many: the power itself would take for ever.
        return MOST_WAYS + 1
    total = 0
    for times in range(least, max(least, most) + 1):
        total += once**times
        if total > MOST_WAYS:
            break
    return total
