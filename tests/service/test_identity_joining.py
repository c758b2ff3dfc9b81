"""Accounts that turn out to be one person's: joined by UnionID or by face, and by nothing less."""

import asyncio
import hashlib
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.applications.drafts import start_application
from app.applications.models import Application
from app.audit.service import first_broken
from app.bootstrap import House
from app.catalogue.licence_type import Preset
from app.identity import joining, verification
from app.identity.errors import (
    FaceNeedsMiniProgramError,
    FaceNotPassedError,
    FaceVerificationNotFoundError,
    LevelTooLowError,
    MinorNeedsGuardianError,
    RealNameMismatchError,
)
from app.identity.models import Citizen, Session, WeChatAccount
from app.identity.rules import Audience
from app.identity.service import get_citizen
from app.identity.sessions import LiveSessions, open_session
from app.identity.sign_in import SignedIn, enter, sign_in
from app.kit import clock, db
from app.kit.crypto import keyring
from app.kit.errors import RateLimitedError
from app.licences.models import Licence
from app.licences.presenting.service import present_licence
from app.licences.verifying.service import verify_code
from app.mandates.models import Mandate
from app.mandates.party import Party
from app.mandates.service import accept_invitation, offer_proxy
from app.notifications.consents import grant_sends
from app.notifications.definitions import templates
from app.notifications.models import Message, SubscriptionGrant
from tests.people import Person, make_child, make_person
from tests.service.cases import issued_licence, some_case_no, trip_item, verified_citizen, verifier

MINI, OFFICIAL = "wxjiabansandbox02", "wxjiabansandbox01"


class Phone:
    """A citizen at a phone with the mini-program."""

    def __init__(self, house: House, entered: SignedIn, session_id: UUID) -> None:
        self.house, self.citizen_id, self.account_id, self.session_id = (
            house,
            entered.citizen.id,
            entered.account_id,
            session_id,
        )

    async def verify(self, person: Person) -> Citizen:
        """Prove a name and a number."""
        return await verification.verify_real_name(
            self.house.authority,
            self.citizen_id,
            person.name,
            person.id_number,
            device=f"{self.citizen_id}",
        )

    async def begin(self) -> verification.FaceTask:
        """Begin to show a face."""
        return await verification.begin_face_verification(
            self.house.face, MINI, self.citizen_id, self.session_id, device=f"{self.citizen_id}"
        )

    async def look(self, task: verification.FaceTask, *, passed: bool = True) -> None:
        """Look into the phone."""
        async with httpx.AsyncClient(base_url=self.house.settings.wechat.base_url, trust_env=False) as http:
            body = {"verify_id": task.verify_id, "passed": passed}
            (await http.post("/control/wechat/faces", json=body)).raise_for_status()

    async def finish(self, task: verification.FaceTask) -> Citizen:
        """Ask what WeChat says."""
        return await verification.finish_face_verification(
            self.house.face, MINI, self.citizen_id, self.session_id, task.id
        )

    async def show_face(self) -> Citizen:
        """All of it."""
        task = await self.begin()
        await self.look(task)
        return await self.finish(task)


async def phone(house: House) -> Phone:
    """A new phone whose owner has signed in."""
    entered = await sign_in(house.wechat, MINI, f"login-{uuid4().hex}")
    grant = await open_session(house.access_tokens, Audience.CITIZEN, entered.citizen.id, "测试", entered.account_id)
    bearer = house.access_tokens.read(grant.tokens.access_token, Audience.CITIZEN)
    return Phone(house, entered, bearer.session)


async def holdings(citizen_id: UUID) -> tuple[int, int]:
    """How many cases and licences a citizen has."""
    return (
        await Application.filter(citizen_id=citizen_id).count(),
        await Licence.filter(citizen_id=citizen_id).count(),
    )


async def told(citizen_id: UUID, kind: str) -> None:
    """Wait until the worker has told a citizen something."""
    async with asyncio.timeout(20):
        while True:
            if await Message.filter(citizen_id=citizen_id, kind=kind).exists():
                return
            await asyncio.sleep(0.02)


