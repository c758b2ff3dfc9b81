"""Fields of message templates: what each kind holds, and how a value is made to fit.

A key is a kind and a number, such as "thing1". WeChat refuses a whole message for one field beyond its limit (47003).
Source: the table of field kinds in WeChat's documentation of subscription messages.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, time

_ELLIPSIS = "…"
_KEY = re.compile(r"([a-z_]+)[0-9]+", re.ASCII)
_BRACKETS = re.compile(r"[（(【〔\[][^（()）【】〔〕\[\]]*[）)】〕\]]")
_LOOSE_END = " ,.;:，。、；：·-—（(【〔[《"

_THING_CHARS = 20
_CHARACTER_STRING_CHARS = 32
_NAME_HAN, _NAME_LATIN = 10, 20
_AMOUNT_DIGITS = 10

_NUMBER = re.compile(r"[0-9]{1,32}")
_LETTER = re.compile(r"[A-Za-z]{1,32}")
_PHRASE = re.compile(r"[\u3400-\u9fff\U00020000-\U000323af]{1,5}")
_PRINTABLE = re.compile(r"[!-~]+")
_CLOCK = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
_DAY = r"(?P<year>[0-9]{4})年(?P<month>[0-9]{1,2})月(?P<day>[0-9]{1,2})日"
_AMOUNT = re.compile(r"[¥￥$€£]?([0-9]+(?:\.[0-9]{1,2})?)元?")
_PHONE = re.compile(r"(?=.*[0-9])[0-9+()\- ]{1,17}")
_HAN_OR_PLAIN = r"[A-Za-z0-9\u3400-\u9fff]"
_CAR = re.compile(rf"{_HAN_OR_PLAIN}[A-Za-z0-9]{{1,6}}{_HAN_OR_PLAIN}")
_SYMBOL_CHARS = 5


def fit(key: str, value: str) -> str:
    """The value as the field ``key`` can show it.

    Newlines and control characters go first. Texts that people read (thing, name, character_string) are shortened and
    say so by an ellipsis, three full stops where only ASCII is allowed. Raises ValueError, which names the key and
    never the value, for an unknown kind and for a value that cannot fit.
    """
    match = _KEY.fullmatch(key)
    kind = _KINDS.get(match[1]) if match else None
    if kind is None:
        raise ValueError(f"{key}: unknown kind of field")
    fitted = kind(_clean(value))
    if not fitted:
        raise ValueError(f"{key}: the value does not fit the field")
    return fitted


def _clean(value: str) -> str:
    """Line ends and control characters become single spaces; invisible and unencodable ones vanish."""
    kept = []
    for char in value:
        category = unicodedata.category(char)
        if category in {"Cc", "Zl", "Zp", "Zs"}:
            kept.append(" ")
        elif category not in {"Cf", "Cs"}:
            kept.append(char)
    return " ".join("".join(kept).split())


def _cut(text: str, limit: int, mark: str = _ELLIPSIS) -> str:
    if len(text) <= limit:
        return text
    return text[: limit - len(mark)].rstrip(_LOOSE_END) + mark


def _thing(text: str) -> str:
    """Names of service items explain themselves in brackets: the last explanation goes first."""
    while len(text) > _THING_CHARS:
        groups = list(_BRACKETS.finditer(text))
        shorter = (text[: groups[-1].start()] + text[groups[-1].end() :]).strip() if groups else ""
        if not shorter:
            break
        text = shorter
    return _cut(text, _THING_CHARS)


def _character_string(text: str) -> str:
    return _cut(text, _CHARACTER_STRING_CHARS, "...") if _PRINTABLE.fullmatch(text) else ""


def _name(text: str) -> str:
    if not all(char.isalpha() or char in " ·•.'’-" for char in text) or not any(map(str.isalpha, text)):
        return ""
    return _cut(text, _NAME_LATIN if text.isascii() else _NAME_HAN)


def _symbol(text: str) -> str:
    return text if len(text) <= _SYMBOL_CHARS and all(unicodedata.category(char)[0] in "PS" for char in text) else ""


def _amount(text: str) -> str:
    match = _AMOUNT.fullmatch(text)
    return text if match and len(match[1].replace(".", "")) <= _AMOUNT_DIGITS else ""


def _exists(moment: re.Match[str]) -> bool:
    parts = moment.groupdict()
    try:
        if parts.get("day"):
            date(int(parts["year"]), int(parts["month"]), int(parts["day"]))
        if parts.get("hour"):
            time(int(parts["hour"]), int(parts["minute"]))
    except ValueError:
        return False
    return True


def _moment(*patterns: str) -> Callable[[str], str]:
    forms = [re.compile(pattern) for pattern in patterns]

    def check(text: str) -> str:
        matches = (form.fullmatch(text) for form in forms)
        return text if any(match and _exists(match) for match in matches) else ""

    return check


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    return lambda text: text if pattern.fullmatch(text) else ""


_KINDS: dict[str, Callable[[str], str]] = {
    "thing": _thing,
    "character_string": _character_string,
    "number": _matching(_NUMBER),
    "letter": _matching(_LETTER),
    "symbol": _symbol,
    "phrase": _matching(_PHRASE),
    "name": _name,
    "time": _moment(_CLOCK, f"{_DAY} {_CLOCK}"),
    "date": _moment(_DAY, f"{_DAY} {_CLOCK}"),
    "amount": _amount,
    "phone_number": _matching(_PHONE),
    "car_number": _matching(_CAR),
}
