"""Codes on the real database: what they say, how they are spent, what ends them."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.bootstrap import House
from app.catalogue.licence_type import Preset
from app.consents.definitions import purposes
from app.consents.errors import ConsentMissingError
from app.consents.service import give_consent, withdraw_consent
from app.identity.models import Citizen, Session
from app.kit import clock
from app.kit.db import transaction
from app.kit.errors import TemporarilyUnavailableError
from app.licences.codes import CodeKind, SignedCode
from app.licences.codes.digits import is_checked, new_digits
from app.licences.errors import DigitsPausedError, LicenceNotValidError, PresetNotMetError, PresetNotOfferedError
from app.licences.models import DigitMiss, Licence, LicenceState, Presentation
from app.licences.presenting import service, spending
from app.licences.presenting.service import Presented, hold_codes, present_licence
from app.licences.presenting.spending import Spent, Unspent
from app.mandates.party import Party
from tests.service.cases import issued_licence, some_case_no, verified_citizen
from tests.service.scans import shown_code

HOST = "https://jiaban.example.cn"


@pytest.fixture
async def citizen(house: House) -> Citizen:
    """A citizen who verified their real name."""
    return await verified_citizen(house)


@pytest.fixture
async def licence(citizen: Citizen) -> Licence:
    """A licence of that citizen's."""
    return await issued_licence(citizen, some_case_no(citizen.id))


async def shown(
    house: House, licence: Licence, preset: Preset = Preset.CARD, session_id: UUID | None = None
) -> Presented:
    """A fresh code."""
    party = Party.own(licence.citizen_id)  # type: ignore[attr-defined]  # Tortoise adds it
    return await present_licence(house.code_signer, HOST, party, licence.id, preset, session_id)


async def held(house: House, licence: Licence, many: int = 2, session_id: UUID | None = None) -> list[Presented]:
    """Codes for a place without network."""
    party = Party.own(licence.citizen_id)  # type: ignore[attr-defined]  # Tortoise adds it
    return await hold_codes(house.code_signer, HOST, party, licence.id, Preset.CARD, many, session_id)


async def spend(house: House, code: Presented | SignedCode) -> Spent:
    """A scan."""
    signed = code if isinstance(code, SignedCode) else await house.code_signer.read(code.code)
    async with transaction():
        return await spending.spend(signed, clock.now())


async def type_in(staff_id: UUID, digits: str | None) -> Spent:
    """Somebody types digits."""
    assert digits
    async with transaction():
        return await spending.spend_digits(staff_id, digits, clock.now())


def outcomes(spent: Sequence[Spent]) -> Counter[str]:
    """How often what came of it."""
    return Counter("spent" if one.spent else str(one.unspent) for one in spent)


async def misses(staff_id: UUID, many: int) -> None:
    """Digits that stand for nothing, so many times."""
    for _ in range(many):
        assert (await type_in(staff_id, new_digits())).presentation is None


async def test_either_form_spends_both(house: House, licence: Licence) -> None:
    """Whoever comes second with the other form is told that it was replayed."""
    scanned, typed = await shown(house, licence), await shown(house, licence)
    staff_id = uuid4()
    assert is_checked(str(scanned.digits))
    assert (await spend(house, scanned)).spent
    assert (await type_in(staff_id, scanned.digits)).unspent is Unspent.REPLAYED
    assert (await type_in(staff_id, typed.digits)).spent
    assert (await spend(house, typed)).unspent is Unspent.REPLAYED
    assert not await DigitMiss.filter(staff_id=staff_id).exists()


async def test_a_hundred_in_both_forms_at_once_spend_one(house: House, licence: Licence) -> None:
    """Half of them scan, half of them type, each on an account of their own."""
    code = await shown(house, licence)
    scans = [spend(house, code) for _ in range(50)]
    entries = [type_in(uuid4(), code.digits) for _ in range(50)]
    assert outcomes(await asyncio.gather(*scans, *entries)) == {"spent": 1, "replayed": 99}