async def with_case_and_licence(one: Phone) -> Licence:
    """A licence, and a draft beside it."""
    await start_application(Party.own(one.citizen_id), await trip_item())
    return await issued_licence(await get_citizen(one.citizen_id), some_case_no(one.citizen_id))


async def test_a_name_and_a_number_show_nothing_of_another_account(house: House, person: Person) -> None:
    """Both stand side by side, the older one is told, and neither sees the other's things."""
    older, newer = await phone(house), await phone(house)
    await older.verify(person)
    await with_case_and_licence(older)
    assert (await newer.verify(person)).level == 2
    assert await holdings(newer.citizen_id) == (0, 0)
    assert await holdings(older.citizen_id) == (1, 1)
    await told(older.citizen_id, "identity_used_elsewhere")
    assert not await Message.filter(citizen_id=newer.citizen_id).exists()


async def test_a_face_brings_the_persons_things_and_the_unproven_account_keeps_its_sign_in_alone(
    house: House, person: Person
) -> None:
    """Whoever only knew the number has nothing left, and no code of before is worth anything."""
    unproven, owner = await phone(house), await phone(house)
    await unproven.verify(person)
    licence = await with_case_and_licence(unproven)
    shown = await present_licence(
        house.code_signer, "https://x.example", Party.own(unproven.citizen_id), licence.id, Preset.ALL
    )
    await owner.verify(person)
    assert (await owner.show_face()).level == 3
    assert await holdings(owner.citizen_id) == (1, 1)
    assert await holdings(unproven.citizen_id) == (0, 0)
    stripped = await get_citizen(unproven.citizen_id)
    assert (stripped.level, stripped.name, stripped.id_number, stripped.joined_into) == (0, None, None, None)
    assert (await verify_code(house.code_signer, await verifier(), shown.code, None)).verification.reason == "expired"
    await told(unproven.citizen_id, "name_taken_over")
    for one in (owner, unproven):
        assert await first_broken(f"citizen:{one.citizen_id}") is None


async def test_two_faces_are_one_citizen_with_both_phones(house: House, person: Person) -> None:
    """The older account remains with everything of both; the newer one's session leads there at once."""
    older, newer = await phone(house), await phone(house)
    await older.verify(person)
    await older.show_face()
    await with_case_and_licence(older)
    await newer.verify(person)
    await with_case_and_licence(newer)
    kept = await newer.show_face()
    assert (kept.id, kept.level, kept.name) == (older.citizen_id, 3, person.name)
    assert await holdings(older.citizen_id) == (2, 2)
    assert await LiveSessions().owner(newer.session_id) == older.citizen_id
    assert await WeChatAccount.filter(citizen_id=older.citizen_id).count() == 2
    assert (await get_citizen(newer.citizen_id)).joined_into == older.citizen_id
    await told(older.citizen_id, "accounts_joined")


async def test_faces_at_once_leave_one_citizen_with_everything(house: House, person: Person) -> None:
    """Whichever comes first, and nobody waits for ever."""
    phones = [await phone(house) for _ in range(4)]
    for one in phones:
        await one.verify(person)
        await with_case_and_licence(one)
    tasks = [await one.begin() for one in phones]
    await asyncio.gather(*(one.look(task) for one, task in zip(phones, tasks, strict=True)))
    await asyncio.gather(*(one.finish(task) for one, task in zip(phones, tasks, strict=True)), return_exceptions=True)
    # Who lost the name meanwhile proves it anew.
    for one in phones:
        owner = await get_citizen(await LiveSessions().owner(one.session_id))
        if owner.level < 3:
            await one.verify(person)
            await one.show_face()
    owners = {await LiveSessions().owner(one.session_id) for one in phones}
    assert len(owners) == 1
    assert await holdings(owners.pop()) == (4, 4)


