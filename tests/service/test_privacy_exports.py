"""A copy of everything held: whole, of one person alone, sealed, made once whatever dies."""

import asyncio
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.applications.materials.uploads import begin_upload
from app.applications.models import Application, Material, Notice, NoticeKind, State
from app.applications.service import submit_application, supplement_application
from app.approvals.models import Delivery, DeliveryKind, InboxEvent, Redrive
from app.audit.service import first_broken
from app.bootstrap import House
from app.catalogue.licence_type import Preset
from app.complaints.service import accept_complaint
from app.consents.service import give_consent
from app.finding.models import RecentItemsOff
from app.finding.personal import add_favourite, note_opened
from app.followers.models import Follower
from app.identity import sessions
from app.identity.models import Citizen, FaceVerification, ProvincialAccount, WeChatAccount
from app.identity.rules import Audience, mask_name
from app.kit import clock, db
from app.kit.blobs import delete_due
from app.kit.crypto import SealBrokenError
from app.kit.db import transaction
from app.kit.held import count_all
from app.kit.models import DoomedBlob
from app.licences.models import Licence, LicenceCause, LicenceMove, LicenceState, PaperCode, Presentation
from app.licences.presenting.service import present_licence
from app.licences.requests.models import FieldRequest
from app.licences.status.service import take_places
from app.licences.verifying.models import Concern, ConcernKind, Verification
from app.licences.verifying.service import verify_code
from app.mandates import service as mandates
from app.mandates.legal import register_company
from app.mandates.party import Party
from app.notifications.consents import grant_sends
from app.notifications.models import Message, Send
from app.notifications.preferences import set_preferences
from app.notifications.rules import Preferences
from app.notifications.service import notify
from app.notifications.staff_tasks import open_task
from app.official_account.models import WeChatPush
from app.privacy import archive
from app.privacy.errors import ExportNotFoundError, ExportNotReadyError
from app.privacy.exports import COLLECT, get_export, read_export, request_export
from app.privacy.models import Export, ExportState
from app.privacy.parts import PARTS
from app.privacy.tasks import collect_export
from app.reviews.models import Rectification, RectificationState, RectificationStep, Review, Stage
from media.storage import BlobStore
from tests.service.broadcasting import reached
from tests.service.cases import (
    issued_licence,
    photograph,
    ready_draft,
    some_case_no,
    verified_citizen,
    verifier,
)
from tests.service.complained import a_complaint
from tests.service.reviewed import scope_of_new

TEMPLATE = "jiaban-case-submitted-000000000000000000000"


@pytest.fixture
async def citizen(quiet: House) -> Citizen:
    """A citizen who verified their real name."""
    return await verified_citizen(quiet)


async def asked(citizen: Citizen) -> Export:
    """A copy that was asked for; no worker is there to make it."""
    return await request_export(citizen.id, actor=f"citizen:{citizen.id}", mandate_id=None)


async def fetched(house: House, citizen: Citizen, export_id: UUID) -> zipfile.ZipFile:
    """The copy as its citizen gets it."""
    export, pieces = await read_export(house.blobs, citizen.id, export_id, actor=f"citizen:{citizen.id}")
    content = b"".join([piece async for piece in pieces])
    assert len(content) == export.size
    found = zipfile.ZipFile(io.BytesIO(content))
    assert found.testzip() is None
    return found


async def copied(house: House, citizen: Citizen) -> zipfile.ZipFile:
    """Everything held about a citizen."""
    export = await asked(citizen)
    await collect_export(house.blobs, str(export.id))
    return await fetched(house, citizen, export.id)


