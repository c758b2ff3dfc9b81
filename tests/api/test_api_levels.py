"""Assurance levels over HTTP: what is missing is said, step by step, up to the face."""

from uuid import UUID

import httpx
import pytest

from app.bootstrap import House
from app.demo.plan import Plan
from tests.api.conftest import Holder
from tests.conftest import Phone, error_of
from tests.service.cases import sensitive_licence


def test_a_face_is_shown_and_counts(plan: Plan, phone: Phone) -> None:
    """Begun, shown to the phone, asked for; asked again it answers the same."""
    path = "/api/v1/identity/face-verifications"
    refused = phone.http.post(path)
    assert error_of(refused) == (403, "consent_missing")
    assert refused.json()["context"] == {"purpose": "face", "version": 1}
    phone.consent("face")
    task = phone.http.post(path).json()
    assert error_of(phone.http.post(f"{path}/{task['id']}/result")) == (422, "face_not_passed")
    body = {"verify_id": task["verify_id"], "passed": True}
    httpx.post(f"{plan.sandbox_url}/control/wechat/faces", json=body, trust_env=False).raise_for_status()
    for _ in range(2):
        assert phone.http.post(f"{path}/{task['id']}/result").json()["level"] == 3
    assert phone.http.get("/api/v1/identity").json()["level"] == 3


def test_a_face_needs_a_name_first(stranger: Phone) -> None:
    """The refusal says so."""
    stranger.consent("face")
    refused = stranger.http.post("/api/v1/identity/face-verifications")
    assert error_of(refused) == (403, "level_too_low")
    assert refused.json()["context"]["next_step"] == "real_name"


def test_another_citizens_face_is_none_of_mine(phone: Phone, stranger: Phone) -> None:
    """Nor does anybody learn that there is one."""
    phone.consent("face")
    task = phone.http.post("/api/v1/identity/face-verifications").json()
    path = f"/api/v1/identity/face-verifications/{task['id']}/result"
    assert error_of(stranger.http.post(path)) == (404, "face_verification_not_found")


def test_a_name_is_corrected(phone: Phone) -> None:
    """As the authority knows it now."""
    assert error_of(phone.http.post("/api/v1/identity/name", json={"name": "改不符"})) == (422, "real_name_mismatch")
    assert phone.http.post("/api/v1/identity/name", json={"name": "改名后"}).json()["name"] == "改*后"


def test_whoever_said_no_is_not_asked_for_a_name_and_shows_no_licence(phone: Phone, stranger: Phone) -> None:
    """A consent that was withdrawn counts until it is given anew; one that was never asked for bars nobody."""
    body = {"name": stranger.person.name, "id_number": stranger.person.id_number}
    stranger.consent("real_name")
    stranger.http.delete("/api/v1/privacy/consents/real_name")
    assert error_of(stranger.http.post("/api/v1/identity/real-name", json=body)) == (403, "consent_missing")
    stranger.consent("real_name")
    assert stranger.http.post("/api/v1/identity/real-name", json=body).status_code == 200
    assert phone.http.get("/api/v1/identity").json()["level"] == 2


def test_a_withdrawn_consent_ends_presentations(holder: Holder, client: httpx.Client) -> None:
    """And giving it again opens them."""
    said, shown = "/api/v1/privacy/consents", f"{holder.path}/presentations"
    client.headers.update(holder.headers)
    given = {"purpose": "licence_presentation", "version": 2}
    client.post(said, json=given)
    client.delete(f"{said}/licence_presentation")
    assert error_of(client.post(shown, json={"preset": "card"})) == (403, "consent_missing")
    client.post(said, json=given)
    assert client.post(shown, json={"preset": "card"}).status_code == 201


@pytest.fixture
async def sensitive(house: House, phone: Phone) -> str:
    """A licence of the phone's owner that is shown at level 3 only."""
    del house
    return str((await sensitive_licence(UUID(phone.http.get("/api/v1/identity").json()["id"]))).id)


def test_a_sensitive_licence_is_shown_to_a_face_only(phone: Phone, sensitive: str) -> None:
    """Before, its holder sees that there is one and what to do; neither its fields nor its numbers."""
    path = f"/api/v1/licences/{sensitive}"
    (entry,) = phone.http.get("/api/v1/licences").json()["items"]
    assert (entry["number"], entry["identifier"], entry["level_needed"]) == ("******", "******", 3)
    for method, suffix in (("GET", ""), ("GET", "/card.png"), ("GET", "/card-back.png"), ("POST", "/presentations")):
        refused = phone.http.request(method, path + suffix, json={"preset": "card"} if method == "POST" else None)
        assert error_of(refused) == (403, "level_too_low")
        assert refused.json()["context"]["next_step"] == "face"
    phone.show_face()
    (entry,) = phone.http.get("/api/v1/licences").json()["items"]
    assert entry["number"] == phone.http.get(path).json()["number"] != "******"
    assert phone.http.post(f"{path}/presentations", json={"preset": "card"}).status_code == 201


def test_drafting_needs_the_items_level(stranger: Phone) -> None:
    """Which the guide names."""
    item = stranger.item()
    assert item["assurance_level"] == 2
    refused = stranger.http.post("/api/v1/applications", json={"item_code": item["item_code"]})
    assert error_of(refused) == (403, "level_too_low")
    assert refused.json()["context"]["level_needed"] == item["assurance_level"]
