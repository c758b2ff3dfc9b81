"""Staff: two factors, each code once; tries that are counted; accounts within an administrator's own scope."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pyotp
import pytest

from app.audit.service import first_broken
from app.bootstrap import House
from app.identity import second_factor, sessions
from app.identity.errors import (
    AccessTokenInvalidError,
    OutsideOwnScopeError,
    OwnAccountError,
    PasswordWeakError,
    PasswordWrongError,
    SecondFactorNeededError,
    SecondFactorUnsetError,
    SecondFactorWrongError,
    SessionEndedError,
    StaffNotFoundError,
    UsernameTakenError,
)
from app.identity.models import Session, Staff
from app.identity.rules import EVERY_DEPARTMENT, Audience, Duty, require_strong_password
from app.identity.sessions import LiveSessions
from app.identity.staff import StaffDoor, StaffGrant, change_own_password, sign_in_staff, signed_in
from app.identity.staff_accounts import (
    COMMAND_LINE,
    OFFICER_SECRET,
    Account,
    Credentials,
    Scope,
    change_account,
    create_account,
    list_accounts,
    reset_credentials,
)
from app.kit import clock
from app.kit.errors import RateLimitedError
from app.kit.quick import watched
from tests.contract.sandbox.stand_ins import until
from tests.service.cases import staff_member

PLAIN = Account(office="执法一科", department="scjg", region="230811", duties=(Duty.VERIFY,))


@pytest.fixture
async def door(house: House) -> StaffDoor:
    """The door as it is in production."""
    return replace(house.staff_door, second_factor_for_all=True)


@pytest.fixture
async def made(house: House) -> Credentials:
    """A new account with its credentials."""
    del house
    return await create_account(COMMAND_LINE, f"t{uuid4().hex}", PLAIN)


async def come(door: StaffDoor, made: Credentials, otp: str | None = None, password: str | None = None) -> StaffGrant:
    """A sign-in."""
    password = made.password if password is None else password
    return await sign_in_staff(door, made.member.username, password, otp, address="192.0.2.1", device="测试")


def code(made: Credentials, steps: int = 0) -> str:
    """The code of a time step near the present one."""
    return pyotp.TOTP(made.otp_secret).at(clock.now(), counter_offset=steps)


# RFC 6238, appendix B: the ASCII secret "12345678901234567890", SHA-1, the last six of the eight digits given there.
@pytest.mark.parametrize(
    ("moment", "digits"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_codes_are_those_of_the_standard(moment: int, digits: str) -> None:
    """So that any authenticator makes them."""
    with clock.travel(timedelta(seconds=moment - clock.now().timestamp() + 1)):
        assert second_factor.matching_step("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", digits) == moment // 30


async def test_both_factors_open_the_door_and_none_alone_does(door: StaffDoor, made: Credentials) -> None:
    """A code is typed within a step of its time, and used once."""
    with pytest.raises(SecondFactorNeededError):
        await come(door, made)
    with pytest.raises(PasswordWrongError):
        await come(door, made, code(made), "wrong")
    for wrong in (code(made, 3), code(made, -3), "", "12345", "x" * 16):
        with pytest.raises((SecondFactorWrongError, SecondFactorNeededError)):
            await come(door, made, wrong)
    used = code(made)
    assert (await come(door, made, used)).member.id == made.member.id
    for late in (used, code(made, -1)):
        with pytest.raises(SecondFactorWrongError):
            await come(door, made, late)


async def test_one_code_at_once_opens_one_door(door: StaffDoor, made: Credentials) -> None:
    """Whoever looks over a shoulder is too late."""
    used = code(made)
    outcomes = await asyncio.gather(*(come(door, made, used) for _ in range(8)), return_exceptions=True)
    assert len([outcome for outcome in outcomes if isinstance(outcome, StaffGrant)]) == 1
    assert len([outcome for outcome in outcomes if isinstance(outcome, SecondFactorWrongError)]) == 7


async def test_without_a_second_factor_nobody_enters_but_under_the_stand_ins(house: House, door: StaffDoor) -> None:
    """The demonstration's verifier shows the difference."""
    stands = [house.staff_door, "verifier", "verifier-demo", None]
    assert (await sign_in_staff(*stands, address="192.0.2.2", device="")).member.duties == ["verify"]  # type: ignore[arg-type]
    with pytest.raises(SecondFactorUnsetError):
        await sign_in_staff(door, "verifier", "verifier-demo", None, address="192.0.2.2", device="")


