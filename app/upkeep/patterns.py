"""Whether a regular expression may take a matcher longer than anybody waits, as ``(a+)+`` does with "aaaa…b"."""

import re

_QUANTIFIER = re.compile(r"[*+?]|\{([0-9]*)(,?)([0-9]*)\}")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]")


def may_run_away(pattern: str) -> bool:
    """Whether a group that can match one text in several ways is repeated.

    Strict rather than clever: within a repeated group nothing may repeat a number of times that varies, and nothing may
    be chosen.
    """
    varies, place = [False], 0
    while place < len(pattern):
        bracket = _CLASS.match(pattern, place)
        if bracket:
            place = bracket.end()
        elif pattern[place] == "\\":
            place += 2
        elif pattern[place] == "(":
            varies.append(False)
            # The question mark of (?: is no quantifier.
            place += 2 if pattern[place + 1 : place + 2] == "?" else 1
        elif pattern[place] == ")" and len(varies) > 1:
            inner, repeat = varies.pop(), _QUANTIFIER.match(pattern, place + 1)
            if inner and repeat and repeat[0] != "?":
                return True
            varies[-1] |= inner
            place += 1
        else:
            repeat = _QUANTIFIER.match(pattern, place)
            varies[-1] |= pattern[place] == "|" or bool(repeat and (not repeat[1] or repeat[2]))
            place = repeat.end() if repeat else place + 1
    return False
