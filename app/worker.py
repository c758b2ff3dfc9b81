"""The worker: which function does each job, how a failed one is repeated, and what runs by the clock."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from functools import partial
from typing import Any

import procrastinate
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job

from app.applications.events import INVITE_REVIEW
from app.applications.materials import tasks as materials
from app.applications.materials.service import PREVIEW_MATERIAL, SCAN_MATERIAL
from app.applications.materials.tasks import WAKE_DELIVERIES
from app.applications.notices import DELIVER_NOTICE
from app.applications.reckoning import reckon_provisional
from app.applications.service import DELIVER_CASE, DELIVER_SUPPLEMENT, DELIVER_WITHDRAWAL
from app.applications.tasks import end_untouched_drafts
from app.approvals import feed, inbox, silence
from app.approvals import tasks as approvals
from app.approvals.connectors import Connectors
from app.approvals.drain import Drains
from app.audit.checkpoints import make_checkpoints
from app.bootstrap import House
from app.broadcasts.sender import Sender
from app.complaints.watching import watch_complaints
from app.finding.tasks import tidy
from app.identity import tasks as identity
from app.identity.joining import PERSON_PROVEN
from app.identity.logins import forget_old_logins
from app.identity.sessions import TELL
from app.identity.verification import TELL_OTHERS
from app.kit import jobs, nonces
from app.kit.blobs import DELETE_BLOBS, delete_due
from app.kit.logs import about
from app.kit.ports import PortError
from app.licences.attaching import attach_to_company, attach_to_person
from app.licences.keys.ring import SigningKeys
from app.licences.reminders import care_for_licences
from app.licences.status.publishing import publish_marked
from app.licences.status.service import PUBLISH_STATUS
from app.licences.status.tasks import renew_lists
from app.licences.verifying.telling import Teller
from app.mandates.legal import COMPANY_REPRESENTED
from app.notifications import tasks as notifications
from app.notifications.carrying import Carrier
from app.notifications.courier import Courier
from app.official_account import inbox as pushes
from app.official_account.counter import Counter
from app.official_account.staff import TAG_STAFF, UNTAG, tag_staff, untag
from app.official_account.tasks import answer_late
from app.privacy import tasks as privacy
from app.privacy.exports import COLLECT
from app.privacy.retention import retain
from app.reviews import tasks as reviews
from app.reviews.rectification import settle_unanswered
from app.reviews.service import CHECK_COMMENT
from app.upkeep.tasks import take_effect
from config.settings import WorkerSettings

_log = logging.getLogger(__name__)
_GRACE_SECONDS = 10
_WEEK_HOURS = 7 * 24
_SHORTEST, _LONGEST, _LONGEST_FAULT = 0.5, 60.0, 600.0
# How far the clocks of worker and database may be apart before it is taken for an error.
_CLOCKS_APART = 60.0
ACTING_OUTSIDE = (
    DELIVER_CASE,
    DELIVER_SUPPLEMENT,
    DELIVER_NOTICE,
    DELIVER_WITHDRAWAL,
    inbox.APPLY,
    TELL,
    TELL_OTHERS,
    INVITE_REVIEW,
)
"""The jobs that write down what is to be sent to others."""


class RepeatUntilDone(BaseRetryStrategy):
    """A job is repeated until it is done: nothing is lost. What another system causes is tried again soon, a fault of
    ours ever more rarely, and each is logged.
    """

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        """Wait twice as long each time."""
        passing = isinstance(exception, PortError)
        longest = _LONGEST if passing else _LONGEST_FAULT
        seconds = min(_SHORTEST * 2 ** min(job.attempts, 16), longest)
        reason = exception.reason if isinstance(exception, PortError) else type(exception).__name__
        level = logging.INFO if passing else logging.ERROR
        _log.log(level, "job_repeats", extra={"task": job.task_name, "attempts": job.attempts, "reason": reason})
        return RetryDecision(retry_in={"milliseconds": int(seconds * 1000)})


def jobs_of(house: House, drains: Drains) -> dict[str, Callable[..., Awaitable[None]]]:
    """The function that does each job, by the name it is deferred under."""
    appid, appids = house.settings.wechat.mini_program_appid, appids_of(house)
    counter = Counter.of(house.settings)
    return {
        DELIVER_CASE: partial(approvals.deliver_cases, drains),
        DELIVER_SUPPLEMENT: partial(approvals.deliver_supplement, drains),
        DELIVER_NOTICE: partial(approvals.deliver_notice, drains),
        DELIVER_WITHDRAWAL: partial(approvals.deliver_withdrawal, drains),
        WAKE_DELIVERIES: partial(approvals.wake_deliveries, drains),
        inbox.APPLY: inbox.apply_events_of_cases,
        inbox.ASK: partial(feed.ask_case, house.connectors),
        SCAN_MATERIAL: partial(materials.scan_material, house.scanner, house.blobs),
        PREVIEW_MATERIAL: partial(materials.preview_material, house.blobs),
        TELL: notifications.tell,
        TELL_OTHERS: identity.tell_others_with_number,
        PERSON_PROVEN: attach_to_person,
        COMPANY_REPRESENTED: attach_to_company,
        notifications.DELIVERED: partial(notifications.hear_delivered, appids),
        INVITE_REVIEW: reviews.invite_review,
        CHECK_COMMENT: partial(reviews.check_comment, house.content, appid),
        pushes.TAKE_PUSH: partial(pushes.take_push, counter.appid),
        pushes.ANSWER_LATE: partial(answer_late, house.official, counter),
        TAG_STAFF: partial(tag_staff, house.official, counter.appid),
        UNTAG: partial(untag, house.official, counter.appid),
        COLLECT: partial(privacy.collect_export, house.blobs),
        DELETE_BLOBS: partial(delete_due, house.blobs),
        PUBLISH_STATUS: partial(publish_marked, *_of_status(house)),
    }


def appids_of(house: House) -> tuple[str, str]:
    """The mini-program's and the official account's."""
    wechat = house.settings.wechat
    return wechat.mini_program_appid, wechat.official_account_appid


def courier_of(house: House) -> Courier:
    """What sends messages in this process."""
    carrier = Carrier(house.wechat, house.official, house.sms, appids_of(house))
    return Courier(carrier, house.settings.worker.stalled_after_seconds)


def _of_status(house: House) -> tuple[SigningKeys, str, timedelta]:
    """What making status lists takes: keys, the address they are served under, how often they are made."""
    settings = house.settings
    return house.licence_keys, settings.public_url, timedelta(seconds=settings.licences.status_every_seconds)


def sender_of(house: House) -> Sender:
    """What sends broadcasts in this process."""
    wechat = house.settings.wechat
    silent = house.settings.worker.stalled_after_seconds
    return Sender(house.official, wechat.official_account_appid, wechat.mini_program_appid, silent)


def every(seconds: int) -> str:
    """The cron line of what runs so often: of six fields the seconds are the last."""
    return f"* * * * * */{seconds}" if seconds < 60 else f"*/{seconds // 60} * * * *"  # noqa: PLR2004  # a minute


async def _forget_old(timestamp: int) -> None:
    del timestamp
    await nonces.forget_old()
    await forget_old_logins()


async def forget_old_jobs(queue: procrastinate.App) -> None:
    """Delete jobs that ended a week ago: those by the clock that failed while somebody was away are many."""
    await queue.job_manager.delete_old_jobs(
        nb_hours=_WEEK_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )


async def _retain(timestamp: int) -> None:
    del timestamp
    await retain()


async def _take_effect(timestamp: int) -> None:
    del timestamp
    await take_effect()


async def _settle_unanswered(timestamp: int) -> None:
    del timestamp
    await settle_unanswered()


async def _watch_complaints(timestamp: int) -> None:
    del timestamp
    await watch_complaints()


async def _tidy(timestamp: int) -> None:
    del timestamp
    await tidy()


async def _reckon(timestamp: int) -> None:
    del timestamp
    await reckon_provisional()


async def _end_drafts(timestamp: int) -> None:
    del timestamp
    await end_untouched_drafts()


async def _care_for_licences(timestamp: int) -> None:
    del timestamp
    await care_for_licences()


def build_queue(house: House, drains: Drains) -> procrastinate.App:
    """The queue with every job and everything that runs by the clock."""
    url = house.settings.database_url.get_secret_value()
    queue = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
    for name, function in jobs_of(house, drains).items():
        queue.task(name=name, retry=RepeatUntilDone())(_named(name, function))

    async def old_jobs(timestamp: int) -> None:
        del timestamp
        await forget_old_jobs(queue)

    async def delete_blobs(timestamp: int) -> None:
        del timestamp
        await delete_due(house.blobs)

    async def make_audit_checkpoints(timestamp: int) -> None:
        del timestamp
        await make_checkpoints(house.record_signer)

    async def tag_staff_hourly(timestamp: int) -> None:
        del timestamp
        await tag_staff(house.official, house.settings.wechat.official_account_appid)

    async def renew_status_lists(timestamp: int) -> None:
        del timestamp
        await renew_lists(*_of_status(house))

    for name, cron, function in (
        ("licences.renew_lists", every(house.settings.licences.status_every_seconds), renew_status_lists),
        ("audit.make_checkpoints", "* * * * *", make_audit_checkpoints),
        ("upkeep.take_effect", "*/5 * * * *", _take_effect),
        ("kit.forget_old", "17 * * * *", _forget_old),
        ("kit.forget_old_jobs", "47 * * * *", old_jobs),
        ("kit.delete_due_blobs", "37 * * * *", delete_blobs),
        ("official_account.tag_staff_hourly", "7 * * * *", tag_staff_hourly),
        # 00:10, 00:20, 02:30, 02:50 and 03:20 in the city.
        ("reviews.settle_unanswered", "10 16 * * *", _settle_unanswered),
        ("complaints.watch", "20 16 * * *", _watch_complaints),
        ("applications.reckon", "30 18 * * *", _reckon),
        ("finding.tidy", "50 18 * * *", _tidy),
        ("privacy.retain", "20 19 * * *", _retain),
        # 09:00 and 09:10 in the city: people are told of it.
        ("applications.end_drafts", "0 1 * * *", _end_drafts),
        ("licences.care", "10 1 * * *", _care_for_licences),
    ):
        queue.periodic(cron=cron)(queue.task(name=name, queueing_lock=name)(function))
    _read_feeds(queue, house.connectors)
    _ask_silent(queue, house.connectors)
    return queue


def _read_feeds(queue: procrastinate.App, connectors: Connectors) -> None:
    """Each connector's feed is read at its own pace: one that is away holds up no other."""

    @queue.task(name="approvals.read_feed")
    async def read_feed(timestamp: int, connector: str) -> None:
        del timestamp
        await feed.read_feed(connectors, connector)

    for connector in connectors:
        queue.periodic(
            cron=every(connector.read_every_seconds),
            periodic_id=connector.name,
            queueing_lock=f"approvals.read_feed.{connector.name}",
            task_kwargs={"connector": connector.name},
        )(read_feed)


