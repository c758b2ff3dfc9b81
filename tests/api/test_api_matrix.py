"""The access matrix: every route, every kind of actor, the outcome that is expected.

``in`` means that the caller got in: neither refused nor told that there is nothing. A route in no row fails.
"""

import hashlib
import re
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.bootstrap import House
from app.demo.plan import Plan
from app.identity.models import Citizen, Staff
from app.identity.rules import Duty
from app.kit import clock
from app.mandates.rules import credit_code_check_character
from app.reviews.models import Rectification, Review
from miniapp_api.routing import Actor, Route
from miniapp_api.surfaces import all_routes
from tests.api.conftest import photograph_of_site
from tests.conftest import Phone
from tests.e2e.breaking import await_true
from tests.people import make_child, make_person
from tests.service.broadcasting import WORKS
from tests.service.cases import sensitive_licence, signed_in, staff_member

# What each kind of citizen meets. other: somebody verified who has nothing to do with it. low: the owner, verified with
# WeChat alone (licences are at level 3, the owner's own at 2). scope, outside: a proxy whose mandate covers the matter,
# or another one. agent: of a company that has nothing to do with it. guardian: of a child.
COLUMNS = ("other", "low", "scope", "outside", "agent", "guardian")
SELF = ("acting_not_possible",) * 4
OWN_CASE = ("application_not_found", "in", "in", "matter_not_covered", "application_not_found", "application_not_found")
OWN_LICENCE = (
    "licence_not_found",
    "level_too_low",
    "in",
    "matter_not_covered",
    "licence_not_found",
    "licence_not_found",
)
OWN_REVIEW = ("review_not_found", *OWN_CASE[1:4], "review_not_found", "review_not_found")
OWN_DATA = ("in", "in", "acting_not_possible", "acting_not_possible", "acting_not_possible", "in")
# What takes away from whoever calls it, or from the owner, what the others look for.
USES_UP = {
    *("end_all_sessions", "end_page_session", "end_session", "end_session_on_page", "sign_out_on_page"),
    *("delete_account", "delete_account_on_page", "correct_name", "correct_name_on_page"),
    *("bind_phone", "verify_real_name", "verify_real_name_on_page", "link_province", "link_province_on_page"),
    *("withdraw_application", "withdraw_on_page", "discard_draft", "discard_on_page"),
    *("submit_application", "submit_on_page", "submit_group", "submit_group_on_page"),
    *("delete_material", "remove_on_page", "complete_upload", "cancel_upload"),
    *("end_mandate", "end_mandate_on_page", "withdraw_consent", "change_consent"),
}
CITIZEN: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("list_sessions", "end_all_sessions", "end_page_session"), ("in", "in", *SELF)),
    "end_session": ("session_not_found", "in", *SELF),
    **dict.fromkeys(("read_identity", "bind_phone", "verify_real_name"), ("in", "in", *SELF)),
    **dict.fromkeys(("correct_name", "correct_name_on_page"), ("in", "level_too_low", *SELF)),
    **dict.fromkeys(("link_province", "link_province_on_page"), ("in", "in", *SELF)),
    **dict.fromkeys(("open_identity", "verify_real_name_on_page"), ("in", "in", *SELF)),
    "begin_face_verification": ("in", "level_too_low", *SELF),
    "finish_face_verification": ("face_verification_not_found", "face_verification_not_found", *SELF),
    **dict.fromkeys(
        ("start_application", "open_applying", "begin_applying"),
        ("in", "level_too_low", "in", "matter_not_covered", "in", "in"),
    ),
    **dict.fromkeys(
        ("start_group", "start_group_on_page"),
        ("in", "level_too_low", "matter_not_covered", "matter_not_covered", "matter_not_covered", "in"),
    ),
    "open_group_start": ("in",) * 6,
    **dict.fromkeys(
        ("read_group", "submit_group", "open_group", "submit_group_on_page"),
        (
            "application_not_found",
            "in",
            "matter_not_covered",
            "matter_not_covered",
            "application_not_found",
            "application_not_found",
        ),
    ),
    **dict.fromkeys(("list_applications", "list_licences"), ("in",) * 6),
    "list_earlier_materials": ("in", "in", "in", "matter_not_covered", "in", "in"),
    **dict.fromkeys(
        (
            "read_application",
            "save_form",
            "read_form",
            "answer_questions",
            "add_material",
            "read_material",
            "download_evidence",
            "read_receipt",
            "read_acceptance_receipt",
            *("read_preview", "copy_material", "delete_material"),
            *("begin_upload", "list_uploads", "read_upload", "put_chunk", "complete_upload", "cancel_upload"),
            "supplement_application",
            "hurry_case",
            "change_contact",
        ),
        OWN_CASE,
    ),
    "withdraw_application": OWN_CASE,
    # Whose mandate covers it has deleted it before the others come.
    **dict.fromkeys(("discard_draft", "discard_on_page"), (*OWN_CASE[:3], *OWN_CASE[4:], OWN_CASE[0])),
    "reuse_material": (OWN_CASE[0], "not_found", "not_found", *OWN_CASE[3:]),
    "resubmit_application": OWN_CASE,
    **dict.fromkeys(("list_case_reviews", "submit_review", "open_case_reviews", "review_on_page"), OWN_CASE),
    **dict.fromkeys(("list_reviews", "open_reviews"), ("in",) * 6),
    **dict.fromkeys(("read_review", "open_review"), OWN_REVIEW),
    # Its review is a good one: whoever gets in is told that there is nothing to confirm.
    "confirm_rectification": tuple("rectification_not_found" if seen == "in" else seen for seen in OWN_REVIEW),
    **dict.fromkeys(("submit_application", "submit_on_page"), (OWN_CASE[0], "level_too_low", *OWN_CASE[2:])),
    **dict.fromkeys(
        ("confirm_rectification", "confirm_on_page"),
        tuple("rectification_not_found" if seen == "in" else seen for seen in OWN_REVIEW),
    ),
    "submit_application": (OWN_CASE[0], "level_too_low", *OWN_CASE[2:]),
    **dict.fromkeys(
        (
            "read_licence",
            "read_card",
            "read_card_back",
            "read_licence_pdf",
            "read_licence_ofd",
            "read_credential",
            "present_licence",
            "hold_codes",
        ),
        OWN_LICENCE,
    ),
    **dict.fromkeys(("read_showing_news", "watch_showing", "open_showing", "renew_code"), OWN_LICENCE),
    **dict.fromkeys(("open_wallet", "open_field_requests"), ("in",) * 6),
    **dict.fromkeys(
        ("list_verifications", "open_verifications", "list_paper_codes"), (OWN_LICENCE[0], "in", *OWN_LICENCE[2:])
    ),
    # Nothing was printed.
    "report_paper_lost": (OWN_LICENCE[0], *("paper_code_not_found",) * 2, *OWN_LICENCE[3:]),
    # Whoever gets in is told that the licence was never verified.
    **dict.fromkeys(
        ("object_to_verification", "object_on_page"),
        (OWN_LICENCE[0], "verification_not_found", "verification_not_found", *OWN_LICENCE[3:]),
    ),
    "list_field_requests": ("in",) * 6,
    **dict.fromkeys(("answer_field_request", "answer_on_page"), ("field_request_not_found",) * 6),
    **dict.fromkeys(("list_subscriptions", "record_subscriptions", "list_messages"), ("in", "in", *SELF)),
    **dict.fromkeys(("read_message_preferences", "set_message_preferences"), ("in", "in", *SELF)),
    **dict.fromkeys(("open_preferences", "set_preferences_on_page"), ("in", "in", *SELF)),
    "read_message": ("message_not_found", "message_not_found", *SELF),
    **dict.fromkeys(
        (
            *("list_favourites", "add_favourite", "remove_favourite", "list_recent_items", "keep_recent_items"),
            *("forget_recent_items", "note_opened_item", "forget_opened_item"),
        ),
        ("in", "in", *SELF),
    ),
    **dict.fromkeys(("open_inbox", "open_me", "sign_out_on_page"), ("in", "in", *SELF)),
    "open_cases": ("in",) * 6,
    **dict.fromkeys(
        (
            *("open_case", "open_form", "save_form_on_page", "keep_typed", "open_answers", "change_answers"),
            *(
                "open_check",
                "open_materials",
                "open_material",
                "add_on_page",
                "remove_on_page",
                "open_contact",
                "change_contact_on_page",
            ),
            *("open_supplement", "supplement_on_page", "open_hurry", "hurry_on_page", "download_receipt"),
            *("open_withdrawal", "withdraw_on_page", "open_discard", "open_resubmission", "resubmit_on_page"),
        ),
        OWN_CASE,
    ),
    "reuse_on_page": (OWN_CASE[0], "not_found", "not_found", *OWN_CASE[3:]),
    "note_read_on_page": ("message_not_found", "message_not_found", *SELF),
    "end_session_on_page": ("session_not_found", "in", *SELF),
    **dict.fromkeys(("list_complaints", "write_complaint"), ("in", "in", *SELF)),
    **dict.fromkeys(("open_complaints", "open_complaint_form", "write_complaint_on_page"), ("in", "in", *SELF)),
    **dict.fromkeys(("read_complaint", "open_complaint"), ("complaint_not_found", "in", *SELF)),
    **dict.fromkeys(
        (
            "list_mandates",
            "open_acting",
            "end_acting",
            "open_mandates",
            "open_offer",
            "open_invitation",
            "open_ward_form",
            "open_companies",
            "open_company_form",
        ),
        ("in", "in", *SELF),
    ),
    "begin_acting": ("mandate_inactive", "mandate_inactive", *SELF),
    **dict.fromkeys(
        (
            *("offer_proxy", "read_invitation", "accept_invitation", "take_ward", "register_company"),
            *("offer_on_page", "read_invitation_on_page", "accept_mandate_on_page"),
            *("take_ward_on_page", "register_company_on_page"),
        ),
        ("in", "level_too_low", *SELF),
    ),
    **dict.fromkeys(("end_mandate", "end_mandate_on_page"), ("mandate_not_found", "mandate_not_found", *SELF)),
    "offer_agency": ("company_not_found", "company_not_found", *SELF),
    **dict.fromkeys(("list_consents", "give_consent", "withdraw_consent", "request_export", "read_deletion"), OWN_DATA),
    **dict.fromkeys(("open_privacy", "open_consents", "change_consent", "request_export_on_page"), OWN_DATA),
    **dict.fromkeys(("delete_account", "open_deletion", "delete_account_on_page"), OWN_DATA),
    **dict.fromkeys(
        ("read_export", "read_export_file", "open_export"),
        ("export_not_found", "export_not_found", *OWN_DATA[2:5], "export_not_found"),
    ),
}

