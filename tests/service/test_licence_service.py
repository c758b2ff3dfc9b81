"""Licences on the real database: issued once, shown once, revoked at once."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from app.bootstrap import House
from app.catalogue.licence_type import Preset
from app.identity.errors import LevelTooLowError
from app.identity.models import Citizen, Session
from app.kit import clock
from app.kit.db import transaction
from app.licences.errors import LicenceNotFoundError, VerificationKeyReusedError
from app.licences.models import Licence, LicenceCause, Presentation
from app.licences.moving import move_licence_of_case
from app.licences.presenting.service import Presented, present_licence
from app.licences.verifying.looking import inspect_code
from app.licences.verifying.service import verify_code
from app.mandates.party import Party
from app.notifications.models import Message
from tests.service.cases import issued_licence, some_case_no, verified_citizen, verifier


@pytest.fixture
async def citizen(house: House) -> Citizen:
    """A citizen who verified their real name."""
    return await verified_citizen(house)


@pytest.fixture
async def licence(citizen: Citizen) -> Licence:
    """A licence of that citizen's."""
    return await issued_licence(citizen, some_case_no(citizen.id))


async def shown(house: House, citizen: Citizen, licence: Licence) -> Presented:
    """A fresh code."""
    return await present_licence(
        house.code_signer, "https://jiaban.example.cn", Party.own(citizen.id), licence.id, Preset.ALL
    )


async def reason(house: House, code: str, key: str | None = None) -> str:
    """The reason code of a verification."""
    return (await verify_code(house.code_signer, await verifier(), code, key)).verification.reason


async def test_one_case_leads_to_one_licence_whoever_issues_it(house: House, citizen: Citizen) -> None:
    """Twenty transactions at once: one row, and nobody else's is lost."""
    outcomes = await asyncio.gather(
        *(issued_licence(citizen, some_case_no(citizen.id)) for _ in range(20)), return_exceptions=True
    )
    issued = [outcome for outcome in outcomes if isinstance(outcome, Licence)]
    assert issued
    assert len({licence.id for licence in issued}) == 1
    assert await Licence.filter(citizen=citizen).count() == 1
    del house


async def test_a_code_is_valid_once(house: House, citizen: Citizen, licence: Licence) -> None:
    """Then it is replayed."""
    code = (await shown(house, citizen, licence)).code
    assert [await reason(house, code), await reason(house, code)] == ["valid", "replayed"]


async def test_fifty_scans_at_once_spend_a_code_once(house: House, citizen: Citizen, licence: Licence) -> None:
    """Exactly one is valid."""
    code = (await shown(house, citizen, licence)).code
    reasons = await asyncio.gather(*(reason(house, code) for _ in range(50)))
    assert Counter(reasons) == {"valid": 1, "replayed": 49}


async def test_a_code_ends_after_a_minute(house: House, citizen: Citizen, licence: Licence) -> None:
    """And an ended code is not spent."""
    presented = await shown(house, citizen, licence)
    with clock.travel(timedelta(seconds=61)):
        assert await reason(house, presented.code) == "expired"
    assert await Presentation.filter(licence=licence, spent_at=None).count() == 1


async def test_a_lost_reply_costs_no_code(house: House, citizen: Citizen, licence: Licence) -> None:
    """The same key answers the same, and belongs to that code alone."""
    first, second = (await shown(house, citizen, licence)).code, (await shown(house, citizen, licence)).code
    key = str(licence.id)
    assert [await reason(house, first, key), await reason(house, first, key)] == ["valid", "valid"]
    with pytest.raises(VerificationKeyReusedError):
        await reason(house, second, key)
    assert await reason(house, second) == "valid"


async def test_a_reply_is_had_again_for_ten_minutes(house: House, citizen: Citizen, licence: Licence) -> None:
    """Later the key would open what the licence says by then, and nobody would see it."""
    code, key = (await shown(house, citizen, licence)).code, str(licence.id)
    assert await reason(house, code, key) == "valid"
    with clock.travel(timedelta(minutes=9)):
        assert await reason(house, code, key) == "valid"
    with clock.travel(timedelta(minutes=11)), pytest.raises(VerificationKeyReusedError):
        await reason(house, code, key)


