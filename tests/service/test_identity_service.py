"""Identity on the real database: one citizen for each person at WeChat, sealed at rest, sessions that end."""

import asyncio
import base64
import json
from uuid import uuid4

import pytest

from app.audit.models import AuditRecord
from app.bootstrap import House
from app.identity.errors import (
    AlreadyVerifiedError,
    LoginCodeInvalidError,
    RealNameMismatchError,
)
from app.identity.models import Citizen, WeChatAccount
from app.identity.service import bind_phone
from app.identity.sign_in import sign_in
from app.identity.verification import correct_name, verify_real_name
from app.kit import crypto, db
from app.kit.crypto import SealBrokenError
from tests.people import Person, make_person
from tests.service.cases import verified_citizen

APPID = "wxjiabansandbox02"
# A row as text shows what stands open, and bytes in hexadecimal.
_LOOK = 'SELECT 1 AS found FROM "{schema}"."{table}" AS entry WHERE strpos(entry::text, $1) > 0 LIMIT 1'
_TABLES = """
SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
"""


async def known(house: House, person: Person, appid: str = APPID) -> Citizen:
    """The citizen whom a WeChat app knows."""
    return (await sign_in(house.wechat, appid, person.login_code)).citizen


async def tables_that_hold(value: str) -> set[str]:
    """Every table where the value stands open: as text, in JSON with or without escapes, as bytes."""
    forms = {value, json.dumps(value).strip('"'), value.encode().hex(), base64.b64encode(value.encode()).decode()}
    return {
        table["tablename"]
        for table in await db.rows(_TABLES)
        for form in forms
        if await db.row(_LOOK.format(schema=table["schemaname"], table=table["tablename"]), form)
    }


async def test_first_logins_at_once_make_one_citizen(house: House, person: Person) -> None:
    """A phone that sends its login twice."""
    citizens = await asyncio.gather(*(known(house, person) for _ in range(20)))
    assert len({citizen.id for citizen in citizens}) == 1


async def test_one_unionid_is_one_citizen_in_every_app(house: House, person: Person) -> None:
    """The official account and the mini-program know the same person under two openids."""
    first = await known(house, person)
    second = await known(house, person, f"wx{uuid4().hex[:16]}")
    assert first.id == second.id


async def test_first_logins_at_once_in_two_apps_make_one_citizen(house: House, person: Person) -> None:
    """The UnionID joins them, however close they are."""
    apps = [f"wx{uuid4().hex[:16]}" for _ in range(4)]
    citizens = await asyncio.gather(*(known(house, person, appid) for appid in apps * 3))
    assert len({citizen.id for citizen in citizens}) == 1
    (citizen, *_) = citizens
    assert await WeChatAccount.filter(citizen_id=citizen.id).count() == len(apps)
    assert await AuditRecord.filter(chain=f"citizen:{citizen.id}", action="citizen_created").count() == 1


async def test_a_code_that_wechat_does_not_know_is_refused(house: House) -> None:
    """And makes nobody; nor does an id that is longer than any of WeChat's."""
    for code in ("unknown", "login-" + "x" * 80):
        with pytest.raises(LoginCodeInvalidError):
            await sign_in(house.wechat, APPID, code)


async def test_nothing_personal_stands_open_in_any_table(house: House) -> None:
    """Every column of every table is looked through; the openid, which is kept open, shows that looking finds."""
    person = make_person()
    phone = person.phone_code.removeprefix("phone-")
    citizen = await verified_citizen(house, person)
    await bind_phone(house.wechat, citizen.id, person.phone_code)
    stored = await Citizen.get(id=citizen.id)
    assert (stored.name, stored.id_number, stored.phone) == (person.name, person.id_number, phone)
    assert await tables_that_hold(person.openid) == {"wechat_accounts"}
    for value in (person.name, person.id_number, phone):
        assert await tables_that_hold(value) == set()


async def test_a_sealed_name_found_elsewhere_is_none(house: House) -> None:
    """Two citizens' rows, and two columns of one row, cannot be exchanged or compared at rest."""
    person = make_person()
    one, other = await verified_citizen(house, person), await verified_citizen(house, make_person())
    sealed = "SELECT name, id_number, id_number_hash FROM citizens WHERE id = $1"
    row = await db.row(sealed, one.id)
    assert row
    await db.rows("UPDATE citizens SET id_number = $2 WHERE id = $1 RETURNING id", other.id, bytes(row["name"]))
    with pytest.raises(SealBrokenError):
        await Citizen.get(id=other.id)
    await db.rows("UPDATE citizens SET id_number = NULL WHERE id = $1 RETURNING id", other.id)
    found = await Citizen.get(id_number_hash__in=crypto.keyring().lookups(person.id_number, "id_number"))
    assert found.id == one.id


async def test_real_names_are_verified_once(house: House) -> None:
    """The same again asks nobody and counts nothing; another person's is refused."""
    person = make_person()
    citizen = await verified_citizen(house, person)
    assert citizen.level == 2
    for _ in range(12):
        await verify_real_name(house.authority, citizen.id, person.name, person.id_number, device="测试")
    other = make_person()
    with pytest.raises(AlreadyVerifiedError):
        await verify_real_name(house.authority, citizen.id, other.name, other.id_number, device="测试")
    verified = AuditRecord.filter(chain=f"citizen:{citizen.id}", action="real_name_verified")
    assert await verified.count() == 1


async def test_a_mismatch_leaves_the_citizen_as_they_were(house: House, person: Person) -> None:
    """Nothing of what was tried is kept."""
    citizen = await known(house, person)
    with pytest.raises(RealNameMismatchError):
        await verify_real_name(house.authority, citizen.id, "不符", person.id_number, device="测试")
    stored = await Citizen.get(id=citizen.id)
    assert (stored.level, stored.name, stored.id_number, stored.verified_at) == (0, None, None, None)


@pytest.mark.parametrize("name", ["", " ", "\u3000"])
async def test_no_name_belongs_to_no_number(house: House, person: Person, name: str) -> None:
    """The authority, which takes no such question, is not asked: it would look as if it were away."""
    verified = await verified_citizen(house, person)
    with pytest.raises(RealNameMismatchError):
        await correct_name(house.authority, verified.id, name, device="测试")
    with pytest.raises(RealNameMismatchError):
        await verify_real_name(
            house.authority, (await known(house, make_person())).id, name, make_person().id_number, device="测试"
        )


async def test_two_persons_at_once_cannot_both_become_one_citizen(house: House, person: Person) -> None:
    """One of them is verified, the other is refused, and the record knows of one."""
    citizen = await known(house, person)
    persons = [make_person(), make_person()] * 3
    outcomes = await asyncio.gather(
        *(verify_real_name(house.authority, citizen.id, one.name, one.id_number, device="测试") for one in persons),
        return_exceptions=True,
    )
    verified = {outcome.id_number for outcome in outcomes if isinstance(outcome, Citizen)}
    assert len(verified) == 1
    assert len([outcome for outcome in outcomes if isinstance(outcome, AlreadyVerifiedError)]) == 3
    chain = AuditRecord.filter(chain=f"citizen:{citizen.id}", action="real_name_verified")
    assert await chain.count() == 1
