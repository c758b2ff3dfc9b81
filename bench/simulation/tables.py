"""The tables of ``docs/capacity.md``, each between two marks."""

from collections.abc import Iterable, Sequence

from bench.simulation import sizing
from bench.simulation.figures import Figures
from bench.simulation.scenarios import Busy, Echo, Opening

_MARKS = ("<!-- {name}: python -m bench.simulation -->", "<!-- end of {name} -->")
_REPLICAS = 2
_MORE = 10


def reckoned(figures: Figures) -> dict[str, str]:
    """The tables that follow from the figures alone."""
    return {
        "uses": _uses(figures),
        "costs": _costs(figures),
        "rates": _rates(figures),
        "houses": _houses(figures),
        "limits": _limits(figures),
    }


def simulated(busy: Sequence[Busy], openings: Sequence[Opening], echoes: Sequence[Echo]) -> dict[str, str]:
    """The tables of what was simulated."""
    return {
        "busy": _table(
            ("processes busy", "stuck, p99 ms", "shared, p99 ms"),
            ((f"{one.share:.0%}", f"{one.stuck:.0f}", f"{one.shared:.0f}") for one in busy),
        ),
        "opening": _table(
            ("deliveries a second", "half wait at most, min", "longest wait, min", "most that wait"),
            ((f"{one.pace:g}", f"{one.median:.1f}", f"{one.longest:.1f}", f"{one.most:,}") for one in openings),
        ),
        "echo": _table(
            ("web processes", "turned away", "p99 of the rest, ms"),
            ((f"{one.processes}", f"{one.shed:.1%}", f"{one.p99:.0f}") for one in echoes),
        ),
    }


def put(document: str, tables: dict[str, str]) -> str:
    """The document with these tables between their marks; raises ValueError where it has no mark for one."""
    for name, table in tables.items():
        begin, end = (mark.format(name=name) for mark in _MARKS)
        if document.count(begin) != 1 or document.count(end) != 1:
            raise ValueError(f"the document has no single place for the table {name}")
        before, _, rest = document.partition(begin)
        document = f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"
    return document


def _uses(figures: Figures) -> str:
    groups = (figures.uses, figures.peaks)
    rows = ((_said(name), f"{one.value:g}", one.grade, one.source) for group in groups for name, one in group.items())
    return _table(("what", "figure", "measured?", "from"), rows)


def _costs(figures: Figures) -> str:
    rows = (
        (
            name,
            *(_blank(part) for part in (one.web, one.beside, one.worker, one.postgres)),
            one.grade,
            one.source,
            one.by,
        )
        for name, one in figures.costs.items()
    )
    return _table(("what", "web", "beside", "worker", "PostgreSQL", "measured?", "from", "measured by"), rows)


def _rates(figures: Figures) -> str:
    sizes = {size: sizing.rates(figures, people) for size, people in figures.people.items()}
    rows = [(kind, *(_short(found[kind]) for found in sizes.values())) for kind in figures.costs]
    rows.append(("requests over HTTP", *(_short(sizing.requests(figures, found)) for found in sizes.values())))
    return _table(("a second", *sizes), rows)


def _houses(figures: Figures) -> str:
    sizes = {size: sizing.house(figures, people) for size, people in figures.people.items()}
    rows = [
        ("processors, web", *(_short(one.processors["web"]) for one in sizes.values())),
        ("processors, beside (files made safe)", *(_short(one.processors["beside"]) for one in sizes.values())),
        ("processors, workers", *(_short(one.processors["worker"]) for one in sizes.values())),
        ("processors, PostgreSQL", *(_short(one.processors["postgres"]) for one in sizes.values())),
        ("web processes", *(f"{one.web}" for one in sizes.values())),
        (
            f"web processes, were everything {_MORE} times as much",
            *(f"{sizing.house(figures, _MORE * people).web}" for people in figures.people.values()),
        ),
        ("workers", *(f"{one.workers}" for one in sizes.values())),
        ("PostgreSQL, primaries", *(f"{one.nodes}" for one in sizes.values())),
        ("PostgreSQL, with a standby and a reader each", *(f"{one.nodes * (1 + _REPLICAS)}" for one in sizes.values())),
        ("database, TB", *(_short(one.database_bytes / 1e12) for one in sizes.values())),
        ("object storage, TB", *(_short(one.file_bytes / 1e12) for one in sizes.values())),
        ("network out, Gbit/s", *(_short(one.network_bytes * 8 / 1e9) for one in sizes.values())),
    ]
    return _table(("in the busiest minute", *sizes), rows)


def _limits(figures: Figures) -> str:
    sizes = [sizing.used(figures, people) for people in figures.people.values()]
    rows = (
        (one.what, f"{one.most:,.0f}", *(_share(used[name] / one.most) for used in sizes), one.source)
        for name, one in figures.limits.items()
    )
    return _table(("what", "most", *figures.people, "from"), rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    said = [" | ".join(row) for row in (heads, ["---"] * len(heads), *rows)]
    return "\n".join(f"| {row} |" for row in said)


def _said(name: str) -> str:
    return name.replace("_", " ")


def _blank(value: float) -> str:
    return f"{value:g}" if value else ""


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}" if value < 10 else f"{value:.0f}"


def _share(share: float) -> str:
    return f"**{_short(share)}**" if share >= 1 else _short(share)
