"""From the scan to the holder's word, over HTTP: who asked, what more they asked for, what came of an objection."""

import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.bootstrap import House
from app.catalogue.licence_type import Preset
from app.identity.models import Citizen
from app.identity.rules import Duty
from app.kit import clock
from app.licences.codes import CodeKind
from app.licences.models import Licence, Origin, Presentation
from tests.conftest import Phone, error_of
from tests.service.cases import sensitive_licence, signed_in, staff_member
from tests.service.scans import licence_of, shown_code

PURPOSE = "核对经营者身份"


@pytest.fixture
async def officer(house: House) -> dict[str, str]:
    """The header of one who verifies."""
    return await signed_in(house, await staff_member([Duty.VERIFY], region="230811"))


@pytest.fixture
async def supervisor(house: House) -> dict[str, str]:
    """The header of one who supervises the whole city's market supervision."""
    return await signed_in(house, await staff_member([Duty.SUPERVISE], region="230800"))


@pytest.fixture
async def licence(house: House, phone: Phone) -> Licence:
    """A licence of the phone's citizen."""
    del house
    return await licence_of(await Citizen.get(id=UUID(phone.http.get("/api/v1/identity").json()["id"])))


@pytest.fixture
async def live(house: House, licence: Licence) -> str:
    """A code that shows that the licence is valid, and no more."""
    return await shown_code(house, licence, preset=Preset.VALID)


@pytest.fixture
async def held(house: House, licence: Licence) -> str:
    """A code that was fetched beforehand."""
    return await shown_code(house, licence, CodeKind.HELD)


def history(phone: Phone, licence: Licence) -> list[dict[str, Any]]:
    """Who verified the licence."""
    found: list[dict[str, Any]] = phone.http.get(f"/api/v1/licences/{licence.id}/verifications").json()["items"]
    return found


def scanned(client: httpx.Client, officer: dict[str, str], code: str) -> dict[str, Any]:
    """What an officer is answered."""
    answer = client.post("/staff/v1/verifications", json={"code": code}, headers=officer)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_more_fields_are_asked_for_allowed_and_read_once(
    client: httpx.Client, phone: Phone, officer: dict[str, str], licence: Licence, live: str
) -> None:
    """The phone sees who asks, for what and which; the officer sees these alone; the history keeps it."""
    seen = scanned(client, officer, live)
    assert (seen["verdict"], seen["licence"]["fields"], seen["licence"]["number"]) == ("valid", [], None)
    path = f"/staff/v1/verifications/{seen['id']}/field-requests"
    asked = client.post(path, json={"fields": ["holder_name"], "purpose": PURPOSE}, headers=officer)
    assert asked.status_code == 201, asked.text
    request = f"/staff/v1/field-requests/{asked.json()['id']}"
    assert error_of(client.post(f"{request}/reading", headers=officer)) == (409, "fields_unreadable")
    (waiting,) = phone.http.get("/api/v1/field-requests").json()["items"]
    assert (waiting["purpose"], waiting["fields"], waiting["office"]) == (PURPOSE, ["holder_name"], "执法一科")
    answer = {"answer": "allowed"}
    said = phone.http.post(f"/api/v1/field-requests/{waiting['id']}/answer", json=answer)
    assert (said.status_code, said.json()["standing"]) == (200, "allowed")
    assert client.get(request, headers=officer).json()["standing"] == "allowed"
    key = {**officer, "Idempotency-Key": uuid.uuid4().hex}
    for _ in range(2):
        read = client.post(f"{request}/reading", headers=key).json()
        assert [field["name"] for field in read["fields"]] == ["holder_name"]
    assert error_of(client.post(f"{request}/reading", headers=officer)) == (409, "fields_unreadable")
    (entry,) = history(phone, licence)
    assert [(one["fields"], one["purpose"], one["standing"]) for one in entry["asked"]] == [
        (["holder_name"], PURPOSE, "read")
    ]


def test_the_holder_sees_every_scan_at_once_and_objects(
    client: httpx.Client,
    phone: Phone,
    officer: dict[str, str],
    supervisor: dict[str, str],
    licence: Licence,
    live: str,
) -> None:
    """Who, in which duty, with what verdict; the supervision's answer comes back."""
    for reason in ("valid", "replayed"):
        assert scanned(client, officer, live)["reason"] == reason
        latest = history(phone, licence)[0]
        assert (latest["reason"], latest["office"], latest["duty"], latest["way"], latest["preset"]) == (
            reason,
            "执法一科",
            "verify",
            "online",
            "valid",
        )
    path = f"/api/v1/licences/{licence.id}/verifications/{latest['id']}/objection"
    for _ in range(2):
        assert phone.http.post(path).status_code == 201
    found = client.get("/staff/v1/verification-concerns", params={"kind": "objection"}, headers=supervisor).json()
    (mine,) = [one for one in found["items"] if one["verification_id"] == latest["id"]]
    assert (mine["reason"], mine["licence_type"]) == ("replayed", "food_business")
    answered = client.post(
        f"/staff/v1/verification-concerns/{mine['id']}/answer", json={"answer": "系重复扫码"}, headers=supervisor
    )
    assert answered.status_code == 200, answered.text
    assert history(phone, licence)[0]["objection"]["answer"] == "系重复扫码"
    assert "concern_answered" in [one["kind"] for one in phone.http.get("/api/v1/messages").json()["items"]]


