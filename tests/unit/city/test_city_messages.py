"""What citizens are told: every kind is there, names only known placeholders and fits WeChat's fields."""

import copy
import re
from string import Formatter
from typing import Any

import pytest
from pydantic import ValidationError

from app.notifications.definitions import Messages, city_messages
from config.reading import read_yaml
from config.settings import CITY_DATA

MESSAGE_KINDS = {
    *("submitted", "supplement_requested", "accepted", "not_accepted", "approved", "refused", "withdrawn"),
    *("special_procedure", "resumed", "expired", "result_ready", "material_infected", "material_set_aside"),
    *("material_lost", "material_lost_set_aside"),
    *("licence_issued", "licence_reissued", "licence_revoked", "licence_suspended", "licence_resumed"),
    *("licence_cancelled", "licence_expired", "licence_expiring", "licence_yearly", "licence_attached"),
    *("licence_scanned", "session_reused", "paper_code_printed", "paper_code_lost"),
    *("licence_scanned_twice", "fields_requested", "concern_answered"),
    *("mandate_accepted", "mandate_ended"),
    *("identity_used_elsewhere", "accounts_joined", "name_taken_over"),
    *("export_ready", "guardian_added"),
    *("review_invitation", "review_rectified", "review_groundless", "review_settled"),
    *("complaint_accepted", "complaint_answered"),
    *("draft_expiring", "draft_expired", "life_event_done"),
}
PLACEHOLDERS = {"item", "case_no", "case_tail", "time", "note", "licence", "verdict", "office", "phrase"}
PLACEHOLDERS |= {"person", "until"}
CHANNELS = ("mini_program", "official_account", "sms")
FIELD_LIMITS = {"thing": 20, "character_string": 32, "phrase": 5, "time": 32}
CITY: dict[str, Any] = read_yaml(CITY_DATA / "messages.yaml")
MESSAGES: dict[str, dict[str, Any]] = CITY["messages"]
TEMPLATES: dict[str, dict[str, str]] = CITY["templates"]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_kind_of_message_is_there_and_legal_ones_are_marked() -> None:
    assert set(MESSAGES) == MESSAGE_KINDS
    legal = {kind for kind, message in MESSAGES.items() if message["urgency"] == "legal"}
    assert legal == {
        *("not_accepted", "refused", "supplement_requested", "expired", "material_set_aside", "licence_revoked"),
        *("material_lost_set_aside", "licence_suspended", "licence_cancelled", "paper_code_printed"),
        *("session_reused", "mandate_accepted", "mandate_ended"),
        *("identity_used_elsewhere", "accounts_joined", "name_taken_over", "guardian_added"),
        "licence_scanned_twice",
    }
    assert {message["urgency"] for message in MESSAGES.values()} == {"legal", "normal"}


@pytest.mark.parametrize("kind", MESSAGES)
def test_message_uses_known_placeholders_and_fits_its_channels(kind: str) -> None:
    message = MESSAGES[kind]
    assert set(message) - set(CHANNELS) == {"title", "text", "urgency", "group"}
    assert message["group"] in CITY["groups"]
    assert placeholders(message["title"]) == set()
    assert len(message["title"]) <= FIELD_LIMITS["thing"]
    assert placeholders(message["text"]) <= PLACEHOLDERS
    for channel, outlet in city_messages().outlets(kind):
        assert not (outlet.page or "").startswith("/")
        for key, value in outlet.fields.items():
            assert placeholders(value) <= (PLACEHOLDERS - {"case_no", "note"}) | {"title"}
            limit = FIELD_LIMITS["thing" if channel == "sms" else key.rstrip("0123456789")]
            assert placeholders(value) or 0 < len(value) <= limit


def test_a_legal_message_has_every_channel() -> None:
    """So that somebody who allowed nothing in WeChat still hears of it."""
    for kind, message in MESSAGES.items():
        channels = [channel for channel, _ in city_messages().outlets(kind)]
        assert channels == list(CHANNELS) if message["urgency"] == "legal" else "sms" not in channels


def test_templates_are_named_as_their_platforms_name_them() -> None:
    for template in TEMPLATES.values():
        pattern = r"[0-9]+" if template["channel"] == "sms" else r"[A-Za-z0-9_-]{42,43}"
        assert re.fullmatch(pattern, template["id"])
    assert len({template["id"] for template in TEMPLATES.values()}) == len(TEMPLATES)


def test_messages_that_share_a_template_fill_the_same_fields() -> None:
    shapes = {(one.template, tuple(one.fields)) for kind in MESSAGES for _, one in city_messages().outlets(kind)}
    assert len(shapes) == len({template for template, _ in shapes}) == len(TEMPLATES)


def test_a_tap_asks_for_the_templates_of_its_messages_once() -> None:
    """At most five, of one kind: WeChat refuses more, and a mixture."""
    asked = {tap: [template.name for template in city_messages().asked_at(tap)] for tap in CITY["taps"]}
    assert asked["submit"] == ["办件提交通知", "补正通知", "办件办结通知", "办件结果通知"]
    assert all(0 < len(names) <= 5 for names in asked.values())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"taps": {"submit": ["submitted", "session_reused"]}, "legal_mini": True}, "one kind"),
        ({"taps": {"submit": ["accepted"]}}, "one to five"),
        ({"group": "nobody"}, "unknown group"),
        ({"template": "sms_important"}, "no template of mini_program"),
        ({"template": "nobody"}, "no template of mini_program"),
        ({"kind": None}, "have a kind"),
        ({"sms": {"item": "{item}", "tail": "{case_tail}"}}, "numbered from 1"),
    ],
)
def test_a_file_that_does_not_hang_together_is_refused(change: dict[str, Any], reason: str) -> None:
    city = copy.deepcopy(CITY)
    city["taps"] = change.get("taps", city["taps"])
    if "legal_mini" in change:
        city["messages"]["session_reused"]["mini_program"] = city["legal"]["mini_program"]
    city["messages"]["submitted"]["group"] = change.get("group", "cases")
    city["messages"]["submitted"]["mini_program"]["template"] = change.get("template", "case_submitted")
    city["templates"]["case_result"]["kind"] = change.get("kind", "one_time")
    city["legal"]["sms"]["fields"] = change.get("sms", {"1": "{title}", "2": "{time}"})
    with pytest.raises(ValidationError, match=reason):
        Messages.model_validate(city)
