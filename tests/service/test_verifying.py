"""Codes are verified online: spent once, judged by what is true at this moment, shown as holder and duty allow."""

import asyncio
from datetime import timedelta

import pytest

from app.bootstrap import House
from app.catalogue.licence_type import Preset
from app.catalogue.models import LicenceType
from app.identity.models import Citizen, Staff
from app.identity.rules import Duty
from app.kit import clock
from app.kit.db import transaction
from app.licences.codes import CodeKind
from app.licences.errors import LicenceNotValidError
from app.licences.models import Licence, LicenceCause, LicenceState
from app.licences.moving import lock_licence, move_licence
from app.licences.presenting.service import hold_codes, present_licence
from app.licences.verifying.service import verify_code
from app.mandates.party import Party
from tests.service.cases import staff_member, verified_citizen
from tests.service.scans import licence_of, messages_of_scans, scan, shown_code, verifications_of


@pytest.fixture
async def citizen(house: House) -> Citizen:
    """A citizen who verified their real name."""
    return await verified_citizen(house)


@pytest.fixture
async def licence(citizen: Citizen) -> Licence:
    """A licence of theirs."""
    return await licence_of(citizen)


@pytest.fixture
async def officer(house: House) -> Staff:
    """One who verifies, and sits at a window too."""
    del house
    return await staff_member([Duty.VERIFY, Duty.WINDOW], region="230811")


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (LicenceState.SUSPENDED, "suspended"),
        (LicenceState.REVOKED, "revoked"),
        (LicenceState.CANCELLED, "cancelled"),
        (LicenceState.SUPERSEDED, "superseded"),
        (LicenceState.EXPIRED, "licence_expired"),
    ],
)
async def test_a_licence_that_is_worth_nothing_is_named_and_shows_no_field(
    house: House, licence: Licence, officer: Staff, state: LicenceState, reason: str
) -> None:
    """By its state at the scan, whatever it was when the code was handed out."""
    code = await shown_code(house, licence)
    await Licence.filter(id=licence.id).update(state=state)
    checked = await scan(house, officer, code)
    assert (checked.verification.verdict, checked.verification.reason) == ("refused", reason)
    assert checked.licence == licence
    assert checked.verification.shown == []


@pytest.mark.parametrize(
    ("kind", "verdict", "reason"),
    [
        (CodeKind.LIVE, "valid", "valid"),
        (CodeKind.HELD, "genuine", "genuine_offline"),
    ],
)
async def test_a_code_is_worth_what_its_kind_says_and_once(
    house: House, licence: Licence, officer: Staff, kind: CodeKind, verdict: str, reason: str
) -> None:
    """One that was fetched beforehand still waits for the identity card."""
    code = await shown_code(house, licence, kind)
    first, second = await scan(house, officer, code), await scan(house, officer, code)
    assert (first.verification.verdict, first.verification.reason) == (verdict, reason)
    assert first.verification.shown
    assert (second.verification.verdict, second.verification.reason, second.licence) == ("refused", "replayed", None)


async def test_a_revocation_counts_whatever_the_clock_says_that_wrote_it(
    house: House, licence: Licence, officer: Staff
) -> None:
    """The clocks of two servers differ, and a scan that waited for its turn began before."""
    code = await shown_code(house, licence)
    async with transaction():
        ahead, revoked = clock.now() + timedelta(seconds=20), LicenceCause.REVOKED
        await move_licence(await lock_licence(licence.id), revoked, actor="clock", reason="经查违规", at=ahead)
    assert (await scan(house, officer, code)).verification.reason == "revoked"


async def test_a_licence_that_has_not_begun_is_worth_nothing_yet(
    house: House, citizen: Citizen, licence: Licence, officer: Staff
) -> None:
    """It is named, and there are no codes of it that outlast the network."""
    await Licence.filter(id=licence.id).update(valid_from=clock.today() + timedelta(days=1))
    checked = await scan(house, officer, await shown_code(house, licence))
    assert (checked.verification.verdict, checked.verification.reason) == ("refused", "not_begun")
    assert (checked.licence, checked.verification.shown) == (licence, [])
    with pytest.raises(LicenceNotValidError):
        await hold_codes(house.code_signer, "https://host", Party.own(citizen.id), licence.id, Preset.ALL, 1)


async def test_a_code_from_a_clock_ahead_of_ours_is_not_spent(house: House, licence: Licence, officer: Staff) -> None:
    """A small difference between two servers is none."""
    ahead = await shown_code(house, licence, issued_at=clock.now() + timedelta(minutes=2))
    assert (await scan(house, officer, ahead)).verification.reason == "clock_skew"
    with clock.travel(timedelta(minutes=2)):
        assert (await scan(house, officer, ahead)).verification.reason == "valid"
    near = await shown_code(house, licence, issued_at=clock.now() + timedelta(seconds=10))
    assert (await scan(house, officer, near)).verification.reason == "valid"


