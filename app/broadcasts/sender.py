"""The sender: each worker takes slices of what is being broadcast and sends them, group by group."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

from app.broadcasts import slices
from app.broadcasts.definitions import broadcasting
from app.broadcasts.models import Broadcast, BroadcastState, RecipientState
from app.broadcasts.ports import Templates
from app.broadcasts.queries import count_slices
from app.broadcasts.reports import MOST, settle_reports
from app.broadcasts.rules import DELIVERED, MAX_ATTEMPTS, Verdict, back_off, is_page, judge, sends_from
from app.broadcasts.selecting import select_more
from app.broadcasts.service import fail, finish, hold, pause, recover
from app.broadcasts.slices import Lease, Opened, Result, Turn
from app.kit import clock, db
from wechat.errors import WeChatError, WeChatLimitedError
from wechat.official import TEMPLATE_SEND, MiniProgramPage

_log = logging.getLogger(__name__)

# What is approved elsewhere is seen after this.
_LOOK_EVERY_SECONDS = 2.0
_AGAIN_SECONDS = 0.5
_LANES = 2


class Sender:
    """What one process does for broadcasts.

    ``appid`` is the official account's, ``mini_program`` the app that pages belong to. A slice is a dead worker's
    for ``silent_seconds`` more; the living renew theirs.
    """

    def __init__(self, wechat: Templates, appid: str, mini_program: str, silent_seconds: float) -> None:
        self._wechat, self._appid, self._mini_program = wechat, appid, mini_program
        self._silent_seconds = silent_seconds
        self._leases: set[Lease] = set()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Open no further send; what is under way is finished and recorded, and ``run`` returns."""
        self._stopping.set()

    async def run(self) -> None:
        """Send whatever is being broadcast until ``stop``."""
        renewing = asyncio.create_task(self._renew())
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(_LANES):
                    group.create_task(self._keep_at(self.step))
                group.create_task(self._keep_at(self.settle))
        finally:
            renewing.cancel()

    async def _keep_at(self, what: Callable[[], Awaitable[bool]]) -> None:
        while not self._stopping.is_set():
            try:
                busy = await what()
            except Exception:  # the database may be away for a while; the sender goes on when it is back
                _log.exception("broadcasts_failed")
                busy = False
            if not busy:
                await self._rest(_LOOK_EVERY_SECONDS)

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._silent_seconds / 4)
            if self._leases:
                try:
                    await slices.renew(list(self._leases), self._silent_seconds)
                except Exception:  # as above; whoever loses a slice opens nothing more of it
                    _log.exception("slices_not_renewed")

    async def step(self) -> bool:
        """Do the next thing there is to do for a broadcast; whether there was one. The urgent ones go first."""
        lapsed = await slices.end_lapsed()
        if lapsed:
            _log.warning("slices_lapsed", extra={"count": lapsed})
        moment = clock.now()
        for broadcast in await Broadcast.filter(state=BroadcastState.SENDING).order_by("-urgent", "approved_at"):
            selecting = broadcast.selected_at is None and await select_more(self._appid, broadcast.id)
            waits = sends_from(broadcast, moment, broadcasting().night) is not None
            if (not waits and await self._send_slice(broadcast)) or selecting:
                return True
        return False

    async def settle(self) -> bool:
        """Heed what WeChat said of messages since; whether there may be more of it."""
        return await settle_reports(self._appid) == MOST

    async def _send_slice(self, broadcast: Broadcast) -> bool:
        if broadcast.kind not in broadcasting().kinds:
            await pause(broadcast.id, "kind_unknown")
            return False
        lease = await slices.claim(broadcast.id, self._silent_seconds)
        if lease is None:
            counts = await count_slices(broadcast.id)
            if broadcast.selected_at and not counts.left:
                await finish(broadcast.id, **counts.ended)
            return False
        self._leases.add(lease)
        try:
            await self._send_groups(broadcast, lease)
        finally:
            self._leases.discard(lease)
        return True

    async def _send_groups(self, broadcast: Broadcast, lease: Lease) -> None:
        results: list[Result] = []
        effect: Verdict | None = None
        while True:
            turn = await self._take_turn(lease, results, more=effect is None and not self._stopping.is_set())
            if effect is not None:
                await _heed(broadcast.id, effect, turn.failures)
            if turn.hold is not None:
                await hold(broadcast.id, turn.hold)
            if not turn.opened:
                return
            verdicts = await self._send_group(broadcast, turn)
            results = _results(turn.opened, verdicts)
            effect = _effect([verdict for verdict, _ in verdicts])
            if turn.failures and effect is None:
                await recover(broadcast.id)

    async def _take_turn(self, lease: Lease, results: list[Result], *, more: bool) -> Turn:
        """What became of a group is kept until the database is there to take it, unless the process is told to end."""
        while True:
            try:
                return await slices.take_turn(lease, results, more=more)
            except db.AWAY:
                if not results or self._stopping.is_set():
                    raise
                _log.warning("broadcast_results_kept", extra={"count": len(results)})
                await self._rest(_AGAIN_SECONDS)

    async def _send_group(self, broadcast: Broadcast, turn: Turn) -> "list[tuple[Verdict, str | None]]":
        limits = self._wechat.limits
        try:
            if limits is not None:
                await limits.take(TEMPLATE_SEND, len(turn.opened))
        except WeChatLimitedError as error:
            return [(judge(error, TEMPLATE_SEND, clock.now()), None)] * len(turn.opened)
        except Exception:  # a fault of ours, before anything was sent
            _log.exception("broadcast_not_counted", extra={"broadcast": str(broadcast.id)})
            return [(Verdict(RecipientState.WAITING, pause="fault"), None)] * len(turn.opened)
        return await asyncio.gather(*(self._send(broadcast, one) for one in turn.opened))

    async def _send(self, broadcast: Broadcast, one: Opened) -> tuple[Verdict, str | None]:
        link, template_id = broadcast.link, broadcasting().kinds[broadcast.kind].template_id
        page = MiniProgramPage(self._mini_program, link) if link and is_page(link) else None
        url = link if link and page is None else None
        try:
            msg_id = await self._wechat.send_template(
                one.openid, template_id, broadcast.data, url=url, mini_program=page, taken=True
            )
        except WeChatError as error:
            return judge(error, TEMPLATE_SEND, clock.now()), None
        except Exception:  # a fault of ours, in the midst of a call: the next million would meet it too
            _log.exception("broadcast_send_failed", extra={"broadcast": str(broadcast.id)})
            return Verdict(RecipientState.UNCERTAIN, "fault", pause="fault"), None
        return DELIVERED, msg_id or None