# What staff meet: without the duty, and with it in another region and department.
STAFF: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("list_staff_sessions", "end_all_staff_sessions"), ("in", "in")),
    **dict.fromkeys(("give_binding_code", "leave_official_account"), ("in", "in")),
    "change_password": ("password_wrong", "password_wrong"),
    "end_staff_session": ("session_not_found", "session_not_found"),
    "list_accounts": ("duty_missing", "in"),
    "create_account": ("duty_missing", "outside_own_scope"),
    **dict.fromkeys(("change_account", "reset_credentials"), ("duty_missing", "staff_not_found")),
    **dict.fromkeys(
        ("find_held_licences", "print_paper_code", "report_paper_lost_at_window"), ("duty_missing", "holder_not_found")
    ),
    **dict.fromkeys(("verify_code", "verify_code_at_window", "hand_in_scans", "list_concerns"), ("duty_missing", "in")),
    **dict.fromkeys(("sign_out_staff", "open_password", "change_password_on_page", "sign_scanner"), ("in", "in")),
    "open_own_verifications": ("in", "in"),
    **dict.fromkeys(("open_verify", "verify_on_page"), ("duty_missing", "in")),
    **dict.fromkeys(("read_offline_knowledge", "hand_in_on_page"), ("duty_missing", "in")),
    "answer_concern": ("duty_missing", "concern_not_found"),
    **dict.fromkeys(("ask_for_fields", "ask_on_page"), ("verification_not_found", "verification_not_found")),
    **dict.fromkeys(
        ("read_field_request", "read_allowed_fields", "open_asked", "read_on_page"),
        ("field_request_not_found", "field_request_not_found"),
    ),
    "list_kept_items": ("duty_missing", "in"),
    "begin_item": ("duty_missing", "outside_own_scope"),
    **dict.fromkeys(
        ("begin_draft", "check_item", "list_versions", "compare_versions"), ("duty_missing", "item_not_found")
    ),
    **dict.fromkeys(("read_draft", "compare_draft", "save_draft", "delete_draft"), ("duty_missing", "draft_not_found")),
    "read_item_figures": ("duty_missing", "in"),
    **dict.fromkeys(("list_reviews_seen", "list_rectifications"), ("duty_missing", "in")),
    "decide_comment": ("duty_missing", "review_not_found"),
    **dict.fromkeys(
        (
            *("read_rectification", "read_contact", "call_back", "complete_rectification"),
            *("propose_groundless", "decide_groundless", "settle_rectification"),
        ),
        ("duty_missing", "rectification_not_found"),
    ),
    **dict.fromkeys(("list_complaints_seen", "open_staff_complaints"), ("duty_missing", "in")),
    **dict.fromkeys(
        (
            *("read_complaint_seen", "read_complainant", "accept_complaint", "hand_complaint_on"),
            *("answer_complaint", "open_staff_complaint", "open_complainant", "accept_complaint_on_page"),
            *("answer_complaint_on_page", "hand_on_on_page"),
        ),
        ("duty_missing", "complaint_not_found"),
    ),
    "find_licences": ("duty_missing", "in"),
    "move_licence": ("duty_missing", "licence_not_found"),
    "list_tasks": ("in", "in"),
    **dict.fromkeys(("read_task", "close_task"), ("staff_task_not_found", "staff_task_not_found")),
    **dict.fromkeys(("list_broadcast_kinds", "list_broadcasts"), ("duty_missing", "in")),
    "prepare_broadcast": ("duty_missing", "outside_own_scope"),
    **dict.fromkeys(
        (
            *("read_broadcast", "list_broadcast_reasons", "preview_broadcast", "approve_broadcast", "reject_broadcast"),
            *("stop_broadcast", "resume_broadcast"),
        ),
        ("duty_missing", "broadcast_not_found"),
    ),
    "list_deliveries": ("duty_missing", "in"),
    "redrive_delivery": ("duty_missing", "delivery_not_found"),
    **dict.fromkeys(("propose_draft", "publish_draft", "reject_draft"), ("duty_missing", "draft_not_found")),
}

