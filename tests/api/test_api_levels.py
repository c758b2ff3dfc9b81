"""Assurance levels over HTTP: what is missing is said, step by step, up to the face."""

import httpx

from app.demo.plan import Plan
from tests.conftest import Phone, error_of


def test_a_face_is_shown_and_counts(plan: Plan, phone: Phone) -> None:
    """Begun, shown to the phone, asked for; asked again it answers the same."""
    path = "/api/v1/identity/face-verifications"
    task = phone.http.post(path).json()
    assert error_of(phone.http.post(f"{path}/{task['id']}/result")) == (422, "face_not_passed")
    body = {"verify_id": task["verify_id"], "passed": True}
    httpx.post(f"{plan.sandbox_url}/control/wechat/faces", json=body, trust_env=False).raise_for_status()
    for _ in range(2):
        assert phone.http.post(f"{path}/{task['id']}/result").json()["level"] == 3
    assert phone.http.get("/api/v1/identity").json()["level"] == 3


def test_a_face_needs_a_name_first(stranger: Phone) -> None:
    """The refusal says so."""
    refused = stranger.http.post("/api/v1/identity/face-verifications")
    assert error_of(refused) == (403, "level_too_low")
    assert refused.json()["context"]["next_step"] == "real_name"


def test_another_citizens_face_is_none_of_mine(phone: Phone, stranger: Phone) -> None:
    """Nor does anybody learn that there is one."""
    task = phone.http.post("/api/v1/identity/face-verifications").json()
    path = f"/api/v1/identity/face-verifications/{task['id']}/result"
    assert error_of(stranger.http.post(path)) == (404, "face_verification_not_found")


def test_a_name_is_corrected(phone: Phone) -> None:
    """As the authority knows it now."""
    assert error_of(phone.http.post("/api/v1/identity/name", json={"name": "改不符"})) == (422, "real_name_mismatch")
    assert phone.http.post("/api/v1/identity/name", json={"name": "改名后"}).json()["name"] == "改*后"
