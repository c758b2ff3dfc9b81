"""What happens to an account while something about it is under way: it is joined, deleted, or its owner is changed.

Each interleaving is forced: by a row that is held, or by an outside system that takes its time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pyotp
import pytest

from app.applications.events import apply_event
from app.applications.models import Application
from app.applications.moving import lock_case
from app.applications.rules import Cause
from app.applications.service import submit_application
from app.bootstrap import House
from app.identity import joining, provincial, staff, verification
from app.identity.errors import PasswordWrongError, SessionEndedError
from app.identity.models import Citizen, LoginState, ProvincialAccount, Session, Staff
from app.identity.ports import ProvincialIdentity
from app.identity.queries import lock_present
from app.identity.rules import Audience, Duty
from app.identity.service import bind_phone, get_citizen
from app.identity.sessions import open_session
from app.identity.sign_in import enter
from app.identity.staff_accounts import COMMAND_LINE, Account, create_account, reset_credentials
from app.kit import clock
from app.kit.db import transaction
from app.licences.models import Licence
from app.mandates.party import Party
from app.notifications.models import Message
from app.notifications.tasks import tell
from app.privacy import deletion
from app.privacy.exports import request_export
from app.privacy.models import Export
from app.privacy.tasks import collect_export
from media.storage import BlobStore
from tests.people import Person, make_person
from tests.service.cases import issued_licence, ready_draft, some_case_no
from tests.service.holding import while_held

MINI, OFFICIAL = "wxjiabansandbox02", "wxjiabansandbox01"


class Pair:
    """Two accounts of one WeChat user: a page's, the older, and the mini-program's, whose UnionID is known."""

    def __init__(self, page: Citizen, mini: Citizen, unique: str) -> None:
        self.page, self.mini, self.unique = page, mini, unique

    async def join(self) -> None:
        """Open the page with the UnionID: the page's account remains."""
        await enter(OFFICIAL, f"oa-{self.unique}", f"u-{self.unique}")


async def pair() -> Pair:
    """Two accounts that are not joined yet."""
    unique = uuid4().hex
    page = await enter(OFFICIAL, f"oa-{unique}", None)
    mini = await enter(MINI, f"o-{unique}", f"u-{unique}")
    return Pair(page.citizen, mini.citizen, unique)


async def verified(house: House, citizen: Citizen, person: Person | None = None) -> Citizen:
    """A citizen who proved a name and a number."""
    person = person or make_person()
    return await verification.verify_real_name(
        house.authority, citizen.id, person.name, person.id_number, device=uuid4().hex
    )


async def deleted(citizen: Citizen) -> None:
    """The citizen's account is deleted."""
    await deletion.delete_account(citizen.id, by=citizen.id, actor=f"citizen:{citizen.id}", mandate_id=None)


async def test_a_deleted_account_swallows_no_living_one(quiet: House) -> None:
    """A page learns the UnionID while its own account goes: the other account stays what it is."""
    two = await pair()
    await verified(quiet, two.mini)
    await issued_licence(await get_citizen(two.mini.id), some_case_no(two.mini.id))

    async def delete() -> None:
        await deleted(two.page)

    await while_held(lambda: lock_present(two.page.id), two.join(), delete)
    living = await get_citizen(two.mini.id)
    assert (living.joined_into, living.unionid) == (None, f"u-{two.unique}")
    assert await Licence.filter(citizen_id=two.mini.id).count() == 1


async def test_nobody_is_locked_out_by_a_unionid_on_a_deleted_account(quiet: House) -> None:
    """The next sign-in makes a new citizen."""
    unique = uuid4().hex
    page = (await enter(OFFICIAL, f"oa-{unique}", None)).citizen

    async def delete() -> None:
        await deleted(page)

    await while_held(lambda: lock_present(page.id), enter(OFFICIAL, f"oa-{unique}", f"u-{unique}"), delete)
    anew = await enter(MINI, f"o-{unique}", f"u-{unique}")
    assert anew.citizen.id != page.id
    assert (await open_session(quiet.access_tokens, Audience.CITIZEN, anew.citizen.id, "x")).owner_id == anew.citizen.id


