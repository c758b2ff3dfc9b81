"""Retention: each kind of data goes when its time is over, not before, and the night's work survives its worker."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.applications.materials import uploads
from app.applications.materials.models import Upload
from app.applications.models import Application, Material, State, TimelineEntry
from app.applications.service import submit_application
from app.approvals.models import Delivery, DeliveryKind, InboxEvent, Redrive
from app.audit.models import AuditRecord
from app.audit.service import first_broken
from app.bootstrap import House
from app.broadcasts.models import Broadcast, BroadcastRecipient, BroadcastSlice
from app.catalogue.licence_type import Preset
from app.complaints.models import Complaint
from app.complaints.service import answer_complaint
from app.consents.models import Consent
from app.consents.service import give_consent
from app.finding.models import RecentItem
from app.finding.personal import note_opened
from app.followers import service as followers
from app.followers.models import Follower
from app.identity import sessions
from app.identity.models import Citizen, FaceVerification, RefreshToken, Session, WeChatAccount
from app.identity.rules import Audience
from app.kit import clock, db, limits, retention
from app.kit.blobs import delete_due
from app.kit.db import transaction
from app.kit.models import CountedTry
from app.licences.models import DigitMiss, Licence, LicenceState, Presentation
from app.licences.presenting.service import present_licence
from app.licences.verifying.models import Verification
from app.licences.verifying.service import verify_code
from app.mandates import service as mandates
from app.mandates.models import Mandate
from app.mandates.party import Party
from app.notifications.models import Message, Send, SendReport, SendState, StaffTask
from app.notifications.reports import keep_report
from app.notifications.service import notify
from app.notifications.staff_tasks import open_task
from app.official_account import inbox
from app.official_account.models import WeChatPush
from app.privacy import deletion
from app.privacy import retention as nightly
from app.privacy.exports import request_export
from app.privacy.models import Export, RetentionRun
from app.privacy.retention import FORGET, retain
from app.privacy.tasks import collect_export
from app.reviews.models import Review
from tests.service.broadcasting import reached
from tests.service.cases import issued_licence, ready_draft, some_case_no, trip_item, verified_citizen, verifier
from tests.service.complained import a_complaint
from tests.service.reviewed import bad_review, scope_of_new
from wechat.message import read_message

Left = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that ended: whether it is still there, and when it ended, where that is not now."""

    left: Left
    ended_at: datetime | None = None


@pytest.fixture
async def citizen(quiet: House) -> Citizen:
    """A citizen who verified their real name."""
    return await verified_citizen(quiet)


async def ended_case(house: House, citizen: Citizen) -> Application:
    """A case that is over."""
    draft = await ready_draft(house, citizen)
    await submit_application(Party.own(citizen.id), draft.id, None)
    await Application.filter(id=draft.id).update(state=State.COMPLETED, updated_at=clock.now())
    return await Application.get(id=draft.id)


async def _draft(house: House, citizen: Citizen) -> Kept:
    draft = await ready_draft(house, citizen)
    await Application.filter(id=draft.id).update(state=State.EXPIRED)
    return Kept(lambda: Application.exists(id=draft.id))


async def _material(house: House, citizen: Citizen) -> Kept:
    case = await ended_case(house, citizen)
    key = (await Material.get(application_id=case.id)).blob_key

    async def left() -> bool:
        await delete_due(house.blobs)
        try:
            await house.blobs.get(key)
        except LookupError:
            assert not await Material.filter(blob_key=key).exists()
            assert await Application.exists(id=case.id)
            return False
        return await Material.filter(blob_key=key).exists()

    return Kept(left)


async def _upload(house: House, citizen: Citizen) -> Kept:
    draft, digest = await ready_draft(house, citizen), hashlib.sha256(b"x").hexdigest()
    begun = await uploads.begin_upload(Party.own(citizen.id), draft.id, "site_photo", 1, digest)
    await uploads.put_chunk(house.blobs, Party.own(citizen.id), draft.id, begun.upload.id, 0, b"x")
    return Kept(lambda: Upload.exists(id=begun.upload.id))


async def _case(house: House, citizen: Citizen) -> Kept:
    case = await ended_case(house, citizen)

    async def left() -> bool:
        is_there = await Application.exists(id=case.id)
        assert await TimelineEntry.filter(application_id=case.id).exists() is is_there
        return is_there

    return Kept(left)


