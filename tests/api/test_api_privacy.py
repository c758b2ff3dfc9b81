"""Data rights over HTTP: told and asked, a copy fetched, an account deleted, a guardian for a child."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.demo.plan import Plan
from app.kit import clock
from tests.api.conftest import Holder, submit_held
from tests.conftest import Phone, error_of
from tests.e2e.breaking import await_true
from tests.people import make_child, make_person

Documented = Callable[[httpx.Response], None]
CONSENTS, EXPORTS, DELETION = "/api/v1/privacy/consents", "/api/v1/privacy/exports", "/api/v1/privacy/deletion"
NEXT_MONTH = (clock.today() + timedelta(days=30)).isoformat()


@pytest.fixture
def daughter(plan: Plan, documented: Documented) -> Iterator[Phone]:
    """Somebody verified who is not the phone's owner."""
    daughter = Phone(plan, make_person())
    daughter.http.event_hooks = {"response": [documented]}
    daughter.verify()
    yield daughter
    daughter.http.close()


def guardian_of(guardian: Phone) -> tuple[dict[str, str], dict[str, str]]:
    """A child of six, and the header by which the guardian acts for it."""
    child = make_child().named
    guardian.consent("child")
    guardian.show_face()
    taken = guardian.http.post("/api/v1/wards", json=child)
    assert taken.status_code == 201, taken.text
    return child, {"X-Acting-For": taken.json()["id"]}


