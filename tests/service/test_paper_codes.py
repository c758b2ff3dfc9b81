"""Codes on paper: printed for whoever is at the window, good for long, lost at once, one at a time."""

import asyncio
import zlib
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import cbor2
import pypdfium2
import pytest
import zxingcpp

from app.bootstrap import House
from app.catalogue.licence_type import Preset
from app.identity.models import Citizen
from app.identity.rules import Duty, mask_name
from app.kit import clock
from app.kit.db import transaction
from app.licences.codes import CodeKind, SignedCode
from app.licences.errors import (
    HolderNotFoundError,
    LicenceNotFoundError,
    LicenceNotValidError,
    PaperCodeNotFoundError,
    PresetNotOfferedError,
)
from app.licences.models import HolderKind, Licence, LicenceState, PaperCode, PaperEnd, Presentation
from app.licences.paper import service
from app.licences.paper.service import (
    Document,
    PersonPresent,
    Printed,
    find_licences,
    list_papers,
    print_paper,
    report_lost,
    report_lost_at_window,
)
from app.licences.presenting.making import make_code
from app.licences.presenting.spending import Spent, Unspent, spend
from app.licences.status.packing import Status
from app.licences.status.publishing import publish
from app.licences.status.queries import published_list
from app.mandates.party import Party
from app.notifications.models import Message
from tests.service.cases import issued_licence, some_case_no, staff_member, verified_citizen

HOST = "https://jiaban.example.cn"


@pytest.fixture
async def citizen(house: House) -> Citizen:
    """A citizen who verified their real name."""
    return await verified_citizen(house)


@pytest.fixture
async def licence(citizen: Citizen) -> Licence:
    """A licence under that citizen's name and number."""
    issued = await issued_licence(citizen, some_case_no(citizen.id))
    issued.holder_code = citizen.id_number
    await issued.save(update_fields=["holder_code", "holder_hash"])
    return issued


def present(citizen: Citizen) -> PersonPresent:
    """That citizen at the window."""
    return PersonPresent(str(citizen.name), str(citizen.id_number), Document.IDENTITY_CARD)


async def printed(house: House, licence: Licence, person: PersonPresent, preset: Preset = Preset.CARD) -> Printed:
    """What a window prints."""
    staff = await staff_member([Duty.WINDOW], region="230800")
    return await print_paper(house.code_signer, HOST, staff, licence.id, person, preset, "没有手机")


async def scan(house: House, paper: Printed) -> Spent:
    """A scan with a network."""
    async with transaction():
        return await spend(await house.code_signer.read(paper.code), clock.now())


async def test_paper_is_signed_as_paper_and_lasts_a_year(house: House, citizen: Citizen, licence: Licence) -> None:
    """Or until the licence ends."""
    paper = await printed(house, licence, present(citizen))
    claims = (await house.code_signer.read(paper.code)).claims
    assert claims.kind is CodeKind.PAPER
    assert claims.expires_at - claims.issued_at == timedelta(days=365)
    ends = clock.today() + timedelta(days=40)
    await Licence.filter(id=licence.id).update(valid_until=ends)
    sooner = (await house.code_signer.read((await printed(house, licence, present(citizen))).code)).claims
    assert clock.in_city(sooner.expires_at).startswith((ends + timedelta(days=1)).isoformat())


async def test_paper_is_never_spent(house: House, citizen: Citizen, licence: Licence) -> None:
    """It is good as often as it is scanned, until its day is over."""
    paper = await printed(house, licence, present(citizen))
    assert [(await scan(house, paper)).spent for _ in range(3)] == [True] * 3
    assert await Presentation.filter(licence=licence, kind=CodeKind.PAPER, spent_at=None).count() == 1
    with clock.travel(timedelta(days=366)):
        assert (await scan(house, paper)).unspent is Unspent.EXPIRED


