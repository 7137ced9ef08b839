"""The scenarios that are timed: one service behind nginx, with Redis, a pool, PgBouncer and PostgreSQL."""

from __future__ import annotations

from typing import Any

from novamodel.scenario import Scenario, Tree, build

FILL = {"cache": {"op": "set", "keyspace": "pages"}}
LIGHT_S = 150.0
SATURATED_S = 40.0


def light(seconds: float = LIGHT_S) -> Scenario:
    """Nothing queues for long: 300 requests/s, four of five are answered from the cache."""
    pages = {"keys": 20_000, "popularity": "zipf 0.9", "ttl": "300 s"}
    return _scene("light", seconds, rate=300, popularity="zipf 0.8", limit=True, statement_ms=4.0, pages=pages)


def saturated(seconds: float = SATURATED_S) -> Scenario:
    """Database and pools are full: 1,200 requests/s, most miss the cache, many give up on the pool."""
    pages = {"keys": 20_000, "popularity": "uniform", "ttl": "4 s"}
    return _scene("saturated", seconds, rate=1200, popularity="uniform", limit=False, statement_ms=9.0, pages=pages)


def _scene(
    name: str, seconds: float, *, rate: float, popularity: str, limit: bool, statement_ms: float, pages: dict[str, Any]
) -> Scenario:
    limits: dict[str, Any] = {"api": {"rate": "10r/s", "burst": 20, "delay": "nodelay"}} if limit else {}
    values = {
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
                        {"cpu": "1.5 ms lognormal 0.5"},
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
        "platform": {"compute": "ec2"},
        "run": {"seed": 1, "start": "12:00", "duration": f"{seconds} s", "warm_up": "0 s", "replications": 1},
    }
    return build(Tree(values))