def _ask_silent(queue: procrastinate.App, connectors: Connectors) -> None:
    """Each hour the systems are asked about cases of which nothing was heard for long."""

    @queue.task(name="approvals.ask_silent")
    async def ask_silent(timestamp: int, connector: str) -> None:
        del timestamp
        await silence.ask_silent(connectors, connector)

    for connector in connectors:
        queue.periodic(
            cron="27 * * * *",
            periodic_id=connector.name,
            queueing_lock=f"approvals.ask_silent.{connector.name}",
            task_kwargs={"connector": connector.name},
        )(ask_silent)


def _named(name: str, function: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    async def job(**arguments: Any) -> None:
        ids = {key: str(value) for key, value in arguments.items() if key == "case_no" or key.endswith("_id")}
        with about(job=name, **ids):
            await function(**arguments)

    return job


async def _retry_stalled(house: House, known: Collection[str]) -> None:
    """Take up again what a killed worker left, one of the last release gave up or a wrong clock put off, for as long as
    this worker lives.
    """
    pace = house.settings.worker
    while True:
        try:
            taken = await jobs.retry_stalled(pace.stalled_after_seconds)
            if taken:
                _log.warning("stalled_jobs_taken_up", extra={"count": taken})
            woken = await jobs.wake_misdated(_LONGEST_FAULT + _CLOCKS_APART)
            if woken:
                _log.warning("misdated_jobs_woken", extra={"count": woken})
            revived = await jobs.revive(known)
            if revived:
                _log.warning("unknown_jobs_taken_up", extra={"count": revived})
        except Exception:  # the database may be away for a while; the sweep goes on when it is back
            _log.exception("stalled_sweep_failed")
        await asyncio.sleep(pace.heartbeat_seconds)


class WorkerBrokenError(Exception):
    """A part of the worker ended though nobody told it to: the process ends, to be started anew."""


async def until_told(*parts: asyncio.Task[None]) -> None:
    """Wait for SIGTERM or SIGINT, while all parts are at it. Raises WorkerBrokenError where one ends before."""
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, told.set)
    telling = asyncio.create_task(told.wait())
    try:
        ended, _ = await asyncio.wait({telling, *parts}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        telling.cancel()
    if telling not in ended:
        (part, *_) = ended
        error = None if part.cancelled() else part.exception()
        _log.critical("worker_broken", extra={"part": part.get_name()}, exc_info=error)
        raise WorkerBrokenError(part.get_name()) from error


async def _do_jobs(queue: procrastinate.App, pace: WorkerSettings) -> None:
    """Do jobs until it is cancelled, which lets those under way finish within the grace.

    It ends by itself where its heartbeat or its clock fails, as with the database away.
    """
    async with queue.open_async():
        await queue.run_worker_async(
            concurrency=pace.concurrency,
            fetch_job_polling_interval=1.0,
            shutdown_graceful_timeout=_GRACE_SECONDS,
            update_heartbeat_interval=pace.heartbeat_seconds,
            stalled_worker_timeout=pace.stalled_after_seconds,
            delete_jobs="successful",
            install_signal_handlers=False,
        )


async def run_worker(house: House) -> None:
    """Work until SIGTERM or SIGINT; what was begun is finished within ten seconds. Raises WorkerBrokenError."""
    pace = house.settings.worker
    drains, courier = Drains(house.connectors, pace.stalled_after_seconds), courier_of(house)
    queue = build_queue(house, drains)
    working = asyncio.create_task(_do_jobs(queue, pace), name="jobs")
    sweep = asyncio.create_task(_retry_stalled(house, jobs_of(house, drains)), name="sweep")
    draining = asyncio.create_task(drains.run(), name="drains")
    sender = sender_of(house)
    sending = asyncio.create_task(sender.run(), name="broadcasts")
    carrying = asyncio.create_task(courier.run(), name="courier")
    teller = Teller()
    telling = asyncio.create_task(teller.run(), name="teller")
    try:
        await until_told(working, sweep, draining, sending, carrying, telling)
    finally:
        working.cancel()
        sweep.cancel()
        drains.stop()
        sender.stop()
        courier.stop()
        teller.stop()
        await asyncio.wait({draining, sending, carrying, telling}, timeout=_GRACE_SECONDS)
        for part in (draining, sending, carrying, telling):
            part.cancel()
        await asyncio.gather(working, sweep, draining, sending, carrying, telling, return_exceptions=True)