# Open to anybody; what they ask for, a code or a signature of WeChat, they judge themselves.
OPEN = {
    *(
        "open_session",
        "refresh_session",
        "search_items",
        "read_item",
        "read_item_reviews",
        "guide_item",
        "read_code_list",
        "list_notices",
        "list_life_events",
        "read_life_event",
    ),
    *("open_session", "refresh_session", "search_items", "read_item", "list_notices"),
    *("list_suggestions", "read_facets", "list_popular_items", "read_region", "find_halls"),
    *("open_staff_session", "begin_work_sign_in", "open_work_session", "refresh_staff_session"),
    *("open_receipt", "open_receipt_upper", "open_printed_licence", "open_printed_licence_upper"),
    *("open_code", "open_code_upper", "open_sign_in", "begin_wechat_sign_in", "finish_wechat_sign_in"),
    *("open_offline", "read_worker"),
    *("begin_work_sign_in_on_page", "return_from_work", "finish_work_sign_in"),
    *("open_staff_sign_in", "sign_in_staff_on_page", "renew_staff_session"),
    *("begin_province_sign_in", "finish_province_sign_in", "refresh_page_session"),
    *("open_display", "change_display", "open_components", "read_page_file", "renew_page_session"),
    "renew_and_send_again",
    *("open_home", "open_search", "open_guide", "open_life_event", "open_halls", "find_halls_on_page"),
    "open_notices",
    *("read_live", "read_ready", "read_openapi"),
    *("read_licence_keys", "read_licence_jwks", "list_status_lists", "read_status_list"),
}
WECHAT = {"check_official_account", "take_official_account_push", "check_mini_program", "take_mini_program_push"}
PARTNER = {"take_approval_event", "fetch_material"}
RELYING_SYSTEM = {"verify_batch_of_system"}
OPERATOR = {"read_metrics"}

