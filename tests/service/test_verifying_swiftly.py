"""The common scan in one statement does what the steps do, and does nothing where they would refuse."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.bootstrap import House
from app.catalogue.licence_type import Preset
from app.consents.definitions import asked
from app.consents.service import give_consent, withdraw_consent
from app.identity.models import Citizen, Session, Staff
from app.identity.rules import Audience, Duty
from app.identity.sessions import open_session
from app.kit import clock
from app.licences.codes import CodeKind
from app.licences.models import PRESENTING, Licence, LicenceState, Presentation
from app.licences.verifying.models import Verification
from app.licences.verifying.service import verify, verify_in_steps
from app.licences.verifying.swift import verify_swiftly
from app.licences.verifying.verifier import Verifier
from tests.service.cases import staff_member, verified_citizen
from tests.service.scans import licence_of, shown_code

Change = Callable[[Licence, UUID], Awaitable[Any]]


async def nothing(licence: Licence, session_id: UUID) -> None:
    """Nothing stands against the code."""


def today(days: int = 0) -> Callable[[], date]:
    """So many days after the day on which it is asked."""
    return lambda: clock.today() + timedelta(days=days)


def now(seconds: int = 0) -> Callable[[], datetime]:
    """So many seconds after the moment at which it is asked."""
    return lambda: clock.now() + timedelta(seconds=seconds)


def licence_is(**columns: Any) -> Change:
    """Something about the licence."""
    return lambda licence, _: Licence.filter(id=licence.id).update(**as_of_now(columns))


def code_is(**columns: Any) -> Change:
    """Something about the code as it was handed out."""
    return lambda licence, _: Presentation.filter(licence=licence).update(**as_of_now(columns))


def as_of_now(columns: dict[str, Any]) -> dict[str, Any]:
    """What is asked for at the moment stands for what is reckoned from it."""
    return {name: value() if callable(value) else value for name, value in columns.items()}


async def level_falls(licence: Licence, _: UUID) -> None:
    """Its holder's assurance level is too low by now."""
    await Citizen.filter(licences__id=licence.id).update(level=0)


async def session_ends(_: Licence, session_id: UUID) -> None:
    """The phone that shows it was signed out."""
    await Session.filter(id=session_id).update(ended_at=clock.now())


async def consent_ends(licence: Licence, _: UUID) -> None:
    """Its holder wants it shown no more."""
    citizen_id = licence.citizen_id  # type: ignore[attr-defined]  # Tortoise adds it
    await give_consent(citizen_id, PRESENTING, asked(PRESENTING).version, actor="test", session_id=None)
    await withdraw_consent(citizen_id, PRESENTING, actor="test", session_id=None)


async def consent_comes_back(licence: Licence, session_id: UUID) -> None:
    """It was withdrawn and given again."""
    await consent_ends(licence, session_id)
    citizen_id = licence.citizen_id  # type: ignore[attr-defined]  # Tortoise adds it
    await give_consent(citizen_id, PRESENTING, asked(PRESENTING).version, actor="test", session_id=None)


SITUATIONS: dict[str, tuple[Change, bool]] = {
    "good": (nothing, True),
    "last day": (licence_is(valid_until=today()), True),
    "first day": (licence_is(valid_from=today()), True),
    "without an end": (licence_is(valid_until=None), True),
    "consent given again": (consent_comes_back, True),
    "a clock a little ahead": (code_is(issued_at=now(20)), True),
    "over yesterday": (licence_is(valid_until=today(-1)), False),
    "not begun": (licence_is(valid_from=today(1)), False),
    **{state.value: (licence_is(state=state), False) for state in LicenceState if state is not LicenceState.VALID},
    "spent": (code_is(spent_at=now()), False),
    "ended": (code_is(ended_at=now()), False),
    "expired": (code_is(expires_at=now(-1)), False),
    "level too low": (level_falls, False),
    "session ended": (session_ends, False),
    "consent withdrawn": (consent_ends, False),
    "of another's session": (code_is(session_id=UUID(int=1)), False),
    "of no mandate": (code_is(mandate_id=UUID(int=1)), False),
    "not handed out": (code_is(digest="0" * 64), False),
}
_OWN = ("id", "at", "nonce", "licence_id", "code_digest", "idempotency_key")


@pytest.fixture
async def officer(house: House) -> Staff:
    """One who verifies, and sits at a window too."""
    del house
    return await staff_member([Duty.VERIFY, Duty.WINDOW], region="230811")


async def outcome(
    house: House, verifier: Verifier, way: Callable[..., Awaitable[Any]], change: Change, kind: CodeKind, preset: Preset
) -> tuple[Any, ...]:
    """What a way answers and leaves behind for a code in a situation."""
    citizen = await verified_citizen(house)
    licence = await licence_of(citizen)
    await open_session(house.access_tokens, Audience.CITIZEN, citizen.id, "测试")
    session = await Session.get(citizen=citizen)
    code = await shown_code(house, licence, kind, preset=preset, session_id=session.id)
    await change(licence, session.id)
    key = uuid4().hex
    found = await way(house.code_signer, verifier, code, key)
    if found is None:
        assert not await Verification.filter(idempotency_key=key).exists()
        assert await Presentation.filter(licence=licence).values_list("spent_at", flat=True) == [None]
        return ()
    (row,) = await Verification.filter(idempotency_key=key).values()
    (presentation,) = await Presentation.filter(licence=licence)
    shown = found.licence
    return (
        {name: value for name, value in row.items() if name not in _OWN},
        {name: getattr(found.verification, name) for name in row if name not in _OWN},
        (row["licence_id"] == licence.id, presentation.spent_at == row["at"], row["nonce"] == presentation.nonce),
        shown and (shown.id == licence.id, shown.holder == licence.holder, shown.values == licence.values, shown.state),
        found.definition and found.definition.code,
    )


@pytest.mark.parametrize("name", SITUATIONS)
async def test_one_statement_does_what_the_steps_do(house: House, officer: Staff, name: str) -> None:
    """The same answer, the same record, the same code spent; and by one statement where nothing is against it."""
    change, swift = SITUATIONS[name]
    verifier = Verifier.of_staff(officer, Duty.VERIFY)
    code = (change, CodeKind.LIVE, Preset.ALL)
    by_steps, by_both = [await outcome(house, verifier, way, *code) for way in (verify_in_steps, verify)]
    assert by_both == by_steps
    if name != "spent":
        assert bool(await outcome(house, verifier, verify_swiftly, *code)) is swift


@pytest.mark.parametrize("preset", Preset)
@pytest.mark.parametrize("duty", [Duty.VERIFY, Duty.WINDOW])
@pytest.mark.parametrize("kind", [CodeKind.LIVE, CodeKind.HELD])
async def test_what_is_shown_is_the_same(
    house: House, officer: Staff, kind: CodeKind, duty: Duty, preset: Preset
) -> None:
    """For each kind of code, duty and choice of the holder."""
    verifier = Verifier.of_staff(officer, duty)
    ways = (verify_in_steps, verify_swiftly)
    by_steps, swiftly = [await outcome(house, verifier, way, nothing, kind, preset) for way in ways]
    assert swiftly == by_steps


async def test_a_code_that_is_typed_is_verified_by_its_steps(house: House, officer: Staff) -> None:
    """Digits, garbage and a code of another key are not recognised."""
    verifier = Verifier.of_staff(officer, Duty.VERIFY)
    for text in ("123456789012", "", "HTTPS://X/V/AAAA", "\0"):
        assert await verify_swiftly(house.code_signer, verifier, text, None) is None
