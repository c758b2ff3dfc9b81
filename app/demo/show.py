"""What ``make demo`` and ``make run`` print: the house coming up, the trip step by step, and where to look."""

import signal
import time
from contextlib import ExitStack
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.demo.house import DemoError, running_house
from app.demo.plan import Plan
from app.demo.trip import Trip, TripError
from config.settings import load_demo_settings

_console = Console()
_INTERRUPTED = 130


def _interrupt(number: int, frame: FrameType | None) -> None:
    """The first signal ends the house in order; further ones do not disturb that."""
    del number, frame
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def show_demo(*, trip: bool, once: bool) -> int:
    """Run everything; walk the trip where asked. Returns 0, or 1 where something did not hold."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _interrupt)
    began, result = time.monotonic(), _INTERRUPTED
    try:
        with ExitStack() as stack:
            with _console.status("starting") as status:
                plan = stack.enter_context(running_house(load_demo_settings(), status.update))
            _console.print(f"[green]●[/] everything runs after {time.monotonic() - began:.1f} s")
            result = _walk(plan) if trip else 0
            if not once:
                _print_addresses(plan)
                signal.pause()
    except DemoError as error:
        _console.print(f"[red]✗[/] {error}")
        return 1
    except KeyboardInterrupt:
        _console.print("everything is stopped")
    return result


def _walk(plan: Plan) -> int:
    trip = Trip(plan.web_url, plan.sandbox_url)
    began, done = time.monotonic(), []
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    failed = ""
    with Progress(*columns, console=_console, transient=True) as progress:
        steps = trip.steps()
        task = progress.add_task("", total=len(steps))
        for number, (title, step) in enumerate(steps, 1):
            progress.update(task, description=f"{number:2}. {title}")
            at = time.monotonic()
            try:
                seen = step()
            except TripError as error:
                failed = f"step {number} ({title}) failed: {error}"
                break
            done.append((number, title, time.monotonic() - at, seen))
            progress.advance(task)
    trip.close()
    _print_steps(done)
    if failed:
        _console.print(f"[red]✗[/] {failed}")
        _console.print(f"  logs: {plan.var / 'log'}")
        return 1
    _console.print(f"[green]✓[/] the trip holds: {len(done)} steps in {time.monotonic() - began:.1f} s")
    return 0


def _print_steps(done: list[tuple[int, str, float, str]]) -> None:
    table = Table(show_header=True, header_style="bold", box=None, pad_edge=False)
    table.add_column("", justify="right")
    table.add_column("步骤", no_wrap=True)
    table.add_column("用时", justify="right", no_wrap=True)
    table.add_column("看到的", overflow="fold")
    for number, title, seconds, seen in done:
        table.add_row(str(number), title, f"{seconds * 1000:.0f} ms", seen)
    _console.print(table)


def _print_addresses(plan: Plan) -> None:
    _console.print("\nOpen:")
    for title, url in (
        ("items", f"{plan.web_url}/api/v1/items?q=食品经营"),
        ("interface", f"{plan.web_url}/openapi.json"),
        ("health", f"{plan.web_url}/health/ready"),
        ("stand-ins", f"{plan.sandbox_url}/control"),
        ("cases at the approval system", f"{plan.sandbox_url}/control/approvals"),
        ("messages at WeChat", f"{plan.sandbox_url}/control/messages"),
    ):
        _console.print(f"  {title:30} {url}", soft_wrap=True, highlight=False)
    _console.print("Ctrl-C stops everything.")
