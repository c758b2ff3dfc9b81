"""``python -m bench.simulation``: simulate, and write the tables and drawings of ``docs/capacity.md``."""

from pathlib import Path

from bench.showing import console, progress_bar
from bench.simulation import drawing, scenarios, sizing, tables
from bench.simulation.figures import Figures, figures
from bench.simulation.scenarios import Busy, Echo, Opening

DOCUMENT = Path(__file__).parents[2] / "docs" / "capacity.md"
_IMAGES = DOCUMENT.parent / "images"


def main() -> None:
    """Simulate and write everything."""
    given = figures()
    with progress_bar() as bar:
        task = bar.add_task("how busy processes may be", total=3)
        busy = scenarios.how_busy(given)
        bar.update(task, advance=1, description="an item opens")
        openings = scenarios.item_opens(given)
        bar.update(task, advance=1, description="a broadcast echoes")
        echoes = scenarios.broadcast_echoes(given)
        bar.update(task, advance=1, description="done")
    found = tables.reckoned(given) | tables.simulated(busy, openings, echoes)
    DOCUMENT.write_text(tables.put(DOCUMENT.read_text(encoding="utf-8"), found), encoding="utf-8")
    for name, drawn in _drawings(given, busy, openings, echoes).items():
        (_IMAGES / f"capacity-{name}.svg").write_text(drawn, encoding="utf-8")
    for name, table in found.items():
        console.print(f"\n{name}\n{table}", markup=False)


def _drawings(given: Figures, busy: list[Busy], openings: list[Opening], echoes: list[Echo]) -> dict[str, str]:
    sizes = {size: sizing.used(given, people) for size, people in given.people.items()}
    shares = {
        limit.what.partition(",")[0]: {size: used[name] / limit.most for size, used in sizes.items()}
        for name, limit in given.limits.items()
    }
    return {
        "limits": drawing.used_of_limits("how much of each limit one house would use: at 1 it breaks", shares),
        "busy": drawing.lines(
            "milliseconds that 99 of 100 requests do not exceed",
            "share of the time in which a process is busy",
            {
                "stuck to a process": [(one.share, one.stuck) for one in busy],
                "shared by all": [(one.share, one.shared) for one in busy],
            },
        ),
        "opening": drawing.lines(
            "cases that wait for their delivery after an item opened",
            "minutes",
            {f"{one.pace:g} a second": one.waiting for one in openings},
        ),
        "echo": drawing.lines(
            "requests a second after a broadcast to all followers of the city",
            "minutes",
            {"asked for": echoes[-1].asked},
            limits={f"web processes: {one.processes}": one.can_a_second for one in echoes},
        ),
    }


if __name__ == "__main__":
    main()