async def test_lost_paper_is_worth_nothing_at_once(house: House, citizen: Citizen, licence: Licence) -> None:
    """Whether the holder says so on a phone or somebody at a window; once more changes nothing."""
    party = Party.own(citizen.id)
    by_phone = await printed(house, licence, present(citizen))
    for _ in range(2):
        lost = await report_lost(party, licence.id, by_phone.paper.id)
        assert lost.ended_because is PaperEnd.LOST
    assert (await scan(house, by_phone)).unspent is Unspent.ENDED
    at_window = await printed(house, licence, present(citizen))
    staff = await staff_member([Duty.WINDOW], region="230800")
    await report_lost_at_window(staff, licence.id, at_window.paper.id, present(citizen))
    assert (await scan(house, at_window)).unspent is Unspent.ENDED
    assert await Message.filter(citizen=citizen, kind="paper_code_lost").count() == 2
    with pytest.raises(PaperCodeNotFoundError):
        await report_lost(party, licence.id, uuid4())


async def test_printing_anew_ends_what_was_printed_before(house: House, citizen: Citizen, licence: Licence) -> None:
    """One paper of a licence is good, however many windows print at once; the holder hears of each."""
    papers = await asyncio.gather(*(printed(house, licence, present(citizen)) for _ in range(4)))
    good = [paper for paper in papers if (await scan(house, paper)).spent]
    assert len(good) == 1
    assert await PaperCode.filter(licence=licence, ended_because=PaperEnd.REPLACED).count() == 3
    assert [row.id for row in await list_papers(Party.own(citizen.id), licence.id) if row.ended_at is None] == [
        good[0].paper.id
    ]
    assert await Message.filter(citizen=citizen, kind="paper_code_printed").count() == 4


async def test_a_window_prints_for_the_holder_alone(house: House, citizen: Citizen, licence: Licence) -> None:
    """Name and number both have to be theirs, and a stranger's paper is nobody else's to lose."""
    stranger = await verified_citizen(house)
    for person in (
        present(stranger),
        PersonPresent(str(stranger.name) + "某", str(citizen.id_number), Document.IDENTITY_CARD),
    ):
        with pytest.raises(HolderNotFoundError):
            await printed(house, licence, person)
        with pytest.raises(HolderNotFoundError):
            await find_licences(await staff_member([Duty.WINDOW]), person)
    paper = await printed(house, licence, present(citizen))
    with pytest.raises(LicenceNotFoundError):
        await report_lost(Party.own(stranger.id), licence.id, paper.paper.id)
    with pytest.raises(HolderNotFoundError):
        await report_lost_at_window(await staff_member([Duty.WINDOW]), licence.id, paper.paper.id, present(stranger))
    (found,) = await find_licences(await staff_member([Duty.WINDOW]), present(citizen))
    assert [row.presentation.preset for row in found.papers] == [Preset.CARD]


async def test_a_name_is_one_however_it_is_spaced_and_a_number_is_a_persons(
    house: House, citizen: Citizen, licence: Licence
) -> None:
    """As with licences that wait for their holder; a company with such a code is nobody at a window."""
    written = f" {licence.holder[0]}\u3000{licence.holder[1:]}"
    licence.holder = written
    await licence.save(update_fields=["holder"])
    assert await find_licences(await staff_member([Duty.WINDOW]), present(citizen)) == [licence]
    assert (await printed(house, licence, present(citizen))).paper.id
    await Licence.filter(id=licence.id).update(holder_kind=HolderKind.COMPANY)
    with pytest.raises(HolderNotFoundError):
        await find_licences(await staff_member([Duty.WINDOW]), present(citizen))
    with pytest.raises(HolderNotFoundError):
        await printed(house, licence, present(citizen))


