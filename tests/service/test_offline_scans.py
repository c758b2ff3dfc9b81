"""Scans without network: handed in, judged again, and two of one code are flagged."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from app.bootstrap import House
from app.identity.models import Citizen, Session, Staff
from app.identity.rules import Duty
from app.identity.staff_accounts import Scope
from app.kit import clock
from app.kit.db import transaction
from app.licences.codes import CodeKind
from app.licences.errors import VerificationKeyReusedError
from app.licences.models import Licence, LicenceCause, Presentation
from app.licences.moving import lock_licence, move_licence
from app.licences.verifying.concerns import list_concerns
from app.licences.verifying.models import Concern, ConcernKind, Way
from app.licences.verifying.offline import hand_in
from app.notifications.models import Message
from tests.service.cases import staff_member, verified_citizen
from tests.service.scans import handed_in, kept, licence_of, messages_of_scans, scan, shown_code, verifications_of


@pytest.fixture
async def citizen(house: House) -> Citizen:
    """A citizen who verified their real name."""
    return await verified_citizen(house)


@pytest.fixture
async def licence(citizen: Citizen) -> Licence:
    """A licence of theirs."""
    return await licence_of(citizen)


@pytest.fixture
async def officers(house: House) -> list[Staff]:
    """Two who verify."""
    del house
    return [await staff_member([Duty.VERIFY], region="230811") for _ in range(2)]


async def test_an_offline_scan_is_judged_again_and_reaches_the_holder(
    house: House, citizen: Citizen, licence: Licence, officers: list[Staff]
) -> None:
    """As offline, with how old the phone's knowledge was; never plain valid, and the code is spent."""
    at = clock.now() - timedelta(hours=1)
    code = await shown_code(house, licence, CodeKind.HELD, issued_at=at - timedelta(hours=1))
    (found,) = await handed_in(house, officers[0], kept(code, at))
    (seen,) = await verifications_of(licence)
    assert found.verification.id == seen.id
    assert (seen.way, seen.verdict, seen.reason, seen.said) == (
        Way.OFFLINE,
        "genuine",
        "genuine_offline",
        "genuine_offline",
    )
    assert (seen.at, seen.clock_wrong, seen.keys_age, seen.status_age) == (at, False, 3600, 900)
    assert seen.handed_in_at
    assert not found.doubled
    assert await messages_of_scans(citizen) == 1
    assert (await scan(house, officers[1], code)).verification.reason == "replayed"


async def test_a_live_code_scanned_without_network_waits_for_the_identity_card_too(
    house: House, licence: Licence, officers: list[Staff]
) -> None:
    """Within its minute by the phone's clock, give or take a small difference."""
    issued_at = clock.now() - timedelta(minutes=30)
    codes = [await shown_code(house, licence, issued_at=issued_at) for _ in range(3)]
    ats = [issued_at + timedelta(seconds=second) for second in (30, 150, 200)]
    found = await handed_in(house, officers[0], *(kept(code, at) for code, at in zip(codes, ats, strict=True)))
    assert [one.verification.reason for one in found] == ["genuine_offline", "genuine_offline", "expired"]


async def test_handing_in_once_more_changes_nothing(house: House, licence: Licence, officers: list[Staff]) -> None:
    """Nor do ten at once."""
    code = await shown_code(house, licence, CodeKind.HELD)
    one = kept(code)
    outcomes = await asyncio.gather(*(handed_in(house, officers[0], one) for _ in range(10)))
    assert len({found.verification.id for (found,) in outcomes}) == 1
    assert len(await verifications_of(licence)) == 1
    assert not await Concern.exists(verification__licence=licence)


async def test_an_id_of_another_code_holds_up_no_other(house: House, licence: Licence, officers: list[Staff]) -> None:
    """It is refused; those before and after it are taken."""
    first, other, last = [await shown_code(house, licence, CodeKind.HELD) for _ in range(3)]
    one = kept(first)
    reused = replace(one, text=other)
    taken, refused = await hand_in(house.code_signer, officers[0], [one, reused, kept(last)])
    assert [found.verification.reason for found in taken] == ["genuine_offline"] * 2
    assert [(lost.scan_id, type(lost.error)) for lost in refused] == [(one.id, VerificationKeyReusedError)]


async def test_two_offline_scans_of_one_code_are_flagged_to_all(
    house: House, citizen: Citizen, licence: Licence, officers: list[Staff]
) -> None:
    """Also at once: the supervision has both before it, the holder is told once."""
    code = await shown_code(house, licence, CodeKind.HELD)
    outcomes = await asyncio.gather(*(handed_in(house, officer, kept(code)) for officer in officers))
    assert sorted(found.verification.reason for (found,) in outcomes) == ["genuine_offline", "replayed"]
    assert [found.doubled for (found,) in outcomes].count(True) >= 1
    supervisor = await staff_member([Duty.SUPERVISE], region="230800")
    page = await list_concerns(Scope.of(supervisor), kind=ConcernKind.DOUBLED, answered=False, cursor=None)
    listed = {one.verification_id for one in page.items}
    assert {one.id for one in await verifications_of(licence)} <= listed
    assert await Message.filter(citizen=citizen, kind="licence_scanned_twice").count() == 1


async def test_a_scan_whose_reply_alone_was_lost_is_no_second_one(
    house: House, licence: Licence, officers: list[Staff]
) -> None:
    """The officer's phone scanned online, heard nothing, and kept it; another officer's scan is one."""
    code = await shown_code(house, licence, CodeKind.HELD)
    await scan(house, officers[0], code)
    (same,) = await handed_in(house, officers[0], kept(code))
    assert (same.verification.reason, same.doubled) == ("replayed", False)
    (other,) = await handed_in(house, officers[1], kept(code))
    assert (other.verification.reason, other.doubled) == ("replayed", True)


