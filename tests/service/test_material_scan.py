"""The virus scan: nobody sees a file before it, nothing infected goes on, and no citizen waits for it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from app.applications import drafts
from app.applications.errors import MaterialsMissingError
from app.applications.materials import errors
from app.applications.materials.copies import copy_material
from app.applications.materials.queries import read_content, read_own_material, read_preview
from app.applications.materials.service import SCAN_MATERIAL, add_material
from app.applications.materials.tasks import WAKE_DELIVERIES, preview_material, scan_material
from app.applications.models import Application, Material, Scan, State
from app.applications.service import submit_application, supplement_application
from app.approvals.models import Delivery, DeliveryState
from app.approvals.standstills import Standstill, find_standstill
from app.approvals.tasks import deliver_case, deliver_supplement, wake_deliveries
from app.audit.models import AuditRecord
from app.bootstrap import House
from app.catalogue.queries import get_item
from app.identity.models import Citizen
from app.identity.rules import EVERY_DEPARTMENT
from app.identity.staff_accounts import Scope
from app.kit import clock, db
from app.kit.blobs import delete_due
from app.kit.ports import RefusedError, TryLaterError
from app.kit.scanning import Verdict
from app.mandates.party import Party
from app.notifications.models import Message
from app.privacy.parts import PARTS
from media.storage import BlobMissingError
from tests.service.cases import fill_draft, photograph, trip_item, verified_citizen
from tests.service.systems import System, drain, one_way


class Knows:
    """A scanner that always says the same."""

    def __init__(self, says: Verdict | Exception) -> None:
        self.says, self.scanned = says, 0

    async def scan(self, data: bytes) -> Verdict:
        """Say it."""
        assert data
        self.scanned += 1
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


class Keeps(System):
    """An approval system that shows what it got, and the only one to which its drains lead."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[dict[str, Any]] = []
        self.drains, self._waited = one_way(self), timedelta()

    async def send_case(self, case_no: str, case: dict[str, Any]) -> None:
        """Keep it."""
        await super().send_case(case_no, case)
        self.got.append(case)

    async def send_supplement(self, case_no: str, supplement: dict[str, Any]) -> None:
        """Keep it."""
        await super().send_supplement(case_no, supplement)
        self.got.append(supplement)

    async def gets(self, case: Application) -> list[dict[str, Any]]:
        """All that it has got once a submitted case, and what was to be repeated, was tried."""
        await deliver_case(self.drains, str(case.case_no))
        return await self.gets_more()

    async def gets_more(self) -> list[dict[str, Any]]:
        """The same without a word about a case."""
        self._waited += timedelta(minutes=20)
        with clock.travel(self._waited):
            await drain(self.drains)
        return self.got


CLEAN, INFECTED = Knows(Verdict()), Knows(Verdict("Win.Test.EICAR_HDB-1"))


@pytest.fixture
async def citizen(quiet: House) -> Citizen:
    """A citizen who verified their real name."""
    return await verified_citizen(quiet)


async def pending_draft(house: House, citizen: Citizen) -> tuple[Application, Material]:
    """A draft that can be submitted, and whose photograph waits for the scanner."""
    party, code = Party.own(citizen.id), await trip_item()
    draft = await drafts.start_application(party, code)
    await fill_draft(party, draft.id, (await get_item(code)).guide.form_example)
    return draft, await pending(house, citizen, draft)


async def pending(house: House, citizen: Citizen, draft: Application) -> Material:
    """A photograph that waits for the scanner."""
    party = Party.own(citizen.id)
    return await add_material(house.blobs, party, draft.id, "site_photo", photograph(), scan_needed=True)