def copy_of(client: httpx.Client, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """A copy that is asked for, waited for and fetched: its entries by name, JSON read."""
    asked = client.post(EXPORTS, headers=headers)
    assert asked.status_code == 202, asked.text
    path = f"{EXPORTS}/{asked.json()['id']}"
    await_true("the copy", lambda: client.get(path, headers=headers).json()["state"] == "ready")
    ready = client.get(path, headers=headers).json()
    assert ready["done"] == ready["total"] > 0
    answer = client.get(f"{path}/file", headers=headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Request-Id"]
    assert len(answer.content) == ready["size"] == int(answer.headers["Content-Length"])
    with zipfile.ZipFile(io.BytesIO(answer.content)) as copy:
        return {
            name: json.loads(copy.read(name)) if name.endswith(".json") else copy.read(name) for name in copy.namelist()
        }


def standing(client: httpx.Client, purpose: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """How somebody stands to a purpose."""
    items = client.get(CONSENTS, headers=headers).json()["items"]
    return next(entry for entry in items if entry["purpose"] == purpose)


def test_anybody_reads_what_data_is_used_for(client: httpx.Client) -> None:
    """Before they sign in."""
    items = client.get("/api/v1/privacy/notices").json()["items"]
    assert {"notice", "separate_consent"} == {entry["kind"] for entry in items}
    assert all(set(entry) == {"purpose", "version", "kind", "title", "text"} for entry in items)


def test_a_consent_is_given_and_withdrawn_and_both_are_seen(phone: Phone) -> None:
    """An outdated version and an unknown purpose are refused; the refusal names the present version."""
    version = standing(phone.http, "face")["version"]
    outdated = phone.http.post(CONSENTS, json={"purpose": "face", "version": version + 1})
    assert error_of(outdated) == (409, "consent_version_outdated")
    assert outdated.json()["context"] == {"purpose": "face", "version": version}
    unknown = phone.http.post(CONSENTS, json={"purpose": "cases", "version": 1})
    assert error_of(unknown) == (404, "consent_purpose_unknown")
    assert error_of(phone.http.delete(f"{CONSENTS}/nothing")) == (404, "consent_purpose_unknown")
    given = phone.http.post(CONSENTS, json={"purpose": "face", "version": version})
    assert given.status_code == 200
    assert standing(phone.http, "face")["given"] is True
    assert phone.http.delete(f"{CONSENTS}/face").status_code == 200
    after = standing(phone.http, "face")
    assert (after["given"], after["given_version"]) == (False, None)
    assert [said["act"] for said in after["history"]] == ["given", "withdrawn"]


def test_a_holder_fetches_a_copy_of_everything(holder: Holder, client: httpx.Client) -> None:
    """The case with its timeline and file, the licence with its card, the messages; the inbox tells of it."""
    client.headers.update(holder.headers)
    copy = copy_of(client)
    (case,) = [entry for entry in copy["data/applications.json"]["records"] if entry["case_no"]]
    assert case["form"]["applicant_name"]["value"] == holder.person.name
    assert {"submit", "approved"} <= {entry["kind"] for entry in copy["data/timeline.json"]["records"]}
    assert [name for name in copy if name.startswith("files/materials/")]
    (licence,) = copy["data/licences.json"]["records"]
    assert copy[f"files/licences/{licence['number']}.png"].startswith(b"\x89PNG")
    assert {entry["kind"] for entry in copy["data/events.json"]["records"]} >= {"accepted", "approved"}
    assert "export_ready" in [entry["kind"] for entry in client.get("/api/v1/messages").json()["items"]]


def test_a_copy_is_nobody_elses(phone: Phone, stranger: Phone) -> None:
    """Neither its state nor its file."""
    asked = phone.http.post(EXPORTS).json()
    for path in (f"{EXPORTS}/{asked['id']}", f"{EXPORTS}/{asked['id']}/file"):
        assert error_of(stranger.http.get(path)) == (404, "export_not_found")


def test_copies_are_counted(stranger: Phone) -> None:
    """Ten an hour."""
    answers = [stranger.http.post(EXPORTS).status_code for _ in range(11)]
    assert answers == [202] * 10 + [429]


def test_a_deletion_must_be_meant(phone: Phone) -> None:
    """Anything but a clear yes is no."""
    for body in ({}, {"confirm": False}, {"confirm": "true"}, {"confirm": 1}):
        assert error_of(phone.http.post(DELETION, json=body)) == (422, "field_invalid")
    assert phone.http.get("/api/v1/identity").status_code == 200


def test_a_case_under_way_stands_in_the_way(phone: Phone) -> None:
    """Said before and at the try; withdrawn, it is kept and the account goes."""
    path, case_no = submit_held(phone)
    outlook = phone.http.get(DELETION).json()
    assert (outlook["possible"], outlook["blocked_by"]) == (False, [case_no])
    refused = phone.http.post(DELETION, json={"confirm": True})
    assert error_of(refused) == (409, "deletion_blocked")
    assert refused.json()["context"] == {"case_numbers": [case_no]}
    assert phone.http.post(f"{path}/withdrawal", json={"reason": ""}).status_code == 202
    answer = phone.http.post(DELETION, json={"confirm": True}).json()
    kept = {entry["kind"]: entry for entry in answer["stays"]}
    assert kept["cases"]["until"] == kept["identity"]["until"]
    assert int(kept["cases"]["until"][:4]) >= clock.today().year + 9


def test_who_deleted_the_account_is_signed_out_and_comes_back_as_somebody_new(phone: Phone) -> None:
    """Within two seconds; a new login sees nothing of before."""
    draft = phone.draft()
    outlook = phone.http.get(DELETION).json()
    assert {"drafts", "wechat_accounts", "phone", "identity"} <= {entry["kind"] for entry in outlook["goes"]}
    before = phone.http.get("/api/v1/identity").json()["id"]
    assert phone.http.post(DELETION, json={"confirm": True}).json()["deleted"] is True

    def refused() -> httpx.Response | None:
        answer = phone.http.get("/api/v1/identity")
        return answer if answer.status_code != 200 else None

    assert error_of(await_true("the end of the session", refused, seconds=2)) == (401, "session_ended")
    again = phone.sign_in()["citizen"]
    assert again["id"] != before
    assert (again["level"], again["name"], again["phone"]) == (0, None, None)
    assert phone.http.get("/api/v1/applications").json()["items"] == []
    assert error_of(phone.http.get(f"/api/v1/applications/{draft['id']}")) == (404, "application_not_found")
    assert phone.http.get("/api/v1/messages").json()["items"] == []
    phone.verify()


def test_a_guardian_decides_for_the_child_and_for_the_child_alone(phone: Phone) -> None:
    """Consent, copy and deletion are the child's and say by which mandate; the guardian's own data stays apart."""
    child, acting = guardian_of(phone)
    version = standing(phone.http, "child", acting)["version"]
    phone.http.post(CONSENTS, json={"purpose": "child", "version": version}, headers=acting)
    (said,) = standing(phone.http, "child", acting)["history"]
    assert said["by_mandate"] == acting["X-Acting-For"]
    assert [own["by_mandate"] for own in standing(phone.http, "child")["history"]] == [None]
    copy = copy_of(phone.http, acting)
    (person,) = copy["data/citizen.json"]["records"]
    assert (person["name"], person["id_number"]) == (child["name"], child["id_number"])
    assert phone.person.id_number not in json.dumps({k: v for k, v in copy.items() if k.endswith(".json")})
    asked = phone.http.post(EXPORTS, headers=acting).json()["id"]
    assert error_of(phone.http.get(f"{EXPORTS}/{asked}")) == (404, "export_not_found")
    assert "export_ready" in [entry["kind"] for entry in phone.http.get("/api/v1/messages").json()["items"]]
    assert phone.http.get(DELETION, headers=acting).json()["possible"] is True
    assert phone.http.post(DELETION, json={"confirm": True}, headers=acting).status_code == 200
    assert error_of(phone.http.get(DELETION, headers=acting)) == (403, "mandate_inactive")
    assert phone.http.get("/api/v1/identity").json()["level"] == 3


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", CONSENTS, None),
        ("POST", CONSENTS, {"purpose": "face", "version": 1}),
        ("DELETE", f"{CONSENTS}/face", None),
        ("POST", EXPORTS, None),
        ("GET", f"{EXPORTS}/00000000-0000-7000-8000-000000000000", None),
        ("GET", f"{EXPORTS}/00000000-0000-7000-8000-000000000000/file", None),
        ("GET", DELETION, None),
        ("POST", DELETION, {"confirm": True}),
    ],
)
def test_a_proxy_and_a_representative_decide_about_nobodys_data(
    phone: Phone, daughter: Phone, method: str, path: str, body: dict[str, Any] | None
) -> None:
    """A mandate for matters is none for a person's data, and a company has none of its own here."""
    terms = {"direction": "give", "matters": ["licence:food_business"], "ends_on": NEXT_MONTH}
    code = phone.http.post("/api/v1/mandates", json=terms).json()["code"]
    proxy = daughter.http.post("/api/v1/mandates/acceptances", json={"code": code}).json()["id"]
    daughter.show_face()
    company = daughter.http.post(
        "/api/v1/companies", json={"uscc": "91230800MA1B2C3D4D", "name": "佳木斯示例食品有限公司"}
    )
    assert company.is_success, company.text
    for mandate in (proxy, company.json()["mandate_id"]):
        refused = daughter.http.request(method, path, json=body, headers={"X-Acting-For": mandate})
        assert error_of(refused) == (403, "acting_not_possible")
