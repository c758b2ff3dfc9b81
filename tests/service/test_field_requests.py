"""More fields: asked for with a purpose, answered within three minutes, read once."""

import asyncio
from datetime import timedelta

import pytest

from app.bootstrap import House
from app.catalogue.licence_type import Preset
from app.identity.errors import LevelTooLowError
from app.identity.models import Citizen, Staff
from app.identity.rules import Duty
from app.kit import clock
from app.licences import errors
from app.licences.codes import CodeKind
from app.licences.models import Licence
from app.licences.requests.models import Answer, FieldRequest
from app.licences.requests.queries import open_requests
from app.licences.requests.service import answer_request, ask_for_fields, read_fields
from app.licences.verifying.models import Verification
from app.mandates.party import Party
from app.notifications.models import Message
from tests.service.cases import staff_member, verified_citizen
from tests.service.scans import handed_in, kept, licence_of, scan, shown_code

WANTED, PURPOSE = ["holder_name", "holder_id_number"], "核对本人身份"


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
    """One who verifies."""
    del house
    return await staff_member([Duty.VERIFY])


@pytest.fixture
async def verified(house: House, licence: Licence, officer: Staff) -> Verification:
    """A scan that showed nothing but that the licence is valid."""
    return (await scan(house, officer, await shown_code(house, licence, preset=Preset.VALID))).verification


@pytest.fixture
async def asked(officer: Staff, verified: Verification) -> FieldRequest:
    """A request that waits."""
    return await ask_for_fields(officer, verified.id, WANTED, PURPOSE)


async def test_a_request_is_answered_and_read_once(
    house: House, citizen: Citizen, officer: Staff, asked: FieldRequest
) -> None:
    """It waits on the phone, a message says so; a lost reply is had again by its key, and by nobody else."""
    del house
    (waiting,) = await open_requests(Party.own(citizen.id))
    assert (waiting.id, waiting.wanted, waiting.purpose) == (asked.id, WANTED, PURPOSE)
    told = await Message.get(citizen=citizen, kind="fields_requested")
    assert PURPOSE in told.text
    with pytest.raises(errors.FieldsUnreadableError):
        await read_fields(officer, asked.id, "k")
    await answer_request(Party.own(citizen.id), asked.id, Answer.ALLOWED)
    assert await open_requests(Party.own(citizen.id)) == []
    for _ in range(2):
        assert (await read_fields(officer, asked.id, "k")).request.wanted == WANTED
    for key in ("other", None):
        with pytest.raises(errors.FieldsUnreadableError):
            await read_fields(officer, asked.id, key)


async def test_a_refusal_shows_nothing(house: House, citizen: Citizen, officer: Staff, asked: FieldRequest) -> None:
    """And is not changed afterwards; said once more it is the same."""
    del house
    for _ in range(2):
        await answer_request(Party.own(citizen.id), asked.id, Answer.REFUSED)
    with pytest.raises(errors.FieldRequestOverError):
        await answer_request(Party.own(citizen.id), asked.id, Answer.ALLOWED)
    with pytest.raises(errors.FieldsUnreadableError):
        await read_fields(officer, asked.id, None)


async def test_three_minutes_after_asking_it_is_over(
    house: House, citizen: Citizen, officer: Staff, asked: FieldRequest
) -> None:
    """And what was allowed is read within ten minutes."""
    del house
    with clock.travel(timedelta(minutes=3)):
        assert await open_requests(Party.own(citizen.id)) == []
        with pytest.raises(errors.FieldRequestOverError):
            await answer_request(Party.own(citizen.id), asked.id, Answer.ALLOWED)
    await answer_request(Party.own(citizen.id), asked.id, Answer.ALLOWED)
    with clock.travel(timedelta(minutes=10, seconds=1)), pytest.raises(errors.FieldsUnreadableError):
        await read_fields(officer, asked.id, None)


async def test_yes_and_no_at_once_leave_one_of_them(
    house: House, citizen: Citizen, officer: Staff, asked: FieldRequest
) -> None:
    """Two phones of one citizen; and of ten readings at once one is given."""
    del house
    party = Party.own(citizen.id)
    answers = [Answer.ALLOWED, Answer.REFUSED] * 5
    outcomes = await asyncio.gather(
        *(answer_request(party, asked.id, answer) for answer in answers), return_exceptions=True
    )
    kept = (await FieldRequest.get(id=asked.id)).answer
    assert [outcome for outcome in outcomes if not isinstance(outcome, errors.FieldRequestOverError)]
    for answer, outcome in zip(answers, outcomes, strict=True):
        assert isinstance(outcome, FieldRequest) == (answer is kept)
    readings = await asyncio.gather(*(read_fields(officer, asked.id, None) for _ in range(10)), return_exceptions=True)
    given = [one for one in readings if not isinstance(one, errors.FieldsUnreadableError)]
    assert len(given) == (1 if kept is Answer.ALLOWED else 0)