async def test_nobody_sees_a_file_before_it_is_scanned(quiet: House, citizen: Citizen) -> None:
    """Neither its owner, nor its preview is made; the scan asks for the preview, and opens both."""
    party = Party.own(citizen.id)
    draft, material = await pending_draft(quiet, citizen)
    await preview_material(quiet.blobs, str(material.id))
    for reading in (
        read_own_material(quiet.blobs, party, draft.id, material.id),
        read_preview(quiet.blobs, party, draft.id, material.id),
        copy_material(quiet.blobs, party, draft.id, material.id, "x"),
    ):
        with pytest.raises(errors.MaterialPendingError):
            await reading
    await scan_material(CLEAN, quiet.blobs, str(material.id))
    assert (await Material.get(id=material.id)).scan is Scan.CLEAN
    asked = "SELECT args FROM procrastinate_jobs WHERE task_name = $1 AND args->>'file_id' = $2"
    assert len(await db.rows(asked, "applications.preview_material", str(material.id))) == 1
    await preview_material(quiet.blobs, str(material.id))
    assert await read_preview(quiet.blobs, party, draft.id, material.id)
    assert await read_own_material(quiet.blobs, party, draft.id, material.id)


async def test_a_case_is_submitted_at_once_and_handed_over_after_the_scan(quiet: House, citizen: Citizen) -> None:
    """The job comes again until then; the approval system hears of nothing before."""
    draft, material = await pending_draft(quiet, citizen)
    case = await submit_application(Party.own(citizen.id), draft.id, None)
    case_no, system = str(case.case_no), Keeps()
    assert await system.gets(case) == []
    delivery = await Delivery.get(case_no=case_no)
    assert (delivery.state, delivery.reason) == (DeliveryState.WAITING, "materials_unscanned")
    with pytest.raises(errors.MaterialPendingError):
        await read_content(quiet.blobs, case_no, str(material.id))
    with pytest.raises(TryLaterError):
        await scan_material(Knows(TryLaterError("timeout")), quiet.blobs, str(material.id))
    assert await system.gets_more() == []
    await scan_material(CLEAN, quiet.blobs, str(material.id))
    (got,) = await system.gets_more()
    told = got["materials"][0]
    assert (told["scan"], told["trust"], told["pages"]) == ("clean", "C", 1)
    assert "set_aside" not in got
    assert await read_content(quiet.blobs, case_no, str(material.id))


async def test_an_infected_file_of_a_draft_goes_and_is_asked_for_again(quiet: House, citizen: Citizen) -> None:
    """Its content is deleted, the citizen is told once, and the material is missing again."""
    party = Party.own(citizen.id)
    draft, material = await pending_draft(quiet, citizen)
    await scan_material(INFECTED, quiet.blobs, str(material.id))
    before = INFECTED.scanned
    await scan_material(INFECTED, quiet.blobs, str(material.id))
    assert INFECTED.scanned == before
    await delete_due(quiet.blobs)
    with pytest.raises(BlobMissingError):
        await quiet.blobs.get(material.blob_key)
    with pytest.raises(errors.MaterialInfectedError):
        await read_own_material(quiet.blobs, party, draft.id, material.id)
    message = await Message.get(citizen_id=citizen.id, kind="material_infected")
    assert "经营场所照片" in message.text
    with pytest.raises(MaterialsMissingError):
        await submit_application(party, draft.id, None)
    await scan_material(CLEAN, quiet.blobs, str((await pending(quiet, citizen, draft)).id))
    case, system = await submit_application(party, draft.id, None), Keeps()
    (got,) = await system.gets(case)
    assert len(got["materials"]) == 1
    assert "set_aside" not in got


async def test_a_case_goes_on_without_an_infected_file(quiet: House, citizen: Citizen) -> None:
    """It was submitted on its day; the approval system learns what is set aside, the citizen that nothing is lost."""
    draft, material = await pending_draft(quiet, citizen)
    case, system = await submit_application(Party.own(citizen.id), draft.id, None), Keeps()
    await scan_material(INFECTED, quiet.blobs, str(material.id))
    (got,) = await system.gets(case)
    assert got["materials"] == []
    assert got["set_aside"] == [{"material_id": "site_photo", "reason": "infected"}]
    with pytest.raises(errors.MaterialInfectedError):
        await read_content(quiet.blobs, str(case.case_no), str(material.id))
    message = await Message.get(citizen_id=citizen.id, kind="material_set_aside")
    assert str(case.case_no) in message.text
    assert (await Application.get(id=case.id)).state is State.SUBMITTED


