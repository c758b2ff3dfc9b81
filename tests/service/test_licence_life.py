"""The life of a licence on the real database: versions, suspensions, ends, and who hears of it."""

import asyncio
from collections.abc import Awaitable
from datetime import date
from uuid import uuid4

import pytest

from app.audit.models import AuditRecord
from app.bootstrap import House
from app.identity.models import Citizen
from app.identity.rules import Duty
from app.kit.db import transaction
from app.licences import identifiers
from app.licences.errors import LicenceMoveError, LicenceNotFoundError
from app.licences.keeping import find_licences, move_by_staff
from app.licences.models import Licence, LicenceCause, LicenceMove, LicenceState
from app.licences.moving import lock_licence, move_licence, move_licence_of_case
from app.licences.results import LicenceResult, Relation
from app.notifications.models import Message
from tests.service.cases import issued_licence, some_case_no, staff_member, verified_citizen

START = date(2026, 11, 22)


@pytest.fixture
async def citizen(house: House) -> Citizen:
    """A citizen who verified their real name."""
    return await verified_citizen(house)


@pytest.fixture
async def licence(citizen: Citizen) -> Licence:
    """A licence of that citizen's."""
    return await issued_licence(citizen, some_case_no(citizen.id))


async def following(
    citizen: Citizen, relation: Relation, follows: str = "", valid_from: date = START, **fields: str
) -> Licence:
    """What a result that follows an earlier licence leads to, as the database has it."""
    result = LicenceResult(valid_from, None, relation, follows, dict(fields))
    made = await issued_licence(citizen, f"v{uuid4().hex}", result)
    return await Licence.get(id=made.id)


async def by_word(licence: Licence, cause: LicenceCause, reason: str = "查实") -> Licence:
    """The licence after the approval system's word about its case."""
    async with transaction():
        await move_licence_of_case(str(licence.case_no), cause, reason)
    return await Licence.get(id=licence.id)


async def heard(citizen: Citizen) -> list[str]:
    """The kinds of what a citizen was told of licences, in order."""
    found = await Message.filter(citizen=citizen, kind__startswith="licence").order_by("created_at", "id")
    return [message.kind for message in found]


async def test_a_change_is_another_version_of_the_same_licence(citizen: Citizen, licence: Licence) -> None:
    """Serial and number stay, the version is raised, the end stays, and the earlier one is worth nothing."""
    second = await following(citizen, Relation.CHANGE, licence.identifier, date(2027, 5, 1), business_site="示例路9号")
    first = await Licence.get(id=licence.id)
    before, after = identifiers.parse(first.identifier), identifiers.parse(second.identifier)
    assert (after.serial, after.version, second.version) == (before.serial, 2, 2)
    assert (second.number, second.valid_until) == (first.number, first.valid_until)
    assert second.values == first.values | {"business_site": "示例路9号"}
    assert (first.state, second.state) == (LicenceState.SUPERSEDED, LicenceState.VALID)
    assert await heard(citizen) == ["licence_issued", "licence_reissued"]
    move = await LicenceMove.get(licence=first)
    assert (move.actor, move.before, move.after) == ("approval_system", LicenceState.VALID, LicenceState.SUPERSEDED)


async def test_a_renewal_runs_anew(citizen: Citizen, licence: Licence) -> None:
    """From its own first day, as long as the type says."""
    second = await following(citizen, Relation.RENEWAL, licence.number, date(2031, 11, 22))
    assert (second.valid_from, second.valid_until) == (date(2031, 11, 22), date(2036, 11, 21))


async def test_a_result_may_mean_the_only_licence_or_name_an_outdated_version(
    citizen: Citizen, licence: Licence
) -> None:
    """What follows an old version follows the newest."""
    second = await following(citizen, Relation.REPLACEMENT)
    third = await following(citizen, Relation.CHANGE, licence.identifier)
    assert [second.version, third.version] == [2, 3]
    assert (await Licence.get(id=third.id).prefetch_related("previous")).previous == second


async def test_results_that_follow_one_licence_at_once_make_a_chain(citizen: Citizen, licence: Licence) -> None:
    """Five at once: five versions, one of which counts."""
    made = await asyncio.gather(*(following(citizen, Relation.CHANGE, licence.identifier) for _ in range(5)))
    assert sorted(one.version for one in made) == [2, 3, 4, 5, 6]
    assert await Licence.filter(citizen=citizen, state=LicenceState.VALID).count() == 1


async def test_nobody_follows_somebody_elses_licence(house: House, licence: Licence) -> None:
    """The result leads to a licence of its own, and the other stays what it is."""
    stranger = await verified_citizen(house)
    assert (await following(stranger, Relation.CHANGE, "9" * 200)).version == 1
    own = await following(stranger, Relation.CHANGE, licence.identifier)
    assert (own.version, (await Licence.get(id=licence.id)).state) == (1, LicenceState.VALID)


