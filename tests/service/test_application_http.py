"""Cases as phones make them, with the worker and the approval system running."""

import asyncio
import io
import uuid
from typing import Any

import asyncpg
import httpx
import pytest
from PIL import Image

from app.demo.plan import Plan
from tests.conftest import Phone, error_of
from tests.e2e.breaking import await_true
from tests.people import make_person


def picture() -> bytes:
    """A small photograph."""
    content = io.BytesIO()
    Image.new("RGB", (64, 48), "white").save(content, "JPEG")
    return content.getvalue()


def upload(phone: Phone, path: str) -> None:
    """Upload the required photograph."""
    answer = phone.http.post(
        f"{path}/materials", data={"material_id": "site_photo"}, files={"file": ("a.jpg", picture(), "image/jpeg")}
    )
    assert answer.status_code == 201, answer.text


@pytest.fixture
def path(phone: Phone) -> str:
    """A draft that is ready to be submitted, and that the approval system will hold."""
    path = f"/api/v1/applications/{phone.draft(remark='请等待')['id']}"
    upload(phone, path)
    return path


def phone_file(phone: Phone, path: str) -> str:
    """The id of the photograph that was uploaded."""
    return str(phone.http.get(path).json()["materials"][0]["id"])


def submit(phone: Phone, path: str) -> str:
    """Submit, and return the case number."""
    answer = phone.http.post(f"{path}/submission", headers={"Idempotency-Key": uuid.uuid4().hex})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["case_no"])


def state(phone: Phone, path: str) -> str:
    """Where the case stands."""
    return str(phone.http.get(path).json()["state"])


def order(plan: Plan, case_no: str, action: str) -> None:
    """Tell the approval system what to do."""
    url = f"{plan.sandbox_url}/control/approvals/{case_no}"
    answer = await_true(
        "the case is at the approval system",
        lambda: (
            (said := httpx.post(url, json={"action": action, "note": "请补充"}, trust_env=False)).is_success and said
        ),
    )
    assert answer.json()


async def test_fifty_submissions_at_once_are_one_case(plan: Plan, phone: Phone, path: str) -> None:
    """One number, one delivery, whatever the keys."""
    async with httpx.AsyncClient(
        base_url=plan.web_url, headers=phone.http.headers, timeout=60, trust_env=False
    ) as many:
        answers = await asyncio.gather(
            *(many.post(f"{path}/submission", headers={"Idempotency-Key": f"k{number}"}) for number in range(50))
        )
    assert {answer.status_code for answer in answers} == {202}
    numbers = {answer.json()["case_no"] for answer in answers}
    assert len(numbers) == 1
    connection = await asyncpg.connect(plan.database_url)
    try:
        item_code = phone.item()["item_code"]
        jobs = "SELECT count(*) FROM audit_records WHERE chain = $1 AND action = 'submit'"
        assert await connection.fetchval(jobs, f"application:{path.rpartition('/')[2]}") == 1
        assert next(iter(numbers)).startswith(item_code)
    finally:
        await connection.close()


def test_a_key_belongs_to_one_application(phone: Phone, path: str) -> None:
    """The same key with another application is a mistake of the caller's."""
    key = {"Idempotency-Key": uuid.uuid4().hex}
    assert phone.http.post(f"{path}/submission", headers=key).status_code == 202
    other = f"/api/v1/applications/{phone.draft()['id']}"
    upload(phone, other)
    assert error_of(phone.http.post(f"{other}/submission", headers=key)) == (409, "idempotency_key_reused")


def test_an_unfinished_draft_is_not_submitted_and_says_what_is_missing(phone: Phone) -> None:
    """Fields first, then materials, each by name."""
    item = phone.item()
    draft = phone.http.post("/api/v1/applications", json={"item_code": item["item_code"]}).json()
    path = f"/api/v1/applications/{draft['id']}"
    answer = phone.http.post(f"{path}/submission")
    assert error_of(answer) == (422, "form_invalid")
    assert {"field": "business_name", "reason": "required", "message": "请填写“经营者名称”。"} in answer.json()[
        "context"
    ]["fields"]
    phone.http.patch(path, json={"revision": 1, "form": item["form_example"]})
    answer = phone.http.post(f"{path}/submission")
    assert error_of(answer) == (422, "materials_missing")
    assert [material["id"] for material in answer.json()["context"]["materials"]] == ["site_photo"]
    assert state(phone, path) == "draft"


