"""What forms are filled with, over HTTP."""

import httpx

from tests.api.conftest import photograph_of_site
from tests.conftest import Phone, error_of

SEX = "/api/v1/code-lists/sex"


def test_a_code_list_is_answered_in_its_standards_order_and_kept_by_phones(client: httpx.Client) -> None:
    """With an ETag: whoever has it is told that nothing changed."""
    answer = client.get(SEX)
    body = answer.json()
    assert (answer.status_code, body["standard"], body["title"]) == (200, "GB/T 2261.1", "性别")
    assert [entry["code"] for entry in body["entries"]] == ["0", "1", "2", "9"]
    again = client.get(SEX, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get("/api/v1/code-lists/ethnic_group")
    assert other.headers["ETag"] != answer.headers["ETag"]
    assert len(other.json()["entries"]) == 58


def test_a_list_that_is_none_is_not_found(client: httpx.Client) -> None:
    """Whatever its name."""
    for name in ("nothing", "x" * 200, "性别"):
        assert error_of(client.get(f"/api/v1/code-lists/{name}")) == (404, "code_list_not_found"), name


def test_a_draft_says_what_it_was_filled_with_and_a_case_what_was_saved(phone: Phone) -> None:
    """In Chinese, as long as the value is kept."""
    draft = phone.http.post("/api/v1/applications", json={"item_code": phone.item()["item_code"]}).json()
    marks = {mark["field"]: mark for mark in draft["prefilled"]}
    name = {"field": "applicant_name", "source": "identity.name", "title": "来自实名认证"}
    assert (marks["applicant_name"], draft["prefill_away"], draft["saved"]) == (name, [], None)
    path = f"/api/v1/applications/{draft['id']}"
    form = {**phone.item()["form_example"], "applicant_phone": "13900000001"}
    saved = phone.http.patch(path, json={"revision": draft["revision"], "form": form})
    assert "applicant_phone" in marks
    assert "applicant_phone" not in {mark["field"] for mark in saved.json()["prefilled"]}
    materials = {one["id"]: one for one in phone.http.get(f"{path}/form").json()["materials"]}
    assert (materials["site_photo"]["needed"], materials["id_card"]["needed"]) == (True, False)
    assert materials["site_photo"]["replaced_by_licence"] is None
    files = {"file": photograph_of_site()}
    assert phone.http.post(f"{path}/materials", data={"material_id": "site_photo"}, files=files).status_code == 201
    assert phone.http.post(f"{path}/submission").status_code == 202
    case = phone.http.get(path).json()
    replaced = [one for one in materials.values() if one["replaced_by"] and one["replaced_by"]["kind"] != "licence"]
    assert case["saved"] == {"fields": len(case["prefilled"]), "materials": len(replaced)}


def test_every_answer_with_a_form_says_when_its_fields_are_asked(phone: Phone) -> None:
    """In plain JSON Schema: the guide, the variant that questions lead to, and the draft's own form."""
    code, answers = "11230800JB0000025K3002009005001", {"who": "self"}
    guide = phone.http.get(f"/api/v1/items/{code}").json()
    led = phone.http.post(f"/api/v1/items/{code}/guidance", json={"answers": answers}).json()
    draft = phone.http.post("/api/v1/applications", json={"item_code": code, "answers": answers}).json()
    asked = phone.http.get(f"/api/v1/applications/{draft['id']}/form").json()
    for schema in (guide["form_schema"], led["form_schema"], asked["form_schema"]):
        named = {name for name, field in schema["properties"].items() if "x-when" in field}
        told = {name for rule in schema["allOf"] for name in rule["else"]["properties"]}
        assert named == told != set()
        assert not named & set(schema["required"])
