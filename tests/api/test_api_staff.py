"""Staff over HTTP: sign-in, sessions, accounts from the first password to the last request."""

import uuid
from typing import Any

import httpx
import pyotp
import pytest

from app.bootstrap import House
from app.identity.rules import Duty
from app.kit import clock
from tests.conftest import error_of
from tests.service.cases import signed_in, staff_member

ACCOUNT = {"office": "执法二科", "department": "scjg", "region": "230811", "duties": ["verify"]}


def otp(secret: str, steps: int = 0) -> str:
    """A code of the second factor."""
    return pyotp.TOTP(secret).at(clock.now(), counter_offset=steps)


@pytest.fixture
async def administrator(house: House) -> dict[str, str]:
    """The header of an administrator of the market supervision in the whole city."""
    return await signed_in(house, await staff_member([Duty.ADMINISTER], region="230800"))


def made(client: httpx.Client, administrator: dict[str, str]) -> dict[str, Any]:
    """A new account with what is shown once."""
    body = {"username": f"t{uuid.uuid4().hex}", **ACCOUNT}
    answer = client.post("/staff/v1/accounts", json=body, headers=administrator)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_new_colleague_comes_to_work(client: httpx.Client, administrator: dict[str, str]) -> None:
    """Given a password, changes it, verifies; is seen in the list, is moved, and leaves."""
    given = made(client, administrator)
    body = {"username": given["account"]["username"], "password": given["password"], "device": "窗口平板"}
    assert error_of(client.post("/staff/v1/sessions", json=body)) == (401, "second_factor_needed")
    first = client.post("/staff/v1/sessions", json={**body, "otp": otp(given["otp_secret"])}).json()
    assert first["password_change_needed"] is True
    headers = {"Authorization": f"Bearer {first['access_token']}"}
    scan = {"json": {"code": "x"}}
    refused = client.post("/staff/v1/verifications", **scan, headers=headers)  # type: ignore[arg-type]
    assert error_of(refused) == (403, "password_change_needed")
    change = {"old": given["password"], "new": "a-password-of-my-own"}
    assert client.post("/staff/v1/password", json=change, headers=headers).json() == {"ended": 1}
    body["password"] = change["new"]
    second = client.post("/staff/v1/sessions", json={**body, "otp": otp(given["otp_secret"], 1)}).json()
    assert (second["duties"], second["password_change_needed"]) == (["verify"], False)
    headers = {"Authorization": f"Bearer {second['access_token']}"}
    assert client.post("/staff/v1/verifications", **scan, headers=headers).json()["reason"] == "malformed"  # type: ignore[arg-type]
    (session,) = client.get("/staff/v1/sessions", headers=headers).json()["items"]
    assert (session["device"], session["current"]) == ("窗口平板", True)
    path = f"/staff/v1/accounts/{given['account']['id']}"
    moved = client.put(path, json={**ACCOUNT, "duties": ["window"], "active": True}, headers=administrator)
    assert moved.json()["duties"] == ["window"]
    assert error_of(client.post("/staff/v1/verifications", **scan, headers=headers)) == (403, "duty_missing")  # type: ignore[arg-type]
    client.put(path, json={**ACCOUNT, "active": False}, headers=administrator)
    assert error_of(client.get("/staff/v1/sessions", headers=headers))[0] == 401
    listed = client.get("/staff/v1/accounts", headers=administrator).json()["items"]
    assert [entry["active"] for entry in listed if entry["id"] == given["account"]["id"]] == [False]


def test_staff_refresh_and_end_their_sessions(client: httpx.Client) -> None:
    """A refresh token of staff works once and on the staff surface alone."""
    body = {"username": "verifier", "password": "verifier-demo"}
    session = client.post("/staff/v1/sessions", json=body).json()
    spent = {"refresh_token": session["refresh_token"]}
    assert error_of(client.post("/api/v1/sessions/refresh", json=spent)) == (401, "refresh_token_invalid")
    fresh = client.post("/staff/v1/sessions/refresh", json=spent)
    assert fresh.status_code == 200, fresh.text
    headers = {"Authorization": f"Bearer {fresh.json()['access_token']}"}
    (mine,) = [one for one in client.get("/staff/v1/sessions", headers=headers).json()["items"] if one["current"]]
    assert client.delete(f"/staff/v1/sessions/{mine['id']}", headers=headers).json() == {"ended": 1}
    late = client.post("/staff/v1/sessions/refresh", json={"refresh_token": fresh.json()["refresh_token"]})
    assert error_of(late) == (401, "refresh_token_invalid")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"region": None}, "outside_own_scope"),
        ({"department": "ga"}, "outside_own_scope"),
        ({"department": "*"}, "outside_own_scope"),
        ({"duties": ["nothing"]}, "field_invalid"),
        ({"region": "23"}, "field_invalid"),
        ({"username": "Ä"}, "field_invalid"),
        ({"username": "verifier"}, "username_taken"),
    ],
)
def test_an_account_that_cannot_be_is_refused(
    client: httpx.Client, administrator: dict[str, str], change: dict[str, Any], code: str
) -> None:
    """Outside of one's scope, or not an account at all."""
    body = {"username": f"t{uuid.uuid4().hex}", **ACCOUNT, **change}
    assert error_of(client.post("/staff/v1/accounts", json=body, headers=administrator))[1] == code


def test_nobody_is_given_the_mark_of_everybody(client: httpx.Client, administrator: dict[str, str]) -> None:
    """``any`` stands on routes, not on people."""
    body = {"username": f"t{uuid.uuid4().hex}", **ACCOUNT, "duties": ["any", "verify"]}
    answer = client.post("/staff/v1/accounts", json=body, headers=administrator)
    assert answer.json()["account"]["duties"] == ["verify"]


def test_reset_credentials_end_what_was(client: httpx.Client, administrator: dict[str, str]) -> None:
    """The old second factor is worth nothing."""
    given = made(client, administrator)
    path = f"/staff/v1/accounts/{given['account']['id']}/credentials"
    again = client.post(path, headers=administrator).json()
    assert again["otp_uri"].startswith("otpauth://totp/")
    body = {"username": given["account"]["username"], "password": again["password"]}
    wrong = client.post("/staff/v1/sessions", json={**body, "otp": otp(given["otp_secret"])})
    assert error_of(wrong) == (401, "second_factor_wrong")
    right = client.post("/staff/v1/sessions", json={**body, "otp": otp(again["otp_secret"])})
    assert right.status_code == 201
