"""How often stated 95 % intervals hold the truth: `make coverage`, or `python -m benchmarks.covering`.

Queues at 50, 80 and 95 % of their capacity, each run as a user's run is: four replications of a minute, an interval
of each figure. Truth is theory where there is one (M/M/1, M/M/4), else a run a hundred times as long with other
numbers. Of 200 intervals that hold with probability 0.95 the share that does is 92 to 98 % nineteen times of twenty.
``--seeds N`` takes fewer or more, ``--first N`` begins with another one.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import pandas as pd

from novamodel.analytic import mmc
from novamodel.scenario import Scenario, Tree, build
from novamodel.simulation.estimates import by_replication, estimates
from novamodel.simulation.replication import Replication, replicate

LOADS = (0.5, 0.8, 0.95)
SEEDS, EACH, TRUTH = 200, 4, 400
SERVICE_S = 0.005
"""Mean time that a connection is held: one does 200 requests/s."""
LEAST, MOST = 0.92, 0.98
LEAST_OF_BURSTS = 0.90


class Case(NamedTuple):
    """A queue, the figures whose intervals are counted, and the share of them that is to hold the truth."""

    name: str
    scenario: Callable[[float], Scenario]
    figures: tuple[str, ...]
    theory: Callable[[str, float], float] | None = None
    least: float = LEAST
    most: float = MOST
    loads: tuple[float, ...] = LOADS


def one_connection(load: float) -> Scenario:
    """Requests wait for the one connection of a pool: M/M/1."""
    return _scene(load / SERVICE_S, pool=1, cores=8)


def of_mm1(figure: str, load: float) -> float:
    """Mean or percentile of the time in M/M/1, seconds: it is exponential."""
    mean = SERVICE_S / (1 - load)
    return mean if figure == "mean" else -math.log(1 - float(figure[1:]) / 100) * mean


def four_connections(load: float) -> Scenario:
    """Requests wait for one of four connections: M/M/4 of the same capacity."""
    return _scene(load / SERVICE_S, pool=4, cores=8, statement=f"{4e3 * SERVICE_S:g} ms exponential")


def of_mm4(figure: str, load: float) -> float:
    """Mean or percentile of the time in M/M/4, seconds: service, and with Erlang's probability an exponential wait."""
    rate, spare = 1 / (4 * SERVICE_S), (1 - load) / SERVICE_S
    waits = float(mmc(4, load / SERVICE_S, rate).wait_probability)
    if figure == "mean":
        return 1 / rate + waits / spare
    low, high = 0.0, 100.0
    while high - low > 1e-9:
        t = (low + high) / 2
        served, waited = math.exp(-rate * t), math.exp(-spare * t)
        both = (spare * served - rate * waited) / (spare - rate) if spare != rate else (1 + rate * t) * served
        low, high = (t, high) if (1 - waits) * served + waits * both > 1 - float(figure[1:]) / 100 else (low, t)
    return low


def uneven(load: float) -> Scenario:
    """One connection, and work that scatters more: M/G/1, lognormal."""
    return _scene(load / SERVICE_S, pool=1, cores=8, statement=f"{1e3 * SERVICE_S:g} ms lognormal 1")


def one_limit(load: float) -> Scenario:
    """All come from one address, whose limit is 200 requests/s with a burst of five."""
    limits = {"api": {"rate": f"{1 / SERVICE_S:g}r/s", "burst": 5, "delay": "nodelay"}}
    return _scene(load / SERVICE_S, pool=20, cores=8, clients=1, edge={"limits": limits})


def bursts(load: float) -> Scenario:
    """Failures come together: those who wait for the one connection give up after a second."""
    return _scene(load / SERVICE_S, pool=1, cores=8, patience="0.3 s")