def _results(opened: Sequence[Opened], verdicts: "Sequence[tuple[Verdict, str | None]]") -> list[Result]:
    """A try counts where WeChat took those of others meanwhile; too many of them are a failure."""
    others_passed = any(verdict is DELIVERED for verdict, _ in verdicts)
    results = []
    for one, (verdict, msg_id) in zip(opened, verdicts, strict=True):
        tried = int(others_passed and verdict.failing and verdict.state is RecipientState.WAITING)
        gives_up = tried and one.attempts + 1 >= MAX_ATTEMPTS
        state = RecipientState.FAILED if gives_up else verdict.state
        reason = None if state is RecipientState.WAITING else verdict.reason
        results.append(Result(one.id, state, reason, msg_id, tried))
    return results


def _effect(verdicts: list[Verdict]) -> Verdict | None:
    """What a group means for the whole broadcast: a pause before a rest, the longest rest, or trouble where nobody got
    anything.
    """
    paused = [verdict for verdict in verdicts if verdict.pause]
    held = [verdict for verdict in verdicts if verdict.hold is not None]
    failing = [verdict for verdict in verdicts if verdict.failing]
    if paused:
        return paused[0]
    if held:
        return max(held, key=lambda verdict: verdict.hold or timedelta())
    return failing[0] if failing and not any(verdict is DELIVERED for verdict in verdicts) else None


async def _heed(broadcast_id: UUID, effect: Verdict, failures: int) -> None:
    if effect.pause:
        _log.error("broadcast_paused", extra={"broadcast": str(broadcast_id), "reason": effect.pause})
        await pause(broadcast_id, effect.pause)
    elif effect.hold is not None:
        await hold(broadcast_id, clock.now() + effect.hold)
    else:
        await fail(broadcast_id, failures, clock.now() + back_off(failures))
