"""A case that came to nothing, begun anew: with its form and its files, as far as the item still asks for them."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from app.applications import drafts
from app.applications.errors import ApplicationNotFoundError, StateForbidsError
from app.applications.materials import rules
from app.applications.materials.errors import DraftsTooLargeError
from app.applications.materials.files import opened
from app.applications.models import Application, Material, Scan, State
from app.applications.resubmission import resubmit_application
from app.applications.service import submit_application
from app.bootstrap import House
from app.catalogue.guide import Guide
from app.catalogue.models import ItemVersion
from app.catalogue.queries import get_item
from app.identity.models import Citizen
from app.kit.blobs import delete_due
from app.mandates.party import Party
from tests.conftest import Phone, error_of
from tests.e2e.breaking import await_true
from tests.service.cases import fill_draft, photograph, ready_draft, verified_citizen
from tests.service.test_application_variants import LOST, guided, publish

FOOD = "11230800JB0000017Q3000131001001"
CAME_TO_NOTHING = {State.NOT_ACCEPTED, State.REFUSED, State.WITHDRAWN, State.EXPIRED}


@pytest.fixture
async def item(quiet: House) -> AsyncIterator[Guide]:
    """An item with guided conditions."""
    del quiet
    guide = guided((await get_item(FOOD)).guide)
    await publish(guide)
    yield guide
    await ItemVersion.filter(item_code=guide.item_code).delete()


async def ended(house: House, state: State = State.REFUSED) -> tuple[Party, Application]:
    """Somebody with a case that ended so."""
    citizen = await verified_citizen(house)
    party, draft = Party.own(citizen.id), await ready_draft(house, citizen)
    await fill_draft(party, draft.id, {"remark": "老办件"})
    await submit_application(party, draft.id, None)
    await Application.filter(id=draft.id).update(state=state)
    return party, await Application.get(id=draft.id)


@pytest.mark.parametrize("state", State)
async def test_only_what_came_to_nothing_is_begun_anew(quiet: House, state: State) -> None:
    """The new draft is filled with the old form, and the old case stays as it is."""
    party, old = await ended(quiet, state)
    if state not in CAME_TO_NOTHING:
        with pytest.raises(StateForbidsError):
            await resubmit_application(quiet.blobs, party, old.id, scan_needed=False)
        return
    begun = await resubmit_application(quiet.blobs, party, old.id, scan_needed=False)
    assert (begun.draft.state, begun.draft.resubmission_of, begun.draft.case_no) == (State.DRAFT, old.id, None)
    assert begun.draft.form == old.form
    assert (begun.dropped, begun.materials_dropped, begun.answers_dropped) == ([], [], False)
    assert (await Application.get(id=old.id)).state is state
    assert (await submit_application(party, begun.draft.id, None)).case_no != old.case_no


async def test_a_draft_that_lapsed_is_begun_anew(quiet: House) -> None:
    """With what was typed and uploaded until then."""
    citizen = await verified_citizen(quiet)
    party, draft = Party.own(citizen.id), await ready_draft(quiet, citizen)
    await Application.filter(id=draft.id).update(state=State.EXPIRED)
    begun = await resubmit_application(quiet.blobs, party, draft.id, scan_needed=False)
    assert begun.draft.form == (await Application.get(id=draft.id)).form
    assert await Material.filter(application_id=begun.draft.id).count() == 1


async def test_files_are_taken_along_as_copies_that_outlive_the_old_ones(quiet: House) -> None:
    """Each under a key of its own; what was found infected or is lost stays behind and is told."""
    party, old = await ended(quiet)
    (given,) = await Material.filter(application=old)
    content = await opened(quiet.blobs, given)
    begun = await resubmit_application(quiet.blobs, party, old.id, scan_needed=False)
    (copy,) = await Material.filter(application_id=begun.draft.id)
    assert (copy.sha256, copy.material_id, copy.reused_from) == (given.sha256, given.material_id, given.id)
    assert copy.blob_key != given.blob_key
    await quiet.blobs.delete(given.blob_key)
    await delete_due(quiet.blobs)
    assert await opened(quiet.blobs, copy) == content
    await Application.filter(id=begun.draft.id).update(state=State.EXPIRED)
    again = await resubmit_application(quiet.blobs, party, old.id, scan_needed=False)
    assert again.materials_dropped == ["site_photo"]
    party, infected = await ended(quiet)
    await Material.filter(application=infected).update(scan=Scan.INFECTED)
    assert (await resubmit_application(quiet.blobs, party, infected.id, scan_needed=False)).materials_dropped == [
        "site_photo"
    ]


class Unread:
    """A store that nobody may read."""

    async def get(self, key: str) -> bytes:
        """Refuse."""
        raise AssertionError(key)


async def test_files_that_have_no_place_are_refused_before_any_is_read(
    quiet: House, monkeypatch: pytest.MonkeyPatch, allowance_of: Callable[[int], None]
) -> None:
    """The case stays as it is, and is begun anew once there is a place."""
    party, old = await ended(quiet)
    (given,) = await Material.filter(application=old)
    allowance_of(given.size - 1)
    with monkeypatch.context() as patched:
        patched.setattr(quiet.blobs, "get", Unread().get)
        with pytest.raises(DraftsTooLargeError) as refused:
            await resubmit_application(quiet.blobs, party, old.id, scan_needed=False)
    assert refused.value.context == {"limit_bytes": given.size - 1}
    assert not await Application.exists(resubmission_of=old.id)
    allowance_of(quiet.settings.drafts_max_bytes)
    begun = await resubmit_application(quiet.blobs, party, old.id, scan_needed=False)
    assert begun.materials_dropped == []


async def test_of_more_files_than_a_draft_takes_the_first_are_copied(quiet: House) -> None:
    """By their recorded sizes; the others are not read."""
    party, old = await ended(quiet)
    (given,) = await Material.filter(application=old)
    await Material.filter(id=given.id).update(size=rules.MAX_BYTES_OF_MATERIAL)
    values = {
        name: getattr(given, name) for name in ("material_id", "content_type", "size", "width", "height", "sha256")
    }
    await Material.create(**values, application=old, blob_key="nowhere", created_at=given.created_at)
    begun = await resubmit_application(quiet.blobs, party, old.id, scan_needed=False)
    assert [one.reused_from for one in await Material.filter(application=begun.draft)] == [given.id]


async def test_asked_twice_it_is_one_draft(quiet: House) -> None:
    """Also at the same moment; copies that no draft got are let go."""
    party, old = await ended(quiet)
    both = await asyncio.gather(
        *(resubmit_application(quiet.blobs, party, old.id, scan_needed=False) for _ in range(4))
    )
    later = await resubmit_application(quiet.blobs, party, old.id, scan_needed=False)
    assert {one.draft.id for one in (*both, later)} == {later.draft.id}
    assert await Application.filter(resubmission_of=old.id).count() == 1
    assert await Material.filter(application_id=later.draft.id).count() == 1


async def test_what_the_item_no_longer_asks_or_takes_is_dropped_and_said(quiet: House, item: Guide) -> None:
    """The new draft is of the version in effect: fields, answers and materials by that."""
    party = Party.own((await verified_citizen(quiet)).id)
    old = await drafts.start_application(party, item.item_code, LOST)
    await fill_draft(party, old.id, {"name": "某某某某", "report_no": "1"})
    await Application.filter(id=old.id).update(state=State.WITHDRAWN, case_no=f"r{old.id.hex}")
    schema = {
        **item.form_schema,
        "properties": {"name": {**item.form_schema["properties"]["name"], "maxLength": 2}, "other": {"title": "其他"}},
        "required": ["name"],
    }
    bare = item.model_copy(update={"form_schema": schema, "form_example": {"name": "某"}, "guidance": None})
    await publish(bare)
    begun = await resubmit_application(quiet.blobs, party, old.id, scan_needed=False)
    assert begun.draft.form == {}
    assert {one.field: bool(one.title) for one in begun.dropped} == {"name": True, "report_no": True}
    assert begun.answers_dropped
    assert begun.draft.item_version > old.item_version


async def test_the_verified_identity_is_todays(quiet: House) -> None:
    """Not what it was when the old case was filled."""
    party, old = await ended(quiet)
    await Application.filter(id=old.id).update(form={**old.form, "applicant_name": "旧名"})
    person = await Citizen.get(id=party.citizen_id)
    assert (await resubmit_application(quiet.blobs, party, old.id, scan_needed=False)).draft.form[
        "applicant_name"
    ] == person.name


async def test_somebody_elses_case_is_none(quiet: House) -> None:
    """It is not found."""
    _, old = await ended(quiet)
    stranger = Party.own((await verified_citizen(quiet)).id)
    with pytest.raises(ApplicationNotFoundError):
        await resubmit_application(quiet.blobs, stranger, old.id, scan_needed=False)


def test_a_phone_begins_a_withdrawn_case_anew(phone: Phone) -> None:
    """The whole draft comes back, its files to be scanned once more; what is under way is refused."""
    draft = phone.draft(remark="请等待")
    path = f"/api/v1/applications/{draft['id']}"
    files = {"file": ("a.jpg", photograph(), "image/jpeg")}
    assert phone.http.post(f"{path}/materials", data={"material_id": "site_photo"}, files=files).status_code == 201
    await_true("it is scanned", lambda: phone.http.get(path).json()["materials"][0]["scan"] == "clean")
    assert phone.http.post(f"{path}/submission").status_code == 202
    assert error_of(phone.http.post(f"{path}/resubmission")) == (409, "state_forbids")
    assert phone.http.post(f"{path}/withdrawal", json={}).status_code == 202
    begun = phone.http.post(f"{path}/resubmission")
    assert begun.status_code == 201, begun.text
    new = begun.json()["application"]
    assert (new["state"], new["resubmission_of"], new["form"]) == ("draft", draft["id"], draft["form"])
    (copy,) = new["materials"]
    assert (copy["material_id"], copy["scan"] in {"pending", "clean"}) == ("site_photo", True)
