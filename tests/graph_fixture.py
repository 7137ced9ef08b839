"""A small graph: two edges and a job, four services, two databases, two caches, a queue and two externals."""

from __future__ import annotations

from typing import Any

from novamodel.scenario import Scenario, Tree, build

SIZE = {"cpu_request": "500m", "cpu_limit": "500m", "memory_request": "1 GiB", "memory_limit": "1 GiB"}
STATEMENTS = {"read": {"cpu": "200 us"}, "write": {"cpu": "300 us", "writes": 1}}

VALUES: dict[str, Any] = {
    "name": "shop",
    "traffic": {
        "shape": "constant",
        "peak": "100 requests/s",
        "mix": {"browse": "80 %", "buy": "20 %"},
        "populations": {"people": {"share": "100 %", "clients": 1000}},
        "also": {
            "partners": {
                "via": "office",
                "shape": "constant",
                "peak": "10 requests/s",
                "mix": {"orders": "100 %"},
                "populations": {"firms": {"share": "100 %", "clients": 10}},
            },
            "nightly": {
                "loop": "periodic",
                "via": "direct",
                "every": "10 s",
                "mix": {"tidy": "100 %"},
                "populations": {"cron": {"share": "100 %", "clients": 1}},
            },
        },
    },
    "edge": {"requests_per_connection": 10.0},
    "edges": {"office": {"requests_per_connection": 2.0}},
    "services": {
        "shop": {
            "resources": SIZE,
            "pool": {"max": 10},
            "log_bytes": 500,
            "response_bytes": {"browse": 2000, "buy": 1000},
            "routes": {
                "browse": [
                    {"cpu": "1 ms"},
                    {"cache": {"op": "get", "keyspace": "page", "on_miss": [{"sql": ["read"]}]}},
                ],
                "buy": [{"call": "orders.place"}, {"call": "bank"}, {"publish": "mails"}],
            },
        },
        "orders": {
            "resources": SIZE,
            "pools": {"ledger": {"max": 5}},
            "log_bytes": 300,
            "response_bytes": {"place": 500, "orders": 4000},
            "routes": {
                "place": [{"sql": ["write"], "database": "ledger"}],
                "orders": [{"cache": {"op": "get", "keyspace": "list", "store": "lists"}}],
            },
        },
        "mailer": {
            "resources": SIZE,
            "log_bytes": 100,
            "consumers": {"send": {"queue": "mails", "route": "mail"}},
            "routes": {"mail": [{"call": {"to": "post", "optional": True}}]},
        },
        "janitor": {"resources": SIZE, "log_bytes": 50, "routes": {"tidy": [{"cpu": "5 ms"}]}},
    },
    "database": {"instance_class": "db.r6g.large", "statements": STATEMENTS},
    "databases": {
        "ledger": {
            "instance_class": "db.t4g.medium",
            "storage": "50 GiB",
            "multi_az": True,
            "statements": STATEMENTS,
            "read_replicas": {"count": 1},
            "pgbouncer": {},
        }
    },
    "cache": {"node_type": "cache.t4g.small", "keyspaces": {"page": {"keys": 1000, "hit_ratio": "90 %"}}},
    "caches": {"lists": {"node_type": "cache.t4g.micro", "nodes": 2, "keyspaces": {"list": {"keys": 100}}}},
    "queues": {"mails": {}},
    "externals": {"bank": {"latency": "80 ms"}, "post": {"latency": "20 ms"}},
    "platform": {"kind": "ecs", "compute": "fargate"},
    "run": {"start": "12:00", "duration": "60 s", "warm_up": "10 s", "replications": 2},
}


def graph(**changes: Any) -> Scenario:
    """The scenario, with values by path (``a__b=1``)."""
    scenario = build(Tree(VALUES))
    return scenario.override({path.replace("__", "."): value for path, value in changes.items()})
