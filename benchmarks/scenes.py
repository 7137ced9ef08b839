"""The scenarios that are timed.

One service behind nginx, with Redis, a pool, PgBouncer and PostgreSQL; and three services with two databases and a
queue. Hit ratios are stated, as the stock model draws hits: it knows no keys.
"""

from __future__ import annotations

import math
from typing import Any

from novamodel.scenario import Scenario, Tree, build

FILL = {"cache": {"op": "set", "keyspace": "pages"}}
LIGHT_S = 150.0
SATURATED_S = 40.0


def light(seconds: float = LIGHT_S) -> Scenario:
    """Nothing queues for long: 300 requests/s, most are answered from the cache."""
    pages = {"keys": 20_000, "hit_ratio": "86.6 %"}
    return _scene("light", seconds, rate=300, popularity="zipf 0.8", limit=True, statement_ms=4.0, pages=pages)


def shared(seconds: float = LIGHT_S) -> Scenario:
    """`light` on nodes whose cores the replicas share, in turns."""
    changes = {"platform": {"kind": "eks", "node_type": "m6i.xlarge", "cpu": {"kind": "turns"}}}
    pages = {"keys": 20_000, "hit_ratio": "86.6 %"}
    name = "light on nodes with shared cores"
    return _scene(
        name, seconds, rate=300, popularity="zipf 0.8", limit=True, statement_ms=4.0, pages=pages, changes=changes
    )


def saturated(seconds: float = SATURATED_S) -> Scenario:
    """Database and pools are full: 1,200 requests/s, most miss the cache, many give up on the pool."""
    pages = {"keys": 20_000, "hit_ratio": "19.35 %"}
    return _scene("saturated", seconds, rate=1200, popularity="uniform", limit=False, statement_ms=9.0, pages=pages)


def hour(seconds: float = 3600.0) -> Scenario:
    """100 to 900 requests/s and back within an hour; 3 to 10 replicas under a CPU quota. Shorter: its steepest part."""
    turns = [2 * math.pi * minute / 60 for minute in range(61)]
    shape = [
        ["00:00", "100/s"],
        *([f"{12 + m // 60}:{m % 60:02}", f"{500 - 400 * math.cos(turn):.1f}/s"] for m, turn in enumerate(turns)),
    ]
    service = {
        "replicas": 3,
        "resources": {"cpu_request": "500m", "cpu_limit": "500m"},
        "autoscaler": {"min_replicas": 3, "max_replicas": 10, "cpu_target": "70 %"},
    }
    changes: dict[str, dict[str, Any]] = {
        "traffic": {"shape": shape},
        "services": service,
        "run": {"start": "12:00" if seconds > 1800 else "12:14"},
    }
    pages = {"keys": 20_000, "hit_ratio": "94 %"}
    return _scene(
        "an hour with autoscaler and CPU quota",
        seconds,
        rate=900,
        popularity="zipf 0.8",
        limit=True,
        statement_ms=4.0,
        pages=pages,
        cpu_ms=3.0,
        changes=changes,
    )


def many(seconds: float = 20.0) -> Scenario:
    """50 replicas at 4,000 requests/s."""
    pages = {"keys": 20_000, "hit_ratio": "98.4 %"}
    changes: dict[str, dict[str, Any]] = {
        "services": {"replicas": 50},
        "edge": {"workers": 4},
        "database": {"cores": 16, "pgbouncer": {"default_pool_size": 60, "max_client_conn": 2000}},
        "cache": {"command_cpu": "100 us"},
    }
    return _scene(
        "many replicas",
        seconds,
        rate=4000,
        popularity="uniform",
        limit=False,
        statement_ms=4.0,
        pages=pages,
        changes=changes,
    )


ORDER_RATE = 300.0
CALL_S = 1.0
"""Time-out of a call, s."""
ORDER_MS = {"order": 1.0, "answer": 0.4, "item": 0.6, "job": 0.8}
"""CPU of the bursts of `graph`, lognormal."""
READ_MS, WRITE_MS = 1.5, 2.0
"""CPU of its statements, lognormal."""
SIGMA = 0.5


