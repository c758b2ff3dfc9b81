"""What a follower asks for, in whatever way; when people are there; how words are quoted."""

from datetime import UTC, datetime
from typing import Any

import pytest
import xmltodict
from hypothesis import given
from hypothesis import strategies as st

from app.kit.clock import CITY_TIME
from app.official_account.definitions import Answer, definitions
from app.official_account.rules import (
    MOST_BYTES,
    Asked,
    Position,
    asked_by,
    fitted,
    is_staffed,
    one_line,
    quoted,
    staffed_next,
)
from wechat.message import Message, read_message

_HOSTILE = [
    "]]>",
    "<script>alert(1)</script>",
    "\x00\x1b[31m",
    "\u202e反\u2066",
    '<a href="https://evil">点我</a>',
    "x" * 10_000,
]


def push(kind: str, **fields: Any) -> Message:
    """A push of a follower's."""
    head = {"ToUserName": "gh", "FromUserName": "o-1", "CreateTime": "1714036504", "MsgType": kind}
    return read_message({**head, **fields}, form="xml", secure=True)


def asked(kind: str, **fields: Any) -> Asked | None:
    """What it asks for."""
    return asked_by(push(kind, **fields), definitions())


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("1", Answer.PROGRESS),
        ("１", Answer.PROGRESS),
        ("进度", Answer.PROGRESS),
        ("进度？", Answer.PROGRESS),
        ("我的餐饮许可办理进度怎么样了", Answer.PROGRESS),
        ("证照", Answer.LICENCES),
        ("3", Answer.FIND),
        ("身份证丢了怎么办", Answer.FIND),
        ("进度条", Answer.FIND),
        ("大厅 桦南县", Answer.HALL),
        ("最近的政务服务大厅在哪", Answer.HALL),
        ("人工", Answer.PEOPLE),
        ("我要转人工！", Answer.PEOPLE),
        ("0", Answer.PEOPLE),
        ("您好", Answer.HELP),
        ("HELP", Answer.HELP),
        ("？", Answer.HELP),
        (" \n", Answer.HELP),
        ("接收通知 桦南县", Answer.REGION),
        ("绑定工作人员 12345678", Answer.STAFF),
    ],
)
def test_words_lead_to_their_answer(text: str, answer: Answer) -> None:
    """Whole, in part, in full width, with punctuation; all else looks for an item."""
    found = asked("text", Content=text)
    assert found
    assert found.answer is answer


def test_what_was_spoken_is_what_was_written() -> None:
    """Where WeChat recognised it; else only help remains."""
    assert asked("voice", Recognition="查进度。", MediaId="m") == asked("text", Content="查进度。")
    assert asked("voice", MediaId="m") == Asked(Answer.HELP)
    assert asked("image", MediaId="m") == Asked(Answer.HELP)


@pytest.mark.parametrize(
    "place", [{}, {"Location_X": "north", "Location_Y": "130"}, {"Location_X": "nan", "Location_Y": "1"}]
)
def test_a_position_asks_for_halls_and_a_broken_one_for_help(place: dict[str, str]) -> None:
    """X is the latitude, Y the longitude."""
    here = asked("location", Location_X="46.8", Location_Y="130.4", Label="某街道")
    assert here == Asked(Answer.HALL, position=Position(130.4, 46.8))
    assert asked("location", **place) == Asked(Answer.HELP)
    assert "130.4" not in repr(here)


def test_events_ask_by_their_keys() -> None:
    """A click for its answer, a scan for what the code said, the rest for nothing."""
    assert asked("event", Event="CLICK", EventKey="licences") == Asked(Answer.LICENCES)
    assert asked("event", Event="CLICK", EventKey="of last year") == Asked(Answer.HELP)
    assert asked("event", Event="subscribe", EventKey="qrscene_hall:city:3") == Asked(
        Answer.HELP, scene="hall:city:3", welcome=True
    )
    assert asked("event", Event="subscribe", EventKey=None) == Asked(Answer.HELP, welcome=True)
    assert asked("event", Event="SCAN", EventKey="item:1") == Asked(Answer.HELP, scene="item:1")
    assert asked("event", Event="SCAN", EventKey="x" * 65) == Asked(Answer.HELP)
    for name in ("unsubscribe", "TEMPLATESENDJOBFINISH", "VIEW", "LOCATION", "wxa_media_check"):
        assert asked("event", Event=name, EventKey="progress") is None


@given(
    st.text(),
    st.sampled_from(["Content", "EventKey", "Recognition", "Location_X"]),
    st.sampled_from(["text", "event", "voice", "location"]),
)
def test_whatever_is_written_asks_for_something(text: str, name: str, kind: str) -> None:
    """Or for nothing; it breaks nothing."""
    message = push(kind, Event="CLICK") if kind == "event" else push(kind)
    fields = {**message.fields, name: text}
    asked_by(
        Message(
            "event" if kind == "event" else kind, message.event, "o", "gh", 1, None, text, fields, "xml", secure=True
        ),
        definitions(),
    )


def _city(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CITY_TIME)


@pytest.mark.parametrize(
    ("moment", "there"),
    [
        ("2026-11-27T08:29:59", False),
        ("2026-11-27T08:30:00", True),
        ("2026-11-27T16:29:59", True),
        ("2026-11-27T16:30:00", False),
        ("2026-11-28T10:00:00", False),
        # National Day, and a Saturday worked for it.
        ("2026-10-01T10:00:00", False),
        ("2026-10-10T10:00:00", True),
    ],
)
def test_people_are_there_in_their_hours_of_working_days(moment: str, there: bool) -> None:
    """In the city's time, by the State Council's calendar."""
    assert is_staffed(definitions().people, _city(moment).astimezone(UTC)) is there


@pytest.mark.parametrize(
    ("moment", "begin"),
    [
        ("2026-11-27T07:00:00", "2026-11-27T08:30:00"),
        ("2026-11-27T23:00:00", "2026-11-30T08:30:00"),
        ("2026-09-30T18:00:00", "2026-10-08T08:30:00"),
    ],
)
def test_nobody_there_says_when_somebody_is(moment: str, begin: str) -> None:
    """The same day, or the next working day."""
    assert staffed_next(definitions().people, _city(moment).astimezone(UTC)) == _city(begin)


@pytest.mark.parametrize("text", _HOSTILE)
def test_hostile_words_are_quoted_harmless(text: str) -> None:
    """No markup, no control characters, no marks of direction, in one short line."""
    said = quoted(f"前{text}后")
    assert len(said) <= 40
    assert not set(said) & set("<>\n\x00\x1b\u202e\u2066")
    assert said.startswith("前")


@given(st.text())
def test_a_line_is_one_line(text: str) -> None:
    """It can be printed, and quoting it once more changes nothing."""
    line = one_line(text)
    assert line.isprintable() or not line
    assert one_line(line) == line
    assert xmltodict.parse(f"<a><![CDATA[{line.replace(']]>', '')}]]></a>") is not None


def test_a_text_that_is_too_long_loses_whole_entries() -> None:
    """Never half a link, and never its end."""
    entry = '<a href="https://jiaban.example/h5">' + "汉" * 100 + "</a>"
    text = fitted(["头"], [entry] * 20, ["尾"])
    lines = text.split("\n")
    assert len(text.encode()) <= MOST_BYTES
    assert (lines[0], lines[-1]) == ("头", "尾")
    assert set(lines[1:-1]) == {entry}
    assert len((text + "\n" + entry).encode()) > MOST_BYTES