async def test_one_officers_two_scans_without_network_are_two(
    house: House, licence: Licence, officers: list[Staff]
) -> None:
    """Two people may have shown it to them."""
    code = await shown_code(house, licence, CodeKind.HELD)
    found = await handed_in(house, officers[0], kept(code), kept(code))
    assert [(one.verification.reason, one.doubled) for one in found] == [("genuine_offline", False), ("replayed", True)]
    concerned = {one.verification_id for one in await Concern.filter(verification__licence=licence)}
    assert concerned == {one.verification.id for one in found}


async def test_a_paper_code_is_shown_again_and_again(house: House, licence: Licence, officers: list[Staff]) -> None:
    """Its verdict never is plain valid, and nobody is alarmed."""
    code = await shown_code(house, licence, CodeKind.PAPER)
    for officer in officers:
        (found,) = await handed_in(house, officer, kept(code))
        assert (found.verification.verdict, found.verification.reason, found.doubled) == (
            "genuine",
            "genuine_paper",
            False,
        )


async def test_what_happened_to_the_licence_after_the_scan_counts_not(
    house: House, licence: Licence, officers: list[Staff]
) -> None:
    """What happened before does, though something else followed."""
    ago = [clock.now() - timedelta(hours=hours) for hours in range(6)]
    for at, cause in ((ago[4], LicenceCause.SUSPENDED), (ago[2], LicenceCause.REVOKED)):
        async with transaction():
            await move_licence(await lock_licence(licence.id), cause, actor="approval_system", reason="经查违规", at=at)
    scans = [
        kept(await shown_code(house, licence, CodeKind.HELD, issued_at=at - timedelta(hours=1)), at)
        for at in (ago[5], ago[3], ago[1])
    ]
    found = await handed_in(house, officers[0], *scans)
    assert [one.verification.reason for one in found] == ["genuine_offline", "suspended", "revoked"]


async def test_a_scan_after_the_session_had_ended_is_refused(
    house: House, citizen: Citizen, licence: Licence, officers: list[Staff]
) -> None:
    """One from before its end was good."""
    ended = clock.now() - timedelta(hours=1)
    session = await Session.create(citizen=citizen, created_at=ended - timedelta(hours=3))
    codes = [
        await shown_code(house, licence, CodeKind.HELD, issued_at=ended - timedelta(hours=2), session_id=session.id)
        for _ in range(2)
    ]
    await Session.filter(id=session.id).update(ended_at=ended)
    scans = [kept(code, ended + timedelta(minutes=by)) for code, by in zip(codes, (-30, 30), strict=True)]
    found = await handed_in(house, officers[0], *scans)
    assert [one.verification.reason for one in found] == ["genuine_offline", "code_ended"]


async def test_paper_counts_without_network_until_it_was_reported_lost(
    house: House, licence: Licence, officers: list[Staff]
) -> None:
    """By the time of the scan; the status list had told the phone."""
    lost = clock.now() - timedelta(hours=1)
    code = await shown_code(house, licence, CodeKind.PAPER, issued_at=lost - timedelta(days=1))
    nonce = (await house.code_signer.read(code)).claims.nonce.hex()
    await Presentation.filter(nonce=nonce).update(ended_at=lost)
    scans = [kept(code, lost + timedelta(minutes=by)) for by in (-10, 10)]
    found = await handed_in(house, officers[0], *scans)
    assert [one.verification.reason for one in found] == ["genuine_paper", "code_ended"]


async def test_a_code_that_was_over_at_the_scan_is_refused(
    house: House, licence: Licence, officers: list[Staff]
) -> None:
    """Two minutes are left to the phone's clock; the code is not spent by the refusal."""
    over = clock.now() - timedelta(hours=1)
    codes = [await shown_code(house, licence, CodeKind.HELD, issued_at=over - timedelta(hours=12)) for _ in range(2)]
    scans = [kept(code, over + timedelta(minutes=by)) for code, by in zip(codes, (1, 3), strict=True)]
    found = await handed_in(house, officers[0], *scans)
    assert [one.verification.reason for one in found] == ["genuine_offline", "expired"]
    assert await Presentation.filter(licence=licence, spent_at=None).count() == 1


async def test_of_two_who_hand_in_one_code_at_once_one_was_first(
    house: House, licence: Licence, officers: list[Staff]
) -> None:
    """Twenty phones with as many copies: the others are replays, and all are flagged."""
    for _ in range(3):
        code = await shown_code(house, licence, CodeKind.HELD)
        found = await asyncio.gather(*(handed_in(house, officers[number % 2], kept(code)) for number in range(20)))
        reasons = sorted(one.verification.reason for (one,) in found)
        assert reasons == ["genuine_offline"] + ["replayed"] * 19


async def test_wrong_clocks_are_bounded_and_marked(house: House, licence: Licence, officers: list[Staff]) -> None:
    """Neither before the code was made nor after it was handed in."""
    early, late = [await shown_code(house, licence, CodeKind.HELD) for _ in range(2)]
    found = await handed_in(
        house,
        officers[0],
        kept(early, clock.now() - timedelta(days=400)),
        kept(late, clock.now() + timedelta(days=400)),
        kept("x", clock.now() - timedelta(days=400)),
    )
    assert all(one.verification.clock_wrong for one in found)
    assert [one.verification.reason for one in found] == ["genuine_offline", "genuine_offline", "malformed"]
    presentation = await Presentation.filter(licence=licence).order_by("issued_at").first()
    assert presentation
    assert all(one.verification.at >= presentation.issued_at for one in found[:2])
    assert all(one.verification.at <= clock.now() for one in found)