def graph(seconds: float = LIGHT_S) -> Scenario:
    """Orders: the shop asks the stock service, writes, and leaves a job in a queue; the third service works on it."""

    def cpu(name: str) -> dict[str, str]:
        return {"cpu": f"{ORDER_MS[name]} ms lognormal {SIGMA}"}

    pool = {"max": 20, "connection_timeout": "2 s", "idle_timeout": "0 s"}
    order = [cpu("order"), {"call": {"to": "stock.item", "caller": {"timeout": f"{CALL_S} s"}}}]
    order += [{"sql": ["write"]}, {"publish": "jobs"}, cpu("answer")]
    values: dict[str, Any] = {
        "name": "three services, two databases, a queue",
        "traffic": {
            "shape": "constant",
            "peak": f"{ORDER_RATE} requests/s",
            "mix": {"order": "100 %"},
            "populations": {"all": {"share": "100 %", "clients": 500, "popularity": "uniform"}},
            "caller": {"timeout": "60 s"},
        },
        "services": {
            "shop": {"replicas": 3, "pool": pool, "routes": {"order": order}},
            "stock": {
                "replicas": 2,
                "pools": {"items": pool},
                "routes": {"item": [cpu("item"), {"sql": ["read"], "database": "items"}]},
            },
            "work": {
                "replicas": 2,
                "pool": pool,
                "routes": {"job": [cpu("job"), {"sql": ["write"]}]},
                "consumers": {"jobs": {"queue": "jobs", "route": "job", "concurrency": 8}},
            },
        },
        "database": {"cores": 8, "statements": {"write": {"cpu": f"{WRITE_MS} ms lognormal {SIGMA}"}}},
        "databases": {"items": {"cores": 4, "statements": {"read": {"cpu": f"{READ_MS} ms lognormal {SIGMA}"}}}},
        "queues": {"jobs": {"latency": "0 s", "visibility_timeout": "60 s"}},
        "platform": {"compute": "ec2", "cpu": {"kind": "none"}},
        "run": {
            "seed": 1,
            "start": "12:00",
            "duration": f"{seconds} s",
            "warm_up": "0 s",
            "replications": 1,
            "start_state": "cold",  # as the stock models begin
        },
    }
    return build(Tree(values))


def _scene(
    name: str,
    seconds: float,
    *,
    rate: float,
    popularity: str,
    limit: bool,
    statement_ms: float,
    pages: dict[str, Any],
    cpu_ms: float = 1.5,
    changes: dict[str, dict[str, Any]] | None = None,
) -> Scenario:
    """A scene; ``changes`` by part, those of services to the one service."""
    limits: dict[str, Any] = {"api": {"rate": "10r/s", "burst": 20, "delay": "nodelay"}} if limit else {}
    values: dict[str, Any] = {
        "name": name,
        "traffic": {
            "shape": "constant",
            "peak": f"{rate} requests/s",
            "mix": {"read": "100 %"},
            "populations": {"all": {"share": "100 %", "clients": 500, "popularity": popularity}},
            "caller": {"timeout": "60 s"},
        },
        "edge": {"limits": limits},
        "services": {
            "api": {
                "replicas": 3,
                "pool": {"max": 20, "connection_timeout": "2 s", "idle_timeout": "0 s"},
                "routes": {
                    "read": [
                        {"cpu": f"{cpu_ms} ms lognormal 0.5"},
                        {"cache": {"op": "get", "keyspace": "pages", "on_miss": [{"sql": ["select"]}, FILL]}},
                        {"cpu": "500 us"},
                    ]
                },
            }
        },
        "database": {
            "cores": 8,
            "statements": {"select": {"cpu": f"{statement_ms} ms lognormal 0.6"}},
            "pgbouncer": {"default_pool_size": 20, "max_client_conn": 100},
        },
        "cache": {
            "command_cpu": "300 us",
            "keyspaces": {"pages": pages},
        },
        "platform": {"compute": "ec2", "cpu": {"kind": "none"}},
        "run": {
            "seed": 1,
            "start": "12:00",
            "duration": f"{seconds} s",
            "warm_up": "0 s",
            "replications": 1,
            "start_state": "cold",  # as the stock models begin
        },
    }
    for part, change in (changes or {}).items():
        target = values[part]["api"] if part == "services" else values[part]
        target.update(change)
    return build(Tree(values))