async def test_digits_that_another_code_has_are_drawn_anew(
    house: House, licence: Licence, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, free = (await shown(house, licence)).digits, new_digits()
    drawn = iter([taken, taken, free])
    monkeypatch.setattr(service, "new_digits", lambda: next(drawn))
    assert (await shown(house, licence)).digits == free
    monkeypatch.setattr(service, "new_digits", lambda: taken)
    with pytest.raises(TemporarilyUnavailableError):
        await shown(house, licence)
    assert await Presentation.filter(licence=licence).count() == 2


async def test_five_misses_pause_the_digits_of_one_account(house: House, licence: Licence) -> None:
    """Then the right ones are not taken either, but scans are, and other accounts'; ten minutes later all is well."""
    code, staff_id = await shown(house, licence), uuid4()
    await misses(staff_id, 5)
    with pytest.raises(DigitsPausedError) as paused:
        await type_in(staff_id, code.digits)
    assert 590 < paused.value.context["retry_after"] <= 600
    assert (await type_in(uuid4(), code.digits)).spent
    assert (await spend(house, await shown(house, licence))).spent
    with clock.travel(timedelta(minutes=10, seconds=1)):
        assert (await type_in(staff_id, (await shown(house, licence)).digits)).spent


async def test_misses_count_in_any_ten_minutes(house: House, licence: Licence) -> None:
    """Four, and nine minutes later two more: the fifth pauses, until the first of the five is ten minutes old."""
    del house, licence
    staff_id = uuid4()
    await misses(staff_id, 4)
    with clock.travel(timedelta(minutes=9)):
        await misses(staff_id, 1)
        with pytest.raises(DigitsPausedError) as paused:
            await type_in(staff_id, new_digits())
    assert 50 < paused.value.context["retry_after"] <= 60
    with clock.travel(timedelta(minutes=10, seconds=1)):
        await misses(staff_id, 4)
        with pytest.raises(DigitsPausedError):
            await type_in(staff_id, new_digits())


async def test_a_hundred_guesses_at_once_are_counted(house: House) -> None:
    """Five are looked up, however many come together."""
    del house
    staff_id = uuid4()
    tried = await asyncio.gather(*(type_in(staff_id, new_digits()) for _ in range(100)), return_exceptions=True)
    assert Counter(type(one).__name__ for one in tried) == {"Spent": 5, "DigitsPausedError": 95}


async def test_digits_that_are_over_are_no_miss(house: House, licence: Licence) -> None:
    """Nor those that were replayed, however often."""
    code, staff_id = await shown(house, licence), uuid4()
    for _ in range(7):
        await type_in(staff_id, code.digits)
    late = await shown(house, licence)
    with clock.travel(timedelta(seconds=61)):
        for _ in range(7):
            assert (await type_in(staff_id, late.digits)).unspent is Unspent.EXPIRED
    assert not await DigitMiss.filter(staff_id=staff_id).exists()


@pytest.mark.parametrize("changed", ["masked_holder", "preset", "expires_at", "status_index"])
async def test_a_genuine_nonce_with_other_claims_spends_nothing(house: House, licence: Licence, changed: str) -> None:
    """Though signed by our own key: the statement compares the whole code."""
    code = await shown(house, licence)
    genuine = (await house.code_signer.read(code.code)).claims
    altered: dict[str, Any] = {
        "masked_holder": "王*",
        "preset": Preset.ALL,
        "expires_at": genuine.expires_at - timedelta(seconds=1),
        "status_index": 7,
    }
    forged = await house.code_signer.sign(replace(genuine, **{changed: altered[changed]}))
    assert await spend(house, forged) == Spent(None, False)
    assert (await spend(house, code)).spent


async def test_held_codes_are_good_once_each_for_twelve_hours(house: House, licence: Licence) -> None:
    """They say that they were fetched beforehand, and nobody can type them."""
    first, second, third = await held(house, licence, 3)
    assert {(code.kind, code.digits) for code in (first, second, third)} == {(CodeKind.HELD, None)}
    claims = (await house.code_signer.read(first.code)).claims
    assert claims.kind is CodeKind.HELD
    assert claims.expires_at - claims.issued_at == timedelta(hours=12)
    with clock.travel(timedelta(hours=11, minutes=59)):
        assert outcomes([await spend(house, first), await spend(house, first)]) == {"spent": 1, "replayed": 1}
        assert (await spend(house, second)).spent
    with clock.travel(timedelta(hours=12, seconds=1)):
        assert (await spend(house, third)).unspent is Unspent.EXPIRED


async def test_held_codes_end_with_the_session(house: House, citizen: Citizen, licence: Licence) -> None:
    """A phone that was lost is signed out from another: what it holds is worth nothing online."""
    session = await Session.create(citizen=citizen, created_at=clock.now())
    lost, kept = await held(house, licence, 2, session.id)
    assert (await spend(house, lost)).spent
    await Session.filter(id=session.id).update(ended_at=clock.now())
    assert (await spend(house, kept)).unspent is Unspent.ENDED


async def test_codes_end_where_the_licence_went_to_another_account(
    house: House, citizen: Citizen, licence: Licence
) -> None:
    """Those that were handed out before, and one that was being made meanwhile; paper stays with the person."""
    session = await Session.create(citizen=citizen, created_at=clock.now())
    before = [await shown(house, licence, session_id=session.id), *await held(house, licence, 1, session.id)]
    paper = await shown_code(house, licence, CodeKind.PAPER)
    proven = await verified_citizen(house)
    async with transaction():
        await Licence.move_in_name(citizen.id, proven.id)
    assert [(await spend(house, code)).unspent for code in before] == [Unspent.EXPIRED, Unspent.EXPIRED]
    assert (await spend(house, await house.code_signer.read(paper))).spent
    meanwhile = await shown(house, await Licence.get(id=licence.id), session_id=session.id)
    assert (await spend(house, meanwhile)).unspent is Unspent.ENDED


async def test_held_codes_end_with_the_licence(house: House, licence: Licence) -> None:
    """Not after its last day, and there are none of one that is worth nothing."""
    await Licence.filter(id=licence.id).update(valid_until=clock.today())
    (code,) = await held(house, licence, 1)
    assert code.expires_at <= clock.now().astimezone(clock.CITY_TIME).replace(
        hour=0, minute=0, second=0, microsecond=0
    ) + timedelta(days=1)
    for ended in ({"valid_until": clock.today() - timedelta(days=1)}, {"state": LicenceState.SUSPENDED}):
        await Licence.filter(id=licence.id).update(valid_until=None)
        await Licence.filter(id=licence.id).update(**ended)
        with pytest.raises(LicenceNotValidError):
            await held(house, licence)


async def test_who_withdrew_their_consent_shows_nothing(house: House, citizen: Citizen, licence: Licence) -> None:
    """Until they give it again."""
    purpose, actor = "licence_presentation", f"citizen:{citizen.id}"
    version = purposes()[purpose].version
    await give_consent(citizen.id, purpose, version, actor=actor, session_id=None)
    await withdraw_consent(citizen.id, purpose, actor=actor, session_id=None)
    for show in (shown, held):
        with pytest.raises(ConsentMissingError):
            await show(house, licence)
    await give_consent(citizen.id, purpose, version, actor=actor, session_id=None)
    assert (await shown(house, licence)).code


async def test_a_code_says_no_more_than_its_preset(house: House, licence: Licence) -> None:
    """An age does not say by which licence it is known."""
    claims = (await house.code_signer.read((await shown(house, licence)).code)).claims
    assert (claims.licence_type, claims.valid_until, claims.facts) == ("food_business", licence.valid_until, {})
    assert claims.reference.hex() == licence.reference
    assert licence.holder not in claims.masked_holder
    with pytest.raises(PresetNotOfferedError):
        await shown(house, licence, Preset.AGE_60)


@pytest.mark.parametrize(("days", "met"), [(0, True), (1, False)])
async def test_an_age_is_said_from_the_sixtieth_birthday(house: House, citizen: Citizen, days: int, met: bool) -> None:
    """On the day itself it is true, on the day before it is refused."""
    day = clock.today() + timedelta(days=days)
    born = date(day.year - 60, day.month, day.day)
    licence = await issued_licence(citizen, some_case_no(citizen.id))
    await Licence.filter(id=licence.id).update(type_code="disability_certificate")
    licence = await Licence.get(id=licence.id)
    licence.holder_code = f"230803{born:%Y%m%d}0021"
    await licence.save(update_fields=["holder_code"])
    await Citizen.filter(id=citizen.id).update(level=3)
    if not met:
        with pytest.raises(PresetNotMetError):
            await shown(house, licence, Preset.AGE_60)
        return
    claims = (await house.code_signer.read((await shown(house, licence, Preset.AGE_60)).code)).claims
    assert (claims.licence_type, claims.valid_until, claims.facts) == (None, None, {"over_60": True})
    assert await Presentation.filter(licence=licence, preset=Preset.AGE_60).exists()
