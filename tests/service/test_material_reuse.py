"""Files given before are given once more: one's own, of the same kind, and as far to be trusted as before."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.applications import drafts
from app.applications.forgetting import forget_materials
from app.applications.materials import errors
from app.applications.materials.reuse import earlier_materials, reuse_material
from app.applications.materials.rules import trust_of
from app.applications.models import Application, Material, Scan, State, Trust
from app.applications.queries import get_case_file
from app.applications.service import submit_application
from app.bootstrap import House
from app.catalogue.guide import Guide, GuideMaterial, Replacement
from app.catalogue.queries import get_item
from app.identity.models import Citizen
from app.kit import clock
from app.kit.db import transaction
from app.kit.errors import NotFoundError
from app.mandates.errors import MatterNotCoveredError
from app.mandates.models import Mandate, MandateKind, MandateState
from app.mandates.party import Party, party_of
from tests.service.cases import ready_draft, trip_item, verified_citizen
from tests.service.test_replaced_materials import FOOD, publish

OTHER = "11230800JB0000017Q3000731001001"


@pytest.fixture
async def citizen(quiet: House) -> Citizen:
    """A citizen who verified their real name."""
    return await verified_citizen(quiet)


async def given(house: House, citizen: Citizen, **columns: Any) -> Material:
    """A photograph of the site that came with a case."""
    case = await ready_draft(house, citizen)
    await submit_application(Party.own(citizen.id), case.id, None)
    await Material.filter(application=case).update(**{"scan": Scan.CLEAN, **columns})
    return await Material.get(application=case)


async def earlier(party: Party, material_id: str = "site_photo") -> list[Any]:
    """The files that can be given for a material of the trip's item."""
    return [one.material.id for one in await earlier_materials(party, await trip_item(), material_id)]


def case_of(material: Material) -> UUID:
    """The id of the case that a file came with."""
    found: UUID = material.application_id  # type: ignore[attr-defined]  # Tortoise adds it
    return found


async def id_card(item_code: str) -> str:
    """The id of an item's material that is the identity card."""
    return next(one.id for one in (await get_item(item_code)).guide.materials if one.name == "居民身份证")


async def draft_of(party: Party) -> Application:
    """A draft without files."""
    return await drafts.start_application(party, await trip_item())


async def test_a_file_is_given_once_more(quiet: House, citizen: Citizen) -> None:
    """A copy with a row and a key of its own, which outlives the first; the class of trust stays."""
    party, first = Party.own(citizen.id), await given(quiet, citizen, trust=Trust.WINDOW_VERIFIED)
    assert await earlier(party) == [first.id]
    draft = await draft_of(party)
    copy = await reuse_material(quiet.blobs, party, draft.id, "site_photo", first.id, scan_needed=False)
    assert (copy.reused_from, copy.trust, copy.sha256) == (first.id, Trust.WINDOW_VERIFIED, first.sha256)
    assert copy.blob_key != first.blob_key
    assert copy.id not in await earlier(party)
    await Application.filter(id=case_of(first)).delete()
    await quiet.blobs.delete(first.blob_key)
    assert await quiet.blobs.get(copy.blob_key)
    assert await earlier(party) == []


async def test_the_same_content_is_offered_once_and_the_newest_first(quiet: House, citizen: Citizen) -> None:
    """However often it was given."""
    party = Party.own(citizen.id)
    first, second = await given(quiet, citizen), await given(quiet, citizen)
    third = await given(quiet, citizen, sha256=first.sha256)
    assert await earlier(party) == [third.id, second.id]


async def test_what_is_offered_to_nobody(quiet: House, citizen: Citizen) -> None:
    """Infected, unscanned as yet, not handed in, of another kind, somebody else's, or a company's."""
    party, stranger = Party.own(citizen.id), await verified_citizen(quiet)
    infected = await given(quiet, citizen, scan=Scan.INFECTED)
    waiting = await given(quiet, citizen, scan=Scan.PENDING)
    theirs = await given(quiet, stranger)
    await ready_draft(quiet, citizen)
    assert await earlier(party) == []
    draft = await draft_of(party)
    for file, error in (
        (infected, errors.MaterialInfectedError),
        (waiting, errors.MaterialPendingError),
        (theirs, NotFoundError),
    ):
        with pytest.raises(error):
            await reuse_material(quiet.blobs, party, draft.id, "site_photo", file.id, scan_needed=False)
    photo = await given(quiet, citizen)
    assert await earlier(party, "layout_plan") == []
    with pytest.raises(errors.MaterialNotReusableError):
        await reuse_material(quiet.blobs, party, draft.id, "layout_plan", photo.id, scan_needed=False)
    with pytest.raises(errors.MaterialUnknownError):
        await earlier(party, "nothing")
    not_handed_in = await Material.get(application__citizen_id=citizen.id, handed_in_at=None)
    with pytest.raises(NotFoundError):
        await reuse_material(quiet.blobs, party, draft.id, "site_photo", not_handed_in.id, scan_needed=False)