async def test_a_lost_file_of_a_draft_is_asked_for_again(quiet: House, citizen: Citizen) -> None:
    """Not at once, since a store may find it again; then the citizen is told once and it is missing."""
    party = Party.own(citizen.id)
    draft, material = await pending_draft(quiet, citizen)
    await quiet.blobs.delete(material.blob_key)
    await scan_material(CLEAN, quiet.blobs, str(material.id))
    asked = "SELECT args FROM procrastinate_jobs WHERE task_name = $1 AND args->>'file_id' = $2 ORDER BY id"
    _, again = await db.rows(asked, SCAN_MATERIAL, str(material.id))
    since = json.loads(again["args"])["missing_since"]
    with pytest.raises(TryLaterError):
        await scan_material(CLEAN, quiet.blobs, str(material.id), since)
    assert (await Material.get(id=material.id)).scan is Scan.PENDING
    with clock.travel(timedelta(hours=2)):
        for _ in range(2):
            await scan_material(CLEAN, quiet.blobs, str(material.id), since)
    with pytest.raises(errors.MaterialLostError):
        await read_own_material(quiet.blobs, party, draft.id, material.id)
    assert "经营场所照片" in (await Message.get(citizen_id=citizen.id, kind="material_lost")).text
    assert await AuditRecord.filter(chain=f"application:{draft.id}", action="material_lost").count() == 1
    part = next(part for part in PARTS if part.name == "materials")
    assert part.file is not None
    assert "系统原因" in (await part.file(await Material.get(id=material.id), quiet.blobs)).content.decode()
    with pytest.raises(MaterialsMissingError):
        await submit_application(party, draft.id, None)
    await scan_material(CLEAN, quiet.blobs, str((await pending(quiet, citizen, draft)).id))
    await submit_application(party, draft.id, None)


async def test_a_case_with_a_lost_file_hangs_in_sight_and_goes_on(quiet: House, citizen: Citizen) -> None:
    """Staff see what it waits for; then the approval system learns what does not come, and the citizen too."""
    draft, material = await pending_draft(quiet, citizen)
    case, system = await submit_application(Party.own(citizen.id), draft.id, None), Keeps()
    await quiet.blobs.delete(material.blob_key)
    since = clock.now().isoformat()
    with pytest.raises(TryLaterError):
        await scan_material(CLEAN, quiet.blobs, str(material.id), since)
    assert await system.gets(case) == []
    delivery = await Delivery.get(case_no=case.case_no)
    with clock.travel(timedelta(minutes=2)):
        hanging = await find_standstill(Scope("staff:test", None, EVERY_DEPARTMENT), delivery.id)
    assert hanging is not None
    assert (hanging.standstill, hanging.reason) == (Standstill.WAITING, "materials_unscanned")
    with clock.travel(timedelta(hours=2)):
        await scan_material(CLEAN, quiet.blobs, str(material.id), since)
    (got,) = await system.gets_more()
    assert (got["materials"], got["set_aside"]) == ([], [{"material_id": "site_photo", "reason": "lost"}])
    message = await Message.get(citizen_id=citizen.id, kind="material_lost_set_aside")
    assert str(case.case_no) in message.text


@pytest.mark.parametrize("says", ["clean", "infected", "lost"])
async def test_the_end_of_a_scan_wakes_what_waits_for_it(quiet: House, citizen: Citizen, says: str) -> None:
    """However long it was to rest, and whatever the end; what is on its way is seen to once more."""
    draft, material = await pending_draft(quiet, citizen)
    case, system = await submit_application(Party.own(citizen.id), draft.id, None), Keeps()
    assert await system.gets(case) == []
    rests = Delivery.filter(case_no=case.case_no)
    await rests.update(due_at=clock.now() + timedelta(hours=1))
    if says == "lost":
        await quiet.blobs.delete(material.blob_key)
    since = (clock.now() - timedelta(hours=2)).isoformat()
    await scan_material(INFECTED if says == "infected" else CLEAN, quiet.blobs, str(material.id), since)
    asked = "SELECT args FROM procrastinate_jobs WHERE task_name = $1 AND args->>'case_no' = $2"
    assert len(await db.rows(asked, WAKE_DELIVERIES, case.case_no)) == 1
    await rests.update(state=DeliveryState.SENDING, claimed_until=clock.now() + timedelta(minutes=1))
    with pytest.raises(TryLaterError):
        await wake_deliveries(system.drains, str(case.case_no))
    await rests.update(state=DeliveryState.WAITING, claimed_until=None)
    await wake_deliveries(system.drains, str(case.case_no))
    await drain(system.drains)
    assert len(system.got) == 1