SHA256_OF_X = hashlib.sha256(b"x").hexdigest()
SOLE_TRADER = "11230800JB0000017Q3000731001001"
# What a query must have, where it must have something.
QUERIES = {
    "copy_material": {"purpose": "入学"},
    "compare_versions": {"before": "1", "after": "1"},
    "delete_draft": {"revision": "1"},
    "find_licences": {"name": "x"},
}

ROUTES = {route.name: route for route in all_routes()}
ITEM = "11230800JB0000017Q3000131001001"
NEXT_MONTH = (clock.today() + timedelta(days=30)).isoformat()


def test_no_route_is_left_out() -> None:
    """Whoever adds one says here who gets in; each stands in the table of its own kind of actor, by its own name."""
    assert len(ROUTES) == len(all_routes())
    tables = {
        Actor.CITIZEN: set(CITIZEN),
        Actor.STAFF: set(STAFF),
        Actor.ANYONE: OPEN,
        Actor.WECHAT: WECHAT,
        Actor.PARTNER: PARTNER,
        Actor.RELYING_SYSTEM: RELYING_SYSTEM,
        Actor.OPERATOR: OPERATOR,
    }
    for actor, names in tables.items():
        assert names == {name for name, route in ROUTES.items() if route.actor is actor}
    assert all(len(row) == len(COLUMNS) for row in CITIZEN.values())


