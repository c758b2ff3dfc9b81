"""What a citizen is told when something well formed cannot be done: each refusal by its own code, over HTTP."""

import httpx
import pytest

from tests.api.conftest import photograph_of_site
from tests.conftest import Phone, error_of
from tests.people import make_person

SESSIONS = "/api/v1/sessions"
REAL_NAME = "/api/v1/identity/real-name"
BIND_PHONE = "/api/v1/identity/phone"
MOST_FILES = 20


@pytest.mark.parametrize("code", ["nonsense", "login-", "o-somebody"])
def test_a_login_code_that_wechat_does_not_know_signs_nobody_in(client: httpx.Client, code: str) -> None:
    """The phone asks WeChat for another one."""
    assert error_of(client.post(SESSIONS, json={"code": code})) == (401, "login_code_invalid")


def test_a_busy_wechat_is_told_apart_from_a_bad_code(client: httpx.Client) -> None:
    """The same code may do in a moment, and the answer says when to try."""
    answer = client.post(SESSIONS, json={"code": "login-busy"})
    assert error_of(answer) == (503, "wechat_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("nonsense", "phone_code_invalid"),
        ("phone-123", "phone_code_invalid"),
        ("phone-23800000000", "phone_unsupported"),
    ],
)
def test_a_phone_number_that_cannot_be_bound_changes_nothing(stranger: Phone, code: str, expected: str) -> None:
    """A code that is none, and a number that is none of the mainland's."""
    answer = stranger.http.post(BIND_PHONE, json={"code": code})
    assert error_of(answer) == (422, expected)
    assert "23800000000" not in answer.text
    seen = stranger.http.get("/api/v1/identity").json()
    assert (seen["phone"], seen["level"]) == (None, 0)


def test_a_verified_citizen_stays_who_they_are(phone: Phone) -> None:
    """Another name or number is refused, the same once more is welcome."""
    before = phone.http.get("/api/v1/identity").json()
    own = {"name": phone.person.name, "id_number": phone.person.id_number}
    other = make_person()
    for body in ({**own, "name": other.name}, {"name": other.name, "id_number": other.id_number}):
        assert error_of(phone.http.post(REAL_NAME, json=body)) == (409, "already_verified")
    assert phone.http.post(REAL_NAME, json=own).json() == before


def test_who_has_not_verified_is_told_the_next_step(stranger: Phone) -> None:
    """An application needs a name and a number; the answer says which steps lead there."""
    answer = stranger.http.post("/api/v1/applications", json={"item_code": stranger.item()["item_code"]})
    assert error_of(answer) == (403, "level_too_low")
    assert answer.json()["context"] == {
        "level": 0,
        "level_needed": 2,
        "next_step": "real_name",
        "steps": ["phone", "real_name"],
    }
    assert stranger.http.get("/api/v1/applications").json()["items"] == []


def test_a_case_takes_so_many_files_and_no_more(phone: Phone) -> None:
    """Of one material: the last one that fits is kept, the next is refused, and those that were kept stay."""
    path = f"/api/v1/applications/{phone.draft()['id']}"
    data, file = {"material_id": "site_photo"}, {"file": photograph_of_site()}
    answers = [phone.http.post(f"{path}/materials", data=data, files=file) for _ in range(MOST_FILES + 1)]
    assert [answer.status_code for answer in answers[:-1]] == [201] * MOST_FILES
    assert error_of(answers[-1]) == (409, "too_many_materials")
    assert len(phone.http.get(path).json()["materials"]) == MOST_FILES
