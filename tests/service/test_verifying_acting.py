"""Codes that somebody shows for another, by a mandate; and scans at a window of the service hall."""

from datetime import timedelta
from uuid import uuid4

import pytest

from app.bootstrap import House
from app.catalogue.licence_type import Preset
from app.consents.definitions import purposes
from app.consents.service import give_consent, withdraw_consent
from app.identity.models import Citizen, Staff
from app.identity.rules import Duty
from app.kit import clock
from app.licences.codes import CodeKind
from app.licences.errors import LicenceNotFoundError
from app.licences.models import PRESENTING, HolderKind, Licence, Origin, Presentation
from app.licences.presenting.service import hold_codes, present_licence
from app.licences.requests.models import Answer
from app.licences.requests.queries import open_requests
from app.licences.requests.service import answer_request, ask_for_fields
from app.licences.verifying.looking import inspect_code
from app.licences.verifying.service import verify_code
from app.mandates.errors import MatterNotCoveredError
from app.mandates.models import Company, Mandate, MandateKind, MandateState
from app.mandates.party import Party, party_of
from app.notifications.models import Message
from tests.service.cases import staff_member, verified_citizen
from tests.service.scans import handed_in, kept, licence_of, messages_of_scans, scan, shown_code, verifications_of

HOST = "https://jiaban.example.cn"


@pytest.fixture
async def principal(house: House) -> Citizen:
    """Whose licence it is."""
    return await verified_citizen(house)


@pytest.fixture
async def delegate(house: House) -> Citizen:
    """Who shows it."""
    return await verified_citizen(house)


@pytest.fixture
async def licence(principal: Citizen) -> Licence:
    """The principal's food licence."""
    return await licence_of(principal)


@pytest.fixture
async def mandate(principal: Citizen, delegate: Citizen) -> Mandate:
    """That the delegate may show the principal's food licences."""
    return await Mandate.create(
        kind=MandateKind.PROXY,
        principal=principal,
        delegate=delegate,
        matters=["licence:food_business"],
        state=MandateState.ACTIVE,
        ends_at=clock.now() + timedelta(days=30),
        created_at=clock.now(),
    )


@pytest.fixture
async def officer(house: House) -> Staff:
    """One who verifies, and sits at a window too."""
    del house
    return await staff_member([Duty.VERIFY, Duty.WINDOW])


async def shown(house: House, mandate: Mandate, licence: Licence) -> str:
    """A code that the delegate shows."""
    party = await party_of(mandate.delegate_id, mandate.id)  # type: ignore[attr-defined]  # Tortoise adds it
    return (await present_licence(house.code_signer, HOST, party, licence.id, Preset.ALL)).code


async def ended(mandate: Mandate) -> None:
    """The principal ends the mandate."""
    await Mandate.filter(id=mandate.id).update(state=MandateState.ENDED, ended_at=clock.now())


async def test_a_delegate_shows_the_principals_licence_and_both_hear_of_the_scan(
    house: House, principal: Citizen, delegate: Citizen, licence: Licence, mandate: Mandate, officer: Staff
) -> None:
    """It stands in the licence's history; another type than the mandate names, or another's licence, is not shown."""
    checked = await scan(house, officer, await shown(house, mandate, licence))
    assert (checked.verification.reason, checked.licence) == ("valid", licence)
    assert [one.reason for one in await verifications_of(licence)] == ["valid"]
    assert await messages_of_scans(principal) == 1
    assert await Message.filter(citizen=delegate, kind="licence_scanned").count() == 1
    other = await licence_of(delegate)
    with pytest.raises(LicenceNotFoundError):
        await shown(house, mandate, other)
    await Mandate.filter(id=mandate.id).update(matters=["licence:senior_card"])
    with pytest.raises(MatterNotCoveredError):
        await shown(house, mandate, licence)


@pytest.mark.parametrize("by", ["word", "time"])
async def test_a_code_ends_with_its_mandate(
    house: House, licence: Licence, mandate: Mandate, officer: Staff, by: str
) -> None:
    """It is not spent, and proves nothing."""
    code = await shown(house, mandate, licence)
    if by == "word":
        await ended(mandate)
    else:
        await Mandate.filter(id=mandate.id).update(ends_at=clock.now())
    checked = await scan(house, officer, code)
    assert (checked.verification.reason, checked.licence, checked.verification.shown) == ("mandate_ended", None, [])
    assert await Presentation.filter(licence=licence, spent_at=None).count() == 1
    assert [one.reason for one in await verifications_of(licence)] == ["mandate_ended"]


async def test_whoever_opens_a_code_learns_that_its_mandate_has_ended(
    house: House, licence: Licence, mandate: Mandate
) -> None:
    """It is over for them as for the officer."""
    code = await shown(house, mandate, licence)
    views = [await inspect_code(house.code_signer, code)]
    await ended(mandate)
    views.append(await inspect_code(house.code_signer, code))
    assert [view.over for view in views if view] == [False, True]


async def test_a_delegate_answers_for_what_the_mandate_covers(
    house: House, licence: Licence, mandate: Mandate, officer: Staff
) -> None:
    """More fields of another licence of the principal are nothing that they hear of."""
    verified = (await scan(house, officer, await shown(house, mandate, licence))).verification
    await ask_for_fields(officer, verified.id, ["holder_id_number"], "核对")
    party = await party_of(mandate.delegate_id, mandate.id)  # type: ignore[attr-defined]  # Tortoise adds it
    (request,) = await open_requests(party)
    await Mandate.filter(id=mandate.id).update(matters=["licence:senior_card"])
    narrow = await party_of(mandate.delegate_id, mandate.id)  # type: ignore[attr-defined]  # Tortoise adds it
    assert await open_requests(narrow) == []
    with pytest.raises(MatterNotCoveredError):
        await answer_request(narrow, request.id, Answer.ALLOWED)


