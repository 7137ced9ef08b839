"""Made-up systems whose size is asked for: many services at once, and small ones that can be enumerated."""

from __future__ import annotations

import random
from typing import Any

from novamodel.scenario import Scenario, Tree, build

EACH_PER_S = 40.0
"""Requests/s that a service of `many_services` adds to the whole."""


def many_services(count: int, seed: int = 1, *, calls: bool = True) -> Scenario:
    """``count`` services on shared nodes, behind one edge, with one database and one cache.

    Unequal shares of the traffic, unequal work; every third has an autoscaler, every second a pool. With ``calls``
    every fifth asks the next one.
    """
    rng = random.Random(seed)
    names = [f"s{number:02}" for number in range(count)]
    weights = [1 / (1 + number) ** 0.5 for number in range(count)]
    services = {name: _service(rng, number, names, calls) for number, name in enumerate(names)}
    mix = {f"{name}-read": f"{100 * w / sum(weights):.6f} %" for name, w in zip(names, weights, strict=True)}
    first = next(iter(mix))
    mix[first] = f"{100 - sum(float(share.split()[0]) for route, share in mix.items() if route != first):.6f} %"
    return build(
        Tree(
            {
                "name": f"{count} services",
                "traffic": {"shape": "constant", "peak": f"{EACH_PER_S * count} requests/s", "mix": mix},
                "services": services,
                "platform": {"kind": "eks", "compute": "ec2", "node_type": "m6i.xlarge"},
                "database": {
                    "instance_class": "db.r6g.2xlarge",
                    "statements": {"load": {"cpu": "1 ms"}},
                    "pgbouncer": {"default_pool_size": 40, "max_client_conn": 40 * count + 200},
                },
                "cache": {"keyspaces": {"pages": {"keys": 20_000, "hit_ratio": "80 %"}}},
                "slo": ["p99 < 250 ms", "errors < 0.1 %"],
            }
        )
    )


def _service(rng: random.Random, number: int, names: list[str], calls: bool) -> dict[str, Any]:
    """One service: CPU of 2 to 12 ms a request, perhaps a look into cache or database, perhaps a call."""
    steps: list[Any] = [{"cpu": f"{rng.uniform(2, 12):.1f} ms exponential"}]
    if number % 2 == 0:
        steps.append({"sql": ["load"]})
    if number % 3 == 0:
        steps.append({"cache": {"op": "get", "keyspace": "pages"}})
    if calls and number % 5 == 0 and number + 1 < len(names):
        steps.append({"call": f"{names[number + 1]}.{names[number + 1]}-read"})
    made: dict[str, Any] = {
        "replicas": 2,
        "resources": {
            "cpu_request": "250m",
            "cpu_limit": "500m",
            "memory_request": "384 MiB",
            "memory_limit": "512 MiB",
        },
        "routes": {f"{names[number]}-read": steps},
    }
    if number % 3 == 0:
        made["autoscaler"] = {"min_replicas": 2, "max_replicas": 10, "cpu_target": "70 %"}
    if number % 2 == 0:
        made["pool"] = {"max": 10, "connection_timeout": "2 s"}
    return made