async def test_a_suspension_goes_on_in_the_next_version(citizen: Citizen, licence: Licence) -> None:
    """A replacement is no way around it; the word about the first case resumes the newest version."""
    await by_word(licence, LicenceCause.SUSPENDED, "停业整改")
    second = await following(citizen, Relation.REPLACEMENT)
    assert (second.state, second.state_reason) == (LicenceState.SUSPENDED, "停业整改")
    await by_word(licence, LicenceCause.RESUMED, "整改完毕")
    assert (await Licence.get(id=second.id)).state is LicenceState.VALID


async def test_a_revocation_of_an_earlier_case_reaches_the_newest_version(citizen: Citizen, licence: Licence) -> None:
    """Else whoever had it changed in time would keep it."""
    second = await following(citizen, Relation.CHANGE)
    await by_word(licence, LicenceCause.REVOKED)
    assert (await Licence.get(id=second.id)).state is LicenceState.REVOKED


async def test_a_revoked_licence_is_followed_by_none(citizen: Citizen, licence: Licence) -> None:
    """It stays revoked, and the result leads to another."""
    await by_word(licence, LicenceCause.REVOKED)
    other = await following(citizen, Relation.RENEWAL, licence.identifier)
    assert (other.version, other.number != licence.number) == (1, True)
    assert (await Licence.get(id=licence.id)).state is LicenceState.REVOKED


async def test_each_word_is_kept_with_who_why_and_when_and_told(citizen: Citizen, licence: Licence) -> None:
    """What says the same again is passed over, and so is what can change nothing."""
    for cause in (LicenceCause.SUSPENDED, LicenceCause.SUSPENDED, LicenceCause.RESUMED, LicenceCause.CANCELLED):
        seen = await by_word(licence, cause, f"理由 {cause}")
    await by_word(licence, LicenceCause.RESUMED)
    assert (seen.state, seen.state_reason) == (LicenceState.CANCELLED, "理由 cancelled")
    moves = await LicenceMove.filter(licence=licence).order_by("at")
    assert [(move.cause, move.reason) for move in moves] == [
        (LicenceCause.SUSPENDED, "理由 suspended"),
        (LicenceCause.RESUMED, "理由 resumed"),
        (LicenceCause.CANCELLED, "理由 cancelled"),
    ]
    assert {move.office for move in moves} == {licence.issuer}
    assert await heard(citizen) == ["licence_issued", "licence_suspended", "licence_resumed", "licence_cancelled"]
    text = (await Message.get(citizen=citizen, kind="licence_suspended")).text
    assert licence.issuer in text
    assert "理由 suspended" in text


async def test_what_the_table_forbids_is_refused(licence: Licence) -> None:
    """And leaves no trace."""
    async with transaction():
        with pytest.raises(LicenceMoveError):
            await move_licence(await lock_licence(licence.id), LicenceCause.RESUMED, actor="staff:1", reason="无")
    assert await LicenceMove.filter(licence=licence).count() == 0


async def test_two_ends_at_once_leave_one(licence: Licence) -> None:
    """Whoever comes second finds it ended."""
    words: list[Awaitable[Licence]] = [
        by_word(licence, cause) for cause in (LicenceCause.REVOKED, LicenceCause.CANCELLED) * 5
    ]
    await asyncio.gather(*words)
    assert await LicenceMove.filter(licence=licence).count() == 1


async def test_each_word_of_staff_is_on_record(licence: Licence) -> None:
    """By whom, without the reason, which may name people; it counts for the newest version."""
    member = await staff_member([Duty.LICENCES], department="scjg", office="执法一科")
    kept = await move_by_staff(member, licence.id, LicenceCause.CANCELLED, "持证人死亡")
    assert (kept.licence.state, kept.moves[0].office) == (LicenceState.CANCELLED, "执法一科")
    record = await AuditRecord.get(chain=f"licence:{licence.id}", action="licence_cancelled")
    assert record.actor == f"staff:{member.id}"
    assert "死亡" not in str(record.details)


async def test_who_looks_a_licence_up_is_on_record(licence: Licence) -> None:
    """Whoever finds nothing has seen nothing."""
    keeper, stranger = [await staff_member([Duty.LICENCES], department=one) for one in ("scjg", "cl")]
    assert [one.licence for one in await find_licences(keeper, licence.identifier)] == [licence]
    assert await find_licences(stranger, licence.identifier) == []
    record = await AuditRecord.get(chain=f"licence:{licence.id}", action="licence_looked_up")
    assert record.actor == f"staff:{keeper.id}"


async def test_a_licence_of_another_city_is_nobodys_to_move(licence: Licence) -> None:
    """Whoever stands for all departments here does not stand for its issuer."""
    await Licence.filter(id=licence.id).update(issuer_code="11230100000000000X")
    member = await staff_member([Duty.LICENCES], department="*")
    with pytest.raises(LicenceNotFoundError):
        await move_by_staff(member, licence.id, LicenceCause.REVOKED, "查实")
    assert await find_licences(member, licence.identifier) == []
