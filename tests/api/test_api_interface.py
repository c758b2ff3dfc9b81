"""The names that phones and other programs were built against: each route driven, each key there."""

import uuid
from typing import Any

import httpx

from tests.api.conftest import Holder, photograph_of_site, submit_held
from tests.conftest import Phone, error_of
from tests.e2e.breaking import await_true

CITIZEN = {"id", "level", "name", "id_number", "phone"}
SESSION = {"access_token", "refresh_token", "expires_in", "citizen"}
PAGE = {"items", "next_cursor"}


FOUND = {*PAGE, "life_events"}


def keys(answer: httpx.Response, status: int = 200) -> set[str]:
    """The keys of an answer that came with this status."""
    assert answer.status_code == status, answer.text
    return set(answer.json())


def test_who_one_is(stranger: Phone) -> None:
    """Sessions, phone, real name: each raises the level."""
    session = stranger.http.post("/api/v1/sessions", json={"code": stranger.person.login_code})
    assert keys(session, 201) == SESSION
    assert session.json()["citizen"]["level"] == 0
    token = session.json()["refresh_token"]
    assert keys(stranger.http.post("/api/v1/sessions/refresh", json={"refresh_token": token})) == SESSION
    phone = stranger.http.post("/api/v1/identity/phone", json={"code": stranger.person.phone_code})
    assert keys(phone) == CITIZEN
    assert phone.json()["level"] == 1
    body = {"name": stranger.person.name, "id_number": stranger.person.id_number}
    verified = stranger.http.post("/api/v1/identity/real-name", json=body)
    assert keys(verified) == CITIZEN
    assert verified.json()["level"] == 2


def test_what_one_finds(client: httpx.Client) -> None:
    """Items, with a form, a form that passes, and materials."""
    page = client.get("/api/v1/items", params={"q": "食品经营", "region": "", "audience": "", "cursor": ""})
    assert keys(page) == FOUND
    item = client.get(f"/api/v1/items/{page.json()['items'][0]['item_code']}")
    assert {"item_code", "name", "form_schema", "form_example", "materials"} <= keys(item)
    for material in item.json()["materials"]:
        assert {"id", "name", "required", "obtained_from"} <= set(material)


def test_what_one_applies_for(phone: Phone) -> None:
    """Drafting, uploading, submitting, supplementing, following."""
    code = phone.item()["item_code"]
    draft = phone.http.post("/api/v1/applications", json={"item_code": code})
    assert {"id", "form", "state", "timeline"} <= keys(draft, 201)
    path = f"/api/v1/applications/{draft.json()['id']}"
    form = {**phone.item()["form_example"], "remark": "请补正"}
    assert {"form", "missing"} <= keys(phone.http.patch(path, json={"revision": 1, "form": form}))
    parts: dict[str, Any] = {"data": {"material_id": "site_photo"}, "files": {"file": photograph_of_site()}}
    assert {"id", "material_id", "sha256"} <= keys(phone.http.post(f"{path}/materials", **parts), 201)
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    submitted = phone.http.post(f"{path}/submission", headers=headers)
    assert "case_no" in keys(submitted, 202)
    page = phone.http.get("/api/v1/applications")
    assert keys(page) == PAGE
    assert page.json()["items"][0]["case_no"] == submitted.json()["case_no"]
    await_true("the supplement", lambda: phone.http.get(path).json()["state"] == "supplement_requested")
    body = {"note": "已补充", "form": {"remark": "已补充"}}
    assert "case_no" in keys(phone.http.post(f"{path}/supplements", json=body), 202)
    entry = phone.http.get(path).json()["timeline"][0]
    assert {"kind", "state", "state_name", "note", "by_mandate", "at"} == set(entry)


def test_what_one_withdraws(phone: Phone) -> None:
    """A case that was not decided; afterwards nothing can be handed in."""
    path, case_no = submit_held(phone)
    await_true("the receipt", lambda: phone.http.get(path).json()["state"] == "delivered")
    withdrawn = phone.http.post(f"{path}/withdrawal", json={"reason": "填错了"})
    assert keys(withdrawn, 202) >= {"case_no"}
    assert withdrawn.json() == {"case_no": case_no, "state": "withdrawn"}
    late = phone.http.post(f"{path}/supplements", json={"note": "", "form": {}})
    assert error_of(late) == (409, "state_forbids")


def test_what_one_holds(client: httpx.Client, holder: Holder) -> None:
    """Licences, their codes, their scans, messages."""
    client.headers.update(holder.headers)
    for path in ("/api/v1/licences", f"{holder.path}/verifications"):
        assert keys(client.get(path)) == PAGE
    assert keys(client.get("/api/v1/messages")) == {*PAGE, "unread"}
    assert {"id", "identifier", "state", "fields"} <= keys(client.get(holder.path))
    assert client.get(f"{holder.path}/card.png").headers["Content-Type"] == "image/png"
    assert {"code", "url", "expires_at", "qr"} <= keys(
        client.post(f"{holder.path}/presentations", json={"preset": "card"}), 201
    )


def test_what_staff_do(client: httpx.Client) -> None:
    """Sign in, verify."""
    session = client.post("/staff/v1/sessions", json={"username": "verifier", "password": "verifier-demo"})
    tokens = {"access_token", "refresh_token", "expires_in"}
    assert keys(session, 201) == tokens | {"duties", "password_change_needed"}
    client.headers["Authorization"] = f"Bearer {session.json()['access_token']}"
    assert {"verdict", "reason", "licence"} <= keys(client.post("/staff/v1/verifications", json={"code": "x"}))