async def test_the_demonstrations_officer_has_a_published_secret(house: House) -> None:
    """docs/sandbox.md names it."""
    otp = pyotp.TOTP(OFFICER_SECRET).at(clock.now())
    with pytest.raises(SecondFactorNeededError):
        await sign_in_staff(house.staff_door, "officer", "officer-demo", None, address="192.0.2.3", device="")
    await Staff.filter(username="officer").update(otp_step=None)
    given = await sign_in_staff(house.staff_door, "officer", "officer-demo", otp, address="192.0.2.3", device="")
    assert given.member.username == "officer"


async def test_an_unknown_name_and_a_wrong_password_are_one_error(house: House) -> None:
    """Nobody learns which it was."""
    for username, password in (("verifier", "wrong"), ("nobody", "verifier-demo"), ("", "")):
        with pytest.raises(PasswordWrongError):
            await sign_in_staff(house.staff_door, username, password, None, address="192.0.2.4", device="")


@pytest.mark.parametrize("known", [True, False])
async def test_wrong_tries_are_counted_whether_the_name_is_known_or_not(
    door: StaffDoor, made: Credentials, known: bool
) -> None:
    """Ten from one address, with Redis away; the right password waits too, and another address does not."""
    name = made.member.username if known else f"n{uuid4().hex}"
    tries = [sign_in_staff(door, name, "wrong", None, address="192.0.2.5", device="") for _ in range(12)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert len([one for one in outcomes if isinstance(one, PasswordWrongError)]) == 10
    assert len([one for one in outcomes if isinstance(one, RateLimitedError)]) == 2
    with pytest.raises(RateLimitedError):
        await sign_in_staff(door, name, made.password, code(made), address="192.0.2.5", device="")
    if known:
        assert await sign_in_staff(door, name, made.password, code(made), address="192.0.2.6", device="")


async def test_right_tries_are_not_counted(door: StaffDoor) -> None:
    """A scanner that signs in all day is nobody's guess."""
    member = await staff_member([Duty.VERIFY])
    free = replace(door, second_factor_for_all=False)
    for _ in range(12):
        await sign_in_staff(free, member.username, "password-of-a-test", None, address="192.0.2.7", device="")


async def test_a_given_password_is_changed_and_every_session_ends(door: StaffDoor, made: Credentials) -> None:
    """The old one works no more, the new one does."""
    member = (await come(door, made, code(made))).member
    with pytest.raises(PasswordWrongError):
        await change_own_password(member, "wrong", "fine-and-long-enough")
    with pytest.raises(PasswordWeakError):
        await change_own_password(member, made.password, "short")
    with pytest.raises(PasswordWeakError):
        await change_own_password(member, made.password, made.password)
    assert await change_own_password(member, made.password, "fine-and-long-enough") == 1
    assert not await Session.filter(staff=member, ended_at=None).exists()
    with pytest.raises(PasswordWrongError):
        await come(door, made, code(made, 1))
    again = await come(door, made, code(made, 1), "fine-and-long-enough")
    assert again.member.password_given is False


@pytest.mark.parametrize("weak", ["elevenchars", "officer-123456", "OFFICER-123456", "aaaaaaaaaaaaaaaa"])
def test_weak_passwords_are_refused(weak: str) -> None:
    """Too short, the user's name, one key held down."""
    with pytest.raises(PasswordWeakError):
        require_strong_password(weak, "officer")
    require_strong_password("correct horse battery", "officer")


async def test_credentials_are_sealed(made: Credentials) -> None:
    """Neither password nor second factor stands open in the row."""
    row = await Staff.get(id=made.member.id).values_list("password_hash", flat=True)
    assert str(row).startswith("$argon2id$")
    assert (await Staff.get(id=made.member.id)).otp_secret == made.otp_secret


def scope(region: str | None, department: str) -> Scope:
    """An administrator's."""
    return Scope(f"staff:{uuid4()}", region, department, uuid4())


@pytest.mark.parametrize(
    ("region", "department", "covered"),
    [
        (None, EVERY_DEPARTMENT, True),
        ("230800", "scjg", True),
        ("230811", "scjg", True),
        ("230811", EVERY_DEPARTMENT, True),
        ("230822", "scjg", False),
        ("230811001", "scjg", False),
        ("230811", "ga", False),
    ],
)
async def test_an_administrator_has_their_region_and_department_and_no_other(
    made: Credentials, region: str | None, department: str, covered: bool
) -> None:
    """The account is one of 230811 and scjg; a county does not see the city's, nor a department another's."""
    one, mine = scope(region, department), made.member.id
    name = f"t{uuid4().hex}"
    if covered:
        assert (await change_account(one, mine, PLAIN, active=True)).id == mine
        assert (await create_account(one, name, PLAIN)).member.username == name
        assert (await reset_credentials(one, mine)).otp_secret != made.otp_secret
        assert mine in {member.id for member in (await list_accounts(one, None)).items}
    else:
        with pytest.raises(OutsideOwnScopeError):
            await create_account(one, name, PLAIN)
        with pytest.raises(StaffNotFoundError):
            await reset_credentials(one, mine)
        with pytest.raises((StaffNotFoundError, OutsideOwnScopeError)):
            await change_account(one, mine, PLAIN, active=True)
        assert mine not in {member.id for member in (await list_accounts(one, None)).items}


async def test_an_account_cannot_be_moved_out_of_ones_scope_nor_be_ones_own(made: Credentials) -> None:
    """Or an administrator could give away what is not theirs, or lock the last door."""
    with pytest.raises(OutsideOwnScopeError):
        await change_account(scope("230811", "scjg"), made.member.id, replace(PLAIN, region=None), active=True)
    own = replace(scope("230811", "scjg"), staff_id=made.member.id)
    with pytest.raises(OwnAccountError):
        await change_account(own, made.member.id, PLAIN, active=True)
    with pytest.raises(OwnAccountError):
        await reset_credentials(own, made.member.id)


async def test_a_name_is_given_once_however_many_ask(house: House) -> None:
    """At once too."""
    del house
    name = f"t{uuid4().hex}"
    outcomes = await asyncio.gather(
        *(create_account(COMMAND_LINE, name, PLAIN) for _ in range(6)), return_exceptions=True
    )
    assert len([one for one in outcomes if isinstance(one, Credentials)]) == 1
    assert len([one for one in outcomes if isinstance(one, UsernameTakenError)]) == 5


async def test_a_barred_account_is_signed_out_everywhere(door: StaffDoor, made: Credentials) -> None:
    """And what was done to it stands in a whole chain."""
    await come(door, made, code(made))
    await change_account(COMMAND_LINE, made.member.id, PLAIN, active=False)
    assert not await Session.filter(staff_id=made.member.id, ended_at=None).exists()
    with pytest.raises(PasswordWrongError):
        await come(door, made, code(made, 1))
    assert await first_broken(f"staff:{made.member.id}") is None


async def test_one_statement_tells_who_is_signed_in(door: StaffDoor, made: Credentials) -> None:
    """And the next request of the same second asks for nothing; another process knows of no ending before."""
    await come(door, made, code(made))
    session = await Session.get(staff_id=made.member.id)
    asked: list[str] = []
    with watched(lambda sql, _: asked.append(sql)):
        live = LiveSessions()
        found = [await signed_in(live, session.id) for _ in range(2)]
        assert [(one.id, one.duties, one.office) for one in found] == 2 * [
            (made.member.id, [Duty.VERIFY], PLAIN.office)
        ]
        # Who must change the password that they were given is asked about each time.
        assert len(asked) == 3
        await Staff.filter(id=made.member.id).update(password_given=False)
        asked.clear()
        live = LiveSessions()
        assert [(await signed_in(live, session.id)).id for _ in range(2)] == 2 * [made.member.id]
        assert len(asked) == 1


async def test_who_is_signed_in_is_who_the_database_says_now(door: StaffDoor, made: Credentials) -> None:
    """After a second at most; what one request makes of them is nothing to the next."""
    await come(door, made, code(made))
    session = await Session.get(staff_id=made.member.id)
    await Staff.filter(id=made.member.id).update(password_given=False)
    (await signed_in(LiveSessions(), session.id)).office = "别处"
    assert (await signed_in(LiveSessions(), session.id)).office == PLAIN.office
    await Staff.filter(id=made.member.id).update(duties=[Duty.WINDOW], office="二科")

    async def now() -> tuple[list[str], str]:
        member = await signed_in(LiveSessions(), session.id)
        return member.duties, member.office

    await until(now, lambda found: found == ([Duty.WINDOW], "二科"), within=3)


async def test_members_who_come_at_once_are_told_apart(door: StaffDoor, made: Credentials, house: House) -> None:
    """Many sessions are asked about in few statements; of those one is over, and one member is barred."""
    await come(door, made, code(made))
    over = await Session.get(staff_id=made.member.id)
    await Session.filter(id=over.id).update(ended_at=clock.now())
    members = [await staff_member([Duty.VERIFY]) for _ in range(12)]
    grants = [await sessions.open_session(house.access_tokens, Audience.STAFF, member.id, "测试") for member in members]
    opened = [house.access_tokens.read(one.tokens.access_token, Audience.STAFF).session for one in grants]
    await Staff.filter(id=members[0].id).update(active=False)
    asked: list[str] = []
    live = LiveSessions()
    with watched(lambda sql, _: asked.append(sql)):
        found = await asyncio.gather(*(signed_in(live, one) for one in (over.id, *opened)), return_exceptions=True)
    assert [type(one) for one in found[:2]] == [SessionEndedError, AccessTokenInvalidError]
    assert [one.id for one in found[2:] if isinstance(one, Staff)] == [member.id for member in members[1:]]
    # The barred one is asked about once more.
    assert len(asked) == 2


async def test_neither_an_ended_session_nor_a_barred_member_is_signed_in(door: StaffDoor, made: Credentials) -> None:
    """Whichever of the two is over."""
    await come(door, made, code(made))
    session = await Session.get(staff_id=made.member.id)
    await Staff.filter(id=made.member.id).update(active=False, password_given=False)
    with pytest.raises(AccessTokenInvalidError):
        await signed_in(LiveSessions(), session.id)
    await Staff.filter(id=made.member.id).update(active=True)
    await Session.filter(id=session.id).update(ended_at=clock.now())
    for ended in (session.id, uuid4()):
        with pytest.raises(SessionEndedError):
            await signed_in(LiveSessions(), ended)


async def test_the_log_says_whose_account_was_tried_and_who_got_in(
    door: StaffDoor, made: Credentials, caplog: pytest.LogCaptureFixture
) -> None:
    """By ids and codes; a name that nobody has is not told, since people type passwords there."""
    caplog.set_level("INFO", logger="app.identity")
    with pytest.raises(PasswordWrongError):
        await come(door, made, code(made), password="wrong")
    with pytest.raises(SecondFactorWrongError):
        await come(door, made, "000000" if code(made) != "000000" else "000001")
    with pytest.raises(PasswordWrongError):
        await sign_in_staff(door, "typed-into-the-wrong-field", "x", None, address="192.0.2.2", device="测试")
    opened = await come(door, made, code(made))
    told = [vars(record) for record in caplog.records if record.name.startswith("app.identity")]
    staff_id = str(made.member.id)
    assert [(one["message"], one.get("staff_id"), one.get("code")) for one in told[:3]] == [
        ("staff_sign_in_refused", staff_id, "password_wrong"),
        ("staff_sign_in_refused", staff_id, "second_factor_wrong"),
        ("staff_sign_in_refused", None, "password_wrong"),
    ]
    assert (told[3]["message"], told[3]["owner_id"]) == ("session_opened", str(opened.member.id))
    assert "typed-into-the-wrong-field" not in caplog.text
