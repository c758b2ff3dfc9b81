"""Every path that is walked all day or each night: what citizens, the worker and the staff do with cases."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from app.applications import drafts, filling, queries, service
from app.applications.evidence import read_evidence
from app.applications.materials.service import add_material
from app.applications.models import Application
from app.applications.reckoning import reckon_provisional
from app.applications.rules import Cause
from app.applications.tasks import end_untouched_drafts
from app.approvals import feed, inbox, silence, standstills, tasks
from app.approvals.connectors import Connector, Connectors
from app.approvals.drain import Drains
from app.approvals.ports import Event, FeedPage, RemoteCase
from app.audit.checkpoints import make_checkpoints
from app.catalogue.queries import get_item
from app.commands.case_filling import CONNECTOR, filled_citizen, trip_item
from app.commands.query_plans import Recorder
from app.demo.photo import photograph
from app.identity.rules import EVERY_DEPARTMENT, Audience
from app.identity.sessions import live_sessions
from app.identity.staff_accounts import Scope
from app.kit import clock, nonces, retention
from app.kit.blobs import delete_due
from app.kit.db import transaction
from app.kit.record_signing import RecordSigner
from app.licences.keys.ring import SigningKeys
from app.licences.queries import list_licences
from app.licences.status.publishing import publish
from app.licences.status.tasks import renew_lists
from app.mandates.party import Party
from app.notifications import queries as notifications
from app.notifications.carrying import Carrier
from app.notifications.consents import grant_sends
from app.notifications.courier import Courier
from app.privacy.deletion import outlook
from app.privacy.retention import FORGET, SLICE
from app.reviews import desk
from app.reviews.models import Stage
from app.reviews.queries import item_reviews, list_own, stages_of_case
from app.reviews.rectification import settle_unanswered
from app.reviews.service import submit_review
from app.reviews.tasks import invite_review
from media.storage import BlobStore

_WAY = (Cause.RECEIVED, Cause.SUPPLEMENT_REQUESTED, Cause.ACCEPTED, Cause.APPROVED, Cause.COMPLETED)
_WALKER = 7
_STATUS_LIST, _EVERY = 1000, timedelta(minutes=5)  # the first list of the filled licences
_SCOPES = (Scope("staff:bench", None, EVERY_DEPARTMENT), Scope("staff:bench", "230800", "scjg"))


@dataclass(slots=True)
class Taker:
    """An approval system that takes everything at once and says nothing."""

    taken: list[str] = field(default_factory=list)

    async def send_case(self, case_no: str, case: dict[str, Any]) -> None:
        """Take a case."""
        del case
        self.taken.append(case_no)

    async def send_supplement(self, case_no: str, supplement: dict[str, Any]) -> None:
        """Take a supplement."""

    async def send_withdrawal(self, case_no: str, reason: str) -> None:
        """Hear of a withdrawal."""

    async def send_notice(self, case_no: str, notice: dict[str, Any]) -> None:
        """Hear a notice."""

    async def get_case(self, case_no: str) -> RemoteCase | None:
        """Know nothing."""
        del case_no
        return None

    async def events_after(self, cursor: str) -> FeedPage:
        """Tell nothing."""
        return FeedPage([], cursor)


class _Mute:
    """A WeChat that takes every message."""

    limits = None

    async def send_subscribe_message(self, *message: object, **options: object) -> str:
        del message, options
        return ""

    async def send_template(self, *message: object, **options: object) -> str:
        del message, options
        return ""


def drains_to(taker: Taker) -> Drains:
    """The drains of a worker whose only connector, the one that the filled cases went through, leads to ``taker``."""
    return Drains(Connectors([Connector(CONNECTOR, taker, 10_000.0, 8, 60)], CONNECTOR, {}), 20.0)


async def drain(drains: Drains) -> None:
    """Hand over what waits."""
    for connector in drains.connectors:
        await drains.drain(connector)


def event_of(case_no: str, sequence: int, kind: Cause) -> Event:
    """The approval system's word."""
    said = {"reason": "测试", "note": "测试", "valid_from": clock.today().isoformat()}
    return Event(f"bench-{uuid4().hex}", case_no, sequence, kind, clock.now(), said)


async def ready_draft(blobs: BlobStore, party: Party, item: str, photo: bytes) -> UUID:
    """A draft that can be submitted."""
    draft = await drafts.start_application(party, item)
    await filling.save_form(party, draft.id, (await get_item(item)).guide.form_example, draft.revision)
    await add_material(blobs, party, draft.id, "site_photo", photo, scan_needed=False)
    return draft.id


