"""Reading WeChat's answers: what is missing or of another type makes an answer unusable, never a guess."""

import re
from collections.abc import Mapping
from typing import Any

from wechat.errors import WeChatAmbiguousError

# No database and no UTF-8 has them.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LONGEST_MESSAGE_ID = 32


def storable(value: Any) -> Any:
    """What was said, with U+FFFD in the place of each character that cannot be kept. Raises RecursionError."""
    if isinstance(value, str):
        return UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {storable(name): storable(one) for name, one in value.items()}
    return [storable(one) for one in value] if isinstance(value, list) else value


def text(answer: Mapping[str, Any], name: str, *, api: str) -> str:
    """The non-empty text ``name`` of an answer. Raises WeChatAmbiguousError where it is missing."""
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise WeChatAmbiguousError(api, f"no {name}")
    return value


def whole(answer: Mapping[str, Any], name: str, *, api: str) -> int:
    """The whole number ``name`` of an answer, which may come as text. Raises WeChatAmbiguousError without one."""
    value = answer.get(name)
    try:
        return int(value) if isinstance(value, int | str) else _none(api, name)
    except ValueError:
        return _none(api, name)


def objects(answer: Mapping[str, Any], name: str, *, api: str) -> list[dict[str, Any]]:
    """The list of objects ``name`` of an answer. Raises WeChatAmbiguousError where it is anything else."""
    value = answer.get(name)
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise WeChatAmbiguousError(api, f"no {name}")
    return value


def texts(answer: Mapping[str, Any], name: str, *, api: str) -> list[str]:
    """The list of texts ``name`` of an answer. Raises WeChatAmbiguousError where it is anything else."""
    value = answer.get(name)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise WeChatAmbiguousError(api, f"no {name}")
    return value


def part(answer: Mapping[str, Any], name: str, *, api: str) -> dict[str, Any]:
    """The object ``name`` of an answer. Raises WeChatAmbiguousError where it is missing."""
    value = answer.get(name)
    if not isinstance(value, dict):
        raise WeChatAmbiguousError(api, f"no {name}")
    return value


def lifetime(answer: Mapping[str, Any], *, api: str) -> int:
    """The seconds in ``expires_in``. Raises WeChatAmbiguousError where they are missing or none."""
    seconds = answer.get("expires_in")
    if not isinstance(seconds, int) or seconds <= 0:
        raise WeChatAmbiguousError(api, "no expires_in")
    return seconds


def message_id(answer: Mapping[str, Any]) -> str:
    """The ``msgid`` of an answer as text, by which a later event names the message.

    Empty where WeChat tells none, or one longer than any of its own.
    """
    value = answer.get("msgid")
    told = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return told if len(told) <= _LONGEST_MESSAGE_ID else ""


def _none(api: str, name: str) -> int:
    raise WeChatAmbiguousError(api, f"no {name}")