async def test_a_face_that_does_not_pass_changes_nothing(house: House, person: Person) -> None:
    """Not finished, failed, somebody else's, and before the name is known."""
    one, other = await phone(house), await phone(house)
    with pytest.raises(LevelTooLowError):
        await one.begin()
    await one.verify(person)
    await other.verify(make_person())
    task = await one.begin()
    with pytest.raises(FaceNotPassedError):
        await one.finish(task)
    with pytest.raises(FaceVerificationNotFoundError):
        await other.finish(task)
    await one.look(task, passed=False)
    with pytest.raises(FaceNotPassedError):
        await one.finish(task)
    assert (await get_citizen(one.citizen_id)).level == 2


async def test_a_face_is_shown_in_the_mini_program(house: House, person: Person) -> None:
    """A page's session has no phone whose face could be compared."""
    entered = await enter(OFFICIAL, f"oa-{uuid4().hex}", None)
    grant = await open_session(house.access_tokens, Audience.H5, entered.citizen.id, "测试", entered.account_id)
    page = Phone(house, entered, house.access_tokens.read(grant.tokens.access_token, Audience.H5).session)
    await page.verify(person)
    with pytest.raises(FaceNeedsMiniProgramError):
        await page.begin()


async def test_one_wechat_user_is_joined_by_the_unionid_that_comes_later(house: House, person: Person) -> None:
    """The account of the page was known by its openid alone; everything of both is kept, grants are added up."""
    unique = uuid4().hex
    page = await enter(OFFICIAL, f"oa-{unique}", None)
    mini = await enter(MINI, f"o-{unique}", f"u-{unique}")
    assert page.citizen.id != mini.citizen.id
    template = next(iter(templates()))
    for one in (page, mini):
        await grant_sends(one.citizen.id, [template])
        await issued_licence(one.citizen, some_case_no(one.citizen.id))
    again = await enter(OFFICIAL, f"oa-{unique}", f"u-{unique}")
    assert (again.citizen.id, again.citizen.unionid) == (page.citizen.id, f"u-{unique}")
    assert (await enter(MINI, f"o-{unique}", f"u-{unique}")).citizen.id == page.citizen.id
    assert (await holdings(page.citizen.id))[1] == 2
    assert (await SubscriptionGrant.get(citizen_id=page.citizen.id)).remaining == 2


async def test_later_unionids_at_once_join_once(house: House) -> None:
    """Sign-ins that learn it together."""
    del house
    unique = uuid4().hex
    for number in range(3):
        await enter(f"wx{number}{unique[:12]}", f"p{number}-{unique}", None)
    citizens = await asyncio.gather(
        *(enter(f"wx{number % 3}{unique[:12]}", f"p{number % 3}-{unique}", f"u-{unique}") for number in range(9))
    )
    owners = {
        (await enter(f"wx{number}{unique[:12]}", f"p{number}-{unique}", f"u-{unique}")).citizen.id
        for number in range(3)
    }
    assert len(owners) == 1
    assert len(citizens) == 9


async def test_accounts_of_two_persons_are_not_joined(house: House) -> None:
    """A family that shares a WeChat account: neither loses anything to the other."""
    unique = uuid4().hex
    page = await enter(OFFICIAL, f"oa-{unique}", None)
    mini = await enter(MINI, f"o-{unique}", f"u-{unique}")
    for one in (page, mini):
        person = make_person()
        await verification.verify_real_name(
            house.authority, one.citizen.id, person.name, person.id_number, device=unique
        )
    assert (await enter(OFFICIAL, f"oa-{unique}", f"u-{unique}")).citizen.id == page.citizen.id
    assert (await get_citizen(mini.citizen.id)).unionid == f"u-{unique}"


async def test_mandates_follow_a_joined_account_and_end_with_a_lost_name(house: House) -> None:
    """What an unproven name agreed to binds nobody."""
    person, other = make_person(), await verified_citizen(house)
    unproven, owner = await phone(house), await phone(house)
    await unproven.verify(person)
    until = clock.today()
    offered = await offer_proxy(unproven.citizen_id, give=True, matters=["licence:food_business"], last_day=until)
    await accept_invitation(other.id, offered.code)
    await owner.verify(person)
    await owner.show_face()
    assert (await Mandate.get(id=offered.mandate.id)).state == "ended"