@dataclass(slots=True)
class Walk:
    """One walk along all paths in a filled database; each step is named to the recorder before it is taken."""

    blobs: BlobStore
    signer: RecordSigner
    recorder: Recorder
    drains: Drains = field(default_factory=lambda: drains_to(Taker()))
    keys: SigningKeys = field(default_factory=SigningKeys)
    party: Party = field(default_factory=lambda: Party.own(filled_citizen(_WALKER)))

    async def take(self) -> None:
        """Take every step."""
        item = await trip_item()
        draft_id = await self._step("draft", ready_draft(self.blobs, self.party, item, photograph()))
        case = await self._step("submit", service.submit_application(self.party, draft_id, uuid4().hex))
        await self._step("deliver", self._deliver(case))
        for sequence, kind in enumerate(_WAY, 1):
            await self._step("callback", self._hear(case, sequence, kind))
            if kind is Cause.SUPPLEMENT_REQUESTED:
                await self._step("supplement", self._supplement(case))
        await self._step("invite review", invite_review(str(case.id)))
        await self._step("send", self._send())
        other = await self._step("draft", ready_draft(self.blobs, self.party, item, photograph()))
        await self._step("withdraw", self._withdraw(other))
        await self._read(case)
        await self._step("review", submit_review(self.party, case.id, Stage.RESULT, 1, [], "太慢"))
        await self._staff(item)
        await self._clock(case)

    async def _step(self, name: str, work: Awaitable[Any]) -> Any:
        self.recorder.step = name
        return await work

    async def _deliver(self, case: Application) -> None:
        await tasks.deliver_case(self.drains, str(case.case_no))
        await drain(self.drains)

    async def _hear(self, case: Application, sequence: int, kind: Cause) -> None:
        event = event_of(str(case.case_no), sequence, kind)
        await inbox.take_callback(self.drains.connectors, CONNECTOR, event, uuid4().hex)
        await inbox.apply_events(event.case_no)

    async def _supplement(self, case: Application) -> None:
        await service.supplement_application(self.party, case.id, "补正", {}, uuid4().hex)
        supplement = await case.supplements.all().first()  # type: ignore[attr-defined]  # Tortoise adds it
        await tasks.deliver_supplement(self.drains, str(case.case_no), str(supplement.id))
        await drain(self.drains)

    async def _send(self) -> None:
        citizen_id = self.party.actor_id
        await grant_sends(citizen_id, [one.template_id for one in await notifications.grants(citizen_id)])
        courier = Courier(Carrier(_Mute(), _Mute(), None, ("filled", "filled")), 20.0)
        await courier.carry_slice()
        await courier.sweep()

    async def _withdraw(self, draft_id: UUID) -> None:
        case = await service.submit_application(self.party, draft_id, uuid4().hex)
        await self._deliver(case)
        await service.withdraw_application(self.party, case.id, "")
        await tasks.deliver_withdrawal(self.drains, str(case.case_no))
        await drain(self.drains)

    async def _read(self, case: Application) -> None:
        party, citizen_id = self.party, self.party.actor_id
        cursor = (await queries.list_applications(party, None)).next_cursor
        for name, work in (
            ("read case", queries.get_application(party, case.id)),
            ("read form", queries.get_asked(party, case.id)),
            ("list cases", queries.list_applications(party, cursor)),
            ("list messages", notifications.inbox(citizen_id, None)),
            ("list licences", list_licences(party, None)),
            ("list sessions", live_sessions(Audience.CITIZEN, citizen_id)),
            ("review stages", stages_of_case(party, case.id)),
            ("list reviews", list_own(party, None)),
            ("deletion outlook", outlook(citizen_id)),
        ):
            await self._step(name, work)

    async def _staff(self, item: str) -> None:
        await self._step("item reviews", item_reviews(item))
        for scope in _SCOPES:
            await self._step("staff queue", standstills.list_standstills(scope, None, None, None))
            await self._step("staff queue", standstills.find_standstill(scope, uuid4()))
            await self._step("staff reviews", desk.list_reviews(scope, None, None, None, None))
            await self._step("staff rectifications", desk.list_rectifications(scope, None, overdue=True, cursor=None))
        await self._step("gauges", standstills.list_loads())

    async def _clock(self, case: Application) -> None:
        connectors = self.drains.connectors
        works: tuple[tuple[str, Callable[[], Awaitable[Any]]], ...] = (
            ("checkpoint", lambda: make_checkpoints(self.signer)),
            ("evidence", lambda: read_evidence(self.party, case.id, self.signer)),
            ("read feed", lambda: feed.read_feed(connectors, CONNECTOR)),
            ("ask silent", lambda: silence.ask_silent(connectors, CONNECTOR)),
            ("end drafts", end_untouched_drafts),
            ("reckon limits", reckon_provisional),
            ("settle reviews", settle_unanswered),
            ("forget nonces", nonces.forget_old),
            ("delete blobs", lambda: delete_due(self.blobs)),
            ("status lists", lambda: renew_lists(self.keys, "https://jiaban.example.cn", _EVERY)),
            ("status list", lambda: publish(self.keys, "https://jiaban.example.cn", _STATUS_LIST, _EVERY)),
        )
        for name, work in works:
            await self._step(name, work())
        for kind, forget in FORGET.items():
            async with transaction():
                await self._step(f"night: {kind}", forget(retention.terms()[kind].before(clock.now()), SLICE))
