"""The issuing department suspends, resumes, revokes and cancels its licences over HTTP, and the holder sees why."""

from uuid import UUID

import httpx
import pytest

from app.bootstrap import House
from app.identity.rules import Duty
from app.licences.models import Licence
from tests.conftest import Phone, error_of
from tests.service.cases import sensitive_licence, signed_in, staff_member

Header = dict[str, str]


@pytest.fixture
async def licence(house: House, phone: Phone) -> Licence:
    """A disability certificate of the phone's owner, issued by the federation (cl) of the city."""
    del house
    phone.show_face()
    return await sensitive_licence(UUID(phone.http.get("/api/v1/identity").json()["id"]))


@pytest.fixture
async def keeper(house: House) -> Header:
    """Somebody of the issuing department."""
    return await signed_in(house, await staff_member([Duty.LICENCES], department="cl", office="市残联维权部"))


def test_the_issuer_finds_a_licence_and_suspends_it_with_a_reason(
    client: httpx.Client, phone: Phone, licence: Licence, keeper: Header
) -> None:
    """The holder reads who, why and when; what the state forbids is refused, and nothing of the holder is shown."""
    for name in (licence.identifier, licence.number):
        (found,) = client.get("/staff/v1/licences", params={"name": name}, headers=keeper).json()["items"]
        assert (found["id"], found["state"], found["holder"], found["moves"]) == (str(licence.id), "valid", "*", [])
    path = f"/staff/v1/licences/{licence.id}/moves"
    moved = client.post(path, json={"cause": "suspended", "reason": "冒用，核查期间暂扣"}, headers=keeper)
    assert moved.status_code == 201, moved.text
    assert moved.json()["state"] == "suspended"
    refused = client.post(path, json={"cause": "suspended", "reason": "再次"}, headers=keeper)
    assert error_of(refused) == (409, "licence_move_forbidden")
    assert refused.json()["context"] == {"state": "suspended"}
    seen = phone.http.get(f"/api/v1/licences/{licence.id}").json()
    assert (seen["state"], seen["state_reason"]) == ("suspended", "冒用，核查期间暂扣")
    (move,) = seen["moves"]
    assert (move["office"], move["before"], move["after"]) == ("市残联维权部", "valid", "suspended")
    told = [message["text"] for message in phone.http.get("/api/v1/messages").json()["items"]]
    assert any("市残联维权部" in text and "暂扣" in text for text in told)


@pytest.fixture
async def strangers(house: House) -> list[Header]:
    """With the duty, but of another department, or in another county."""
    elsewhere = [{"department": "scjg"}, {"department": "cl", "region": "230822"}]
    return [await signed_in(house, await staff_member([Duty.LICENCES], **columns)) for columns in elsewhere]


def test_nobody_elses_licences_are_found_or_moved(
    client: httpx.Client, licence: Licence, strangers: list[Header]
) -> None:
    """As if there were none."""
    for header in strangers:
        found = client.get("/staff/v1/licences", params={"name": licence.identifier}, headers=header)
        assert found.json() == {"items": []}
        body = {"cause": "revoked", "reason": "查实"}
        refused = client.post(f"/staff/v1/licences/{licence.id}/moves", json=body, headers=header)
        assert error_of(refused) == (404, "licence_not_found")


@pytest.mark.parametrize(
    "body", [{"cause": "revoked", "reason": "  "}, {"cause": "expired", "reason": "查实"}, {"cause": "revoked"}]
)
def test_a_move_needs_a_reason_and_a_cause_of_the_staffs(
    client: httpx.Client, licence: Licence, keeper: Header, body: dict[str, str]
) -> None:
    """Time and results do the rest. A name that is too long for any licence finds none."""
    assert client.post(f"/staff/v1/licences/{licence.id}/moves", json=body, headers=keeper).status_code == 422
    assert client.get("/staff/v1/licences", params={"name": "9" * 128}, headers=keeper).json() == {"items": []}