async def test_twenty_retries_of_one_scan_at_once_answer_alike(
    house: House, citizen: Citizen, licence: Licence
) -> None:
    """A phone that repeats its request while the first is still on its way."""
    code = (await shown(house, citizen, licence)).code
    reasons = await asyncio.gather(*(reason(house, code, f"retry-{licence.id}") for _ in range(20)))
    assert set(reasons) == {"valid"}


async def test_altered_claims_with_a_genuine_nonce_spend_nothing(
    house: House, citizen: Citizen, licence: Licence
) -> None:
    """Even where the forger holds our key, the row knows the code that was handed out."""
    presented = await shown(house, citizen, licence)
    genuine = (await house.code_signer.read(presented.code)).claims
    altered = replace(genuine, expires_at=genuine.expires_at - timedelta(seconds=1), masked_holder="王*")
    forged = (await house.code_signer.sign(altered)).token
    assert await reason(house, forged) == "malformed"
    assert await inspect_code(house.code_signer, forged) is None
    assert await reason(house, presented.code) == "valid"


async def test_a_revocation_counts_for_codes_handed_out_before_and_after(
    house: House, citizen: Citizen, licence: Licence
) -> None:
    """The scan says so, with the reason, and shows no field."""
    before = await shown(house, citizen, licence)
    for why in ("经查提供虚假材料", "一件事只说一次"):
        async with transaction():
            await move_licence_of_case(str(licence.case_no), LicenceCause.REVOKED, why)
    after = await shown(house, citizen, licence)
    for presented in (before, after):
        checked = await verify_code(house.code_signer, await verifier(), presented.code, None)
        assert checked.verification.reason == "revoked"
        assert checked.verification.shown == []
        assert checked.licence is not None
        assert checked.licence.state_reason == "经查提供虚假材料"
    # Once, and where nobody can be reached it is for the staff of the place that issued it.
    assert (await Message.get(citizen=citizen, kind="licence_revoked")).region == licence.region


async def test_opening_a_code_never_spends_it(house: House, citizen: Citizen, licence: Licence) -> None:
    """Whoever looks sees a masked name, and the officer can still scan."""
    code = (await shown(house, citizen, licence)).code
    for _ in range(5):
        view = await inspect_code(house.code_signer, code)
        assert view
        assert not view.over
        assert view.masked_holder != licence.holder
    assert await reason(house, code) == "valid"
    after = await inspect_code(house.code_signer, code)
    assert after
    assert after.over


async def test_a_code_is_over_for_everybody_when_its_session_has_ended(
    house: House, citizen: Citizen, licence: Licence
) -> None:
    """Whoever opens it learns that, too."""
    session = await Session.create(citizen=citizen, created_at=clock.now())
    party = Party.own(citizen.id)
    code = await present_licence(house.code_signer, "https://host", party, licence.id, Preset.ALL, session.id)
    views = [await inspect_code(house.code_signer, code.code)]
    await Session.filter(id=session.id).update(ended_at=clock.now())
    views.append(await inspect_code(house.code_signer, code.code))
    assert [view.over for view in views if view] == [False, True]


async def test_a_licence_is_shown_by_its_holder_alone(house: House, licence: Licence) -> None:
    """And at the level that its type asks for."""
    stranger = await verified_citizen(house)
    with pytest.raises(LicenceNotFoundError):
        await shown(house, stranger, licence)
    holder = await Citizen.get(id=licence.citizen_id)  # type: ignore[attr-defined]  # Tortoise adds it
    await Citizen.filter(id=holder.id).update(level=1)
    with pytest.raises(LevelTooLowError) as refused:
        await shown(house, holder, licence)
    assert refused.value.context["next_step"] == "real_name"