@pytest.mark.parametrize("whose", ["principal", "delegate"])
async def test_a_mandate_lifts_nobodys_level(
    house: House,
    principal: Citizen,
    delegate: Citizen,
    licence: Licence,
    mandate: Mandate,
    officer: Staff,
    whose: str,
) -> None:
    """Either one's that fell refuses the scan."""
    code = await shown(house, mandate, licence)
    fallen = principal if whose == "principal" else delegate
    await Citizen.filter(id=fallen.id).update(level=1)
    assert (await scan(house, officer, code)).verification.reason == "level_too_low"


async def test_what_a_delegate_holds_ends_when_the_principal_withdraws_their_consent(
    house: House, principal: Citizen, licence: Licence, mandate: Mandate, officer: Staff
) -> None:
    """The officer sees nothing; the delegate's own consent is another matter."""
    codes = [await shown(house, mandate, licence) for _ in range(3)]
    delegate_id = mandate.delegate_id  # type: ignore[attr-defined]  # Tortoise adds it
    assert (await scan(house, officer, codes[0])).verification.reason == "valid"
    for citizen_id, code, reason in ((delegate_id, codes[1], "valid"), (principal.id, codes[2], "code_ended")):
        version = purposes()[PRESENTING].version
        await give_consent(citizen_id, PRESENTING, version, actor="x", session_id=None)
        await withdraw_consent(citizen_id, PRESENTING, actor="x", session_id=None)
        checked = await scan(house, officer, code)
        assert checked.verification.reason == reason
    assert (checked.licence, checked.verification.shown) == (None, [])


async def test_without_network_the_mandate_counts_as_of_the_scan(
    house: House, licence: Licence, mandate: Mandate, officer: Staff
) -> None:
    """What was scanned while it held was good."""
    end, began = clock.now() - timedelta(hours=1), clock.now() - timedelta(hours=4)
    await Mandate.filter(id=mandate.id).update(state=MandateState.ENDED, ended_at=end)
    codes = [await shown_code(house, licence, CodeKind.HELD, issued_at=began, mandate_id=mandate.id) for _ in range(2)]
    scans = [kept(code, end + timedelta(minutes=by)) for code, by in zip(codes, (-30, 30), strict=True)]
    found = await handed_in(house, officer, *scans)
    assert [one.verification.reason for one in found] == ["genuine_offline", "mandate_ended"]


async def test_codes_fetched_beforehand_last_no_longer_than_the_mandate(
    house: House, licence: Licence, mandate: Mandate
) -> None:
    """Though twelve hours are not over."""
    end = clock.now() + timedelta(hours=3)
    await Mandate.filter(id=mandate.id).update(ends_at=end)
    party = await party_of(mandate.delegate_id, mandate.id)  # type: ignore[attr-defined]  # Tortoise adds it
    (code,) = await hold_codes(house.code_signer, HOST, party, licence.id, Preset.ALL, 1)
    assert code.expires_at == end.replace(microsecond=0)


async def test_a_companys_licence_is_shown_by_who_represents_it(
    house: House, delegate: Citizen, officer: Staff
) -> None:
    """Also one that was brought here, which is no citizen's: the level of who shows it counts."""
    moment = clock.now()
    company = await Company.create(uscc=uuid4().hex[:18].upper(), name="示例公司", checked_at=moment, created_at=moment)
    row = await Mandate.create(
        kind=MandateKind.REPRESENTATIVE,
        company=company,
        delegate=delegate,
        matters=["*"],
        state=MandateState.ACTIVE,
        ends_at=moment + timedelta(days=30),
        created_at=moment,
    )
    licence = await licence_of(delegate)
    await Licence.filter(id=licence.id).update(
        citizen_id=None, company_id=company.id, holder_kind=HolderKind.COMPANY, origin=Origin.IMPORTED
    )
    assert (await scan(house, officer, await shown(house, row, licence))).verification.reason == "valid"
    with pytest.raises(LicenceNotFoundError):
        await present_licence(house.code_signer, HOST, Party.own(delegate.id), licence.id, Preset.ALL)
    code = await shown(house, row, licence)
    await Citizen.filter(id=delegate.id).update(level=1)
    assert (await scan(house, officer, code)).verification.reason == "level_too_low"


async def test_a_window_sees_the_fields_of_its_own_duty(house: House, licence: Licence, officer: Staff) -> None:
    """The history says in which duty it was."""
    seen = {
        duty: await verify_code(house.code_signer, officer, await shown_code(house, licence), None, duty)
        for duty in (Duty.VERIFY, Duty.WINDOW)
    }
    shown_to = {duty: set(checked.verification.shown) for duty, checked in seen.items()}
    assert "holder_id_number" in shown_to[Duty.WINDOW]
    assert "holder_id_number" not in shown_to[Duty.VERIFY]
    assert [one.duty for one in await verifications_of(licence)] == ["verify", "window"]


async def test_a_window_spends_a_code_for_everybody(house: House, licence: Licence, officer: Staff) -> None:
    """What was scanned there is replayed on the street."""
    code = await shown_code(house, licence)
    reasons = [
        (await verify_code(house.code_signer, officer, code, None, duty)).verification.reason
        for duty in (Duty.WINDOW, Duty.VERIFY)
    ]
    assert reasons == ["valid", "replayed"]