def records(copy: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    """The records of one part."""
    found: list[dict[str, Any]] = json.loads(copy.read(f"data/{name}.json"))["records"]
    return found


async def lived(house: House, citizen: Citizen, other: Citizen) -> Application:
    """A citizen about whom every table holds something, also something shared with another citizen."""
    party = Party.own(citizen.id)
    await sessions.open_session(house.access_tokens, Audience.CITIZEN, citizen.id, "测试手机")
    await give_consent(citizen.id, "face", 1, actor=party.name, session_id=None)
    moment = clock.now()
    account = await WeChatAccount.get(citizen=citizen)
    await Follower.create(appid=account.appid, openid=account.openid, subscribed=True, changed_at=moment)
    await reached(account.appid, account.openid)
    await WeChatPush.create(
        appid=account.appid,
        dedup_key=account.openid,
        openid=account.openid,
        kind="text",
        payload={"Content": "进度"},
        pushed_at=moment,
        received_at=moment,
    )
    await ProvincialAccount.create(citizen=citizen, issuer="x", subject=str(citizen.id), created_at=moment)
    await FaceVerification.create(
        citizen=citizen,
        out_seq_no=citizen.id.hex,
        verify_id="x",
        name_verified_at=moment,
        created_at=moment,
        expires_at=moment,
    )
    offer = await mandates.offer_proxy(
        citizen.id, give=True, matters=["licence:food_business"], last_day=clock.today() + timedelta(days=9)
    )
    await mandates.accept_invitation(other.id, offer.code)
    case = await ready_draft(house, citizen, photograph(), photograph(80))
    case = await submit_application(party, case.id, None)
    await Application.filter(id=case.id).update(state=State.SUPPLEMENT_REQUESTED)
    await supplement_application(party, case.id, "已补充", {"remark": "补充"}, None)
    moment = clock.now()
    await Delivery.create(case_no=case.case_no, kind=DeliveryKind.CASE, created_at=moment, updated_at=moment)
    await Redrive.create(
        case_no=case.case_no, subject_id=case.id, attempt=1, staff_id=case.id, reason="测", created_at=moment
    )
    await InboxEvent.create(
        event_id=str(case.id),
        case_no=case.case_no,
        sequence=1,
        kind="accepted",
        occurred_at=moment,
        data={"note": "已收"},
        received_at=moment,
    )
    await verified(house, await issued_licence(citizen, some_case_no(citizen.id)), party)
    await grant_sends(citizen.id, [TEMPLATE])
    await set_preferences(citizen.id, Preferences(frozenset({"reviews"})))
    async with transaction():
        await open_task("talk", str(citizen.id), "请联系群众", "请联系群众", citizen_id=citizen.id)
    await add_favourite(citizen.id, case.item_code)
    await note_opened(citizen.id, case.item_code)
    await RecentItemsOff.create(citizen_id=citizen.id, since=moment)
    await Notice.create(application=case, kind=NoticeKind.HURRY, content={"text": "请加快"}, created_at=moment)
    await begin_upload(party, (await ready_draft(house, citizen)).id, "site_photo", 9, "0" * 64)
    await reviewed(case, citizen)
    await accept_complaint(await scope_of_new(department="*"), (await a_complaint(citizen)).id)
    return case


async def verified(house: House, licence: Licence, party: Party) -> None:
    """A licence that was suspended and resumed, printed, shown, asked about and objected to."""
    moment, officer = clock.now(), await verifier()
    shown = await present_licence(house.code_signer, "https://jiaban.example.cn", party, licence.id, Preset.ALL)
    await verify_code(house.code_signer, officer, shown.code, None)
    verification = await Verification.get(licence=licence)
    for cause, before, after in (
        (LicenceCause.SUSPENDED, LicenceState.VALID, LicenceState.SUSPENDED),
        (LicenceCause.RESUMED, LicenceState.SUSPENDED, LicenceState.VALID),
    ):
        change: dict[str, Any] = {"cause": cause, "before": before, "after": after, "reason": "复核", "at": moment}
        await LicenceMove.create(licence=licence, actor="clock", office="城市", **change)
    ((number, index),) = await take_places(1)
    await PaperCode.create(
        presentation=await Presentation.get(licence=licence),
        licence=licence,
        staff_id=officer.id,
        office=officer.office,
        document="id_card",
        reason="没有手机",
        status_list=number,
        status_index=index,
    )
    await Concern.create(
        verification=verification, kind=ConcernKind.OBJECTION, department="scjg", region="230800", raised_at=moment
    )
    await FieldRequest.create(
        verification=verification, wanted=["holder_name"], purpose="核对", asked_at=moment, expires_at=moment
    )


async def reviewed(case: Application, citizen: Citizen) -> None:
    """A bad review of a case, which is being put right."""
    moment, today = clock.now(), clock.today()
    review = await Review.create(
        application=case,
        author=citizen,
        stage=Stage.ACCEPTANCE,
        item_code=case.item_code,
        item_name=case.item_name,
        department="scjg",
        region="230800",
        level=1,
        reasons=[],
        comment="等了很久",
        created_at=moment,
    )
    rectification = await Rectification.create(review=review, rectify_by=today, opened_at=moment)
    opened, called = RectificationState.OPENED, RectificationState.CALLED_BACK
    await RectificationStep.create(
        rectification=rectification, cause="call", before=opened, after=called, round=1, note="已联系", at=moment
    )


async def test_a_copy_holds_something_of_every_table_with_chinese_titles(quiet: House, citizen: Citizen) -> None:
    """And shows every column that its part names, no other."""
    await lived(quiet, citizen, await verified_citizen(quiet))
    copy = await copied(quiet, citizen)
    names = {f"data/{part.name}.json" for part in PARTS} | {"data/audit.json", "README.txt"}
    assert names == {name for name in copy.namelist() if not name.startswith("files/")}
    for part in PARTS:
        data = json.loads(copy.read(f"data/{part.name}.json"))
        assert (data["title"], data["fields"]) == (part.title, dict(part.fields))
        assert data["records"], part.name
        assert all(set(record) == set(part.fields) for record in data["records"]), part.name
    assert "个人信息副本" in copy.read("README.txt").decode()


async def test_parts_counted_together_are_counted_as_each_alone(quiet: House, citizen: Citizen) -> None:
    """Of one about whom every table holds something."""
    await lived(quiet, citizen, await verified_citizen(quiet))
    await copied(quiet, citizen)
    alone = {part.name: await part.count(citizen.id) for part in PARTS}
    assert await count_all(PARTS, citizen.id) == alone
    assert all(alone.values())


async def test_a_copy_holds_what_the_citizen_gave(quiet: House, citizen: Citizen) -> None:
    """Name and number whole, forms by the titles of their fields, files byte for byte, the licence's card."""
    content = photograph(70)
    other = await verified_citizen(quiet)
    await lived(quiet, citizen, other)
    draft = await ready_draft(quiet, citizen, content)
    kept = await Material.get(application_id=draft.id)
    copy = await copied(quiet, citizen)
    (person,) = records(copy, "citizen")
    assert (person["name"], person["id_number"]) == (citizen.name, citizen.id_number)
    forms = {record["id"]: record["form"] for record in records(copy, "applications")}
    assert forms[str(draft.id)]["business_name"]["title"] == "经营者名称"
    photo = copy.read(f"files/materials/{kept.id}.jpg")
    assert len(photo) == kept.size
    (licence,) = records(copy, "licences")
    assert copy.read(f"files/licences/{licence['number']}.png").startswith(b"\x89PNG")
    assert {"title": "经营者名称", "value": "桂兰小吃店"} in licence["values"].values()
    (scan,) = records(copy, "verifications")
    assert (scan["office"], scan["reason"]) == ("佳木斯市市场监督管理局执法一科", "valid")
    acts = {(record["by"], record["action"]) for record in records(copy, "audit")}
    assert {("本人", "submit"), ("本人", "real_name_verified"), ("系统", "licence_issued")} <= acts
    (mandate,) = records(copy, "mandates")
    assert (mandate["role"], mandate["other"]) == ("授权人", mask_name(other.name or ""))


async def test_a_copy_holds_nothing_of_anybody_else(quiet: House, citizen: Citizen) -> None:
    """The other side of a mandate is masked, members of staff are their office, a company's case is the company's."""
    other = await verified_citizen(quiet)
    await lived(quiet, citizen, other)
    await Citizen.filter(id=citizen.id).update(level=3)
    company = await register_company(quiet.authority, citizen.id, "91230800MA1B2C3D4D", "佳木斯示例食品有限公司")
    moment = clock.now()
    await Application.create(
        citizen_id=citizen.id,
        company_id=company.company.id,
        item_code="x",
        item_name="单位的办件",
        form={"x": "单位的内容"},
        created_at=moment,
        updated_at=moment,
    )
    strangers = await ready_draft(quiet, other)
    staff = await verifier()
    for mine, theirs in ((citizen, other), (other, citizen)):
        copy = await copied(quiet, mine)
        whole = "".join(copy.read(name).decode() for name in copy.namelist() if name.endswith((".json", ".txt")))
        assert str(mine.name) in whole
        for secret in (theirs.name, theirs.id_number, theirs.id, staff.id, staff.username, "单位的内容"):
            assert str(secret) not in whole
        assert (str(strangers.id) in whole) is (mine is other)


async def test_asking_twenty_times_at_once_is_one_copy(quiet: House, citizen: Citizen) -> None:
    """One row, one job; a new one only when it is ready."""
    exports = await asyncio.gather(*(asked(citizen) for _ in range(20)))
    assert len({export.id for export in exports}) == 1
    assert await Export.filter(citizen=citizen).count() == 1
    jobs = "SELECT count(*) AS jobs FROM procrastinate_jobs WHERE task_name = $1 AND args ->> 'export_id' = $2"
    found = await db.row(jobs, COLLECT, str(exports[0].id))
    assert found == {"jobs": 1}
    await collect_export(quiet.blobs, str(exports[0].id))
    assert (await asked(citizen)).id != exports[0].id


async def test_a_copy_is_fetched_when_it_is_ready_and_by_its_citizen_alone(quiet: House, citizen: Citizen) -> None:
    """The citizen is told once; seven days later it is no more."""
    export = await asked(citizen)
    with pytest.raises(ExportNotReadyError):
        await fetched(quiet, citizen, export.id)
    for _ in range(2):
        await collect_export(quiet.blobs, str(export.id))
    ready = await get_export(citizen.id, export.id)
    assert (ready.state, ready.done, ready.attempt) == (ExportState.READY, ready.total, 1)
    assert await Message.filter(citizen=citizen, kind="export_ready").count() == 1
    with pytest.raises(ExportNotFoundError):
        await fetched(quiet, await verified_citizen(quiet), export.id)
    with clock.travel(timedelta(days=7, minutes=1)), pytest.raises(ExportNotFoundError):
        await get_export(citizen.id, export.id)


async def pieces_of(export: Export) -> list[str]:
    """The blob keys of all tries of a copy that are still to be deleted."""
    return [blob.blob_key async for blob in DoomedBlob.filter(blob_key__contains=export.id.hex).order_by("blob_key")]


async def test_a_large_copy_is_sealed_in_pieces_that_end_with_it(quiet: House, citizen: Citizen) -> None:
    """None of them opens elsewhere, and after seven days none is there."""
    await ready_draft(quiet, citizen, photograph(2200), photograph(2200))
    export = await asked(citizen)
    await collect_export(quiet.blobs, str(export.id))
    ready = await get_export(citizen.id, export.id)
    assert ready.size > archive.PIECE_BYTES
    keys = await pieces_of(export)
    assert len(keys) == ready.pieces == 2
    first, second = [await quiet.blobs.get(key) for key in keys]
    assert b"README.txt" not in first
    await quiet.blobs.put(keys[0], second)
    with pytest.raises(SealBrokenError):
        await fetched(quiet, citizen, export.id)
    await quiet.blobs.put(keys[0], first)
    assert len((await fetched(quiet, citizen, export.id)).namelist()) > 2
    for days, left in ((6, 2), (8, 0)):
        with clock.travel(timedelta(days=days)):
            await delete_due(quiet.blobs)
        assert len(await pieces_of(export)) == left
    with pytest.raises(LookupError):
        await quiet.blobs.get(keys[0])


class DiedError(Exception):
    """What a kill looks like from inside."""


@dataclass
class Dying:
    """A blob store whose process dies before or after a write."""

    blobs: BlobStore
    when: Callable[[int], bool]
    after: bool
    writes: int = field(default=0)

    async def put(self, key: str, data: bytes) -> None:
        """Die, or write."""
        self.writes += 1
        if self.when(self.writes) and not self.after:
            raise DiedError
        await self.blobs.put(key, data)
        if self.when(self.writes):
            raise DiedError

    async def get(self, key: str) -> bytes:
        """What is kept."""
        return await self.blobs.get(key)

    async def head(self, key: str, size: int) -> bytes:
        """Its beginning."""
        return await self.blobs.head(key, size)

    async def delete(self, key: str) -> None:
        """Forget it."""
        await self.blobs.delete(key)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("write", [1, 2])
async def test_cut_off_anywhere_it_is_made_anew_to_the_same_end(
    quiet: House, citizen: Citizen, write: int, after: bool
) -> None:
    """What the first try left is deleted a day later, and the copy is whole."""
    await ready_draft(quiet, citizen, photograph(2200), photograph(2200))
    export = await asked(citizen)
    with pytest.raises(DiedError):
        await collect_export(Dying(quiet.blobs, lambda number: number == write, after), str(export.id))
    assert (await get_export(citizen.id, export.id)).state is ExportState.COLLECTING
    await collect_export(quiet.blobs, str(export.id))
    copy = await fetched(quiet, citizen, export.id)
    assert len([name for name in copy.namelist() if name.startswith("files/materials/")]) == 2
    left = [key for key in await pieces_of(export) if key.split("/")[3] == "1"]
    assert len(left) == write
    with clock.travel(timedelta(days=1, minutes=1)):
        await delete_due(quiet.blobs)
    for key in left:
        with pytest.raises(LookupError):
            await quiet.blobs.get(key)
    await fetched(quiet, citizen, export.id)
    assert await first_broken(f"citizen:{citizen.id}") is None


async def test_an_old_try_that_is_still_alive_gives_way(quiet: House, citizen: Citizen) -> None:
    """Two workers at one copy: one of them makes it ready, once."""
    await ready_draft(quiet, citizen)
    export = await asked(citizen)
    await asyncio.gather(*(collect_export(quiet.blobs, str(export.id)) for _ in range(4)))
    ready = await get_export(citizen.id, export.id)
    assert (ready.state, ready.attempt) == (ExportState.READY, 4)
    await fetched(quiet, citizen, export.id)
    assert await Message.filter(citizen=citizen, kind="export_ready").count() == 1


@dataclass
class Overtaken:
    """A blob store during whose write another try begins."""

    blobs: BlobStore
    export: Export

    async def put(self, key: str, data: bytes) -> None:
        """Write, and be overtaken."""
        await self.blobs.put(key, data)
        await Export.filter(id=self.export.id).update(attempt=self.export.attempt + 2)

    async def get(self, key: str) -> bytes:
        """What is kept."""
        return await self.blobs.get(key)

    async def head(self, key: str, size: int) -> bytes:
        """Its beginning."""
        return await self.blobs.head(key, size)

    async def delete(self, key: str) -> None:
        """Forget it."""
        await self.blobs.delete(key)


async def test_a_try_that_is_overtaken_at_its_last_step_makes_nothing_ready(quiet: House, citizen: Citizen) -> None:
    """Its pieces are not those that the row would name."""
    export = await asked(citizen)
    await collect_export(Overtaken(quiet.blobs, export), str(export.id))
    assert (await get_export(citizen.id, export.id)).state is ExportState.COLLECTING
    assert not await Message.filter(citizen=citizen, kind="export_ready").exists()
    await collect_export(quiet.blobs, str(export.id))
    await fetched(quiet, citizen, export.id)


async def test_a_file_that_is_lost_or_damaged_hinders_no_copy(quiet: House, citizen: Citizen) -> None:
    """The copy says so in its place."""
    draft = await ready_draft(quiet, citizen, photograph(), photograph())
    lost, damaged = await Material.filter(application_id=draft.id)
    await quiet.blobs.delete(lost.blob_key)
    await quiet.blobs.put(damaged.blob_key, b"damaged")
    copy = await copied(quiet, citizen)
    for kept in (lost, damaged):
        assert f"files/materials/{kept.id}.missing.txt" in copy.namelist()


async def test_a_large_table_is_read_by_the_slice(quiet: House, citizen: Citizen) -> None:
    """Every row once."""
    async with transaction():
        for number in range(7):
            await notify(citizen.id, "withdrawn", f"{citizen.id}:{number}")
        moment = clock.now()
        message = await Message.filter(citizen=citizen).first()
        assert message
        rows = [
            Send(
                message_id=message.id,
                citizen_id=citizen.id,
                template_id=TEMPLATE,
                data={},
                created_at=moment,
                updated_at=moment,
            )
            for _ in range(1203)
        ]
        await Send.bulk_create(rows)
    sent = records(await copied(quiet, citizen), "sends")
    assert len({record["id"] for record in sent}) == len(sent) == 1203