async def test_no_table_about_citizens_is_left_behind(house: House) -> None:
    """One that must not hold two rows of a citizen says itself how they move."""
    del house
    tables = dict(joining.tables_about_citizens())
    assert {Application, Licence, Message, Mandate, Session, WeChatAccount, SubscriptionGrant} <= set(tables)
    for model in tables:
        single = {
            "citizen",
            *(name for name, field in model._meta.fields_map.items() if field.source_field == "citizen_id"),
        }
        unique = [set(together) for together in model._meta.unique_together]
        assert hasattr(model, "move") or not any(single & together for together in unique), model


async def test_a_child_has_no_account_of_its_own(house: House) -> None:
    """Its guardian acts for it; the authority is not even asked."""
    one = await phone(house)
    with pytest.raises(MinorNeedsGuardianError):
        await one.verify(make_child())


async def test_a_name_that_changed_in_law_is_taken_over(house: House, person: Person) -> None:
    """The number stays; the authority decides."""
    one = await phone(house)

    async def correct(name: str) -> Citizen:
        return await verification.correct_name(house.authority, one.citizen_id, name, device=person.openid)

    with pytest.raises(LevelTooLowError):
        await correct("改名后")
    await one.verify(person)
    with pytest.raises(RealNameMismatchError):
        await correct("改不符")
    renamed = await correct("改名后")
    assert (renamed.name, renamed.id_number, renamed.level) == ("改名后", person.id_number, 2)


async def test_wrong_names_for_one_number_are_counted_over_all_accounts(house: House, person: Person) -> None:
    """A hundred a day from any number of accounts and devices; right ones are not counted."""
    wrong, outcomes = replace(person, name="张不符"), []
    for _ in range(12):
        one = await phone(house)
        outcomes += await asyncio.gather(*(one.verify(wrong) for _ in range(9)), return_exceptions=True)
    assert [type(one) for one in outcomes].count(RealNameMismatchError) == 100
    assert [type(one) for one in outcomes].count(RateLimitedError) == 8


async def test_right_names_are_not_counted_against_the_person_or_the_device(house: House, person: Person) -> None:
    """A counter where one device serves everybody is nobody's guess."""
    for _ in range(32):
        entered = await sign_in(house.wechat, MINI, f"login-{uuid4().hex}")
        await verification.verify_real_name(
            house.authority, entered.citizen.id, person.name, person.id_number, device=person.openid
        )
    counted = "SELECT sum(count) AS number FROM counted_tries WHERE rule = ANY($1) AND subject = ANY($2)"
    subjects = [
        hashlib.sha256(one.encode()).hexdigest() for one in (person.openid, keyring().lookup(person.id_number, "limit"))
    ]
    found = await db.row(counted, ["real_name_device", "real_name_person"], subjects)
    assert found == {"number": 0}


async def test_wrong_names_from_one_device_are_counted_over_all_accounts(house: House) -> None:
    """A hundred a day."""
    device = uuid4().hex

    async def try_one() -> Any:
        entered, person = await sign_in(house.wechat, MINI, f"login-{uuid4().hex}"), make_person()
        return await verification.verify_real_name(
            house.authority, entered.citizen.id, "张不符", person.id_number, device=device
        )

    await db.rows(
        'INSERT INTO counted_tries (rule, subject, "window", count) '
        "VALUES ('real_name_device', encode(sha256($1::bytea), 'hex'), $2, 98) RETURNING id",
        device.encode(),
        int(clock.now().timestamp()) // 86400,
    )
    outcomes = [await asyncio.gather(try_one(), return_exceptions=True) for _ in range(4)]
    kinds = [type(outcome[0]) for outcome in outcomes]
    assert kinds == [RealNameMismatchError] * 2 + [RateLimitedError] * 2
