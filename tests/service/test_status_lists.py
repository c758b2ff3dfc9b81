"""Status lists on the real database: places, what each is worth, and one token that other libraries read."""

import asyncio
import json
import zlib
from datetime import timedelta
from typing import Any

import cbor2
import cwt
import pytest

from app.audit.models import AuditRecord
from app.bootstrap import House
from app.kit import clock, db
from app.kit.db import transaction
from app.licences.keys.cose import jwk_set
from app.licences.keys.ring import SigningKeys
from app.licences.models import Licence, LicenceCause, LicenceState
from app.licences.moving import move_licence_of_case
from app.licences.status.models import EndedPlace, StatusList, StatusMark
from app.licences.status.packing import PLACES
from app.licences.status.publishing import publish, publish_marked
from app.licences.status.queries import published_list
from app.licences.status.service import CHAIN, PUBLISH_STATUS, begin_next_list, place_unplaced, take_places
from app.licences.status.tasks import renew_lists
from tests.service.cases import issued_licence, some_case_no, verified_citizen

HOST = "https://jiaban.example.cn"
EVERY = timedelta(minutes=5)


async def claims_of(number: int) -> dict[int, Any]:
    """What a list's token says, read by a library that had no part in writing it, with the published keys."""
    found = await published_list(number)
    assert found is not None
    published = json.loads(jwk_set(await SigningKeys().published()))["keys"]
    keys = [cwt.COSEKey.from_jwk(jwk) for jwk in published if jwk["kty"] == "OKP"]
    claims: Any = cwt.decode(found.token, keys=keys)
    return dict(claims)