async def test_a_file_of_another_item_fits_by_the_name_of_its_material(quiet: House, citizen: Citizen) -> None:
    """Not by its id alone, which may mean something else there."""
    party, first = Party.own(citizen.id), await given(quiet, citizen)
    await Application.filter(id=case_of(first)).update(item_code=OTHER, item_version=1)
    assert await earlier(party) == []
    await Material.filter(id=first.id).update(material_id=await id_card(OTHER))
    assert await earlier(party, await id_card(await trip_item())) == [first.id]


async def test_a_proxy_gives_what_the_mandate_covers(quiet: House, citizen: Citizen) -> None:
    """The principal's files, of covered items alone; the proxy's own are not the principal's."""
    item, first = await trip_item(), await given(quiet, citizen)
    proxy = await verified_citizen(quiet)
    own = await given(quiet, proxy)
    moment = clock.now()

    async def acting(*matters: str) -> Party:
        made = await Mandate.create(
            kind=MandateKind.PROXY,
            principal=citizen,
            delegate=proxy,
            matters=list(matters),
            state=MandateState.ACTIVE,
            ends_at=moment + timedelta(days=1),
            created_at=moment,
        )
        return await party_of(proxy.id, made.id)

    party = await acting(f"item:{item}")
    assert await earlier(party) == [first.id]
    draft = await draft_of(party)
    with pytest.raises(NotFoundError):
        await reuse_material(quiet.blobs, party, draft.id, "site_photo", own.id, scan_needed=False)
    assert await reuse_material(quiet.blobs, party, draft.id, "site_photo", first.id, scan_needed=False)
    with pytest.raises(MatterNotCoveredError):
        await earlier(await acting("item:other"))
    await Application.filter(id=case_of(first)).update(item_code=OTHER, item_version=1)
    await Material.filter(id=first.id).update(material_id=await id_card(OTHER))
    assert await earlier(Party.own(citizen.id), await id_card(item)) == [first.id]
    assert await earlier(party, await id_card(item)) == []


async def test_a_copy_is_scanned_again(quiet: House, citizen: Citizen) -> None:
    """Scanners learn."""
    party, first = Party.own(citizen.id), await given(quiet, citizen)
    draft = await draft_of(party)
    copy = await reuse_material(quiet.blobs, party, draft.id, "site_photo", first.id, scan_needed=True)
    assert copy.scan is Scan.PENDING


async def test_files_that_were_deleted_are_not_offered(quiet: House, citizen: Citizen) -> None:
    """With their time of keeping."""
    first = await given(quiet, citizen)
    long_ago = clock.now() - timedelta(days=4000)
    await Application.filter(id=case_of(first)).update(state=State.COMPLETED, updated_at=long_ago)
    await Material.filter(id=first.id).update(created_at=long_ago)
    async with transaction():
        assert await forget_materials(clock.now() - timedelta(days=3000), 500)
    assert await earlier(Party.own(citizen.id)) == []


@pytest.fixture
async def promised(quiet: House) -> AsyncIterator[Guide]:
    """The food licence, with a material for which a statement stands."""
    del quiet
    before = (await get_item(FOOD)).guide
    by = Replacement(kind="statement", title="承诺书")
    one = GuideMaterial(
        id="promise", name="承诺", required=True, copies=1, obtained_from="x", form="electronic", replaced_by=by
    )
    await publish(before.model_copy(update={"materials": [*before.materials, one]}))
    yield (await get_item(FOOD)).guide
    await publish(before)


async def test_the_case_file_says_for_what_the_applicant_vouches(
    quiet: House, promised: Guide, citizen: Citizen
) -> None:
    """A statement where no file was given; each class has its place."""
    del promised
    case = await ready_draft(quiet, citizen)
    submitted = await submit_application(Party.own(citizen.id), case.id, None)
    file = await get_case_file(str(submitted.case_no))
    assert [one.id for one in file.statements] == ["promise"]
    assert [trust_of(origin) for origin in ("licence", "shared_data", "window", "upload", "statement")] == list("AABCD")
