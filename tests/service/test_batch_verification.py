"""Other systems verify in batches: with keys of their own, for a purpose, and each licence's holder sees it."""

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.bootstrap import House
from app.catalogue.licence_type import Preset
from app.demo.plan import Plan
from app.identity.models import Citizen
from app.kit import clock
from app.kit.errors import RateLimitedError
from app.kit.signing import Signer
from app.licences.errors import PurposeUnknownError, RequestReplayedError, VerificationKeyReusedError
from app.licences.models import Licence, LicenceState
from app.licences.presenting.service import present_licence
from app.licences.relying import Purpose, RelyingSystem
from app.licences.verifying.batch import Named, holder_proof, verify_batch
from app.licences.verifying.service import Checked
from app.mandates.party import Party
from tests.conftest import error_of
from tests.service.cases import verified_citizen
from tests.service.scans import licence_of, messages_of_scans, shown_code, verifications_of

SECRET = b"a shared key"


@pytest.fixture
async def citizen(house: House) -> Citizen:
    """A citizen who verified their real name."""
    return await verified_citizen(house)


@pytest.fixture
async def licence(citizen: Citizen) -> Licence:
    """A licence of theirs."""
    return await licence_of(citizen)


@pytest.fixture
def system() -> RelyingSystem:
    """A system that may be told two fields of food licences."""
    purpose = Purpose("网络餐饮入网审查", {"food_business": ["business_name", "business_site"]})
    name = f"t{secrets.token_hex(8)}"
    return RelyingSystem(name, "外卖平台", Signer(name, SECRET), 100, {"review": purpose, "other": Purpose("别的", {})})


async def ask(
    house: House, system: RelyingSystem, *entries: str | Named, purpose: str = "review", key: str = ""
) -> list[Checked]:
    """What a system is answered."""
    nonce = secrets.token_hex(16)
    return await verify_batch(
        house.code_signer,
        system,
        purpose,
        entries,
        nonce=nonce,
        idempotency_key=key or nonce,
    )


def named(licence: Licence, citizen: Citizen) -> Named:
    """The licence as somebody knows it who knows its holder."""
    return Named(licence.type_code, licence.number, holder_proof(SECRET, citizen.id_number or ""))


async def test_a_system_is_told_its_purposes_fields_and_the_holder_who_asked(
    house: House, citizen: Citizen, licence: Licence, system: RelyingSystem
) -> None:
    """By code, which is spent, and by number."""
    code = await shown_code(house, licence)
    answers = await ask(house, system, code, named(licence, citizen), code)
    assert [one.verification.reason for one in answers] == ["valid", "valid", "replayed"]
    assert [one.verification.shown for one in answers] == [["business_name", "business_site"]] * 2 + [[]]
    seen = await verifications_of(licence)
    assert {(one.office, one.purpose, one.way, one.staff_id) for one in seen} == {
        ("外卖平台", "网络餐饮入网审查", "batch", None)
    }
    assert await messages_of_scans(citizen) == 3


async def test_whoever_does_not_know_the_holder_learns_nothing(
    house: House, citizen: Citizen, licence: Licence, system: RelyingSystem
) -> None:
    """Not even that there is such a licence; its holder sees the try, told once a day."""
    right = named(licence, citizen)
    wrong = replace(right, holder_proof=holder_proof(SECRET, "110105194912310021"))
    absent, unknown = replace(right, number="230800202699999999"), replace(right, licence_type="nothing")
    foreign = replace(right, holder_proof=holder_proof(b"another key", citizen.id_number or ""))
    answers = await ask(house, system, wrong, foreign, absent, unknown)
    assert {(one.verification.reason, one.licence) for one in answers} == {("no_match", None)}
    assert [one.reason for one in await verifications_of(licence)] == ["no_match"] * 2
    assert await messages_of_scans(citizen) == 1


async def test_a_number_that_two_issuers_gave_is_told_apart_by_its_holder(
    house: House, citizen: Citizen, licence: Licence, system: RelyingSystem
) -> None:
    """The other holder's licence is not named, nor is anything in its history; the newest version counts."""
    stranger = await verified_citizen(house)
    other = await licence_of(stranger)
    await Licence.filter(id=other.id).update(number=licence.number, version=7)
    (answer,) = await ask(house, system, named(licence, citizen))
    assert (answer.verification.reason, answer.licence) == ("valid", licence)
    assert await verifications_of(other) == []
    await Licence.filter(id=licence.id).update(state=LicenceState.SUPERSEDED)
    await Licence.filter(id=other.id).update(previous_id=licence.id)
    (answer,) = await ask(house, system, named(licence, citizen))
    assert (answer.verification.reason, answer.licence) == ("no_match", None)