async def _delivery(house: House, citizen: Citizen) -> Kept:
    case, moment = await ended_case(house, citizen), clock.now()
    made = await Delivery.create(case_no=case.case_no, kind=DeliveryKind.CASE, created_at=moment, updated_at=moment)
    return Kept(lambda: Delivery.exists(id=made.id))


async def _redrive(house: House, citizen: Citizen) -> Kept:
    case, other = await ended_case(house, citizen), uuid4()
    made = await Redrive.create(
        case_no=case.case_no, subject_id=other, attempt=1, staff_id=other, reason="测", created_at=clock.now()
    )
    return Kept(lambda: Redrive.exists(id=made.id))


async def _event(house: House, citizen: Citizen) -> Kept:
    case = await ended_case(house, citizen)
    made = await event_of(case)
    return Kept(lambda: InboxEvent.exists(id=made.id))


async def event_of(case: Application) -> InboxEvent:
    """An event of the approval system about a case."""
    moment = clock.now()
    return await InboxEvent.create(
        event_id=str(case.id),
        case_no=case.case_no,
        sequence=1,
        kind="accepted",
        occurred_at=moment,
        data={},
        received_at=moment,
    )


async def _licence(house: House, citizen: Citizen) -> Kept:
    del house
    licence = await issued_licence(citizen, some_case_no(citizen.id))
    await Licence.filter(id=licence.id).update(state=LicenceState.REVOKED, state_changed_at=clock.now())
    return Kept(lambda: Licence.exists(id=licence.id))


async def _presentation(house: House, citizen: Citizen) -> Kept:
    licence = await issued_licence(citizen, some_case_no(citizen.id))
    await present_licence(house.code_signer, "https://jiaban.example.cn", Party.own(citizen.id), licence.id, Preset.ALL)
    return Kept(lambda: Presentation.filter(licence=licence).exists())


async def _verification(house: House, citizen: Citizen) -> Kept:
    licence = await issued_licence(citizen, some_case_no(citizen.id))
    party = Party.own(citizen.id)
    shown = await present_licence(house.code_signer, "https://jiaban.example.cn", party, licence.id, Preset.ALL)
    await verify_code(house.code_signer, await verifier(), shown.code, None)
    return Kept(lambda: Verification.filter(licence=licence).exists())


async def _review(house: House, citizen: Citizen) -> Kept:
    review, _ = await bad_review(house, citizen, "很慢")
    return Kept(lambda: Review.filter(id=review.id, author=citizen).exists())


async def _complaint(house: House, citizen: Citizen) -> Kept:
    del house
    complaint = await a_complaint(citizen)
    await answer_complaint(await scope_of_new(department="*"), complaint.id, "已经处理")
    return Kept(lambda: Complaint.filter(id=complaint.id).exists())


async def _message(house: House, citizen: Citizen) -> Kept:
    del house
    async with transaction():
        await notify(citizen.id, "withdrawn", str(citizen.id))
    return Kept(lambda: Message.filter(citizen=citizen).exists())


async def _send(house: House, citizen: Citizen) -> Kept:
    del house
    async with transaction():
        await notify(citizen.id, "submitted", str(citizen.id), item="示例", case_no="1")
    await Send.filter(citizen_id=citizen.id).update(state=SendState.SENT, updated_at=clock.now())
    return Kept(lambda: Send.filter(citizen_id=citizen.id).exists())


async def _report(house: House, citizen: Citizen) -> Kept:
    del house
    await keep_report("wx", str(citizen.id), "success")
    return Kept(lambda: SendReport.filter(msg_id=str(citizen.id)).exists())


async def _staff_task(house: House, citizen: Citizen) -> Kept:
    del house
    async with transaction():
        await open_task("talk", str(citizen.id), "请联系群众", "请联系群众", citizen_id=citizen.id)
    await StaffTask.filter(citizen_id=citizen.id).update(closed_at=clock.now())
    return Kept(lambda: StaffTask.filter(citizen_id=citizen.id).exists())