async def test_nothing_is_printed_of_what_is_revoked_meanwhile(
    house: House, citizen: Citizen, licence: Licence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the licence and its paper."""

    async def make(*arguments: Any) -> SignedCode:
        await Licence.filter(id=licence.id).update(state=LicenceState.REVOKED)
        return await make_code(*arguments)

    monkeypatch.setattr(service, "make_code", make)
    with pytest.raises(LicenceNotValidError):
        await printed(house, licence, present(citizen))
    assert not await PaperCode.filter(licence=licence).exists()


async def test_a_paper_is_lost_with_its_own_licence_alone(house: House, citizen: Citizen, licence: Licence) -> None:
    """Whoever holds another licence ends nobody's paper by its id."""
    stranger = await verified_citizen(house)
    other = await issued_licence(stranger, some_case_no(stranger.id))
    paper = (await printed(house, licence, present(citizen))).paper
    with pytest.raises(PaperCodeNotFoundError):
        await report_lost(Party.own(stranger.id), other.id, paper.id)
    assert await PaperCode.filter(id=paper.id, ended_at=None).exists()


async def test_somebody_without_an_account_gets_paper(house: House, citizen: Citizen, licence: Licence) -> None:
    """A licence that was brought from elsewhere is nobody's account's; nobody is told."""
    await Licence.filter(id=licence.id).update(citizen_id=None)
    paper = await printed(house, licence, present(citizen))
    assert (await scan(house, paper)).spent
    assert not await Message.filter(citizen=citizen, kind="paper_code_printed").exists()


async def test_paper_is_printed_of_what_is_valid(house: House, citizen: Citizen, licence: Licence) -> None:
    """And shows only what the type offers."""
    with pytest.raises(PresetNotOfferedError):
        await printed(house, licence, present(citizen), Preset.AGE_60)
    for worthless in ({"valid_from": clock.today() + timedelta(days=1)}, {"state": LicenceState.SUSPENDED}):
        await Licence.filter(id=licence.id).update(**worthless)
        with pytest.raises(LicenceNotValidError):
            await printed(house, licence, present(citizen))
        await Licence.filter(id=licence.id).update(valid_from=licence.valid_from)
    assert not await PaperCode.filter(licence=licence).exists()


async def test_the_sheet_says_what_the_code_says(house: House, citizen: Citizen, licence: Licence) -> None:
    """An independent decoder reads the same code off the page; neither name nor number stands there in full."""
    paper = await printed(house, licence, present(citizen))
    pdf = pypdfium2.PdfDocument(BytesIO(paper.pdf))
    text = pdf[0].get_textpage().get_text_range()
    assert mask_name(licence.holder) in text
    assert "食品经营许可证" in text
    assert licence.holder not in text
    assert str(citizen.id_number) not in text
    picture = pdf[0].render(scale=300 / 72).to_pil()
    assert [symbol.text for symbol in zxingcpp.read_barcodes(picture)] == [paper.code]


async def test_the_status_list_tells_of_lost_paper(house: House, citizen: Citizen, licence: Licence) -> None:
    """Paper has a place of its own: lost paper is invalid there, and the licence is not; what ends that ends paper."""
    party = Party.own(citizen.id)
    lost = await printed(house, licence, present(citizen))
    await report_lost(party, licence.id, lost.paper.id)
    await _learned(lost.paper)
    good = await printed(house, licence, present(citizen))
    places = [(row.status_list, row.status_index) for row in (licence, lost.paper, good.paper)]
    assert len(set(places)) == 3
    claims = (await house.code_signer.read(good.code)).claims
    assert (claims.status_list, claims.status_index) == places[2]
    assert await _published(house, places) == [Status.VALID, Status.INVALID, Status.VALID]
    for state, worth in (
        (LicenceState.SUSPENDED, Status.SUSPENDED),
        (LicenceState.REVOKED, Status.INVALID),
        (LicenceState.EXPIRED, Status.EXPIRED),
    ):
        await Licence.filter(id=licence.id).update(state=state)
        assert await _published(house, places) == [worth, Status.INVALID, worth]


async def _learned(paper: PaperCode) -> None:
    """Wait until the worker has made the list in which lost paper is worth nothing."""
    async with asyncio.timeout(60):
        place = (paper.status_list, paper.status_index)
        while await _worth([place]) != [Status.INVALID]:  # noqa: ASYNC110  # the worker changes it in the database
            await asyncio.sleep(0.1)


async def _published(house: House, places: list[tuple[int | None, int | None]]) -> list[int]:
    """What the lists say of these places, made at this moment."""
    for number in {number for number, _ in places if number is not None}:
        await publish(house.licence_keys, HOST, number, timedelta(minutes=5))
    return await _worth(places)


async def _worth(places: list[tuple[int | None, int | None]]) -> list[int]:
    """What the lists that are published say of these places."""
    arrays = {}
    for number in {number for number, _ in places if number is not None}:
        found = await published_list(number)
        assert found
        payload = cbor2.loads(cbor2.loads(found.token).value[2])
        arrays[number] = zlib.decompress(payload[65533]["lst"])
    return [
        arrays[number][index * 2 // 8] >> index * 2 % 8 & 3
        for number, index in places
        if number is not None and index is not None
    ]