@dataclass
class Things:
    """What an owner has, and what is sent to reach it."""

    ids: dict[str, str]
    item_code: str

    def visit(self, client: httpx.Client, route: Route, headers: dict[str, str]) -> httpx.Response:
        """Call a route about these things with a body that the route understands."""
        texts = {"item_code": self.item_code, "life_event": "open_restaurant", "purpose": "licence_presentation"}
        texts["material_id"] = "site_photo"
        path = re.sub(r"<(\w+):uuid>", lambda part: self.ids.get(part[1], str(uuid.uuid4())), route.path)
        path = re.sub(r"<(\w+):str>", lambda part: texts.get(part[1], "x"), path).replace("<number:int>", "0")
        if route.upload:
            upload = {"material_id": "site_photo", **self.body_of(route)}
            return client.post(path, headers=headers, data=upload, files={"file": photograph_of_site()})
        if route.form:
            return client.request(route.method, path, headers=headers, data=self.body_of(route))
        if route.media_type == "text/event-stream":
            # Who is let in is told things for minutes.
            with client.stream(route.method, path, headers=headers) as answer:
                return (
                    answer
                    if answer.is_success
                    else httpx.Response(answer.status_code, content=answer.read(), headers=answer.headers)
                )
        body = self.body_of(route) if route.body else None
        if route.raw:
            return client.request(route.method, path, headers=headers, content=b"x")
        return client.request(route.method, path, headers=headers, json=body, params=self.query_of(route))

    def query_of(self, route: Route) -> dict[str, str] | None:
        """A query that is read, where the route must have one."""
        about_material = {"item_code": self.item_code, "material_id": "site_photo"}
        return about_material if route.name == "list_earlier_materials" else QUERIES.get(route.name)

    def body_of(self, route: Route) -> dict[str, Any]:
        """A body that is read and goes as far as the question who is asking."""
        terms = {"matters": [f"item:{self.item_code}"], "ends_on": NEXT_MONTH}
        account = {"office": "执法二科", "department": "scjg", "region": "230800", "duties": ["verify"]}
        person, some_id = make_person(), str(uuid.uuid4())
        at_window = {**person.named, "document": "identity_card"}
        bodies: dict[str, dict[str, Any]] = {
            "start_application": {"item_code": self.item_code},
            "start_group": {"items": [{"item_code": SOLE_TRADER}, {"item_code": self.item_code}]},
            **{key: {"preset": "card"} for key in ("present_licence", "hold_codes", "renew_code")},
            "find_held_licences": at_window,
            "print_paper_code": {"person": at_window, "licence_id": some_id, "preset": "card", "reason": "没有手机"},
            "report_paper_lost_at_window": {"person": at_window, "licence_id": some_id},
            "note_read_on_page": {"message_id": some_id},
            "begin_acting": {"mandate_id": some_id},
            "end_session_on_page": {"session_id": self.ids.get("session_id", some_id)},
            "save_form": {"revision": 1, "form": {}},
            **{key: {"revision": 1} for key in ("save_form_on_page", "keep_typed", "change_answers")},
            **{key: {"file_id": self.ids.get("file_id", some_id)} for key in ("reuse_on_page", "remove_on_page")},
            "submit_on_page": {"revision": 1, "key": uuid.uuid4().hex},
            **{key: {"key": uuid.uuid4().hex} for key in ("hurry_on_page", "supplement_on_page")},
            "change_contact": {"contact": {"phone": None, "address": None}, "delivery": {"method": "electronic"}},
            "answer_questions": {"revision": 1, "answers": {}},
            "reuse_material": {"material_id": "site_photo", "file_id": str(uuid.uuid4())},
            "begin_upload": {"material_id": "site_photo", "size": 1, "sha256": SHA256_OF_X},
            **dict.fromkeys(("verify_real_name", "verify_real_name_on_page"), person.named),
            **{key: {"name": person.name} for key in ("correct_name", "correct_name_on_page")},
            "submit_group_on_page": {"key": uuid.uuid4().hex},
            "bind_phone": {"code": person.phone_code},
            "offer_proxy": {"direction": "give", **terms},
            "offer_on_page": {"matter": terms["matters"], "ends_on": NEXT_MONTH},
            **{
                key: {"code": "nothing"}
                for key in ("read_invitation", "accept_invitation", "read_invitation_on_page", "accept_mandate_on_page")
            },
            **{key: make_child().named for key in ("take_ward", "take_ward_on_page")},
            **{
                key: {"uscc": credit_code(), "name": "示例公司"}
                for key in ("register_company", "register_company_on_page")
            },
            "offer_agency": terms,
            "give_consent": {"purpose": "licence_presentation", "version": 2},
            "prepare_broadcast": {"kind": "works", "fields": WORKS},
            "approve_broadcast": {"urgent": False},
            **{key: {"reason": "查实"} for key in ("reject_broadcast", "stop_broadcast")},
            "move_licence": {"cause": "suspended", "reason": "查实"},
            **{key: {"confirm": True} for key in ("delete_account", "delete_account_on_page")},
            "change_consent": {"purpose": "licence_presentation", "version": 2, "act": "give"},
            "record_subscriptions": {"template_ids": ["x"], "results": ["reject"]},
            "set_message_preferences": {"muted_groups": [], "muted_channels": [], "quiet": None},
            "create_account": {"username": f"t{uuid.uuid4().hex}", **account},
            "change_account": {**account, "department": "ga", "region": "230822", "active": True},
            **{key: {"old": "x", "new": "y"} for key in ("change_password", "change_password_on_page")},
            **{key: {"code": "x"} for key in ("verify_code", "verify_code_at_window")},
            **{key: {"scans": [offline_scan("x")]} for key in ("hand_in_scans", "hand_in_on_page")},
            **{key: {"fields": ["x"], "purpose": "核对经营场所"} for key in ("ask_for_fields", "ask_on_page")},
            "read_on_page": {"key": uuid.uuid4().hex},
            "verify_on_page": {"code": "x", "duty": "verify", "key": uuid.uuid4().hex},
            "answer_concern": {"answer": "x"},
            **{key: {"answer": "refused"} for key in ("answer_field_request", "answer_on_page")},
            "begin_item": {"item_code": f"{'1' * 18}{'3' * 13}", "department": "scjg", "region": "230800"},
            "save_draft": {"revision": 1, "guide": {}},
            **{key: {"stage": "result", "level": 5} for key in ("submit_review", "review_on_page")},
            **{key: {"satisfied": True} for key in ("confirm_rectification", "confirm_on_page")},
            "decide_comment": {"decision": "release"},
            "call_back": {"reached": "nobody", "outcome": "x"},
            **{key: {"note": "x"} for key in ("complete_rectification", "propose_groundless", "settle_rectification")},
            "decide_groundless": {"note": "x", "confirmed": True},
            "write_complaint": {"kind": "suggestion", "text": uuid.uuid4().hex, "named": False},
            "find_halls_on_page": {"longitude": "130.32", "latitude": "46.80"},
            "write_complaint_on_page": {"kind": "suggestion", "text": uuid.uuid4().hex},
            **{key: {"department": "ga", "note": "x"} for key in ("hand_complaint_on", "hand_on_on_page")},
            **{key: {"answer": "x"} for key in ("answer_complaint", "answer_complaint_on_page")},
            "propose_draft": {"revision": 1, "effective_on": NEXT_MONTH, "note": "x"},
            "publish_draft": {"revision": 1},
            "reject_draft": {"revision": 1, "reason": "x"},
            "redrive_delivery": {"reason": "x"},
            "close_task": {"reason": "x"},
        }
        return bodies.get(route.name, {})


