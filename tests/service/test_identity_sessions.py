"""Sessions: refreshed once, ended at once, and the citizen hears of a theft."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from app.bootstrap import House
from app.demo.plan import Plan
from app.identity import sessions
from app.identity.errors import RefreshTokenInvalidError, SessionEndedError, SessionNotFoundError
from app.identity.models import Citizen, Session
from app.identity.rules import Audience
from app.identity.sessions import Grant, LiveSessions
from app.kit import clock, db
from app.kit.db import transaction
from app.kit.quick import watched
from app.notifications.models import Message
from tests.conftest import Phone, error_of
from tests.e2e.breaking import Breaker, await_true
from tests.service.cases import staff_member, verified_citizen


@pytest.fixture
async def citizen(house: House) -> Citizen:
    """A citizen without a session."""
    return await verified_citizen(house)


async def opened(house: House, citizen: Citizen) -> Grant:
    """A new session."""
    return await sessions.open_session(house.access_tokens, Audience.CITIZEN, citizen.id, "测试手机")


async def refreshed(house: House, token: str, key: str | None = None) -> Grant:
    """The next pair."""
    return await sessions.refresh_session(house.access_tokens, Audience.CITIZEN, token, key)


async def told(citizen: Citizen) -> int:
    """How many messages say that a token was used twice, once no job is left to tell so."""
    waiting = """
    SELECT 1 AS job FROM procrastinate_jobs
    WHERE task_name = 'notifications.tell' AND args ->> 'citizen_id' = $1 AND status IN ('todo', 'doing')
    """
    async with asyncio.timeout(20):
        while True:
            if await db.row(waiting, str(citizen.id)) is None:
                return await Message.filter(citizen=citizen, kind="session_reused").count()
            await asyncio.sleep(0.05)


async def test_a_second_use_ends_the_family_and_the_citizen_is_told(house: House, citizen: Citizen) -> None:
    """The newest token works no more, and there is one message however often it is tried."""
    first = await opened(house, citizen)
    second = await refreshed(house, first.tokens.refresh_token)
    for token in (first, first, second):
        with pytest.raises(RefreshTokenInvalidError):
            await refreshed(house, token.tokens.refresh_token)
    assert await Session.filter(citizen=citizen, ended_at=None).count() == 0
    assert await told(citizen) == 1


async def test_a_lost_reply_is_given_again_to_the_same_key_for_a_minute(house: House, citizen: Citizen) -> None:
    """The same pair; another key, no key or a later time is a second use."""
    first = await opened(house, citizen)
    second = await refreshed(house, first.tokens.refresh_token, "k1")
    again = await refreshed(house, first.tokens.refresh_token, "k1")
    assert again.tokens == second.tokens
    third = await refreshed(house, second.tokens.refresh_token, "k2")
    with clock.travel(timedelta(seconds=61)), pytest.raises(RefreshTokenInvalidError):
        await refreshed(house, second.tokens.refresh_token, "k2")
    with pytest.raises(RefreshTokenInvalidError):
        await refreshed(house, third.tokens.refresh_token)


@pytest.mark.parametrize("key", [None, "another"])
async def test_a_retry_without_its_key_is_a_second_use(house: House, citizen: Citizen, key: str | None) -> None:
    """A thief does not know it."""
    first = await opened(house, citizen)
    await refreshed(house, first.tokens.refresh_token, "k1")
    with pytest.raises(RefreshTokenInvalidError):
        await refreshed(house, first.tokens.refresh_token, key)
    assert await Session.filter(citizen=citizen, ended_at=None).count() == 0


async def test_kept_answers_are_sealed(house: House, citizen: Citizen) -> None:
    """No refresh token stands open in the table."""
    first = await opened(house, citizen)
    second = await refreshed(house, first.tokens.refresh_token, "k1")
    rows = await db.rows("SELECT entry::text AS row FROM refresh_tokens AS entry")
    secret = second.tokens.refresh_token
    assert not [row for row in rows if secret in row["row"] or secret.encode().hex() in row["row"]]


@pytest.mark.parametrize("key", [None, "same"])
async def test_fifty_refreshes_of_one_token_at_once(house: House, citizen: Citizen, key: str | None) -> None:
    """Without a key one succeeds at most and the family ends; with the same key all get one answer."""
    grant = await opened(house, citizen)
    outcomes = await asyncio.gather(
        *(refreshed(house, grant.tokens.refresh_token, key) for _ in range(50)), return_exceptions=True
    )
    given = [outcome for outcome in outcomes if isinstance(outcome, Grant)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, RefreshTokenInvalidError)]
    assert len(given) + len(refused) == 50
    if key:
        assert len({one.tokens.refresh_token for one in given}) == 1
        assert len(given) == 50
    else:
        assert len(given) <= 1
        for one in given:
            with pytest.raises(RefreshTokenInvalidError):
                await refreshed(house, one.tokens.refresh_token)
        assert await told(citizen) == 1


async def test_a_refresh_token_ends_after_thirty_days(house: House, citizen: Citizen) -> None:
    """Then one signs in anew; nothing was stolen, so nothing else ends."""
    grant = await opened(house, citizen)
    with clock.travel(timedelta(days=31)), pytest.raises(RefreshTokenInvalidError):
        await refreshed(house, grant.tokens.refresh_token)
    assert await Session.filter(citizen=citizen, ended_at=None).count() == 1


async def test_a_session_is_ended_by_its_citizen_alone(house: House, citizen: Citizen) -> None:
    """Each, or all at once."""
    stranger = await verified_citizen(house)
    mine = [await opened(house, citizen) for _ in range(3)]
    first, *_ = await sessions.live_sessions(Audience.CITIZEN, citizen.id)
    with pytest.raises(SessionNotFoundError):
        await sessions.end_session(Audience.CITIZEN, stranger.id, first.id)
    await sessions.end_session(Audience.CITIZEN, citizen.id, first.id)
    with pytest.raises(SessionNotFoundError):
        await sessions.end_session(Audience.CITIZEN, citizen.id, first.id)
    assert await sessions.end_all_sessions(Audience.CITIZEN, citizen.id) == 2
    for grant in mine:
        with pytest.raises(RefreshTokenInvalidError):
            await refreshed(house, grant.tokens.refresh_token)


async def test_a_process_believes_itself_for_a_second_at_most(house: House, citizen: Citizen) -> None:
    """PostgreSQL is the truth, also for what another process ended."""
    grant = await opened(house, citizen)
    bearer = house.access_tokens.read(grant.tokens.access_token, Audience.CITIZEN)
    live = LiveSessions()
    assert await live.owner(bearer.session) == citizen.id
    await sessions.end_all_sessions(Audience.CITIZEN, citizen.id)

    async def refused() -> None:
        while True:
            await live.owner(bearer.session)
            await asyncio.sleep(0.01)

    with pytest.raises(SessionEndedError):
        await asyncio.wait_for(refused(), 2)
    with pytest.raises(SessionEndedError):
        await LiveSessions().owner(bearer.session)


async def test_the_use_of_a_session_is_noted_once_a_minute(house: House, citizen: Citizen) -> None:
    """And no more after its end."""
    grant = await opened(house, citizen)
    session = house.access_tokens.read(grant.tokens.access_token, Audience.CITIZEN).session

    async def noted_after(seconds: int) -> int:
        before = (await Session.get(id=session)).last_used_at
        with clock.travel(timedelta(seconds=seconds)):
            with suppress(SessionEndedError):
                await LiveSessions().owner(session)
            after = (await Session.get(id=session)).last_used_at
        assert before is not None
        assert after is not None
        return round((after - before).total_seconds())

    assert [await noted_after(59), await noted_after(61), await noted_after(90)] == [0, 61, 0]
    await sessions.end_all_sessions(Audience.CITIZEN, citizen.id)
    assert await noted_after(300) == 0


async def test_sessions_that_are_asked_about_at_once_are_told_apart(house: House) -> None:
    """In few statements; each use is noted, but not after a session's end."""
    citizens = [await verified_citizen(house) for _ in range(6)]
    grants = [await opened(house, citizen) for citizen in citizens]
    ids = [house.access_tokens.read(grant.tokens.access_token, Audience.CITIZEN).session for grant in grants]
    await sessions.end_all_sessions(Audience.CITIZEN, citizens[2].id)
    before = {session.id: session.last_used_at for session in await Session.filter(id__in=ids)}
    asked: list[str] = []
    live = LiveSessions()
    with clock.travel(timedelta(minutes=2)), watched(lambda sql, _: asked.append(sql)):
        found = await asyncio.gather(*(live.owner(one) for one in (*ids, uuid4())), return_exceptions=True)
    assert [type(found[at]) for at in (2, -1)] == [SessionEndedError] * 2
    alive = [at for at in range(6) if at != 2]
    assert [found[at] for at in alive] == [citizens[at].id for at in alive]
    assert len(asked) == 1
    after = {session.id: session.last_used_at for session in await Session.filter(id__in=ids)}
    assert {at for at in range(6) if after[ids[at]] != before[ids[at]]} == {*alive}


