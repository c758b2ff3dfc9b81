"""``python -m tests.faults --seed 1 --minutes 10``: the fault campaign, with its report under ``var/faults``."""

import argparse
import shutil
import signal
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.faults.campaign import carry_out
from tests.faults.report import keep, write
from tests.faults.schedule import kinds_of, schedule


def main() -> int:
    """Run a campaign; 1 where the books do not balance."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--phones", type=int, default=4, help="how many citizens are under way at once")
    parser.add_argument("--only", default="", help="kinds of faults by words in their names, which commas part")
    parser.add_argument("--show", action="store_true", help="print the schedule and end")
    parser.add_argument("--keep", action="store_true", help="write the report into docs/faults.md as well")
    parser.add_argument("--var", type=Path, default=Path("var/faults"))
    told = parser.parse_args()
    # So that the house is stopped by whoever stops this.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(highlight=False)
    seconds = told.minutes * 60
    faults = schedule(told.seed, seconds, kinds_of(told.only))
    if told.show:
        console.print("\n".join(map(str, faults)))
        return 0
    shutil.rmtree(told.var / "house", ignore_errors=True)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True)
    ) as bar:
        task = bar.add_task("starting", total=seconds)
        outcome = carry_out(
            told.var / "house",
            told.seed,
            faults,
            seconds,
            phones=told.phones,
            progress=lambda done, what: bar.update(task, completed=done, description=what),
        )
    write(told.var, outcome)
    if told.keep:
        keep(outcome)
    for title, line in outcome.books.items():
        console.print(f"{title}: {line}", soft_wrap=True, markup=False)
    for sentence in outcome.wrong:
        console.print(f"WRONG {sentence}", soft_wrap=True, markup=False)
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