def offline_scan(code: str) -> dict[str, Any]:
    """A scan that a phone made without network."""
    scanned_at, id_ = clock.in_city(clock.now()), str(uuid.uuid4())
    ages = {"keys_age_seconds": 0, "status_age_seconds": 0}
    return {"id": id_, "code": code, "scanned_at": scanned_at, "said": "genuine_offline", **ages}


def credit_code() -> str:
    """A company's code."""
    first = "91230800" + uuid.uuid4().hex[:9].upper().translate(str.maketrans("BCDEF", "12345"))
    return first + credit_code_check_character(first)


def outcome(answer: httpx.Response) -> str:
    """The code of a refusal, ``in`` for whoever got past the question who they are."""
    if answer.status_code not in {401, 403, 404}:
        # Who is told to wait was not asked who they are, or not as far as it goes.
        assert answer.status_code < 500, answer.text
        assert answer.status_code != 429, answer.text
        return "in"
    return str(answer.json()["code"]) if "json" in answer.headers["content-type"] else "page"


async def proven(plan: Plan) -> Phone:
    """A citizen at level 3 who has consented to what is asked."""
    phone = Phone(plan, make_person())
    phone.verify()
    for purpose in ("face", "child"):
        phone.consent(purpose)
    await Citizen.filter(id=phone.http.get("/api/v1/identity").json()["id"]).update(level=3)
    return phone