async def test_a_preview_of_a_lost_file_is_given_up(quiet: House, citizen: Citizen) -> None:
    """It would be tried for ever."""
    _, material = await pending_draft(quiet, citizen)
    await scan_material(CLEAN, quiet.blobs, str(material.id))
    await quiet.blobs.delete(material.blob_key)
    await preview_material(quiet.blobs, str(material.id))
    assert (await Material.get(id=material.id)).scan is Scan.CLEAN


async def test_a_supplement_waits_for_the_scan_as_well(quiet: House, citizen: Citizen) -> None:
    """And goes on without what is infected."""
    party = Party.own(citizen.id)
    draft, first = await pending_draft(quiet, citizen)
    await scan_material(CLEAN, quiet.blobs, str(first.id))
    case, system = await submit_application(party, draft.id, None), Keeps()
    assert len(await system.gets(case)) == 1
    await Application.filter(id=case.id).update(state=State.SUPPLEMENT_REQUESTED)
    clean, infected = await pending(quiet, citizen, draft), await pending(quiet, citizen, draft)
    await supplement_application(party, draft.id, "补", {}, None)
    supplement_id = str((await Material.get(id=clean.id)).supplement_id)
    await scan_material(CLEAN, quiet.blobs, str(clean.id))
    await deliver_supplement(system.drains, str(case.case_no), supplement_id)
    assert len(await system.gets_more()) == 1
    await scan_material(INFECTED, quiet.blobs, str(infected.id))
    _, got = await system.gets_more()
    assert [one["file_id"] for one in got["materials"]] == [str(clean.id)]
    assert len(got["set_aside"]) == 1


@pytest.mark.parametrize("scanner", [None, Knows(RefusedError("too_large"))], ids=["none", "refuses"])
async def test_what_no_scanner_takes_stays_unscanned(quiet: House, citizen: Citizen, scanner: Knows | None) -> None:
    """It holds up nobody, and the case file says so."""
    draft, material = await pending_draft(quiet, citizen)
    await scan_material(scanner, quiet.blobs, str(material.id))
    case, system = await submit_application(Party.own(citizen.id), draft.id, None), Keeps()
    (got,) = await system.gets(case)
    assert got["materials"][0]["scan"] == "unscanned"


async def test_a_file_that_is_deleted_meanwhile_stops_no_scan(quiet: House, citizen: Citizen) -> None:
    """There is nobody to tell."""
    draft, material = await pending_draft(quiet, citizen)

    class Slow(Knows):
        async def scan(self, data: bytes) -> Verdict:
            await Application.filter(id=draft.id).delete()
            return await super().scan(data)

    await scan_material(Slow(INFECTED.says), quiet.blobs, str(material.id))
    await scan_material(INFECTED, quiet.blobs, str(material.id))
    assert not await Message.exists(citizen_id=citizen.id, kind="material_infected")


async def test_a_copy_of_ones_data_has_a_note_in_place_of_what_nobody_sees(quiet: House, citizen: Citizen) -> None:
    """Before the scan, and where it found something."""
    _, material = await pending_draft(quiet, citizen)
    part = next(part for part in PARTS if part.name == "materials")
    assert part.file is not None
    assert "还在" in (await part.file(await Material.get(id=material.id), quiet.blobs)).content.decode()
    await scan_material(INFECTED, quiet.blobs, str(material.id))
    assert "移除" in (await part.file(await Material.get(id=material.id), quiet.blobs)).content.decode()