def test_the_holder_sees_a_scan_within_five_seconds(
    client: httpx.Client, phone: Phone, officer: dict[str, str], licence: Licence, live: str
) -> None:
    """In the licence's history and in the inbox, whichever of our processes either asks."""
    seen = scanned(client, officer, live)
    within_five_seconds(lambda: seen["id"] in [one["id"] for one in history(phone, licence)])
    within_five_seconds(
        lambda: "licence_scanned" in [one["kind"] for one in phone.http.get("/api/v1/messages").json()["items"]]
    )


def within_five_seconds(holds: Callable[[], bool]) -> None:
    """Ask until it holds."""
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
async def brought(licence: Licence) -> Licence:
    """The same licence as if it had been issued elsewhere and brought here."""
    await Licence.filter(id=licence.id).update(case_no=None, origin=Origin.IMPORTED)
    return licence


def test_a_licence_that_no_case_led_to_stands_in_the_wallet_and_is_shown(
    phone: Phone, client: httpx.Client, officer: dict[str, str], brought: Licence
) -> None:
    """It names no case."""
    (entry,) = phone.http.get("/api/v1/licences").json()["items"]
    whole = phone.http.get(f"/api/v1/licences/{brought.id}").json()
    assert (entry["id"], entry["case_no"], whole["case_no"]) == (str(brought.id), None, None)
    code = phone.http.post(f"/api/v1/licences/{brought.id}/presentations", json={"preset": "all"}).json()["code"]
    assert scanned(client, officer, code)["licence"]["number"] == brought.number


@pytest.fixture
async def papers(house: House, licence: Licence) -> dict[str, str]:
    """Codes on paper: one that is good, one that was lost, one whose time is over."""
    year = timedelta(days=366)
    made = {
        "good": await shown_code(house, licence, CodeKind.PAPER, preset=Preset.VALID),
        "lost": await shown_code(house, licence, CodeKind.PAPER),
        "over": await shown_code(house, licence, CodeKind.PAPER, issued_at=clock.now() - year),
    }
    lost = (await house.code_signer.read(made["lost"])).claims.nonce.hex()
    await Presentation.filter(nonce=lost).update(ended_at=clock.now())
    return made


def test_whoever_opens_a_paper_code_reads_that_it_is_paper(
    client: httpx.Client, phone: Phone, officer: dict[str, str], papers: dict[str, str]
) -> None:
    """Never that it is simply genuine, however often; nor is it plain valid for the officer."""
    for _ in range(2):
        page = client.get(f"/v/{papers['good']}")
        assert "纸质码真实，请核对身份证" in page.text
        assert phone.person.name not in page.text
        assert scanned(client, officer, papers["good"])["reason"] == "genuine_paper"
    for ended, reason in (("lost", "code_ended"), ("over", "expired")):
        page = client.get(f"/v/{papers[ended]}")
        assert "该纸质码已挂失、已重新打印或者已过期" in page.text
        assert scanned(client, officer, papers[ended])["reason"] == reason


@pytest.fixture
async def elderly(house: House, phone: Phone) -> Licence:
    """A certificate of disability of the phone's citizen, whose holder has reached sixty."""
    del house
    citizen_id = UUID(phone.http.get("/api/v1/identity").json()["id"])
    await Citizen.filter(id=citizen_id).update(level=3)
    return await sensitive_licence(citizen_id)


@pytest.fixture
async def age(house: House, elderly: Licence) -> str:
    """A code that proves an age."""
    return await shown_code(house, elderly, preset=Preset.AGE_60)


def test_a_proof_of_age_names_no_licence_to_anybody(
    client: httpx.Client, phone: Phone, officer: dict[str, str], elderly: Licence, age: str
) -> None:
    """Neither on the page nor to the officer; its holder sees of which it was."""
    page = client.get(f"/v/{age}").text
    assert "年满60周岁" in page
    assert "残疾" not in page
    assert str(elderly.valid_until) not in page
    answer = scanned(client, officer, age)
    assert (answer["verdict"], answer["facts"], answer["licence"]) == ("valid", {"over_60": True}, None)
    assert [one["preset"] for one in history(phone, elderly)] == ["age_60"]


def test_scans_without_network_are_handed_in_and_known_again(
    client: httpx.Client, phone: Phone, officer: dict[str, str], licence: Licence, held: str
) -> None:
    """Up to two hundred; the holder sees them as offline."""
    one = {
        "id": str(uuid.uuid4()),
        "code": held,
        "scanned_at": clock.in_city(clock.now()),
        "keys_age_seconds": 7200,
        "status_age_seconds": None,
        "said": "genuine_offline",
    }
    path = "/staff/v1/offline-verifications"
    for _ in range(2):
        answer = client.post(path, json={"scans": [one]}, headers=officer)
        assert answer.status_code == 200, answer.text
        (judged,) = answer.json()["items"]
        assert (judged["id"], judged["verdict"], judged["doubled"]) == (one["id"], "genuine", False)
    (seen,) = history(phone, licence)
    assert (seen["way"], seen["verdict"], seen["kind"]) == ("offline", "genuine", "held")
    assert seen["handed_in_at"]
    for wrong in ({"scanned_at": "2026-11-27T12:00:00"}, {"keys_age_seconds": -1}, {"said": "certainly"}):
        bad = client.post(path, json={"scans": [{**one, **wrong}]}, headers=officer)
        assert error_of(bad) == (422, "field_invalid")
    assert error_of(client.post(path, json={"scans": [one] * 201}, headers=officer)) == (422, "field_invalid")