async def test_nobody_elses_request_can_be_answered_or_read(
    house: House, officer: Staff, verified: Verification, asked: FieldRequest
) -> None:
    """Neither by another citizen nor by another officer, nor by one whose duty was taken away."""
    stranger, colleague = await verified_citizen(house), await staff_member([Duty.VERIFY])
    with pytest.raises(errors.FieldRequestNotFoundError):
        await answer_request(Party.own(stranger.id), asked.id, Answer.ALLOWED)
    with pytest.raises(errors.FieldRequestNotFoundError):
        await read_fields(colleague, asked.id, None)
    with pytest.raises(errors.VerificationNotFoundError):
        await ask_for_fields(colleague, verified.id, WANTED, PURPOSE)
    officer.duties = []
    with pytest.raises(errors.VerificationNotFoundError):
        await ask_for_fields(officer, verified.id, WANTED, PURPOSE)


async def test_whose_level_fell_allows_nothing(
    house: House, citizen: Citizen, officer: Staff, asked: FieldRequest
) -> None:
    """The licence could not be shown either."""
    del house
    await Citizen.filter(id=citizen.id).update(level=1)
    with pytest.raises(LevelTooLowError):
        await answer_request(Party.own(citizen.id), asked.id, Answer.ALLOWED)
    with pytest.raises(errors.FieldsUnreadableError):
        await read_fields(officer, asked.id, None)


async def test_whose_duty_was_taken_away_reads_nothing(
    house: House, citizen: Citizen, officer: Staff, asked: FieldRequest
) -> None:
    """Though it was allowed."""
    del house
    await answer_request(Party.own(citizen.id), asked.id, Answer.ALLOWED)
    officer.duties = [Duty.WINDOW]
    with pytest.raises(errors.FieldRequestNotFoundError):
        await read_fields(officer, asked.id, None)


async def test_more_is_asked_of_who_stands_there(house: House, licence: Licence, officer: Staff) -> None:
    """Not after a scan without network, nor of somebody without an account, who could not answer."""
    (offline,) = await handed_in(house, officer, kept(await shown_code(house, licence, CodeKind.HELD)))
    paper = await scan(house, officer, await shown_code(house, licence, CodeKind.PAPER, preset=Preset.VALID))
    with pytest.raises(errors.FieldRequestImpossibleError):
        await ask_for_fields(officer, offline.verification.id, WANTED, PURPOSE)
    await Licence.filter(id=licence.id).update(citizen_id=None)
    with pytest.raises(errors.FieldRequestImpossibleError):
        await ask_for_fields(officer, paper.verification.id, WANTED, PURPOSE)


async def test_one_request_waits_at_a_time(house: House, officer: Staff, verified: Verification) -> None:
    """The same once more is the same one, ten at once are one."""
    del house
    first = await asyncio.gather(*(ask_for_fields(officer, verified.id, WANTED, PURPOSE) for _ in range(10)))
    assert len({request.id for request in first}) == 1
    with pytest.raises(errors.FieldRequestPendingError):
        await ask_for_fields(officer, verified.id, ["business_kind"], PURPOSE)


async def test_nobody_asks_after_a_proof_of_age(house: House, licence: Licence, officer: Staff) -> None:
    """Which fields there are would tell of which licence it is."""
    proof = await scan(house, officer, await shown_code(house, licence, preset=Preset.AGE_60))
    assert proof.facts == {"over_60": True}
    for wanted in (WANTED, ["nothing"]):
        with pytest.raises(errors.FieldRequestImpossibleError):
            await ask_for_fields(officer, proof.verification.id, wanted, PURPOSE)


async def test_only_what_was_not_shown_and_is_there_is_asked_for(
    house: House, licence: Licence, officer: Staff, verified: Verification
) -> None:
    """After a scan that went well, while the citizen stands there."""
    for wanted in (["nothing"], [], ["holder_name", "holder_name"]):
        with pytest.raises(errors.FieldsNotAskableError):
            await ask_for_fields(officer, verified.id, wanted, PURPOSE)
    code = await shown_code(house, licence)
    good, replayed = await scan(house, officer, code), await scan(house, officer, code)
    with pytest.raises(errors.FieldsNotAskableError):
        await ask_for_fields(officer, good.verification.id, good.verification.shown[:1], PURPOSE)
    with pytest.raises(errors.FieldRequestImpossibleError):
        await ask_for_fields(officer, replayed.verification.id, WANTED, PURPOSE)
    with clock.travel(timedelta(minutes=10, seconds=1)), pytest.raises(errors.FieldRequestImpossibleError):
        await ask_for_fields(officer, verified.id, WANTED, PURPOSE)