async def test_who_looks_at_a_session_waits_for_nobody_who_changes_it(house: House, citizen: Citizen) -> None:
    """Its use is noted the next time."""
    grant = await opened(house, citizen)
    session = house.access_tokens.read(grant.tokens.access_token, Audience.CITIZEN).session
    async with transaction():
        held = await Session.select_for_update().get(id=session)
        with clock.travel(timedelta(minutes=2)):
            assert await asyncio.wait_for(LiveSessions().owner(session), 20) == citizen.id
    assert (await Session.get(id=session)).last_used_at == held.last_used_at


def test_sessions_are_listed_and_ended_over_http(plan: Plan, phone: Phone) -> None:
    """With the device and which one is asking; an ended one is told so within two seconds, Redis or not."""
    other = Phone(plan, phone.person)
    body = {"code": phone.person.login_code, "device": "妈妈的手机"}
    signed_in = other.http.post("/api/v1/sessions", json=body).json()
    other.http.headers["Authorization"] = f"Bearer {signed_in['access_token']}"
    listed = phone.http.get("/api/v1/sessions").json()["items"]
    assert {(entry["device"], entry["current"]) for entry in listed} == {
        ("妈妈的手机", False),
        (phone.http.headers["User-Agent"], True),
    }
    theirs = next(entry["id"] for entry in listed if not entry["current"])
    assert other.http.get("/api/v1/identity").status_code == 200
    breaker = Breaker(plan)
    breaker.stop("redis")
    try:
        assert phone.http.delete(f"/api/v1/sessions/{theirs}").json() == {"ended": 1}

        def ended() -> httpx.Response | None:
            answer = other.http.get("/api/v1/identity")
            return answer if answer.status_code != 200 else None

        answer = await_true("the other phone is signed out", ended, seconds=2)
        assert error_of(answer) == (401, "session_ended")
    finally:
        breaker.resume("redis")
        breaker.close()
    assert error_of(phone.http.delete(f"/api/v1/sessions/{theirs}")) == (404, "session_not_found")
    assert phone.http.delete("/api/v1/sessions").json() == {"ended": 1}
    other.http.close()


async def test_staff_show_their_second_factor_every_day(house: House) -> None:
    """However often a session is refreshed, it is over twelve hours after its beginning; a citizen's goes on."""
    member, citizen = await staff_member([]), await verified_citizen(house)
    for audience, owner, lives in ((Audience.STAFF, member.id, False), (Audience.CITIZEN, citizen.id, True)):
        token = (await sessions.open_session(house.access_tokens, audience, owner, "x")).tokens.refresh_token
        with clock.travel(timedelta(hours=11)):
            again = await sessions.refresh_session(house.access_tokens, audience, token, None)
        with clock.travel(timedelta(hours=13)):
            if lives:
                await sessions.refresh_session(house.access_tokens, audience, again.tokens.refresh_token, None)
                continue
            with pytest.raises(RefreshTokenInvalidError):
                await sessions.refresh_session(house.access_tokens, audience, again.tokens.refresh_token, None)
