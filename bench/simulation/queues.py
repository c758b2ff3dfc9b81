"""Waiting: a known result to hold the simulation against, and the simulation (SimPy)."""

import random
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field

import simpy

Seconds = Callable[[], float]
Steps = Generator[simpy.Event, None, None]


def erlang_c(servers: int, offered: float) -> float:
    """The chance that a customer of M/M/c has to wait (Erlang's C).

    ``offered`` is arrivals a second times seconds of service, below ``servers``; raises ValueError above.
    """
    if not 0 < offered < servers:
        raise ValueError("as much is offered as the servers can do, or more")
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = offered * blocked / (number + offered * blocked)
    return blocked / (1 - offered / servers * (1 - blocked))


def mean_wait(servers: int, a_second: float, service: float) -> float:
    """The mean seconds that a customer of M/M/c waits before it is served."""
    offered = a_second * service
    return erlang_c(servers, offered) * service / (servers - offered)


@dataclass(slots=True)
class Seen:
    """What was seen of customers in the order of their going: when each came, how long it waited and stayed, seconds.

    ``shed`` has when those came who were turned away.
    """

    came: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    stayed: list[float] = field(default_factory=list)
    shed: list[float] = field(default_factory=list)


def simulate(
    rng: random.Random,
    arrivals: Iterator[float],
    service: Seconds,
    *,
    queues: int = 1,
    servers: int = 1,
    after: Seconds | None = None,
    most: int | None = None,
) -> Seen:
    """Let customers come, at the seconds that ``arrivals`` gives in rising order, until the last one has gone.

    Each takes one of ``queues`` by chance and stays with it; ``servers`` serve each queue, first come first served.
    ``after`` is what a customer stays beyond that without holding up others. Whoever finds ``most`` in the queue and
    in service is turned away.
    """
    env, seen = simpy.Environment(), Seen()
    stations = [simpy.Resource(env, servers) for _ in range(queues)]

    def customer(station: simpy.Resource) -> Steps:
        came = env.now
        with station.request() as turn:
            yield turn
            waited = env.now - came
            yield env.timeout(service())
        if after is not None:
            yield env.timeout(after())
        seen.came.append(came)
        seen.waited.append(waited)
        seen.stayed.append(env.now - came)

    def door() -> Steps:
        for at in arrivals:
            yield env.timeout(at - env.now)
            station = stations[rng.randrange(queues)] if queues > 1 else stations[0]
            if most is not None and station.count + len(station.queue) >= most:
                seen.shed.append(at)
            else:
                env.process(customer(station))

    env.process(door())
    env.run()
    return seen


def steady(rng: random.Random, a_second: float, many: int) -> Iterator[float]:
    """So many arrivals, each independent of the others (Poisson)."""
    at = 0.0
    for _ in range(many):
        at += rng.expovariate(a_second)
        yield at


def quantile(values: list[float], share: float) -> float:
    """The value that this share of ``values`` does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