async def test_a_face_joins_with_no_account_that_goes_meanwhile(quiet: House) -> None:
    """A deleted account keeps the number while a licence stays: it is passed over."""
    person, unique = make_person(), uuid4().hex
    old, new = [(await enter(MINI, f"o{number}-{unique}", None)).citizen for number in range(2)]
    for one in (old, new):
        await verified(quiet, one, person)
        await issued_licence(await get_citizen(one.id), some_case_no(one.id))
    await Citizen.filter(id=old.id).update(level=3)

    async def show_face() -> Citizen:
        async with transaction():
            citizen, others = await joining.lock_person(new.id)
            return await joining.join_by_face(citizen, others)

    async def delete() -> None:
        await deleted(old)

    kept = await while_held(lambda: lock_present(old.id), show_face(), delete)
    assert (kept.id, (await get_citizen(new.id)).joined_into) == (new.id, None)


async def test_a_licence_that_is_issued_meanwhile_comes_along(quiet: House) -> None:
    """And so does what is told about it."""
    two = await pair()
    await verified(quiet, two.mini)
    draft = await ready_draft(quiet, await get_citizen(two.mini.id))
    case = str((await submit_application(Party.own(two.mini.id), draft.id, None)).case_no)
    cases: list[Application] = []

    async def lock() -> None:
        cases.append(await lock_case(case))

    async def approve() -> None:
        await apply_event(cases[0], Cause.APPROVED, 1, clock.now(), {})

    await while_held(lock, two.join(), approve)
    for table in (Application, Licence, Message):
        assert await table.filter(citizen_id=two.page.id).exists(), table
        assert not await table.filter(citizen_id=two.mini.id).exists(), table


class Slow:
    """An authority that confirms everybody, and takes its time."""

    def __init__(self, meanwhile: Callable[[], Awaitable[None]]) -> None:
        self.meanwhile = meanwhile

    async def matches(self, name: str, id_number: str) -> bool:
        """Always."""
        del name, id_number
        await self.meanwhile()
        return True


async def test_a_name_that_is_confirmed_after_a_joining_goes_to_who_remains(quiet: House) -> None:
    """Nothing personal is written where nobody finds it."""
    two, person = await pair(), make_person()
    citizen = await verification.verify_real_name(
        Slow(two.join), two.mini.id, person.name, person.id_number, device=two.unique
    )
    assert (citizen.id, citizen.level) == (two.page.id, 2)
    assert (await bind_phone(quiet.wechat, two.mini.id, person.phone_code)).id == two.page.id
    gone = await get_citizen(two.mini.id)
    assert (gone.name, gone.phone, gone.level) == (None, None, 0)


