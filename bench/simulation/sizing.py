"""From people to rates, processors, processes, engines, bytes. Pure."""

import math
from dataclasses import dataclass

from bench.simulation.figures import Figures

_DAY_SECONDS = 86_400
# Broadcasts go out by day (config/city/broadcasts.yaml).
_BROADCAST_SHARE = 13 / 24
_DAYS = 365
_JOBS_OF_A_CASE = 2
_STATUS_PLACES = 1 << 20


@dataclass(frozen=True, slots=True)
class House:
    """What so many people need. Rates are those of the busiest minute, a second; ``processors`` by kind of process.

    ``web``, ``workers`` and ``nodes`` (PostgreSQL's primaries) are how many there should be, spare ones among them.
    """

    rates: dict[str, float]
    processors: dict[str, float]
    web: int
    workers: int
    nodes: int
    database_bytes: float
    file_bytes: float
    network_bytes: float


def rates(figures: Figures, people: float) -> dict[str, float]:
    """How often each thing that costs something is done, a second, in the busiest minute of a year."""
    minute = _busiest_minute(figures)
    visits, cases, scans = (people * figures.use(name) * minute for name in ("visits", "cases", "scans"))
    broadcasts = people * figures.use("followers") * figures.use("broadcasts") / _DAYS / _DAY_SECONDS / _BROADCAST_SHARE
    return {
        **{kind: visits * many for kind, many in figures.visit.items()},
        "present": scans,
        "verify": scans,
        "upload": cases * figures.use("uploads_of_a_case"),
        "submit": cases,
        "deliver": cases,
        "callback": cases * figures.use("events_of_a_case"),
        "message": cases * figures.use("messages_of_a_case") + broadcasts,
    }


def requests(figures: Figures, found: dict[str, float]) -> float:
    """Of these rates, those that are requests over HTTP."""
    return sum(rate for kind, rate in found.items() if figures.costs[kind].web)


def house(figures: Figures, people: float) -> House:
    """What so many people need."""
    found, machines = rates(figures, people), figures.machines
    processors = {
        part: sum(rate * getattr(figures.costs[kind], part) for kind, rate in found.items()) / 1000
        for part in ("web", "beside", "worker", "postgres")
    }
    sizes = {
        name: people * _made_in_a_year(figures, name) * one.bytes * one.years for name, one in figures.kept.items()
    }
    files = sizes.pop("files")
    database = sum(sizes.values())
    return House(
        rates=found,
        processors=processors,
        web=_with_spare(figures, processors["web"], machines.least_web),
        workers=_with_spare(figures, processors["worker"], machines.least_workers),
        nodes=max(
            math.ceil(processors["postgres"] / machines.node_cores / machines.fullest),
            math.ceil(database / machines.node_bytes),
        ),
        database_bytes=database,
        file_bytes=files,
        network_bytes=sum(found[kind] * weight.value for kind, weight in figures.network.items()),
    )


def used(figures: Figures, people: float) -> dict[str, float]:
    """For each limit, how much of it so many people would use if they were one house with one of everything."""
    needed = house(figures, people)
    found, minute = needed.rates, _busiest_minute(figures)
    rush = people * figures.use("rush")
    day_cases = people * figures.use("cases") / figures.peaks["working_days"].value * figures.peaks["busy_day"].value
    day_broadcasts = people * figures.use("followers") * figures.use("broadcasts") / _DAYS
    return {
        "messages_a_day": day_cases * figures.use("messages_of_a_case") + day_broadcasts,
        "item_day": rush,
        "type_year": people * figures.use("commonest_licences"),
        "connector_pace": found["deliver"],
        "connector_row": found["deliver"],
        # Of an item that opens half have come after so many minutes; the first minute is the busiest.
        "counter_row": rush * math.log(2) / figures.scenarios.opening.minutes_to_half / 60,
        "status_lists": people * figures.use("licences") / _STATUS_PLACES,
        "queue": people * figures.use("cases") * minute * (figures.use("events_of_a_case") + _JOBS_OF_A_CASE),
        "connections": (needed.web + needed.workers) * figures.machines.connections_of_a_process,
        "postgres_cores": needed.processors["postgres"],
        "postgres_bytes": needed.database_bytes,
        "redis": requests(figures, found) + found["message"],
        "network": needed.network_bytes,
    }


def _busiest_minute(figures: Figures) -> float:
    """What of a year falls into one second of its busiest minute."""
    peaks = {name: figure.value for name, figure in figures.peaks.items()}
    return peaks["busy_day"] / peaks["working_days"] * peaks["busy_hour"] / 3600 * peaks["busy_minute"]


def _made_in_a_year(figures: Figures, name: str) -> float:
    return figures.use("cases") * figures.use("uploads_of_a_case") if name == "files" else figures.use(name)


def _with_spare(figures: Figures, processors: float, least: int) -> int:
    needed = math.ceil(processors / figures.machines.fullest)
    return max(least, math.ceil(needed * (1 + figures.machines.spare)))
