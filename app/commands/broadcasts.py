"""``jiaban broadcasts``: what is being broadcast, for whoever holds the server."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from app.bootstrap import House, open_house
from app.broadcasts import queries, service
from app.broadcasts.definitions import broadcasting
from app.broadcasts.errors import BroadcastNotFoundError, BroadcastStateError
from app.broadcasts.models import Broadcast, BroadcastState
from app.broadcasts.queries import Counts
from app.broadcasts.rules import sends_from
from app.identity.staff_accounts import COMMAND_LINE
from app.kit import clock, texts
from app.worker import sender_of
from config.settings import load_settings

_console = Console(highlight=False)
_LOOK_EVERY_SECONDS = 1.0


def add_commands(command: argparse.ArgumentParser) -> None:
    """Add what ``broadcasts`` can do."""
    group = command.add_subparsers(required=True, metavar="command")
    group.add_parser("list", help="the newest, and how far they are").set_defaults(function=_run(_list))
    watch = group.add_parser("watch", help="show how one goes until it ends or is paused")
    watch.set_defaults(function=_run(_watch))
    send = group.add_parser("run", help="send an approved one here too, beside the workers; a paused one goes on")
    send.set_defaults(function=_run(_send))
    stop = group.add_parser("stop", help="stop one for good")
    stop.add_argument("--reason", required=True)
    stop.set_defaults(function=_run(_stop))
    for one in (watch, send, stop):
        one.add_argument("id", type=UUID)


def _run(function: Callable[[House, argparse.Namespace], Awaitable[int]]) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        async def within_the_house() -> int:
            async with open_house(load_settings()) as house:
                return await function(house, arguments)

        try:
            return asyncio.run(within_the_house())
        except (BroadcastNotFoundError, BroadcastStateError) as error:
            _console.print(f"{error.code}: {texts.text('errors', error.code)}")
            return 1

    return run


async def _list(house: House, arguments: argparse.Namespace) -> int:
    del house, arguments
    table = Table("kind", "region", "tag", "state", "reason", "delivered", "recipients", box=None)
    table.add_column("id", no_wrap=True)
    for one in (await queries.list_broadcasts(COMMAND_LINE, None, None)).items:
        counts = await queries.count_slices(one.id)
        about = (one.kind, one.region or "", str(one.tag or ""), one.state.value, one.reason or "")
        table.add_row(*about, str(counts.delivered), str(counts.recipients), str(one.id))
    _console.print(table)
    return 0


async def _watch(house: House, arguments: argparse.Namespace) -> int:
    del house
    return await _follow(arguments.id)


async def _send(house: House, arguments: argparse.Namespace) -> int:
    """Send in this process until it ends. Other broadcasts that are being sent are sent too, as by any worker."""
    broadcast = await queries.get_broadcast(COMMAND_LINE, arguments.id)
    if broadcast.state is BroadcastState.PAUSED:
        await service.resume(COMMAND_LINE, broadcast.id)
    elif broadcast.state is not BroadcastState.SENDING:
        raise BroadcastStateError(state=broadcast.state)
    sender = sender_of(house)
    sending = asyncio.create_task(sender.run())
    try:
        return await _follow(arguments.id)
    finally:
        sender.stop()
        await sending


async def _stop(house: House, arguments: argparse.Namespace) -> int:
    del house
    await service.stop(COMMAND_LINE, arguments.id, arguments.reason)
    _tell(arguments.id, BroadcastState.STOPPED, await queries.count_slices(arguments.id))
    return 0


async def _follow(broadcast_id: UUID) -> int:
    """Show a bar on standard error until there is nothing more to see; 0 where it is done."""
    bar = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*bar, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=None)
        while True:
            broadcast = await queries.get_broadcast(COMMAND_LINE, broadcast_id)
            counts = await queries.count_slices(broadcast_id)
            total = counts.recipients if broadcast.selected_at else None
            progress.update(
                task, completed=sum(counts.ended.values()), total=total, description=_described(broadcast, counts)
            )
            if broadcast.state is not BroadcastState.SENDING:
                break
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
    _tell(broadcast_id, broadcast.state, counts)
    return 0 if broadcast.state is BroadcastState.DONE else 1


def _described(broadcast: Broadcast, counts: Counts) -> str:
    until = sends_from(broadcast, clock.now(), broadcasting().night)
    waits = f" until {clock.in_city(until)}" if until else ""
    return f"{broadcast.state.value}{waits} {counts.delivered}/{counts.recipients}"


def _tell(broadcast_id: UUID, state: BroadcastState, counts: Counts) -> None:
    stands = {"recipients": counts.recipients, **counts.ended, "open": counts.open, "waiting": counts.waiting}
    _console.print(f"{broadcast_id} {state.value}: " + ", ".join(f"{name} {many}" for name, many in stands.items()))
