"""The courier: each worker sends what is due, slice by slice, with nothing open while it sends."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from app.notifications.carrying import Carrier
from app.notifications.claims import Claimed, Result, claim, redate, renew
from app.notifications.definitions import templates
from app.notifications.models import SendState
from app.notifications.records import end_lapsed, record
from app.notifications.reports import settle_reports

_log = logging.getLogger(__name__)

_SLICE = 250
_LANES = 2
_LOOK_EVERY_SECONDS = 1.0
_SWEEP_EVERY_SECONDS = 5.0
_RECORD_EVERY_SECONDS = 0.25
_AGAIN_SECONDS = 0.5
_MOST_REDATED = 1000


class Courier:
    """Sends what is due, in this process, while others do likewise.

    A claim outlives its worker by ``silent_seconds``; the living renew theirs. ``slice_of`` sends go out at once.
    """

    def __init__(self, carrier: Carrier, silent_seconds: float, *, slice_of: int = _SLICE) -> None:
        self._carrier = carrier
        self._lifetime = timedelta(seconds=silent_seconds)
        self._slice = slice_of
        self._in_flight: set[UUID] = set()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Claim nothing more; what is under way is finished and recorded, and ``run`` returns."""
        self._stopping.set()

    async def run(self) -> None:
        """Carry until ``stop``."""
        parts = [self._keep(self._carry_all, _LOOK_EVERY_SECONDS) for _ in range(_LANES)]
        parts.append(self._keep(self.sweep, _SWEEP_EVERY_SECONDS))
        renewing = asyncio.create_task(self._renew())
        try:
            await asyncio.gather(*parts)
        finally:
            renewing.cancel()

    async def _keep(self, work: Callable[[], Awaitable[object]], every: float) -> None:
        while not self._stopping.is_set():
            try:
                await work()
            except Exception:  # the database may be away for a while; the courier goes on when it is back
                _log.exception("courier_failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), every)

    async def _carry_all(self) -> None:
        while not self._stopping.is_set() and await self.carry_slice() == self._slice:
            pass

    async def carry_slice(self) -> int:
        """Claim one slice, send it and record it; returns how many sends it had."""
        one_time = [template.id for template in templates().values() if template.kind == "one_time"]
        sends, spent, results = await claim(self._slice, self._lifetime, self._carrier.appids, one_time)
        if results:
            await self._record(results)
        self._in_flight.update(send.id for send in sends)
        running: set[asyncio.Task[Result]] = set()
        try:
            taken = await self._carrier.take(sends)
            running = {
                asyncio.create_task(self._carry(send, spent=send.id in spent, taken=send.channel in taken))
                for send in sends
            }
            while running:
                done, running = await asyncio.wait(running, timeout=_RECORD_EVERY_SECONDS)
                if done:
                    await self._record([task.result() for task in done])
        except asyncio.CancelledError:
            for task in running:
                task.cancel()
            raise
        finally:
            self._in_flight.difference_update(send.id for send in sends)
        return len(sends) + len(results)

    async def _carry(self, send: Claimed, *, spent: bool, taken: bool) -> Result:
        try:
            return await self._carrier.carry(send, spent=spent, taken=taken)
        except Exception:  # a fault of ours, in the midst of a call: it may have arrived
            _log.exception("send_failed", extra={"send": str(send.id)})
            return Result(send, SendState.UNCERTAIN, "fault", spent=spent)

    async def _record(self, results: Sequence[Result]) -> None:
        """Record, for as long as the database is away; a claim that lapses meanwhile stays uncertain."""
        while True:
            try:
                return await record(results)
            except Exception:
                _log.exception("sends_not_recorded", extra={"count": len(results)})
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._lifetime.total_seconds() / 4)
            if self._in_flight:
                try:
                    await renew(self._in_flight, self._lifetime)
                except Exception:  # as above; a claim that lapses is uncertain
                    _log.exception("claims_not_renewed")

    async def sweep(self) -> None:
        """End what a worker that died was sending, and date anew what a clock that is ahead put off.

        Reports that came before their sends were recorded are heeded.
        """
        ended = await end_lapsed(self._lifetime)
        if ended:
            _log.warning("sends_cut_off", extra={"count": ended})
        redated = await redate(_MOST_REDATED)
        if redated:
            _log.warning("sends_redated", extra={"count": redated})
        await settle_reports(self._carrier.appids)
