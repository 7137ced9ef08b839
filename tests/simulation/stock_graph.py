"""The same graph as a stock SimPy model: a process a request, `Resource` and `Store`, random numbers of its own.

Written as SimPy's documentation teaches it, with nothing of novamodel in it. Two services and a worker, two databases,
an external with a line, a queue. Its database cores are first come first served; with exponential work and fewer
connections than would make a difference the numbers inside are those of shared cores.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any

import simpy

Process = Generator[simpy.Event, Any, None]

RATE = 60.0
FRONT_S, CATALOG_S, MAILER_S, AFTER_S = 0.004, 0.005, 0.012, 0.001
SELECT_S, INSERT_S = 0.030, 0.010
CATALOG_POOL, CATALOG_CORES, LEDGER_POOL, LEDGER_CORES = 3, 8, 2, 1
WAY_S, ROUND_TRIP_S = 0.001, 0.0005
BANK_S, BANK_LINES, BANK_SHARE, BANK_PATIENCE_S = 0.080, 2, 0.3, 0.15
PUBLISH_S, WORKERS = 0.002, 2


class Graph:
    """One run; what it counts begins after the warm-up."""

    def __init__(self, seed: int, warm_up: float) -> None:
        env = self.env = simpy.Environment()
        self.random = random.Random(seed)
        self.warm_up = warm_up
        self.front, self.catalog, self.mailer = (simpy.Resource(env, 1) for _ in range(3))
        self.pool, self.cores = simpy.Resource(env, CATALOG_POOL), simpy.Resource(env, CATALOG_CORES)
        self.ledger_pool, self.ledger_cores = simpy.Resource(env, LEDGER_POOL), simpy.Resource(env, LEDGER_CORES)
        self.bank = simpy.Resource(env, BANK_LINES)
        self.jobs = simpy.Store(env)
        self.latencies: list[float] = []
        self.gave_up = 0
        self.mailed = 0
        self.pool_wait = 0.0

    def run(self, seconds: float) -> Graph:
        """Simulate."""
        self.env.process(self.arrivals())
        for _ in range(WORKERS):
            self.env.process(self.worker())
        self.env.run(until=self.warm_up + seconds)
        return self

    def hold(self, resource: simpy.Resource, mean: float) -> Process:
        """Wait for a resource and use it for an exponential time."""
        with resource.request() as turn:
            yield turn
            yield self.env.timeout(self.random.expovariate(1.0 / mean))

    def arrivals(self) -> Process:
        """A Poisson stream."""
        while True:
            yield self.env.timeout(self.random.expovariate(RATE))
            self.env.process(self.request())

    def request(self) -> Process:
        """Front: CPU, catalog, by chance the bank, a message, CPU."""
        env, came = self.env, self.env.now
        yield from self.hold(self.front, FRONT_S)
        yield env.timeout(WAY_S)
        wait = yield env.process(self.look_up())
        yield env.timeout(WAY_S)
        gave_up = False
        if self.random.random() < BANK_SHARE:
            asked = env.process(self.hold(self.bank, BANK_S))
            gave_up = asked not in (yield asked | env.timeout(BANK_PATIENCE_S))
        self.jobs.put(came)
        yield env.timeout(PUBLISH_S)
        yield from self.hold(self.front, AFTER_S)
        if env.now >= self.warm_up:
            self.latencies.append(env.now - came)
            self.gave_up += gave_up
            self.pool_wait += wait

    def look_up(self) -> Generator[simpy.Event, Any, float]:
        """Catalog: CPU, then a statement on a connection of its pool; how long it waited for that."""
        yield from self.hold(self.catalog, CATALOG_S)
        began = self.env.now
        with self.pool.request() as connection:
            yield connection
            wait = self.env.now - began
            yield self.env.timeout(ROUND_TRIP_S / 2)
            yield from self.hold(self.cores, SELECT_S)
            yield self.env.timeout(ROUND_TRIP_S / 2)
        return wait

    def worker(self) -> Process:
        """Mailer: one message after the other."""
        while True:
            yield self.jobs.get()
            yield from self.hold(self.mailer, MAILER_S)
            with self.ledger_pool.request() as connection:
                yield connection
                yield from self.hold(self.ledger_cores, INSERT_S)
            if self.env.now >= self.warm_up:
                self.mailed += 1


def exponential(seconds: float) -> dict[str, str]:
    """A demand of the scenario language."""
    return {"busy": f"{seconds!r} s", "law": "exponential"}


def scenario_changes(seconds: float, warm_up: float) -> dict[str, Any]:
    """The same graph in the scenario language, as changes to a plain scenario."""
    free = {"readiness": None, "health": "0 s", "runtime": {"scrape": "0 s", "boot": "0 s"}}
    pool = {"connection_timeout": "0 s", "idle_timeout": "0 s"}
    bank = {"to": "bank", "caller": {"timeout": f"{BANK_PATIENCE_S} s"}, "optional": True}
    database = {"connect": "0 s", "iops": 1_000_000, "storage_latency": "0 s"}
    ask = [
        {"cpu": exponential(FRONT_S)},
        {"call": "catalog.look-up"},
        {"call": bank, "chance": BANK_SHARE},
        {"publish": "jobs"},
        {"cpu": exponential(AFTER_S)},
    ]
    statement = {"sql": ["insert"], "database": "ledger"}
    return {
        "traffic": {"peak": f"{RATE:g} requests/s", "via": "direct", "mix": {"ask": "100 %"}},
        "services": {
            "front": {**free, "network": "0 s", "routes": {"ask": ask}},
            "catalog": {
                **free,
                "network": f"{2 * WAY_S} s",
                "pool": pool | {"max": CATALOG_POOL},
                "routes": {"look-up": [{"cpu": exponential(CATALOG_S)}, {"sql": ["select"]}]},
            },
            "mailer": {
                **free,
                "pools": {"ledger": pool | {"max": LEDGER_POOL}},
                "routes": {"mail": [{"cpu": exponential(MAILER_S)}, statement]},
                "consumers": {"jobs": {"queue": "jobs", "route": "mail", "concurrency": WORKERS}},
            },
        },
        "database": database
        | {
            "cores": CATALOG_CORES,
            "network": f"{ROUND_TRIP_S} s",
            "statements": {"select": {"cpu": exponential(SELECT_S)}},
        },
        "databases": {
            "ledger": database
            | {"cores": LEDGER_CORES, "network": "0 s", "statements": {"insert": {"cpu": exponential(INSERT_S)}}}
        },
        "externals": {"bank": {"latency": exponential(BANK_S), "concurrency": BANK_LINES, "over_limit": "wait"}},
        "queues": {"jobs": {"latency": f"{PUBLISH_S} s", "visibility_timeout": "1000 s"}},
        "run": {"duration": f"{seconds:g} s", "warm_up": f"{warm_up:g} s", "interval": "10 s"},
    }
