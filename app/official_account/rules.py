"""Pure decisions of the official account: what is asked for, who is there to answer, how a text is put."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.kit.clock import CITY_TIME
from app.kit.workdays import is_working_day
from app.official_account.definitions import Answer, OfficialAccount, People
from wechat.message import Message
from wechat.official.materials import LONGEST_SCENE

MOST_BYTES = 2048
"""A text of WeChat's, in UTF-8."""

LONGEST_QUERY = 100
_SCENE = "qrscene_"
_PUNCTUATION = re.compile(r"[\s。，、！？!?,.；;：:“”\"'（）()]+")


@dataclass(frozen=True, slots=True)
class Position:
    """Where somebody is, in degrees (GCJ-02)."""

    longitude: float = field(repr=False)
    latitude: float = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a push asks for: an answer, with the words, the position or the scanned code it is about."""

    answer: Answer
    words: str = field(default="", repr=False)
    position: Position | None = field(default=None, repr=False)
    scene: str | None = None
    welcome: bool = False


def asked_by(message: Message, data: OfficialAccount) -> Asked | None:
    """What a push asks for, None where nothing is to be said."""
    if message.kind == "event":
        return _asked_by_event(message)
    if message.kind == "location":
        position = _position(message)
        return Asked(Answer.HALL, position=position) if position else Asked(Answer.HELP)
    spoken = message.fields.get("Recognition") if message.kind == "voice" else message.content
    return _asked_in_words(spoken if isinstance(spoken, str) else "", data)


def _asked_by_event(message: Message) -> Asked | None:
    key = message.fields.get("EventKey")
    if message.event in {"subscribe", "scan"}:
        return Asked(Answer.HELP, scene=scene_of(message), welcome=message.event == "subscribe")
    if message.event == "click":
        return Asked(Answer(key) if key in set(Answer) else Answer.HELP)
    return None


def scene_of(message: Message) -> str | None:
    """What the code said that somebody scanned, None where it said nothing or more than we ever put into one."""
    key = message.fields.get("EventKey")
    if not isinstance(key, str):
        return None
    scene = key.removeprefix(_SCENE)
    return scene if 0 < len(scene) <= LONGEST_SCENE else None


def _position(message: Message) -> Position | None:
    try:
        position = Position(float(message.fields["Location_Y"]), float(message.fields["Location_X"]))
    except (KeyError, TypeError, ValueError):
        return None
    # Not a number is beyond any bound.
    return position if abs(position.longitude) <= 180 and abs(position.latitude) <= 90 else None  # noqa: PLR2004


def _asked_in_words(text: str, data: OfficialAccount) -> Asked:
    words = unicodedata.normalize("NFKC", one_line(text))[:LONGEST_QUERY].strip()
    bare = _PUNCTUATION.sub("", words).casefold() or words
    for keyword in data.keywords:
        if bare in keyword.whole:
            return Asked(keyword.answer)
        if any(part in bare for part in keyword.part):
            return Asked(keyword.answer, words=words)
    return Asked(Answer.FIND, words=words) if words else Asked(Answer.HELP)


def is_staffed(people: People, moment: datetime) -> bool:
    """Whether people are there to answer."""
    there = moment.astimezone(CITY_TIME)
    if is_working_day(there.date()) is None:
        return False
    return any(hours.begin <= there.time() < hours.end for hours in people.hours)


def staffed_next(people: People, moment: datetime) -> datetime:
    """When people are there next, in the city's time; ``moment`` is one at which nobody is."""
    there = moment.astimezone(CITY_TIME)
    day = there.date()
    while True:
        if is_working_day(day) is not None:
            for hours in people.hours:
                begin = datetime.combine(day, hours.begin, CITY_TIME)
                if begin > there:
                    return begin
        day += timedelta(days=1)


def one_line(text: str) -> str:
    """A text without what steers a reader's screen: control characters, marks of direction, breaks of lines."""
    kept = (" " if one.isspace() else one for one in text if one.isspace() or unicodedata.category(one)[0] != "C")
    return " ".join("".join(kept).split())


def quoted(text: str, most: int = 40) -> str:
    """Somebody's words within a text of ours: in one line, no markup of WeChat's, at most so many characters."""
    line = one_line(text).replace("<", "＜").replace(">", "＞")
    return line if len(line) <= most else line[: most - 1] + "…"


def link(address: str, title: str) -> str:
    """An address of ours as WeChat shows it in a text."""
    return f'<a href="{address}">{title}</a>'


def fitted(head: Sequence[str], entries: Sequence[str], foot: Sequence[str]) -> str:
    """Lines of a text; of the entries only as many as it has room for, since WeChat cuts in the middle of a link."""
    kept = list(entries)
    while kept and len("\n".join([*head, *kept, *foot]).encode()) > MOST_BYTES:
        kept.pop()
    return "\n".join([*head, *kept, *foot])
