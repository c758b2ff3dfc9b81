"""What events say of subscription messages and of what became of messages, in every shape WeChat writes them."""

import json
from typing import Any

import pytest
import xmltodict
from hypothesis import given
from hypothesis import strategies as st

from app.official_account.events import Fate, decisions_in, fates_in
from wechat.message import Message, parse_fields, read_message

_HEAD = {"ToUserName": "gh", "FromUserName": "o-1", "CreateTime": "1714036504", "MsgType": "event"}
_NESTS = {"popup": "SubscribeMsgPopupEvent", "change": "SubscribeMsgChangeEvent", "sent": "SubscribeMsgSentEvent"}


def event(form: str, which: str, entries: list[dict[str, Any]]) -> Message:
    """An event as WeChat writes it in XML or in JSON."""
    name = f"subscribe_msg_{which}_event"
    if form == "json":
        listed: Any = entries[0] if len(entries) == 1 else entries
        fields, found = parse_fields(json.dumps({**_HEAD, "Event": name, "List": listed}))
    else:
        nested = {**_HEAD, "Event": name, _NESTS[which]: {"List": entries}}
        fields, found = parse_fields(xmltodict.unparse({"xml": nested}, full_document=False))
    return read_message(fields, form=found, secure=True)


@pytest.mark.parametrize("form", ["xml", "json"])
@pytest.mark.parametrize("many", [1, 2])
def test_decisions_are_read(form: str, many: int) -> None:
    """One is an object, several are a list; what is neither yes nor no is left out."""
    entries: list[dict[str, Any]] = [
        {"TemplateId": "t1", "SubscribeStatusString": "accept", "PopupScene": "2"},
        {"TemplateId": "t2", "SubscribeStatusString": "reject", "PopupScene": "2"},
    ][:many]
    expected = {"t1": "accept", "t2": "reject"} if many == 2 else {"t1": "accept"}
    assert decisions_in(event(form, "popup", entries)) == expected
    assert decisions_in(event(form, "change", [{"TemplateId": "t1", "SubscribeStatusString": "reject"}])) == {
        "t1": "reject"
    }
    assert decisions_in(event(form, "popup", [{"TemplateId": "t1", "SubscribeStatusString": "ban"}])) == {}
    assert decisions_in(event(form, "sent", entries)) == {}


@pytest.mark.parametrize("form", ["xml", "json"])
def test_fates_of_subscription_messages_are_read(form: str) -> None:
    """By WeChat's id, as text, whether it was a number or not."""
    entries: list[dict[str, Any]] = [
        {"TemplateId": "t1", "MsgID": "1864323726461255680", "ErrorCode": "0", "ErrorStatus": "success"},
        {"TemplateId": "t1", "MsgID": 7, "ErrorCode": 43101, "ErrorStatus": "user refuse"},
    ]
    assert fates_in(event(form, "sent", entries)) == [
        Fate("1864323726461255680", "success"),
        Fate("7", "43101 user refuse"),
    ]
    assert decisions_in(event(form, "sent", entries)) == {}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("success", "success"),
        ("failed:user block", "failed:user block"),
        ("failed: system failed", "failed: system failed"),
        ("", "unknown"),
    ],
)
def test_fates_of_template_messages_are_read(status: str, outcome: str) -> None:
    """In WeChat's own words."""
    fields = {**_HEAD, "Event": "TEMPLATESENDJOBFINISH", "MsgID": "200163836", "Status": status}
    assert fates_in(read_message(fields, form="xml", secure=True)) == [Fate("200163836", outcome)]


_ANY: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=100),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["List", "TemplateId", "SubscribeStatusString", "MsgID", "ErrorCode"]), inner)
    ),
    max_leaves=8,
)


@given(
    st.sampled_from(["subscribe_msg_popup_event", "subscribe_msg_sent_event", "TEMPLATESENDJOBFINISH"]),
    st.dictionaries(st.sampled_from(["List", "MsgID", "Status", *_NESTS.values()]), _ANY),
)
def test_any_event_is_read(name: str, fields: dict[str, Any]) -> None:
    """Or says nothing; every word of it is bounded."""
    message = read_message({**_HEAD, "Event": name, **fields}, form="json", secure=True)
    assert all(len(template) <= 64 for template in decisions_in(message))
    assert all(len(fate.msg_id) <= 64 and 0 < len(fate.outcome) <= 64 for fate in fates_in(message))
