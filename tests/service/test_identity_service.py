"""Identity on the real database: one citizen for each person at WeChat, sealed at rest, sessions that end."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from app.audit.models import AuditRecord
from app.bootstrap import House
from app.identity.errors import (
    AlreadyVerifiedError,
    LoginCodeInvalidError,
    PasswordWrongError,
    RealNameMismatchError,
)
from app.identity.models import Citizen
from app.identity.service import sign_in, verify_real_name
from app.identity.staff import sign_in_staff
from app.kit import clock, db, limits
from app.kit.errors import RateLimitedError
from tests.conftest import Person, make_person
from tests.service.cases import verified_citizen

APPID = "wxjiabansandbox02"
# Rows as text show what stands open, and bytes in hexadecimal.
_LOOK = """
SELECT 1 FROM "{table}" AS entry
WHERE entry::text LIKE '%' || $1 || '%' OR entry::text LIKE '%' || encode(convert_to($1, 'UTF8'), 'hex') || '%'
LIMIT 1
"""


async def test_first_logins_at_once_make_one_citizen(house: House, person: Person) -> None:
    """A phone that sends its login twice."""
    citizens = await asyncio.gather(*(sign_in(house.wechat, APPID, person.login_code) for _ in range(20)))
    assert len({citizen.id for citizen in citizens}) == 1


async def test_one_unionid_is_one_citizen_in_every_app(house: House, person: Person) -> None:
    """The official account and the mini-program know the same person under two openids."""
    first = await sign_in(house.wechat, APPID, person.login_code)
    second = await sign_in(house.wechat, f"wx{uuid4().hex[:16]}", person.login_code)
    assert first.id == second.id


async def test_a_code_that_wechat_does_not_know_is_refused(house: House) -> None:
    """And makes nobody."""
    with pytest.raises(LoginCodeInvalidError):
        await sign_in(house.wechat, APPID, "unknown")


async def test_nothing_personal_stands_open_in_any_table(house: House) -> None:
    """Every column of every table is looked through, as text."""
    person = make_person()
    citizen = await verified_citizen(house, person)
    await Citizen.filter(id=citizen.id).update(phone=person.phone_code.removeprefix("phone-"))
    stored = await Citizen.get(id=citizen.id)
    assert (stored.name, stored.id_number) == (person.name, person.id_number)
    tables = await db.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert len(tables) > 20
    for table in tables:
        for secret in (person.name, person.id_number, person.phone_code.removeprefix("phone-")):
            found = await db.row(_LOOK.format(table=table["tablename"]), secret)
            assert found is None, table["tablename"]


async def test_real_names_are_verified_once(house: House) -> None:
    """The same again asks nobody and counts nothing; another person's is refused."""
    person = make_person()
    citizen = await verified_citizen(house, person)
    assert citizen.level == 2
    for _ in range(12):
        await verify_real_name(house.authority, house.redis, citizen.id, person.name, person.id_number)
    other = make_person()
    with pytest.raises(AlreadyVerifiedError):
        await verify_real_name(house.authority, house.redis, citizen.id, other.name, other.id_number)
    verified = AuditRecord.filter(chain=f"citizen:{citizen.id}", action="real_name_verified")
    assert await verified.count() == 1


async def test_guarding_limits_hold_with_redis_away(house: House, person: Person) -> None:
    """They are counted in PostgreSQL; the window over, the citizen may try again."""
    citizen = await sign_in(house.wechat, APPID, person.login_code)
    nowhere = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.2)

    async def attempt() -> None:
        await verify_real_name(house.authority, nowhere, citizen.id, "不符", person.id_number)

    for _ in range(10):
        with pytest.raises(RealNameMismatchError):
            await attempt()
    with pytest.raises(RateLimitedError) as refused:
        await attempt()
    assert 0 < refused.value.context["retry_after"] <= 3600
    with clock.travel(timedelta(hours=1)):
        await limits.hold(limits.rules()["real_name"], str(citizen.id), nowhere)
    await nowhere.aclose()


async def test_other_limits_give_way_with_redis_away(house: House) -> None:
    """They only keep the house quick."""
    rule = limits.LimitRule("test", 1, 60, "account", guards=False)
    subject = uuid4().hex
    await limits.hold(rule, subject, house.redis)
    with pytest.raises(RateLimitedError):
        await limits.hold(rule, subject, house.redis)
    nowhere = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.2)
    for _ in range(3):
        await limits.hold(rule, subject, nowhere)
    await nowhere.aclose()


async def test_an_unknown_member_of_staff_and_a_wrong_password_are_one_error(house: House) -> None:
    """Nobody learns which it was."""
    for username, password in (("verifier", "wrong"), ("nobody", "verifier-demo"), ("", "")):
        with pytest.raises(PasswordWrongError):
            await sign_in_staff(house.access_tokens, username, password)
    assert (await sign_in_staff(house.access_tokens, "verifier", "verifier-demo")).expires_in == 900