TIMES = ("mean", "p50", "p95", "p99")
CASES = (
    Case("one connection (M/M/1, theory)", one_connection, TIMES, of_mm1),
    Case("four connections (M/M/4, theory)", four_connections, TIMES, of_mm4),
    Case("uneven work (M/G/1, long run)", uneven, TIMES),
    Case("a limit at the edge (long run)", one_limit, ("rejected",)),
    Case("failures in bursts (long run)", bursts, ("errors",), None, LEAST_OF_BURSTS, 1.0, (0.8, 0.9, 0.95)),
)


def _scene(
    rate: float,
    *,
    pool: int,
    cores: int,
    clients: int = 500,
    patience: str = "0 s",
    statement: str = f"{SERVICE_S * 1e3:g} ms exponential",
    **parts: Any,
) -> Scenario:
    """Nothing takes time but what the queue is made of."""
    edge = {"request_cpu": "0 s", "network": "0 s", "reject_cpu": "0 s", "worker_connections": 1_000_000}
    values: dict[str, Any] = {
        "name": "coverage",
        "traffic": {
            "shape": "constant",
            "peak": f"{rate:g} requests/s",
            "mix": {"read": "100 %"},
            "populations": {"all": {"share": "100 %", "clients": clients, "popularity": "uniform"}},
            "caller": {"timeout": "1 h"},
        },
        "services": {
            "api": {
                "replicas": 1,
                "runtime": {"scrape": "0 s"},
                "readiness": None,
                "health": "0 s",
                "pool": {"max": pool, "connection_timeout": patience, "idle_timeout": "0 s"},
                "routes": {"read": [{"sql": ["select"]}]},
            }
        },
        "database": {
            "cores": cores,
            "connect": "0 s",
            "network": "0 s",
            "statements": {"select": {"cpu": statement}},
        },
        "edge": edge | parts.pop("edge", {}),
        "monitoring": {"scrape_interval": "86400 s"},
        "platform": {"compute": "ec2", "cpu": {"kind": "none"}},
        "run": {"seed": 1, "start": "12:00", "duration": "60 s", "warm_up": "20 s", "interval": "20 s"},
        **parts,
    }
    return build(Tree(values))


def runs(scenario: Scenario, first: int) -> Iterator[Replication]:
    """Independent replications without end, from a number on."""
    while True:
        yield replicate(scenario, first, "compiled")
        first += 1


def found(scenario: Scenario, made: list[Replication]) -> pd.DataFrame:
    """The estimates of a run of these replications, over all requests."""
    frame = estimates(scenario, made, by_replication(scenario, made))
    return frame[frame["of"] == ""].set_index("metric")


def covered(case: Case, load: float, seeds: int, first: int = 0) -> dict[str, float]:
    """By figure: the share of so many runs, from one on, whose interval holds the truth."""
    scenario = case.scenario(load)
    known = case.theory
    if known is None:
        long = found(scenario, list(islice(runs(scenario, (first + seeds) * EACH), TRUTH)))["value"]
    truth = {name: known(name, load) if known is not None else float(long[name]) for name in case.figures}
    inside = dict.fromkeys(case.figures, 0)
    made = runs(scenario, first * EACH)
    for _ in range(seeds):
        frame = found(scenario, list(islice(made, EACH)))
        for name in case.figures:
            inside[name] += bool(frame.at[name, "low"] <= truth[name] <= frame.at[name, "high"])
    return {name: count / seeds for name, count in inside.items()}


def main(arguments: list[str]) -> int:
    """Print the shares; 1 when one is outside its bounds."""
    seeds, first = (
        int(arguments[arguments.index(name) + 1]) if name in arguments else default
        for name, default in (("--seeds", SEEDS), ("--first", 0))
    )
    print(f"{seeds} runs of {EACH} replications each: how many of their 95 % intervals hold the truth")
    outside = 0
    for case in CASES:
        print(f"\n{case.name}: {case.least:.0%} to {case.most:.0%} asked")
        for load in case.loads:
            shares = covered(case, load, seeds, first)
            outside += sum(not case.least <= share <= case.most for share in shares.values())
            print(f"  load {load:4.0%}   " + "   ".join(f"{name} {share:6.1%}" for name, share in shares.items()))
    return int(outside > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