def test_the_verified_identity_cannot_be_changed_in_a_form(phone: Phone) -> None:
    """Somebody else's name and number are passed over; nothing of them is kept."""
    form = phone.draft(applicant_name="别人", applicant_id_number="440524188001010014")["form"]
    assert (form["applicant_name"], form["applicant_id_number"]) == (phone.person.name, phone.person.id_number)


def test_another_citizens_application_looks_like_none(plan: Plan, phone: Phone, path: str) -> None:
    """Reading, writing, submitting, withdrawing."""
    stranger = Phone(plan, make_person())
    stranger.verify()
    attempts: list[tuple[str, str, Any]] = [
        ("GET", path, None),
        ("GET", f"{path}/materials/{phone_file(phone, path)}", None),
        ("PATCH", path, {"revision": 1, "form": {}}),
        ("POST", f"{path}/submission", None),
        ("POST", f"{path}/supplements", {"note": ""}),
        ("POST", f"{path}/withdrawal", {"reason": ""}),
    ]
    for method, url, body in attempts:
        assert error_of(stranger.http.request(method, url, json=body)) == (404, "application_not_found")
    stranger.http.close()


def test_a_submitted_case_is_no_draft_any_more(phone: Phone, path: str) -> None:
    """Its form and its files stand."""
    submit(phone, path)
    assert error_of(phone.http.patch(path, json={"revision": 1, "form": {"remark": "x"}})) == (409, "not_a_draft")
    files = {"file": ("a.jpg", picture(), "image/jpeg")}
    answer = phone.http.post(f"{path}/materials", data={"material_id": "site_photo"}, files=files)
    assert error_of(answer) == (409, "state_forbids")


def test_a_supplement_is_taken_once_and_only_when_asked_for(plan: Plan, phone: Phone, path: str) -> None:
    """The same key again answers the same; another one comes too late."""
    case_no = submit(phone, path)
    body = {"note": "已补充"}
    assert error_of(phone.http.post(f"{path}/supplements", json=body)) == (409, "state_forbids")
    order(plan, case_no, "supplement")
    await_true("the supplement is asked for", lambda: state(phone, path) == "supplement_requested")
    assert phone.http.get(path).json()["supplement_note"] == "请补充"
    key = {"Idempotency-Key": uuid.uuid4().hex}
    for _ in range(2):
        assert phone.http.post(f"{path}/supplements", json=body, headers=key).status_code == 202
    assert error_of(phone.http.post(f"{path}/supplements", json=body)) == (409, "state_forbids")

    def arrived() -> bool:
        cases = httpx.get(f"{plan.sandbox_url}/control/approvals", trust_env=False).json()["items"]
        return any(case["case_no"] == case_no and case["supplements"] == 1 for case in cases)

    await_true("the supplement is at the approval system", arrived)


def test_a_withdrawal_reaches_the_approval_system(plan: Plan, phone: Phone, path: str) -> None:
    """And asked for again it answers the same."""
    case_no = submit(phone, path)
    for _ in range(2):
        answer = phone.http.post(f"{path}/withdrawal", json={"reason": "不办了"})
        assert (answer.status_code, answer.json()["state"]) == (202, "withdrawn")

    def arrived() -> bool:
        cases = httpx.get(f"{plan.sandbox_url}/control/approvals", trust_env=False).json()["items"]
        return any(case["case_no"] == case_no and case["withdrawn"] for case in cases)

    await_true("the withdrawal is at the approval system", arrived)


@pytest.mark.parametrize(
    ("word", "end"), [("请不予受理", "not_accepted"), ("请不予许可", "refused"), ("请暂停", "completed")]
)
def test_the_approval_systems_word_is_the_cases_end(phone: Phone, word: str, end: str) -> None:
    """Not accepted, refused, paused and resumed to its completion; each with the reason and a message."""
    path = f"/api/v1/applications/{phone.draft(remark=word)['id']}"
    upload(phone, path)
    case_no = submit(phone, path)
    await_true(f"the case is {end}", lambda: state(phone, path) == end)
    case = phone.http.get(path).json()
    licences = [entry for entry in phone.http.get("/api/v1/licences").json()["items"] if entry["case_no"] == case_no]
    assert len(licences) == (1 if end == "completed" else 0)
    if end != "completed":
        assert case["timeline"][-1]["note"]
        assert end in {entry["kind"] for entry in phone.http.get("/api/v1/messages").json()["items"]}
