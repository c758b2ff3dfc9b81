"""Materials that a licence held here stands for (免提交)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any, Literal
from uuid import uuid4

import pytest

from app.applications import drafts, queries, service
from app.applications.errors import MaterialsMissingError
from app.applications.materials.service import add_material
from app.applications.models import Application
from app.applications.prefill import PURPOSE
from app.applications.replaced import AskedMaterial
from app.bootstrap import House
from app.catalogue.guide import Guide, GuideMaterial, Replacement
from app.catalogue.models import VersionOrigin
from app.catalogue.queries import get_item
from app.catalogue.service import bring_into_effect, lock_publishing, publish_guides
from app.consents.service import give_consent, withdraw_consent
from app.identity.models import Citizen
from app.kit import clock, db
from app.kit.db import transaction
from app.licences.issuing import Holder, issue_licence
from app.licences.models import Licence, LicenceCause, LicenceState
from app.licences.moving import move_licence_of_case
from app.licences.results import LicenceResult
from app.mandates.models import Mandate, MandateKind, MandateState
from app.mandates.party import Party, party_of
from tests.partners import leading_to
from tests.service.cases import fill_draft, photograph, verified_citizen
from tests.service.systems import System, hand_over

FOOD = "11230800JB0000017Q3000131001001"


def material(name: str, kind: Literal["licence", "shared_data", "statement"], *, required: bool) -> GuideMaterial:
    by = Replacement(kind=kind, source="food_business", title="食品经营许可证")
    return GuideMaterial(
        id=name, name=name, required=required, copies=1, obtained_from="x", form="electronic", replaced_by=by
    )


@pytest.fixture
async def food(quiet: House) -> AsyncIterator[Guide]:
    """The food licence; it asks for an older one of its kind, and for what others fetch or the citizen states."""
    del quiet
    before = (await get_item(FOOD)).guide
    plain = [one for one in before.materials if one.id == "site_photo"]
    more = [
        material("old_licence", "licence", required=True),
        material("copy", "licence", required=False),
        material("register", "shared_data", required=True),
        material("promise", "statement", required=True),
    ]
    await publish(before.model_copy(update={"materials": [*plain, *more]}))
    yield (await get_item(FOOD)).guide
    await publish(before)


async def publish(guide: Guide) -> None:
    async with transaction():
        await lock_publishing()
        await publish_guides([guide], clock.today(), VersionOrigin.TABLES)
        await bring_into_effect([guide.item_code])


async def licence(citizen: Citizen, **changes: Any) -> Licence:
    async with transaction():
        made = await issue_licence(
            Holder(citizen.id, None, "测", None),
            "food_business",
            f"r{uuid4().hex}",
            {"business_name": "老店"},
            LicenceResult(clock.today()),
        )
    await Licence.filter(id=made.id).update(**{"type_code": "food_business", **changes})
    return made


async def ready(house: House, guide: Guide, party: Party, *materials: str) -> Application:
    draft = await drafts.start_application(party, FOOD)
    await fill_draft(party, draft.id, guide.form_example)
    for name in ("site_photo", *materials):
        await add_material(house.blobs, party, draft.id, name, photograph(), scan_needed=False)
    return draft


async def asked(party: Party, draft: Application) -> dict[str, AskedMaterial]:
    _, _, materials = await queries.get_asked(party, draft.id)
    return {one.material.id: one for one in materials}


async def missing(party: Party, draft: Application) -> list[str]:
    with pytest.raises(MaterialsMissingError) as error:
        await service.submit_application(party, draft.id, None)
    return [one["id"] for one in error.value.context["materials"]]


@pytest.fixture
async def citizen(quiet: House) -> Citizen:
    """At level 2."""
    return await verified_citizen(quiet)


async def test_whoever_holds_the_licence_is_not_asked_for_it(quiet: House, food: Guide, citizen: Citizen) -> None:
    """It is remembered, handed over by its identifier, and counted; what others fetch is not asked either."""
    party = Party.own(citizen.id)
    held = await licence(citizen)
    draft = await ready(quiet, food, party)
    materials = await asked(party, draft)
    assert {name: one.needed for name, one in materials.items()} == {
        "site_photo": True,
        "old_licence": False,
        "copy": False,
        "register": False,
        "promise": False,
    }
    assert materials["old_licence"].licence == held
    case = await service.submit_application(party, draft.id, None)
    assert case.licences_used == {"old_licence": str(held.id), "copy": str(held.id)}
    assert case.saved_materials == 4
    handed: list[dict[str, Any]] = []

    class Listening(System):
        async def send_case(self, case_no: str, case: dict[str, Any]) -> None:
            await super().send_case(case_no, case)
            handed.append(case)

    await hand_over(leading_to(Listening()), str(case.case_no))
    stands = {"type": "food_business", "identifier": held.identifier, "number": held.number, "trust": "A"}
    told = sorted(handed[0]["licences"], key=lambda one: str(one["material_id"]))
    assert told == [{"material_id": "copy", **stands}, {"material_id": "old_licence", **stands}]
    assert [one["material_id"] for one in handed[0]["materials"]] == ["site_photo"]


async def test_without_a_licence_the_material_is_asked_for(quiet: House, food: Guide, citizen: Citizen) -> None:
    """As of everybody; the delivery then names no licence."""
    party = Party.own(citizen.id)
    draft = await ready(quiet, food, party)
    assert await missing(party, draft) == ["old_licence"]
    await add_material(quiet.blobs, party, draft.id, "old_licence", photograph(), scan_needed=False)
    case = await service.submit_application(party, draft.id, None)
    assert (case.licences_used, case.saved_materials) == (None, 2)


async def test_a_file_that_is_handed_in_all_the_same_counts(quiet: House, food: Guide, citizen: Citizen) -> None:
    """Nothing was saved there, and no licence stands for it."""
    party = Party.own(citizen.id)
    await licence(citizen)
    draft = await ready(quiet, food, party, "old_licence", "copy")
    case = await service.submit_application(party, draft.id, None)
    assert (case.licences_used, case.saved_materials) == (None, 2)


OVER: dict[str, Callable[[], dict[str, Any]]] = {
    "revoked": lambda: {"state": LicenceState.REVOKED},
    "over": lambda: {"valid_until": clock.today() - timedelta(days=1)},
    "not begun": lambda: {"valid_from": clock.today() + timedelta(days=1)},
    "of another kind": lambda: {"type_code": "disability_certificate"},
}


@pytest.mark.parametrize("name", OVER)
async def test_a_licence_that_is_not_valid_stands_for_nothing(
    quiet: House, food: Guide, citizen: Citizen, name: str
) -> None:
    """Whatever it was when the draft was begun."""
    party = Party.own(citizen.id)
    held = await licence(citizen)
    draft = await ready(quiet, food, party)
    assert not (await asked(party, draft))["old_licence"].needed
    await Licence.filter(id=held.id).update(**OVER[name]())
    assert (await asked(party, draft))["old_licence"].needed
    assert await missing(party, draft) == ["old_licence"]


async def test_another_persons_licence_stands_for_nothing(quiet: House, food: Guide, citizen: Citizen) -> None:
    """Nor one of a principal whose mandate does not cover it, nor of who withdrew their consent."""
    principal, party = citizen, Party.own((await verified_citizen(quiet)).id)
    await licence(principal)
    assert (await asked(party, await ready(quiet, food, party)))["old_licence"].needed

    async def acting(*matters: str) -> Party:
        row = await Mandate.create(
            kind=MandateKind.PROXY,
            principal_id=principal.id,
            delegate_id=party.actor_id,
            matters=list(matters),
            state=MandateState.ACTIVE,
            ends_at=clock.now() + timedelta(days=30),
            created_at=clock.now(),
        )
        return await party_of(party.actor_id, row.id)

    narrow, wide = await acting(f"item:{FOOD}"), await acting(f"item:{FOOD}", "licence:food_business")
    draft = await ready(quiet, food, wide)
    assert (await asked(narrow, draft))["old_licence"].needed
    assert not (await asked(wide, draft))["old_licence"].needed
    await give_consent(principal.id, PURPOSE, 1, actor="x", session_id=None)
    await withdraw_consent(principal.id, PURPOSE, actor="x", session_id=None)
    assert (await asked(wide, draft))["old_licence"].needed


async def test_a_submitted_case_shows_what_stood_for_its_materials(quiet: House, food: Guide, citizen: Citizen) -> None:
    """Also when the licence is revoked later: that is between the approval system and the citizen."""
    party = Party.own(citizen.id)
    held = await licence(citizen)
    draft = await ready(quiet, food, party)
    await service.submit_application(party, draft.id, None)
    async with transaction():
        await move_licence_of_case(str(held.case_no), LicenceCause.REVOKED, "查实")
    shown = (await asked(party, draft))["old_licence"]
    assert shown.licence is not None
    assert shown.licence.id == held.id


async def test_a_revocation_and_a_submission_follow_each_other(quiet: House, food: Guide, citizen: Citizen) -> None:
    """A submission that waits for a revocation sees it; a revocation waits for a submission."""
    party = Party.own(citizen.id)
    held = await licence(citizen)
    draft = await ready(quiet, food, party)
    revoked, go_on = asyncio.Event(), asyncio.Event()

    async def revoke() -> None:
        async with transaction():
            await move_licence_of_case(str(held.case_no), LicenceCause.REVOKED, "查实")
            revoked.set()
            await go_on.wait()

    revoking = asyncio.create_task(revoke())
    await revoked.wait()
    submitting = asyncio.create_task(service.submit_application(party, draft.id, None))
    while not await waiting_for_a_lock():
        assert not submitting.done()
        await asyncio.sleep(0.01)
    go_on.set()
    await revoking
    with pytest.raises(MaterialsMissingError):
        await submitting


async def waiting_for_a_lock() -> bool:

    sql = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database() LIMIT 1"
    return await db.row(sql) is not None
