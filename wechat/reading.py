"""Reading WeChat's answers: what is missing or of another type makes an answer unusable, never a guess."""

from collections.abc import Mapping
from typing import Any

from wechat.errors import WeChatAmbiguousError


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
    """The ``msgid`` of an answer as text, by which a later event names the message; empty where WeChat tells none."""
    value = answer.get("msgid")
    return str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""


def _none(api: str, name: str) -> int:
    raise WeChatAmbiguousError(api, f"no {name}")
