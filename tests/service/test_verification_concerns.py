"""Objections: one tap, the supervision answers, the citizen reads it."""

import asyncio

import pytest

from app.bootstrap import House
from app.identity.models import Citizen, Staff
from app.identity.rules import Duty
from app.identity.staff_accounts import Scope
from app.licences import errors
from app.licences.models import Licence
from app.licences.verifying.concerns import answer_concern, list_concerns, object_to
from app.licences.verifying.models import Concern, Verification
from app.licences.verifying.queries import list_verifications
from app.mandates.party import Party
from app.notifications.models import Message
from tests.service.cases import staff_member, verified_citizen
from tests.service.scans import licence_of, scan, shown_code

ANSWER = "经核实，系执法人员例行检查。"


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
    """One who verifies, and supervises too."""
    del house
    return await staff_member([Duty.VERIFY, Duty.SUPERVISE], region="230811")


@pytest.fixture
async def verified(house: House, licence: Licence, officer: Staff) -> Verification:
    """A scan."""
    return (await scan(house, officer, await shown_code(house, licence))).verification


async def listed(member: Staff, *, answered: bool = False) -> list[Concern]:
    """What a supervisor sees first."""
    return (await list_concerns(Scope.of(member), kind=None, answered=answered, cursor=None)).items


async def test_an_objection_is_answered_to_the_citizen(
    house: House, citizen: Citizen, licence: Licence, verified: Verification
) -> None:
    """By the supervision of the officer's region and department; once, and the history shows both."""
    del house
    party = Party.own(citizen.id)
    outcomes = await asyncio.gather(*(object_to(party, licence.id, verified.id) for _ in range(5)))
    (concern,) = {one.id: one for one in outcomes}.values()
    supervisor = await staff_member([Duty.SUPERVISE], region="230800")
    elsewhere = await staff_member([Duty.SUPERVISE], region="230822")
    other = await staff_member([Duty.SUPERVISE], region="230800", department="ga")
    assert concern.id in {one.id for one in await listed(supervisor)}
    for member in (elsewhere, other):
        assert concern.id not in {one.id for one in await listed(member)}
        with pytest.raises(errors.ConcernNotFoundError):
            await answer_concern(Scope.of(member), concern.id, ANSWER)
    for _ in range(2):
        await answer_concern(Scope.of(supervisor), concern.id, ANSWER)
    with pytest.raises(errors.ConcernAnsweredError):
        await answer_concern(Scope.of(supervisor), concern.id, "另一个答复")
    assert concern.id in {one.id for one in await listed(supervisor, answered=True)}
    told = await Message.get(citizen=citizen, kind="concern_answered")
    assert ANSWER in told.text
    (seen,) = (await list_verifications(party, licence.id, None)).items
    assert seen.objection
    assert seen.objection.answer == ANSWER


async def test_nobody_answers_for_their_own_scan(
    house: House, citizen: Citizen, licence: Licence, officer: Staff, verified: Verification
) -> None:
    """Somebody else of the supervision does."""
    del house
    concern = await object_to(Party.own(citizen.id), licence.id, verified.id)
    with pytest.raises(errors.OwnVerificationError):
        await answer_concern(Scope.of(officer), concern.id, ANSWER)


async def test_nobody_objects_to_what_is_not_about_their_licence(
    house: House, licence: Licence, citizen: Citizen, verified: Verification
) -> None:
    """Neither on another's licence nor by another's verification."""
    stranger = await verified_citizen(house)
    theirs = await licence_of(stranger)
    with pytest.raises(errors.LicenceNotFoundError):
        await object_to(Party.own(stranger.id), licence.id, verified.id)
    with pytest.raises(errors.VerificationNotFoundError):
        await object_to(Party.own(stranger.id), theirs.id, verified.id)
    assert not await Concern.exists(verification=verified)
    del citizen