async def _broadcast(house: House, citizen: Citizen) -> Kept:
    del house
    account = await WeChatAccount.get(citizen=citizen)
    broadcast = await reached(account.appid, account.openid)
    recipients = BroadcastRecipient.filter(slice_id=(await BroadcastSlice.get(broadcast=broadcast)).id)

    async def left() -> bool:
        """As long as its recipients are there the broadcast is, and no longer."""
        rows = await recipients.exists()
        assert rows == await Broadcast.exists(id=broadcast.id)
        return rows

    return Kept(left)


async def _session(house: House, citizen: Citizen) -> Kept:
    await sessions.open_session(house.access_tokens, Audience.CITIZEN, citizen.id, "x")
    await sessions.end_all_sessions(Audience.CITIZEN, citizen.id)
    return Kept(lambda: Session.filter(citizen=citizen).exists())


async def _refresh_token(house: House, citizen: Citizen) -> Kept:
    await sessions.open_session(house.access_tokens, Audience.CITIZEN, citizen.id, "x")
    token = await RefreshToken.get(session__citizen_id=citizen.id)
    return Kept(lambda: RefreshToken.exists(id=token.id), token.expires_at)


async def _face_verification(house: House, citizen: Citizen) -> Kept:
    del house
    moment = clock.now()
    begun = await FaceVerification.create(
        citizen=citizen,
        out_seq_no=citizen.id.hex,
        verify_id="x",
        name_verified_at=moment,
        created_at=moment,
        expires_at=moment,
    )
    return Kept(lambda: FaceVerification.exists(id=begun.id))


async def _mandate(house: House, citizen: Citizen) -> Kept:
    del house
    offer = await mandates.offer_proxy(citizen.id, give=True, matters=["licence:food_business"], last_day=clock.today())
    await mandates.end_mandate(citizen.id, offer.mandate.id)
    return Kept(lambda: Mandate.exists(id=offer.mandate.id))


async def _consent(house: House, citizen: Citizen) -> Kept:
    del house
    await give_consent(citizen.id, "face", 1, actor="x", session_id=None)
    await deletion.delete_account(citizen.id, by=citizen.id, actor="x", mandate_id=None)
    return Kept(lambda: Consent.filter(citizen=citizen).exists())


async def _recent_item(house: House, citizen: Citizen) -> Kept:
    del house
    await note_opened(citizen.id, await trip_item())
    return Kept(lambda: RecentItem.filter(citizen=citizen).exists())


async def _export(house: House, citizen: Citizen) -> Kept:
    export = await request_export(citizen.id, actor="x", mandate_id=None)
    await collect_export(house.blobs, str(export.id))
    return Kept(lambda: Export.exists(id=export.id))


async def _counted_try(house: House, citizen: Citizen) -> Kept:
    del citizen
    known = {entry.id async for entry in CountedTry.all()}
    await limits.hold(limits.rules()["phone"], f"test:{clock.now()}")
    made = await CountedTry.exclude(id__in=known).get()
    return Kept(lambda: CountedTry.exists(id=made.id))


async def _digit_miss(house: House, citizen: Citizen) -> Kept:
    del house
    made = await DigitMiss.create(staff_id=citizen.id, at=clock.now())
    return Kept(lambda: DigitMiss.exists(id=made.id))


async def _deleted_account(house: House, citizen: Citizen) -> Kept:
    """Named for as long as a case is kept: nothing of its own counts, so the case ends at once here."""
    case = await ended_case(house, citizen)
    await deletion.delete_account(citizen.id, by=citizen.id, actor="x", mandate_id=None)
    await Application.filter(id=case.id).update(updated_at=clock.now() - CASES)

    async def left() -> bool:
        return (await Citizen.get(id=citizen.id)).name is not None

    return Kept(left)


CASES = timedelta(days=retention.terms()["cases"].days)


async def _push(house: House, citizen: Citizen) -> Kept:
    fields = {"ToUserName": "gh", "FromUserName": f"oa-{citizen.id}", "MsgType": "event", "Event": "VIEW"}
    message = read_message({**fields, "CreateTime": int(clock.now().timestamp())}, form="json", secure=True)
    kept = await inbox.keep_push(message, "wx-retained")
    await inbox.take_push("wx-retained", str(kept.id))
    return Kept(lambda: WeChatPush.exists(id=kept.id))


async def _follower(house: House, citizen: Citizen) -> Kept:
    openid = f"oa-{citizen.id}"
    await followers.unfollow("wx-retained", openid, clock.now())
    return Kept(lambda: Follower.exists(openid=openid))


