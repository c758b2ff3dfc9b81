"""What an approval system's event says, as far as it can be kept and shown. Pure.

Systems send what their own people pasted: control characters of a word processor, halves of a character that was cut in
two, numbers that no reader of JSON knows. An event with such a text still says what was decided, so the text is mended
and the event is never refused for it.
"""

import re
from typing import Any

from app.catalogue.form_validator import DEEPEST, LARGEST

# A word processor breaks a line with a vertical tab, and a page with a form feed.
_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_UNKEEPABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def readable(said: dict[str, Any]) -> dict[str, Any]:
    """The same object with its texts mended.

    Line breaks become ``\\n``, other control characters and halves of characters go. A number beyond what readers of
    JSON know exactly, and what stands deeper than any form, becomes None.
    """
    return {_text(str(name)): _value(value, 1) for name, value in said.items()}


def _value(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool) or value is None or depth > DEEPEST:
        return value if isinstance(value, bool) else None
    if isinstance(value, int | float):
        return value if abs(value) <= LARGEST else None
    if isinstance(value, dict):
        return {_text(str(name)): _value(one, depth + 1) for name, one in value.items()}
    return [_value(one, depth + 1) for one in value] if isinstance(value, list) else None


def _text(value: str) -> str:
    return _UNKEEPABLE.sub("", _BREAKS.sub("\n", value))
