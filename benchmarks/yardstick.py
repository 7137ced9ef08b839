"""M/M/3 in Ciw (when it is installed), in stock SimPy and on our engines: an outside yardstick."""

from __future__ import annotations

import importlib
import random
from collections.abc import Generator
from typing import Any

import simpy

from novamodel.analytic import mmc
from novamodel.scenario import Scenario, Tree, build

RATE, SERVICE_RATE, SERVERS = 240.0, 100.0, 3


def scene(seconds: float) -> Scenario:
    """Three libuv threads that take work from one queue; nothing else takes time."""
    values: dict[str, Any] = {
        "name": "m/m/3",
        "traffic": {
            "shape": "constant",
            "peak": f"{RATE} requests/s",
            "mix": {"read": "100 %"},
            "populations": {"all": {"share": "100 %", "clients": 50}},
            "caller": {"timeout": "1000 s"},
        },
        "edge": {"request_cpu": "0 s", "network": "0 s"},
        "services": {
            "api": {
                "replicas": 1,
                "runtime": {"threads": SERVERS, "scrape": "0 s"},
                "readiness": None,
                "pool": {"max": 1},
                "routes": {"read": [{"thread": f"{1000 / SERVICE_RATE} ms exponential"}]},
            }
        },
        "database": {"statements": {"select": {"cpu": "1 ms"}}},
        "platform": {"compute": "ec2", "cpu": {"kind": "none"}},
        "run": {"seed": 1, "start": "12:00", "duration": f"{seconds} s", "warm_up": "0 s", "replications": 1},
    }
    return build(Tree(values))


def in_simpy(seconds: float) -> tuple[int, float]:
    """(customers, mean wait in s) of a `Resource` with three places."""
    env, draw, waits = simpy.Environment(), random.Random(1), []
    servers = simpy.Resource(env, SERVERS)

    def customer() -> Generator[simpy.Event, Any, None]:
        came = env.now
        with servers.request() as turn:
            yield turn
            waits.append(env.now - came)
            yield env.timeout(draw.expovariate(SERVICE_RATE))

    def customers() -> Generator[simpy.Event, Any, None]:
        while True:
            yield env.timeout(draw.expovariate(RATE))
            env.process(customer())

    env.process(customers())
    env.run(until=seconds)
    return len(waits), sum(waits) / len(waits)


def in_ciw(seconds: float) -> tuple[int, float] | None:
    """The same in Ciw, or None when it is not installed."""
    try:
        ciw = importlib.import_module("ciw")
    except ImportError:
        return None
    ciw.seed(1)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=RATE)],
        service_distributions=[ciw.dists.Exponential(rate=SERVICE_RATE)],
        number_of_servers=[SERVERS],
    )
    model = ciw.Simulation(network)
    model.simulate_until_max_time(seconds)
    waits = [record.waiting_time for record in model.get_all_records()]
    return len(waits), sum(waits) / len(waits)


def in_theory() -> float:
    """Mean wait, s."""
    return float(mmc(SERVERS, RATE, SERVICE_RATE).mean_wait_s)
