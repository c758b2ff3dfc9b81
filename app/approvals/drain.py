"""The drain: each worker sends what is due, connector by connector, and asks where it may have arrived already."""

import asyncio
import logging
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from app.applications.materials.errors import MaterialsUnscannedError
from app.approvals.claims import Claim, Outcome, Pause, claim, record, renew
from app.approvals.connectors import Connector, Connectors
from app.approvals.contents import has_arrived, prepare
from app.approvals.feed import keep_all
from app.approvals.models import Delivery, DeliveryState
from app.kit import clock
from app.kit.logs import add_about
from app.kit.ports import AmbiguousError, PortError, RefusedError, TryLaterError

_log = logging.getLogger(__name__)

# What other processes wrote (a redrive, say) is seen after this; the jobs of this process wake it at once.
_LOOK_EVERY_SECONDS = 2.0
_SEND_SECONDS = 15.0
_GATHER_SECONDS = 0.005


class Drains:
    """One drain for each connector, in this process.

    A claim outlives its worker by ``silent_seconds``; the living renew theirs.
    """

    def __init__(self, connectors: Connectors, silent_seconds: float) -> None:
        self.connectors = connectors
        self._lifetime = timedelta(seconds=silent_seconds)
        self._in_flight: set[UUID] = set()
        self._woken = {connector.name: asyncio.Event() for connector in connectors}
        self._stopping = False

    def wake(self, name: str) -> None:
        """Something was written for this connector."""
        if name in self._woken:
            self._woken[name].set()

    def stop(self) -> None:
        """Send nothing more; what is under way is finished, and ``run`` returns."""
        self._stopping = True
        for woken in self._woken.values():
            woken.set()

    async def run(self) -> None:
        """Drain all connectors until ``stop``."""
        renewing = asyncio.create_task(self._renew())
        try:
            async with asyncio.TaskGroup() as group:
                for connector in self.connectors:
                    group.create_task(self._keep_draining(connector))
        finally:
            renewing.cancel()

    async def _keep_draining(self, connector: Connector) -> None:
        while not self._stopping:
            try:
                again = await self.drain(connector)
            except Exception:  # the database may be away for a while; the drain goes on when it is back
                _log.exception("drain_failed", extra={"connector": connector.name})
                again = None
            await self._rest(connector, again)

    async def _rest(self, connector: Connector, until: datetime | None) -> None:
        wait = min(_seconds_until(until), _LOOK_EVERY_SECONDS) if until else _LOOK_EVERY_SECONDS
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken[connector.name].wait(), wait)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._lifetime.total_seconds() / 4)
            if self._in_flight:
                try:
                    await renew(self._in_flight, self._lifetime)
                except Exception:  # as above; a claim that lapses is asked about
                    _log.exception("claims_not_renewed")

    async def drain(self, connector: Connector) -> datetime | None:
        """Send until nothing more may be sent, and return the moment from which something may, where one is known."""
        running: set[asyncio.Task[None]] = set()
        woken = self._woken[connector.name]
        try:
            while True:
                woken.clear()
                step = Pause(None) if self._stopping else await claim(connector, self._lifetime)
                if not isinstance(step, Pause):
                    running.update(asyncio.create_task(self._carry_out(connector, one)) for one in step)
                elif step.paced:
                    await asyncio.sleep(_seconds_until(step.until))
                elif (running := {task for task in running if not task.done()}) or woken.is_set():
                    await self._rest(connector, step.until)
                    # What ends at nearly the same moment makes room for one slice.
                    await asyncio.sleep(_GATHER_SECONDS)
                else:
                    return step.until
        except asyncio.CancelledError:
            for task in running:
                task.cancel()
            raise
        finally:
            await asyncio.gather(*running, return_exceptions=True)

    async def _carry_out(self, connector: Connector, claimed: Claim) -> None:
        delivery = claimed.delivery
        add_about(case_no=delivery.case_no)
        self._in_flight.add(delivery.id)
        extra = {"connector": connector.name, "case_no": delivery.case_no}
        try:
            outcome = await (self._ask if claimed.ask else _send)(connector, delivery)
        except Exception as error:  # a fault of ours, in the midst of a call: it may have arrived
            _log.exception("delivery_failed", extra=extra)
            outcome = Outcome(DeliveryState.SENDING, type(error).__name__, None)
        try:
            await record(connector, claimed, outcome)
        except Exception:  # without a record the claim lapses, and the system is asked
            _log.exception("delivery_not_recorded", extra=extra)
        finally:
            self._in_flight.discard(delivery.id)
            self.wake(connector.name)

    async def _ask(self, connector: Connector, delivery: Delivery) -> Outcome:
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                remote = await connector.system.get_case(delivery.case_no)
        except (PortError, TimeoutError) as error:
            return Outcome(DeliveryState.SENDING, _reason(error), isinstance(error, RefusedError))
        await keep_all(self.connectors, connector, remote.events if remote else [])
        if has_arrived(delivery, remote):
            return Outcome(DeliveryState.DELIVERED, "found", answered=True)
        return Outcome(DeliveryState.WAITING, "not_found", answered=True)


async def _send(connector: Connector, delivery: Delivery) -> Outcome:
    try:
        send = await prepare(delivery)
    except MaterialsUnscannedError as error:
        return Outcome(DeliveryState.WAITING, error.reason, None)
    except Exception as error:
        _log.exception("delivery_not_prepared", extra={"case_no": delivery.case_no})
        return Outcome(DeliveryState.WAITING, type(error).__name__, None)
    try:
        async with asyncio.timeout(_SEND_SECONDS):
            await send(connector.system)
    except TryLaterError as error:
        return Outcome(DeliveryState.WAITING, error.reason, answered=False)
    except (AmbiguousError, TimeoutError) as error:
        return Outcome(DeliveryState.SENDING, _reason(error), answered=False)
    except RefusedError as error:
        _log.error("delivery_refused", extra={"case_no": delivery.case_no, "reason": error.reason})
        return Outcome(DeliveryState.REFUSED, error.reason, answered=True)
    return Outcome(DeliveryState.DELIVERED, None, answered=True)


def _reason(error: Exception) -> str:
    return error.reason if isinstance(error, PortError) else "no_answer"


def _seconds_until(moment: datetime | None) -> float:
    return max((moment - clock.now()).total_seconds(), 0.0) if moment else 0.0
