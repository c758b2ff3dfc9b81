"""Consents: given to a version, withdrawn, required; nothing that was said is lost."""

import asyncio

import pytest

from app.audit.service import first_broken
from app.bootstrap import House
from app.consents import service
from app.consents.definitions import purposes
from app.consents.errors import ConsentMissingError, ConsentPurposeUnknownError, ConsentVersionOutdatedError
from app.consents.models import Consent
from app.consents.queries import Standing, consents_of
from app.identity.errors import SessionEndedError
from app.identity.held import delete_account
from app.identity.models import Citizen
from app.kit.db import transaction
from tests.service.cases import verified_citizen

FACE = "face"


@pytest.fixture
async def citizen(quiet: House) -> Citizen:
    """A citizen who said nothing yet."""
    return await verified_citizen(quiet)


async def give(citizen: Citizen, version: int | None = None, purpose: str = FACE) -> None:
    """The citizen consents."""
    version = purposes()[purpose].version if version is None else version
    await service.give_consent(citizen.id, purpose, version, actor=f"citizen:{citizen.id}", session_id=None)


async def withdraw(citizen: Citizen, purpose: str = FACE) -> None:
    """The citizen withdraws."""
    await service.withdraw_consent(citizen.id, purpose, actor=f"citizen:{citizen.id}", session_id=None)


async def standing(citizen: Citizen) -> Standing:
    """How the citizen stands to the face."""
    return next(one for one in await consents_of(citizen.id) if one.purpose.key == FACE)


async def test_what_needs_consent_is_refused_before_it_and_after_its_withdrawal(citizen: Citizen) -> None:
    """The refusal names the purpose and the version to ask for."""
    with pytest.raises(ConsentMissingError) as refused:
        await service.require_consent(citizen.id, FACE)
    assert refused.value.context == {"purpose": FACE, "version": purposes()[FACE].version}
    await give(citizen)
    await service.require_consent(citizen.id, FACE)
    await withdraw(citizen)
    with pytest.raises(ConsentMissingError):
        await service.require_consent(citizen.id, FACE)


async def test_all_that_was_said_is_kept_and_saying_it_again_adds_nothing(citizen: Citizen) -> None:
    """Given, withdrawn, given: three rows, whatever repeats."""
    for said in (give, give, withdraw, withdraw, give):
        await said(citizen)
    found = await standing(citizen)
    assert [said.act for said in found.history] == ["given", "withdrawn", "given"]
    assert found.given == purposes()[FACE].version
    assert await first_broken(f"citizen:{citizen.id}") is None


async def test_another_version_is_refused_and_an_older_consent_counts_no_more(citizen: Citizen) -> None:
    """A text that changed is asked for anew."""
    current = purposes()[FACE].version
    for other in (current - 1, current + 1):
        with pytest.raises(ConsentVersionOutdatedError) as refused:
            await give(citizen, other)
        assert refused.value.context["version"] == current
    await give(citizen)
    await Consent.filter(citizen=citizen).update(version=current - 1)
    with pytest.raises(ConsentMissingError):
        await service.require_consent(citizen.id, FACE)
    assert (await standing(citizen)).given == current - 1


@pytest.mark.parametrize("purpose", ["nothing", "account"])
async def test_what_is_not_asked_can_be_neither_given_nor_withdrawn(citizen: Citizen, purpose: str) -> None:
    """A purpose that is none, and a notice."""
    with pytest.raises(ConsentPurposeUnknownError):
        await service.give_consent(citizen.id, purpose, 1, actor="x", session_id=None)
    with pytest.raises(ConsentPurposeUnknownError):
        await withdraw(citizen, purpose)


async def test_a_consent_to_what_is_asked_no_more_can_still_be_withdrawn(citizen: Citizen) -> None:
    """A purpose may go from the file; what was said stays in the hands of who said it."""
    await give(citizen)
    await Consent.filter(citizen=citizen).update(purpose="gone")
    await withdraw(citizen, "gone")
    assert await Consent.filter(citizen=citizen, purpose="gone", act="withdrawn").count() == 1


async def test_twenty_taps_at_once_are_one_consent(citizen: Citizen) -> None:
    """And the audit's chain holds."""
    await asyncio.gather(*(give(citizen) for _ in range(20)))
    assert await Consent.filter(citizen=citizen).count() == 1
    assert await first_broken(f"citizen:{citizen.id}") is None


async def test_a_deleted_account_consents_to_nothing(citizen: Citizen) -> None:
    """Its session has ended, whatever was on its way."""
    async with transaction():
        await delete_account(citizen.id)
    with pytest.raises(SessionEndedError):
        await give(citizen)