async def worth_of(*licences: Licence) -> list[int]:
    """The published status of each licence, all in one list."""
    [number] = {licence.status_list for licence in licences}
    assert number is not None
    array = zlib.decompress((await claims_of(number))[65533]["lst"])
    indices = [licence.status_index or 0 for licence in licences]
    return [array[index * 2 // 8] >> index * 2 % 8 & 3 for index in indices]


async def licence_of(house: House) -> Licence:
    """A licence of somebody's."""
    citizen = await verified_citizen(house)
    return await issued_licence(citizen, some_case_no(citizen.id))


async def revoked(licence: Licence, *, fails: bool = False) -> None:
    """Revoke a licence, in a transaction that may roll back with a LookupError."""
    async with transaction():
        await move_licence_of_case(str(licence.case_no), LicenceCause.REVOKED, "经查提供虚假材料")
        if fails:
            raise LookupError


async def test_a_list_says_what_every_licence_is_worth(quiet: House) -> None:
    """Each state, a licence whose days are over, and one that was deleted."""
    licences = [await licence_of(quiet) for _ in range(8)]
    changes: list[dict[str, Any]] = [
        {"state": LicenceState.VALID},
        {"state": LicenceState.REVOKED},
        {"state": LicenceState.CANCELLED},
        {"state": LicenceState.SUPERSEDED},
        {"state": LicenceState.SUSPENDED},
        {"state": LicenceState.EXPIRED},
        {"valid_until": clock.today() - timedelta(days=1)},
        {"valid_until": clock.today()},
    ]
    for licence, change in zip(licences, changes, strict=True):
        await Licence.filter(id=licence.id).update(**change)
    number = licences[0].status_list
    assert number is not None
    await publish(quiet.licence_keys, HOST, number, EVERY)
    assert await worth_of(*licences) == [0, 1, 1, 1, 2, 3, 3, 0]
    await licences[0].delete()
    await publish(quiet.licence_keys, HOST, number, EVERY)
    assert await worth_of(licences[0]) == [1]
    assert await EndedPlace.filter(status_index=licences[0].status_index).exists()


async def test_a_token_is_what_the_draft_asks_for(quiet: House) -> None:
    """Its type, its subject, its times, and where the other lists are; tagged as a COSE_Sign1."""
    licence = await licence_of(quiet)
    number = licence.status_list
    assert number is not None
    await publish(quiet.licence_keys, HOST, number, EVERY)
    claims = await claims_of(number)
    assert claims[2] == f"{HOST}/.well-known/licence-status/{number}"
    assert claims[4] - claims[6] == 12 * 3600
    assert claims[65534] == 300
    assert claims[65533]["bits"] == 2
    assert claims[65533]["aggregation_uri"] == f"{HOST}/.well-known/licence-status"
    assert len(zlib.decompress(claims[65533]["lst"])) == PLACES // 4
    found = await published_list(number)
    assert found is not None
    tagged = cbor2.loads(found.token)
    assert tagged.tag == 18
    assert cbor2.loads(tagged.value[0])[16] == "application/statuslist+cwt"


async def test_places_are_unique_whoever_takes_them_at_once(quiet: House) -> None:
    """Ten transactions, and one that rolls back."""
    del quiet

    async def take(many: int) -> list[tuple[int, int]]:
        async with transaction():
            return await take_places(many)

    async def give_up() -> list[tuple[int, int]]:
        async with transaction():
            await take_places(50)
            raise LookupError

    outcomes = await asyncio.gather(*(take(100) for _ in range(10)), give_up(), return_exceptions=True)
    taken = [place for outcome in outcomes if isinstance(outcome, list) for place in outcome]
    assert len(taken) == len(set(taken)) == 1000
    assert all(0 <= index < PLACES for _, index in taken)


async def test_the_next_list_begins_where_one_is_full(quiet: House) -> None:
    """With a key of its own that spreads its places."""
    del quiet
    before = await db.row("SELECT last_value FROM licence_places")
    assert before is not None
    boundary = (before["last_value"] // PLACES + 1) * PLACES
    await db.rows("SELECT setval('licence_places', $1)", boundary - 2)
    async with transaction():
        places = await take_places(3)
    assert [number for number, _ in places] == [boundary // PLACES - 1, boundary // PLACES, boundary // PLACES]
    keys = {one.scatter for one in await StatusList.all()}
    assert len(keys) == await StatusList.all().count()
    await db.rows("SELECT setval('licence_places', $1)", before["last_value"])
    await StatusList.filter(number=boundary // PLACES).delete()
    await StatusMark.all().delete()


async def test_after_a_restore_places_that_were_given_since_the_backup_are_given_to_nobody(quiet: House) -> None:
    """They stand in what was signed meanwhile."""
    del quiet
    backed_up = await db.row("SELECT last_value, is_called FROM licence_places")
    assert backed_up is not None
    restore = "SELECT setval('licence_places', $1, $2)"
    try:
        async with transaction():
            since = await take_places(3)
        await db.rows(restore, *backed_up.values())
        number = await begin_next_list("test")
        async with transaction():
            given = await take_places(3)
        assert {one for one, _ in since} == {number - 1}
        assert {one for one, _ in given} == {number}
        assert await AuditRecord.filter(chain=CHAIN, action="status_list_begun").exists()
    finally:
        await db.rows(restore, *backed_up.values())
        await StatusList.filter(number__gt=backed_up["last_value"] // PLACES).delete()
        await StatusMark.all().delete()


async def test_a_revocation_has_its_list_made_at_once_and_many_have_it_made_once(quiet: House) -> None:
    """In its own transaction; the first job makes what all asked for."""
    licences = [await licence_of(quiet) for _ in range(3)]
    await publish_marked(quiet.licence_keys, HOST, EVERY)
    assert await worth_of(*licences) == [0, 0, 0]
    jobs = "SELECT count(*) AS number FROM procrastinate_jobs WHERE task_name = $1"
    before = await db.row(jobs, PUBLISH_STATUS)
    with pytest.raises(LookupError):
        await revoked(licences[0], fails=True)
    assert not await StatusMark.all().exists()
    for licence in licences[:2]:
        await revoked(licence)
    after = await db.row(jobs, PUBLISH_STATUS)
    assert before is not None
    assert after is not None
    assert after["number"] - before["number"] == 2
    await publish_marked(quiet.licence_keys, HOST, EVERY)
    assert await worth_of(*licences) == [1, 1, 0]
    assert not await StatusMark.all().exists()
    number = licences[0].status_list
    made_at = (await StatusList.get(number=number)).made_at
    await publish_marked(quiet.licence_keys, HOST, EVERY)
    assert (await StatusList.get(number=number)).made_at == made_at


async def test_a_list_that_was_made_later_stays(quiet: House) -> None:
    """A worker that was slow takes nothing back."""
    licence = await licence_of(quiet)
    number = licence.status_list
    assert number is not None
    with clock.travel(timedelta(seconds=30)):
        await Licence.filter(id=licence.id).update(state=LicenceState.REVOKED)
        await publish(quiet.licence_keys, HOST, number, EVERY)
    await Licence.filter(id=licence.id).update(state=LicenceState.VALID)
    await publish(quiet.licence_keys, HOST, number, EVERY)
    assert await worth_of(licence) == [1]
    await StatusList.filter(number=number).update(made_at=clock.now())


async def test_licences_from_before_the_lists_get_places(quiet: House) -> None:
    """With the next lists."""
    licence = await licence_of(quiet)
    await Licence.filter(id=licence.id).update(status_list=None, status_index=None, state=LicenceState.REVOKED)
    with clock.travel(timedelta(seconds=60)):
        await renew_lists(quiet.licence_keys, HOST, EVERY)
    await licence.refresh_from_db()
    assert await worth_of(licence) == [1]
    assert await place_unplaced() == 0
    await StatusList.all().update(made_at=clock.now() - timedelta(minutes=1))