MADE: dict[str, Callable[[House, Citizen], Awaitable[Kept]]] = {
    "drafts": _draft,
    "uploads": _upload,
    "materials": _material,
    "cases": _case,
    "deliveries": _delivery,
    "inbox_events": _event,
    "redrives": _redrive,
    "licences": _licence,
    "presentations": _presentation,
    "verifications": _verification,
    "reviews": _review,
    "complaints": _complaint,
    "messages": _message,
    "broadcasts": _broadcast,
    "sends": _send,
    "send_reports": _report,
    "staff_tasks": _staff_task,
    "sessions": _session,
    "refresh_tokens": _refresh_token,
    "face_verifications": _face_verification,
    "mandates": _mandate,
    "consents": _consent,
    "recent_items": _recent_item,
    "wechat_pushes": _push,
    "followers": _follower,
    "exports": _export,
    "digit_misses": _digit_miss,
    "counted_tries": _counted_try,
    "deleted_accounts": _deleted_account,
}


def test_every_kind_is_tried() -> None:
    """A kind without a test would go unseen."""
    assert set(MADE) == set(FORGET)


async def retain_at(moment: datetime) -> None:
    """The night's work at a moment."""
    with clock.travel(moment - clock.now()):
        await retain()


@pytest.mark.parametrize("kind", MADE)
async def test_each_kind_goes_when_its_time_is_over_and_not_before(quiet: House, citizen: Citizen, kind: str) -> None:
    """A day before it is there, a day after it is gone."""
    made = await MADE[kind](quiet, citizen)
    over = retention.terms()[kind].after(made.ended_at or clock.now())
    assert await made.left()
    await retain_at(over - timedelta(days=1))
    assert await made.left()
    await retain_at(over + timedelta(days=1))
    assert not await made.left()


async def test_what_has_not_ended_stays_whatever_its_age(quiet: House, citizen: Citizen) -> None:
    """A case under way with its events, files and complaint, a valid licence, a session in use, a send on its way."""
    draft = await ready_draft(quiet, citizen)
    case = await submit_application(Party.own(citizen.id), draft.id, None)
    event = await event_of(case)
    complaint = await a_complaint(citizen)
    licence = await issued_licence(citizen, some_case_no(citizen.id))
    with clock.travel(timedelta(days=200)):
        await sessions.open_session(quiet.access_tokens, Audience.CITIZEN, citizen.id, "x")
        await retain()
    assert await Session.filter(citizen=citizen).exists()
    assert await Send.filter(citizen_id=citizen.id, state=SendState.WAITING).exists()
    with clock.travel(timedelta(days=4000)):
        await retain()
    assert await Application.exists(id=case.id)
    assert await Material.filter(application_id=case.id).exists()
    assert await InboxEvent.exists(id=event.id)
    assert await Licence.exists(id=licence.id)
    assert await Complaint.exists(id=complaint.id)


async def test_a_session_that_nobody_ended_is_over_with_its_last_token(quiet: House, citizen: Citizen) -> None:
    """Thirty days after its last use; from then on it is kept as others are."""
    await sessions.open_session(quiet.access_tokens, Audience.CITIZEN, citizen.id, "x")
    over = clock.now() + sessions.REFRESH_LIFETIME + timedelta(days=retention.terms()["sessions"].days)
    for days, left in ((-1, True), (1, False)):
        await retain_at(over + timedelta(days=days))
        assert await Session.filter(citizen=citizen).exists() is left


async def test_a_draft_that_was_touched_counts_from_then(quiet: House, citizen: Citizen) -> None:
    """A photograph that was added is a touch."""
    draft = await ready_draft(quiet, citizen)
    await Application.filter(id=draft.id).update(state=State.EXPIRED)
    days = timedelta(days=retention.terms()["drafts"].days)
    await Material.filter(application_id=draft.id).update(created_at=clock.now() + days)
    await retain_at(clock.now() + days + timedelta(days=1))
    assert await Application.exists(id=draft.id)
    await retain_at(clock.now() + 2 * days + timedelta(days=1))
    assert not await Application.exists(id=draft.id)