async def test_a_holder_whose_level_fell_is_refused(
    house: House, citizen: Citizen, licence: Licence, officer: Staff
) -> None:
    """Also with a code that was handed out before."""
    code = await shown_code(house, licence)
    await Citizen.filter(id=citizen.id).update(level=1)
    checked = await scan(house, officer, code)
    assert (checked.verification.reason, checked.licence) == ("level_too_low", None)


async def test_a_duty_that_may_see_nothing_of_a_type_learns_nothing(
    house: House, licence: Licence, officer: Staff
) -> None:
    """Not even that the licence was revoked."""
    code = await shown_code(house, licence)
    await Licence.filter(id=licence.id).update(state=LicenceState.REVOKED)
    kind = await LicenceType.get(code="food_business")
    before = kind.definition
    await LicenceType.filter(code="food_business").update(definition={**before, "duties": {"verify": []}})
    try:
        checked = await verify_code(house.code_signer, officer, code, None, Duty.WINDOW)
    finally:
        await LicenceType.filter(code="food_business").update(definition=before)
    assert (checked.verification.reason, checked.licence, checked.verification.duty) == ("outside_duty", None, "window")


async def test_what_is_shown_is_what_the_holder_chose_of_what_the_duty_may_see(
    house: House, licence: Licence, officer: Staff
) -> None:
    """All of the duty's fields, or none but that the licence is valid; numbers by choice alone."""
    everything = await scan(house, officer, await shown_code(house, licence))
    nothing = await scan(house, officer, await shown_code(house, licence, preset=Preset.VALID))
    assert everything.definition
    assert everything.verification.shown == everything.definition.fields_for("verify")
    assert (nothing.verification.verdict, nothing.verification.shown) == ("valid", [])
    assert (everything.shows_numbers, nothing.shows_numbers) == (True, False)


async def test_an_age_is_proven_by_a_code_for_it_alone_and_while_its_licence_is_good(
    house: House, licence: Licence, officer: Staff
) -> None:
    """What was refused proves nothing; the fact comes without a field of the licence."""
    proof, other = [await shown_code(house, licence, preset=preset) for preset in (Preset.AGE_60, Preset.ALL)]
    late = await shown_code(house, licence, preset=Preset.AGE_60)
    proven = await scan(house, officer, proof)
    assert (proven.facts, proven.verification.shown) == ({"over_60": True}, [])
    assert (await scan(house, officer, other)).facts == {}
    await Licence.filter(id=licence.id).update(state=LicenceState.SUSPENDED)
    refused = await scan(house, officer, late)
    assert (refused.verification.reason, refused.facts) == ("suspended", {})


async def test_a_slip_of_the_fingers_is_no_guess(house: House, citizen: Citizen, licence: Licence) -> None:
    """Digits that do not check are malformed as often as they come, and pause nobody."""
    officer = await staff_member([Duty.VERIFY])
    party = Party.own(citizen.id)
    digits = (await present_licence(house.code_signer, "https://host", party, licence.id, Preset.ALL)).digits or ""
    slip = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    reasons = [(await scan(house, officer, text)).verification.reason for text in [slip] * 6 + [digits]]
    assert reasons == ["malformed"] * 6 + ["valid"]


async def test_the_holder_sees_each_scan_and_is_told_of_one_codes_refusals_once(
    house: House, citizen: Citizen, licence: Licence, officer: Staff
) -> None:
    """Of genuine codes; what is no code of ours is nobody's."""
    code = await shown_code(house, licence)
    expired = await shown_code(house, licence, issued_at=clock.now() - timedelta(minutes=2))
    reasons = [
        (await scan(house, officer, each)).verification.reason for each in (code, code, code, expired, expired, "x")
    ]
    assert reasons == ["valid", "replayed", "replayed", "expired", "expired", "malformed"]
    seen = await verifications_of(licence)
    assert [one.reason for one in seen] == reasons[:-1]
    assert {(one.office, one.duty, one.kind, one.preset, one.way) for one in seen} == {
        (officer.office, "verify", "live", "all", "online")
    }
    assert await messages_of_scans(citizen) == 3


async def test_fifty_scans_of_one_code_by_as_many_officers_are_valid_once(
    house: House, citizen: Citizen, licence: Licence
) -> None:
    """All others are replayed, and the holder hears of both."""
    officers = [await staff_member([Duty.VERIFY]) for _ in range(5)]
    code = await shown_code(house, licence)
    checked = await asyncio.gather(*(scan(house, officers[number % 5], code) for number in range(50)))
    reasons = sorted(one.verification.reason for one in checked)
    assert reasons == ["replayed"] * 49 + ["valid"]
    assert await messages_of_scans(citizen) == 2