async def things_of(phone: Phone) -> Things:
    """A draft with a photograph, a licence, a session, a mandate, a company, a copy of one's data."""
    item = phone.item()
    case = phone.http.post("/api/v1/applications", json={"item_code": item["item_code"]}).json()["id"]
    upload = {"material_id": "site_photo"}
    both = {"items": [{"item_code": SOLE_TRADER}, {"item_code": item["item_code"]}]}
    material = phone.http.post(
        f"/api/v1/applications/{case}/materials", data=upload, files={"file": photograph_of_site()}
    ).json()
    upload_body = {"material_id": "site_photo", "size": 1, "sha256": SHA256_OF_X}
    offer = {"direction": "give", "matters": [f"item:{item['item_code']}"], "ends_on": NEXT_MONTH}
    files = f"/api/v1/applications/{case}/materials"
    await_true("a preview", lambda: phone.http.get(f"{files}/{material['id']}/preview").is_success)
    ids = {
        "application_id": case,
        "file_id": material["id"],
        "upload_id": phone.http.post(f"/api/v1/applications/{case}/uploads", json=upload_body).json()["id"],
        "group_id": phone.http.post("/api/v1/life-events/open_restaurant/applications", json=both).json()["id"],
        "licence_id": str((await sensitive_licence(UUID(phone.http.get("/api/v1/identity").json()["id"]))).id),
        "session_id": phone.http.get("/api/v1/sessions").json()["items"][0]["id"],
        "mandate_id": phone.http.post("/api/v1/mandates", json=offer).json()["id"],
        "company_id": phone.http.post("/api/v1/companies", json={"uscc": credit_code(), "name": "示例"}).json()["id"],
        "verification_id": phone.http.post("/api/v1/identity/face-verifications").json()["id"],
        "review_id": str((await review_of(case)).id),
        "export_id": phone.http.post("/api/v1/privacy/exports").json()["id"],
        "complaint_id": phone.http.post(
            "/api/v1/complaints", json={"kind": "complaint", "text": "等了很久", "named": True}
        ).json()["id"],
    }
    return Things(ids, item["item_code"])


async def review_of(case: str | None, level: int = 5) -> Review:
    """A review of a case, be it one that could not be reviewed yet, of an item of the market supervision."""
    return await Review.create(
        application_id=case,
        stage="result",
        item_code=ITEM,
        item_name="示例",
        department="scjg",
        region="230800",
        level=level,
        reasons=[],
        created_at=clock.now(),
    )


def mandate(giver: Phone, taker: Phone, *matters: str) -> dict[str, str]:
    """The header by which the taker acts for the giver."""
    offer = {"direction": "give", "matters": list(matters), "ends_on": NEXT_MONTH}
    code = giver.http.post("/api/v1/mandates", json=offer).json()["code"]
    return {"X-Acting-For": taker.http.post("/api/v1/mandates/acceptances", json={"code": code}).json()["id"]}


@dataclass
class Cast:
    """An owner and their things, the same of one whom WeChat alone knows, a stranger to both; how they act for others.

    ``covered`` and ``elsewhere``: the stranger, for the owner, in these matters or in others. ``agency``: the owner,
    for the stranger's company. ``ward``: the stranger, for a child.
    """

    owner: Phone
    things: Things
    low: Phone
    low_things: Things
    other: Phone
    covered: dict[str, str]
    elsewhere: dict[str, str]
    agency: dict[str, str]
    ward: dict[str, str]

    @classmethod
    async def gather(cls, plan: Plan) -> "Cast":
        """New ones, at level 3, as the licence wants: nothing but whose things they are stands in the way."""
        owner, low, other = await proven(plan), await proven(plan), await proven(plan)
        things, low_things = await things_of(owner), await things_of(low)
        for one in ("mandate_id", "company_id", "export_id", "verification_id"):
            del low_things.ids[one]
        await Citizen.filter(id=low.http.get("/api/v1/identity").json()["id"]).update(level=0)
        company = other.http.post("/api/v1/companies", json={"uscc": credit_code(), "name": "别家"}).json()
        offered = other.http.post(
            f"/api/v1/companies/{company['id']}/agents",
            json={"matters": [f"item:{things.item_code}"], "ends_on": NEXT_MONTH},
        ).json()["code"]
        agent = owner.http.post("/api/v1/mandates/acceptances", json={"code": offered}).json()["id"]
        ward = other.http.post("/api/v1/wards", json=make_child().named).json()["id"]
        covered = mandate(owner, other, f"item:{things.item_code}", "licence:disability_certificate")
        elsewhere = mandate(owner, other, "licence:food_business")
        acting = ({"X-Acting-For": agent}, {"X-Acting-For": ward})
        return cls(owner, things, low, low_things, other, covered, elsewhere, *acting)

    def close(self) -> None:
        """They go home."""
        for phone in (self.owner, self.low, self.other):
            phone.http.close()


@pytest.fixture(scope="module")
def casts() -> Iterator[list[Cast]]:
    """The cast that plays on, if any."""
    playing: list[Cast] = []
    yield playing
    for one in playing:
        one.close()


@pytest.fixture
async def cast(name: str, casts: list[Cast], house: House, plan: Plan) -> Cast:
    """Who played last, unless a route takes things away: to each of those come others."""
    del house
    if name in USES_UP:
        while casts:
            casts.pop().close()
    if not casts:
        casts.append(await Cast.gather(plan))
    return casts[0]


def _gentlest_first(name: str) -> tuple[bool, bool]:
    return name in USES_UP, ROUTES[name].method != "GET"


GENTLEST_FIRST: list[str] = sorted(CITIZEN, key=_gentlest_first)