async def test_names_go_with_the_last_case_that_needs_them(quiet: House, citizen: Citizen) -> None:
    """Ten years after it ended, in the same night; the audit's chain holds."""
    case = await ended_case(quiet, citizen)
    licence = await issued_licence(citizen, some_case_no(citizen.id))
    await deletion.delete_account(citizen.id, by=citizen.id, actor=f"citizen:{citizen.id}", mandate_id=None)
    await retain_at(case.updated_at + CASES + timedelta(days=1))
    assert not await Application.exists(id=case.id)
    assert (await Citizen.get(id=citizen.id)).name == citizen.name
    await Licence.filter(id=licence.id).update(state=LicenceState.REVOKED, state_changed_at=case.updated_at)
    await retain_at(case.updated_at + CASES + timedelta(days=2))
    gone = await Citizen.get(id=citizen.id)
    assert (gone.name, gone.id_number, gone.level) == (None, None, 0)
    assert await first_broken(f"citizen:{citizen.id}") is None


async def test_a_case_alone_keeps_the_name(quiet: House, citizen: Citizen) -> None:
    """To its last day."""
    case = await ended_case(quiet, citizen)
    await deletion.delete_account(citizen.id, by=citizen.id, actor=f"citizen:{citizen.id}", mandate_id=None)
    for days, name in ((-1, citizen.name), (1, None)):
        await retain_at(case.updated_at + CASES + timedelta(days=days))
        assert (await Citizen.get(id=citizen.id)).name == name


async def test_a_night_leaves_one_record_of_each_kind(quiet: House, citizen: Citizen) -> None:
    """With the number that went, whatever repeats; the chains hold."""
    del quiet
    for number in range(3):
        async with transaction():
            await notify(citizen.id, "withdrawn", f"{citizen.id}:{number}")
    moment = clock.now() + timedelta(days=retention.terms()["messages"].days + 1)
    before = {kind: await AuditRecord.filter(chain=f"retention:{kind}").count() for kind in FORGET}
    for _ in range(3):
        await retain_at(moment)
    for kind in FORGET:
        found = await AuditRecord.filter(chain=f"retention:{kind}").order_by("position")
        assert len(found) == before[kind] + 1
        assert found[-1].action == "retention_ran"
        assert await first_broken(f"retention:{kind}") is None
    (run,) = await RetentionRun.filter(kind="messages")
    last = await AuditRecord.filter(chain="retention:messages").order_by("-position").first()
    assert last
    assert last.details["removed"] == run.removed >= 3
    assert set(last.details) == {"day", "removed"}


class DiedError(BaseException):
    """What a kill looks like from inside."""


async def test_cut_off_between_slices_the_night_goes_on_where_it_was(
    quiet: House, citizen: Citizen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slices that were committed stay counted; a slice that was cut off is done again."""
    del quiet
    await retain_at(clock.now() + timedelta(days=retention.terms()["messages"].days + 1))
    await RetentionRun.all().delete()
    for number in range(5):
        async with transaction():
            await notify(citizen.id, "withdrawn", f"{citizen.id}:{number}")
    forget, slices = FORGET["messages"], 0

    async def dies(before: datetime, most: int) -> int:
        nonlocal slices
        slices += 1
        gone = await forget(before, most)
        if slices == 2:
            raise DiedError
        return gone

    monkeypatch.setattr(nightly, "SLICE", 2)
    monkeypatch.setitem(FORGET, "messages", dies)
    moment = clock.now() + timedelta(days=retention.terms()["messages"].days + 1)
    with pytest.raises(DiedError):
        await retain_at(moment)
    assert await Message.filter(citizen=citizen).count() == 3
    await retain_at(moment)
    assert await Message.filter(citizen=citizen).count() == 0
    run = await RetentionRun.get(kind="messages")
    assert (run.removed, run.finished_at is not None) == (5, True)
    assert slices == 4


async def test_a_slice_is_no_larger_than_asked_whatever_plan_the_database_takes(quiet: House, citizen: Citizen) -> None:
    """Also with a nested loop, which runs an inner query once for each row."""
    del quiet
    for number in range(5):
        async with transaction():
            await notify(citizen.id, "withdrawn", f"{citizen.id}:{number}")
    async with transaction():
        for other in ("hashjoin", "mergejoin", "hashagg", "sort", "material", "memoize"):
            await db.execute(f"SET LOCAL enable_{other} = off")
        assert await FORGET["messages"](clock.now() + timedelta(days=1), 2) == 2