async def test_a_type_outside_the_purpose_is_not_told_about(
    house: House, citizen: Citizen, licence: Licence, system: RelyingSystem
) -> None:
    """And a purpose that was not agreed is none."""
    (answer,) = await ask(house, system, named(licence, citizen), purpose="other")
    assert (answer.verification.reason, answer.licence) == ("outside_duty", None)
    with pytest.raises(PurposeUnknownError):
        await ask(house, system, named(licence, citizen), purpose="nothing")


async def test_a_named_licence_is_worth_what_it_is_at_this_moment(
    house: House, citizen: Citizen, licence: Licence, system: RelyingSystem
) -> None:
    """A suspended one is named without its fields."""
    await Licence.filter(id=licence.id).update(state=LicenceState.SUSPENDED)
    (answer,) = await ask(house, system, named(licence, citizen))
    assert (answer.verification.reason, answer.licence, answer.verification.shown) == ("suspended", licence, [])


async def test_the_same_key_answers_the_same(
    house: House, citizen: Citizen, licence: Licence, system: RelyingSystem
) -> None:
    """A lost reply costs no code, and a key belongs to its entries."""
    entries = (await shown_code(house, licence), named(licence, citizen))
    key = secrets.token_hex(8)
    first, second = [await ask(house, system, *entries, key=key) for _ in range(2)]
    assert [one.verification.id for one in first] == [one.verification.id for one in second]
    assert len(await verifications_of(licence)) == 2
    with pytest.raises(VerificationKeyReusedError):
        await ask(house, system, *reversed(entries), key=key)
    with clock.travel(timedelta(minutes=11)), pytest.raises(VerificationKeyReusedError):
        await ask(house, system, *entries, key=key)


async def test_a_system_types_no_digits(
    house: House, citizen: Citizen, licence: Licence, system: RelyingSystem
) -> None:
    """A hundred at once would be a hundred guesses; the code is still good."""
    party = Party.own(citizen.id)
    shown = await present_licence(house.code_signer, "https://host", party, licence.id, Preset.ALL)
    answers = await ask(house, system, shown.digits or "", shown.code)
    assert [one.verification.reason for one in answers] == ["malformed", "valid"]


async def test_a_nonce_is_spent_once_and_a_rate_holds(house: House, system: RelyingSystem) -> None:
    """Whoever records a request cannot send it again."""
    slow = replace(system, per_minute=2)
    arguments: dict[str, Any] = {"nonce": "n", "idempotency_key": "k"}
    await verify_batch(house.code_signer, slow, "review", ["x"], **arguments)
    with pytest.raises(RequestReplayedError):
        await verify_batch(house.code_signer, slow, "review", ["x"], **arguments)
    with pytest.raises(RateLimitedError):
        await ask(house, slow, "x")


async def test_over_http_a_system_proves_itself(house: House, plan: Plan, citizen: Citizen, licence: Licence) -> None:
    """By its own key alone: an approval system's opens nothing here."""
    settings = house.settings.relying_systems["schools"]
    schools = Signer(settings.client_id, settings.secret.get_secret_value().encode())
    path = "/partners/v1/verifications"
    proof = holder_proof(schools.secret, citizen.id_number or "")
    entry = {"licence": {"licence_type": licence.type_code, "number": licence.number, "holder_proof": proof}}
    with httpx.Client(base_url=plan.web_url, timeout=30, trust_env=False) as client:

        def post(signer: Signer, body: dict[str, Any], *, late: timedelta = timedelta()) -> httpx.Response:
            request = client.build_request("POST", path, json=body)
            now = (clock.now() - late).timestamp()
            request.headers.update(signer.headers("POST", path, request.content, now=now))
            return client.send(request)

        answer = post(schools, {"purpose": "enrolment", "entries": [entry, {"code": "x"}]})
        assert answer.status_code == 200, answer.text
        valid, malformed = answer.json()["items"]
        assert (valid["verdict"], [field["name"] for field in valid["licence"]["fields"]]) == (
            "valid",
            ["business_name", "business_site"],
        )
        assert (malformed["verdict"], malformed["reason"]) == ("refused", "malformed")
        approvals = house.settings.approvals.over_http["city"]
        stranger = Signer(approvals.client_id, approvals.secret.get_secret_value().encode())
        body = {"purpose": "enrolment", "entries": [entry]}
        assert error_of(post(stranger, body)) == (401, "signature_invalid")
        assert error_of(post(schools, body, late=timedelta(minutes=6))) == (401, "signature_expired")
        assert error_of(post(schools, {**body, "purpose": "nothing"})) == (403, "purpose_unknown")
        wrong: list[list[Any]] = [[], [entry] * 101, [{"code": "x", **entry}], [{}]]
        for entries in wrong:
            assert error_of(post(schools, {**body, "entries": entries})) == (422, "field_invalid")