class Province:
    """The provincial platform, which knows one person."""

    def __init__(self, person: Person, level: int, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        self.identity = ProvincialIdentity(person.openid, person.name, person.id_number, level)
        self.meanwhile = meanwhile

    async def authorize_url(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Not asked."""
        raise NotImplementedError

    async def finish(self, *, code: str, redirect_uri: str, nonce: str, verifier: str) -> ProvincialIdentity:
        """Who came back."""
        del code, redirect_uri, nonce, verifier
        if self.meanwhile:
            await self.meanwhile()
        return self.identity


async def by_province(province: Province, linked: UUID | None = None) -> Citizen:
    """A sign-in through the province."""
    login = LoginState(nonce="", verifier="")
    return await provincial.sign_in_by_province(province, "https://p", login, code="", redirect_uri="", linked=linked)


async def test_an_account_at_the_province_is_never_bound_to_who_is_gone(quiet: House) -> None:
    """A link that is overtaken by a joining ends, and the person signs in the next time."""
    two, person = await pair(), make_person()
    with pytest.raises(SessionEndedError):
        await by_province(Province(person, 3, two.join), two.mini.id)
    citizen = await by_province(Province(person, 3))
    assert (await open_session(quiet.access_tokens, Audience.H5, citizen.id, "x")).owner_id == citizen.id


async def test_an_account_at_the_province_follows_a_joining(quiet: House) -> None:
    """With everything that it opened."""
    two, person = await pair(), make_person()
    await by_province(Province(person, 2), two.mini.id)
    await issued_licence(await get_citizen(two.mini.id), some_case_no(two.mini.id))
    citizen = await by_province(Province(person, 3, two.join))
    assert (citizen.id, citizen.level) == (two.page.id, 3)
    assert await Licence.filter(citizen_id=two.page.id).count() == 1
    del quiet


async def test_sign_ins_of_one_person_at_once_make_one_citizen(quiet: House) -> None:
    """However many come back from the province together."""
    del quiet
    province = Province(make_person(), 2)
    citizens = await asyncio.gather(*(by_province(province) for _ in range(6)))
    assert len({citizen.id for citizen in citizens}) == 1
    assert await ProvincialAccount.filter(subject=province.identity.subject).count() == 1


async def test_a_copy_under_way_at_a_joining_becomes_who_remains(quiet: House) -> None:
    """It is made anew, and ends."""
    two = await pair()
    await verified(quiet, two.mini)
    await ready_draft(quiet, await get_citizen(two.mini.id))
    asked = await request_export(two.mini.id, actor="x", mandate_id=None)

    class Overtaken:
        def __init__(self, blobs: BlobStore) -> None:
            self.put, self.head, self.delete, self.blobs = blobs.put, blobs.head, blobs.delete, blobs

        async def get(self, key: str) -> bytes:
            await two.join()
            return await self.blobs.get(key)

    await collect_export(Overtaken(quiet.blobs), str(asked.id))
    ended = await Export.get(id=asked.id)
    assert (ended.citizen_id, ended.state) == (two.page.id, "ready")  # type: ignore[attr-defined]  # Tortoise adds it


async def test_what_is_told_after_a_joining_is_told_to_who_remains(quiet: House) -> None:
    """A warning about a stolen session among it."""
    del quiet
    two = await pair()
    await two.join()
    await tell(str(two.mini.id), "session_reused", two.unique)
    assert await Message.filter(citizen_id=two.page.id, kind="session_reused").exists()
    await deleted(two.page)
    await tell(str(two.mini.id), "session_reused", two.unique + "2")
    assert not await Message.filter(citizen_id__in=[two.page.id, two.mini.id]).exists()


async def test_credentials_that_were_reset_meanwhile_open_nothing(quiet: House) -> None:
    """Neither a sign-in that was checked before, nor a change of one's own password."""
    account = Account("执法一科", "scjg", None, (Duty.VERIFY,))
    made = await create_account(COMMAND_LINE, f"t{uuid4().hex}", account)
    member = await Staff.get(id=made.member.id)

    async def lock() -> None:
        await Staff.select_for_update().get(id=member.id)

    async def reset() -> None:
        await reset_credentials(COMMAND_LINE, member.id)

    with pytest.raises(PasswordWrongError):
        await while_held(lock, staff.change_own_password(member, made.password, "a-password-of-my-own"), reset)
    again = await reset_credentials(COMMAND_LINE, member.id)
    code = pyotp.TOTP(again.otp_secret).at(clock.now())
    entering = staff.sign_in_staff(
        quiet.staff_door, member.username, again.password, code, address="192.0.2.9", device=""
    )
    with pytest.raises(PasswordWrongError):
        await while_held(lock, entering, reset)
    assert not await Session.filter(staff_id=member.id, ended_at=None).exists()
    assert (await Staff.get(id=member.id)).password_given is True