@pytest.mark.parametrize("name", GENTLEST_FIRST)
def test_citizens(name: str, cast: Cast, client: httpx.Client, staff_header: dict[str, str]) -> None:
    """Each kind of citizen meets what the table says; nobody and staff get nowhere."""
    route, things, other = ROUTES[name], cast.things, cast.other.http
    assert outcome(things.visit(client, route, {})) == "access_token_missing"
    assert outcome(things.visit(client, route, staff_header)) == "access_token_invalid"
    seen = {
        "scope": outcome(things.visit(other, route, cast.covered)),
        "outside": outcome(things.visit(other, route, cast.elsewhere)),
        # The owner's own things are not found where the owner speaks for a company.
        "agent": outcome(things.visit(cast.owner.http, route, cast.agency)),
        "guardian": outcome(things.visit(other, route, cast.ward)),
        "other": outcome(things.visit(other, route, {})),
        "low": outcome(cast.low_things.visit(cast.low.http, route, {})),
    }
    assert seen == dict(zip(COLUMNS, CITIZEN[name], strict=True))


@pytest.fixture
async def staff_header(house: House) -> dict[str, str]:
    """A member of staff with every duty."""
    return await signed_in(house, await staff_member([duty.value for duty in Duty]))


@pytest.fixture
async def keeper(house: House) -> dict[str, str]:
    """The header of one who keeps the items of the market supervision."""
    return await signed_in(house, await staff_member([Duty.EDIT_ITEMS], region="230800"))


@pytest.fixture
async def colleagues(house: House) -> tuple[dict[str, str], dict[str, str], Staff]:
    """Headers of one without duties and of one with all of them elsewhere, and an account of the city."""
    every = [duty.value for duty in Duty]
    account = await staff_member([Duty.VERIFY], region="230800")
    idle = await signed_in(house, await staff_member([], region="230800"))
    elsewhere = await signed_in(house, await staff_member(every, region="230822", department="ga"))
    return idle, elsewhere, account


@pytest.fixture
async def bad_review(house: House) -> AsyncIterator[dict[str, str]]:
    """A bad review with its rectification, in the city's market supervision."""
    del house
    review = await review_of(None, level=1)
    found = await Rectification.create(review=review, rectify_by=clock.today(), opened_at=clock.now())
    yield {"review_id": str(review.id), "rectification_id": str(found.id)}
    await review.delete()


@pytest.mark.parametrize("name", STAFF)
def test_staff(
    name: str,
    client: httpx.Client,
    stranger: Phone,
    colleagues: tuple[dict[str, str], dict[str, str], Staff],
    keeper: dict[str, str],
    bad_review: dict[str, str],
) -> None:
    """Without the duty, and with it elsewhere; nobody and citizens get nowhere."""
    idle, elsewhere, account = colleagues
    draft = client.post(f"/staff/v1/items/{ITEM}/drafts", json={}, headers=keeper).json()["version"]["id"]
    route, things = ROUTES[name], Things({"staff_id": str(account.id), "draft_id": draft, **bad_review}, ITEM)
    assert outcome(things.visit(client, route, {})) == "access_token_missing"
    citizen = {"Authorization": stranger.http.headers["Authorization"]}
    assert outcome(things.visit(client, route, citizen)) == "access_token_invalid"
    assert tuple(outcome(things.visit(client, route, header)) for header in (idle, elsewhere)) == STAFF[name]
    client.delete(f"/staff/v1/drafts/{draft}", params={"revision": 1}, headers=keeper).raise_for_status()


@pytest.mark.parametrize("name", sorted(OPEN))
def test_what_is_open_asks_nobody_who_they_are(name: str, client: httpx.Client) -> None:
    """Neither a token nor a mandate is asked for."""
    seen = outcome(Things({}, "x").visit(client, ROUTES[name], {"Accept": "application/json"}))
    assert seen not in {"access_token_missing", "access_token_invalid", "acting_not_possible"}


@pytest.mark.parametrize("name", sorted(WECHAT | PARTNER | RELYING_SYSTEM | OPERATOR))
def test_other_systems_prove_themselves(name: str, client: httpx.Client, stranger: Phone) -> None:
    """A citizen's token is worth nothing there."""
    route = ROUTES[name]
    headers = {"Authorization": stranger.http.headers["Authorization"]}
    answer = Things({}, "x").visit(client, route, headers)
    expected = {
        Actor.WECHAT: {"wechat_callback_refused", "wechat_callback_malformed"},
        Actor.PARTNER: {"signature_missing"},
        Actor.RELYING_SYSTEM: {"signature_missing"},
        Actor.OPERATOR: {"access_token_invalid"},
    }
    assert answer.json()["code"] in expected[route.actor]
