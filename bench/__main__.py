"""``python -m bench``: measure, print the table, write ``bench/results/latest.json`` and the plots."""

import argparse
import asyncio
import importlib
from pathlib import Path

from rich.progress import Progress, TaskID

from bench import results
from bench.rounds import Figures, Memory
from bench.showing import console, progress_bar
from bench.sides import ROOT
from bench.subjects import Wanted
from bench.town import engines, filled, opened

SUBJECTS = ("http", "verify", "read", "present", "search", "delegate", "wechat", "growth", "memory")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="the product beside peers and floors, in one run")
    parser.add_argument("--only", nargs="+", choices=SUBJECTS, default=list(SUBJECTS), help="what to compare (all)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, in each of which every side has its turn (5)")
    parser.add_argument("--licences", type=int, default=10_000, help="how many licences and cases there are (10000)")
    parser.add_argument("--grown", type=int, default=200_000, help="how many of them growth is measured to (200000)")
    parser.add_argument("--requests", type=int, default=20_000, help="after how many memory is looked at (20000)")
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "results", help="where results are written")
    parser.add_argument("--check", action="store_true", help="hold the contracts, with what is installed, and no more")
    return parser.parse_args()


async def _measure(arguments: argparse.Namespace) -> dict[str, Figures | Memory]:
    found: dict[str, Figures | Memory] = {}
    rounds = 0 if arguments.check else arguments.rounds
    async with engines() as running, filled(running, arguments.licences) as plan:
        for name in arguments.only:
            subject = importlib.import_module(f"bench.subjects.{name}")
            # Anew for each: one that opens another town leaves this one closed.
            async with opened(running, plan) as town:
                with progress_bar() as bar:
                    task = bar.add_task(name, total=None)

                    def tell(text: str, bar: Progress = bar, task: TaskID = task, name: str = name) -> None:
                        bar.update(task, description=f"{name}: {text}")

                    wanted = Wanted(running, town, rounds, arguments.grown, arguments.requests, tell)
                    found |= await subject.measure(wanted)
                    bar.update(task, description=name, total=1, completed=1)
    return found


def main() -> None:
    """Measure what the arguments ask for."""
    arguments = _arguments()
    found = asyncio.run(_measure(arguments))
    if not arguments.check:
        console.print(results.table(found))
        results.write(found, arguments)


if __name__ == "__main__":
    main()
