"""What citizens are told: every kind is there, names only known placeholders and fits WeChat's fields."""

import re
from collections import Counter
from string import Formatter
from typing import Any

import pytest
import yaml

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
    *("draft_expiring", "draft_expired", "life_event_done"),
}
PLACEHOLDERS = {"item", "case_no", "case_tail", "time", "note", "licence", "verdict", "office", "phrase"}
PLACEHOLDERS |= {"person", "until"}
FIELD_LIMITS = {"thing": 20, "character_string": 32, "phrase": 5, "time": 32}
MESSAGES: dict[str, dict[str, Any]] = yaml.safe_load((CITY_DATA / "messages.yaml").read_text(encoding="utf-8"))


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
def test_message_uses_known_placeholders_and_fits_wechat(kind: str) -> None:
    message = MESSAGES[kind]
    assert set(message) == {"title", "text", "urgency", "template"}
    assert placeholders(message["title"]) == set()
    assert placeholders(message["text"]) <= PLACEHOLDERS
    if (template := message["template"]) is None:
        return
    assert set(template) == {"id", "name", "fields", "page"}
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", template["id"])
    assert not template["page"].startswith("/")
    for key, value in template["fields"].items():
        assert placeholders(value) <= PLACEHOLDERS - {"case_no", "note"}
        limit = FIELD_LIMITS[key.rstrip("0123456789")]
        assert placeholders(value) or 0 < len(value) <= limit


def test_messages_that_share_a_template_fill_the_same_fields() -> None:
    templates = [message["template"] for message in MESSAGES.values() if message["template"]]
    shapes = {(t["id"], t["name"], tuple(t["fields"])) for t in templates}
    assert len(shapes) == len({t["id"] for t in templates})
    uses = Counter(t["id"] for t in templates)
    for kind in ("submitted", "supplement_requested", "approved", "licence_scanned"):
        assert uses[MESSAGES[kind]["template"]["id"]] == 1
