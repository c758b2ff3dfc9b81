"""What the night does for licences, who is reminded, and who gets the licences that waited for them."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.bootstrap import House
from app.identity.models import Citizen
from app.identity.rules import Level
from app.kit import clock
from app.kit.crypto import keyring
from app.licences.attaching import attach_to_company, attach_to_person
from app.licences.models import HOLDER, HolderKind, Licence, LicenceMove, LicenceState, Origin
from app.licences.reminders import care_for_licences
from app.mandates.models import Company
from app.notifications.models import Message
from tests.service.cases import verified_citizen


@pytest.fixture
async def citizen(quiet: House) -> Citizen:
    """Proven by face."""
    citizen = await verified_citizen(quiet)
    await Citizen.filter(id=citizen.id).update(level=Level.FACE)
    return await Citizen.get(id=citizen.id)


@pytest.fixture(autouse=True)
async def no_licences_left(quiet: House) -> AsyncIterator[None]:
    """The night looks at all there are."""
    del quiet
    yield
    await Licence.filter(origin=Origin.IMPORTED, number__startswith="test").delete()


async def brought(code: str | None = None, **columns: Any) -> Licence:
    """A licence that was brought here, nobody's unless said."""
    name = uuid4().hex
    plain: dict[str, Any] = {
        "type_code": "food_business",
        "identifier": name,
        "reference": name[:16],
        "number": f"test{name[:8]}",
        "origin": Origin.IMPORTED,
        "holder": "测",
        "holder_code": code,
        "holder_hash": keyring().lookup(code, HOLDER) if code else None,
        "values": {},
        "issuer": "佳木斯市市场监督管理局",
        "issuer_code": "11230800JB0000017Q",
        "region": "230800",
        "issued_on": date(2020, 3, 1),
        "valid_from": date(2020, 3, 1),
        "valid_until": None,
    }
    return await Licence.create(**plain | columns)


async def told(citizen: Citizen, kind: str) -> list[str]:
    """The texts of a kind that a citizen was told."""
    return [message.text for message in await Message.filter(citizen=citizen, kind=kind).order_by("id")]


async def test_a_licence_expires_the_day_after_its_last(citizen: Citizen) -> None:
    """A suspended one too; what was ended by order stays so; the holder hears once."""
    today = clock.today()
    last = await brought(citizen=citizen, valid_until=today)
    over = await brought(citizen=citizen, valid_until=today - timedelta(days=1))
    suspended = await brought(valid_until=today - timedelta(days=1), state=LicenceState.SUSPENDED)
    revoked = await brought(valid_until=today - timedelta(days=1), state=LicenceState.REVOKED)
    for _ in range(2):
        await care_for_licences()
    states = [(await Licence.get(id=one.id)).state for one in (last, over, suspended, revoked)]
    expected = [LicenceState.VALID, LicenceState.EXPIRED, LicenceState.EXPIRED, LicenceState.REVOKED]
    assert states == expected
    assert (await LicenceMove.get(licence=over)).actor == "clock"
    assert len(await told(citizen, "licence_expired")) == 1


async def test_a_holder_is_reminded_of_an_end_once_as_early_as_the_type_says(citizen: Citizen) -> None:
    """Sixty days for a food licence; not of one that is suspended."""
    today = clock.today()
    soon = await brought(citizen=citizen, valid_until=today + timedelta(days=60))
    await brought(citizen=citizen, valid_until=today + timedelta(days=61))
    await brought(citizen=citizen, valid_until=today + timedelta(days=5), state=LicenceState.SUSPENDED)
    for _ in range(2):
        await care_for_licences()
    texts = await told(citizen, "licence_expiring")
    assert len(texts) == 1
    assert clock.day_written(soon.valid_until or today) in texts[0]


async def test_a_holder_is_reminded_each_year_where_the_type_says_so(citizen: Citizen) -> None:
    """Of the report of a business from the year after it began, once a year."""
    await brought(citizen=citizen, type_code="business_licence", valid_from=date(2026, 3, 1))
    for year, wanted in ((2027, 1), (2028, 2)):
        until = date(year, 5, 16) - clock.today()
        with clock.travel(until):
            for _ in range(2):
                await care_for_licences()
        texts = await told(citizen, "licence_yearly")
        assert len(texts) == wanted
        assert "年度报告" in texts[-1]


async def test_an_anniversary_reminds_beforehand(citizen: Citizen) -> None:
    """As a residence permit is endorsed each year."""
    comes = clock.today() + timedelta(days=30)
    began = comes.replace(year=comes.year - 1)
    await brought(citizen=citizen, type_code="residence_permit", valid_from=began)
    await brought(citizen=citizen, type_code="residence_permit", valid_from=clock.today() - timedelta(days=200))
    await care_for_licences()
    assert len(await told(citizen, "licence_yearly")) == 1


async def test_a_proven_person_gets_the_licences_that_waited(citizen: Citizen) -> None:
    """By number and name, however the name is spaced; once, and told of each type once."""
    number, name = str(citizen.id_number), str(citizen.name)
    mine = [await brought(number, holder=f" {name[0]} {name[1:]}") for _ in range(2)]
    others = [
        await brought(number, holder="别人"),
        await brought(number, holder=name, holder_kind=HolderKind.COMPANY),
        await brought("110105194912310021", holder=name),
    ]
    for _ in range(2):
        await attach_to_person(str(citizen.id))
    assert {one.id for one in await Licence.filter(citizen=citizen)} == {one.id for one in mine}
    assert await Licence.filter(id__in=[one.id for one in others], citizen_id=None).count() == len(others)
    assert len(await told(citizen, "licence_attached")) == 1


async def test_a_name_and_a_number_alone_take_nobodys_licences(quiet: House, citizen: Citizen) -> None:
    """Many know them of somebody. What somebody has already stays theirs."""
    other = await verified_citizen(quiet)
    waiting = await brought(other.id_number, holder=str(other.name))
    await attach_to_person(str(other.id))
    assert await Licence.filter(id=waiting.id, citizen_id=None).exists()
    taken = await brought(citizen.id_number, holder=str(citizen.name), citizen=other)
    await attach_to_person(str(citizen.id))
    assert await Licence.filter(id=taken.id, citizen=other).exists()


async def test_a_company_gets_its_licences(quiet: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them, in slices."""
    del quiet
    monkeypatch.setattr("app.licences.attaching.SLICE", 2)
    moment = clock.now()
    company = await Company.create(
        uscc=f"91{uuid4().hex[:16].upper()}", name="示例公司", checked_at=moment, created_at=moment
    )
    for _ in range(5):
        await brought(company.uscc, holder="示例公司", holder_kind=HolderKind.COMPANY)
    await attach_to_company(str(company.id))
    assert await Licence.filter(company=company, citizen_id=None).count() == 5
