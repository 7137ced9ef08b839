# ruff: noqa: E501
"""A made-up Result, Knee and Sizing with the frames that the figures and the report read."""

from __future__ import annotations

import math
from random import Random
from types import SimpleNamespace
from typing import Any, NamedTuple

import pandas as pd

from novamodel.scenario import Scenario, Tree, build

START = 17 * 3600 + 50 * 60
NAN = math.nan


class Estimate(NamedTuple):
    value: float
    low: float
    high: float


def scenario(**changes: Any) -> Scenario:
    """A small bank: two services with pools, PgBouncer, a cache, an autoscaler on core-api."""
    values = {
        "name": "bank",
        "title": "A bank, weekday peak",
        "traffic": {
            "peak": "450 requests/s",
            "night": "50 requests/s",
            "mix": {"balance": "70 %", "transfer": "25 %", "report": "5 %"},
            "populations": {
                "customers": {"share": "88 %", "clients": 40000},
                "offices": {"share": "10 %", "clients": 4},
                "abusers": {"share": "2 %", "clients": 3},
            },
        },
        "edge": {
            "workers": 2,
            "worker_connections": 1024,
            "limits": {
                "core-api": {"rate": "10r/s", "burst": 20, "delay": "nodelay"},
                "admin-interface": {"rate": "5r/s", "burst": 10},
            },
        },
        "services": {
            "core-api": {
                "replicas": 3,
                "resources": {
                    "cpu_request": "250m",
                    "cpu_limit": "500m",
                    "memory_request": "256Mi",
                    "memory_limit": "512Mi",
                },
                "autoscaler": {"min_replicas": 3, "max_replicas": 10, "cpu_target": "70 %"},
                "pool": {"max": 20, "connection_timeout": "2 s"},
                "routes": {
                    "balance": [
                        {"cpu": "84 us"},
                        {"cache": {"op": "get", "keyspace": "account", "on_miss": [{"sql": ["read"]}]}},
                    ],
                    "transfer": [{"sql": ["read"]}],
                },
            },
            "admin-interface": {
                "replicas": 1,
                "pool": {"max": 5},
                "resources": {"cpu_request": "250m"},
                "routes": {"report": [{"sql": ["read"]}]},
            },
        },
        "database": {
            "instance_class": "db.r6g.large",
            "max_connections": 100,
            "statements": {"read": {"cpu": "42 us"}},
            "pgbouncer": {"default_pool_size": 20, "max_client_conn": 400},
        },
        "cache": {
            "node_type": "cache.t4g.small",
            "nodes": 2,
            "keyspaces": {"account": {"keys": 40000, "popularity": "zipf 0.8"}},
        },
        "slo": ["p99 < 300 ms", "errors < 0.1 %", "rejected(customers) < 0.01 %"],
    }
    return build(Tree(values | changes))


def slo(text: str, metric: str, of: str | None, limit: float, value: Estimate, unit: str) -> SimpleNamespace:
    return SimpleNamespace(
        text=text, metric=metric, of=of, limit=limit, **value._asdict(), met=value.value < limit, unit=unit
    )


def result(replications: int = 4, quiet: bool = False, **changes: Any) -> Any:
    """Twenty minutes around a peak. `quiet`: nothing rejected, no decision of the autoscaler, SLO met."""
    chance = Random(7)
    spread = 0.08 if replications > 1 else NAN
    clocks = [START + 10.0 * step for step in range(1, 121)]
    intervals, tiers, replicas, events = [], [], [], []
    for replication in range(replications):
        ready, wanted = 3, 3
        for clock in clocks:
            hill = math.exp(-(((clock - 18 * 3600 - 300) / 300) ** 2))
            rate = 380 + 90 * hill + chance.gauss(0, 8)
            p99 = (0.06 if quiet else 0.12 + 0.45 * hill) * chance.lognormvariate(0, 0.12)
            intervals.append((replication, clock, 10.0, rate * 10, rate * 9.9, rate / 10, 0, 0, 8, p99 / 12, p99))
            heights = {
                "edge": (0.2, 1), "core-api cpu": (0.7 + 0.3 * hill, 1.5), "core-api event loop": (0.3 + 0.2 * hill, 3),
                "core-api pool": (0.55 + 0.4 * hill, 60), "core-api memory": (0.35, 3), "admin-interface cpu": (0.2, 0.5),
                "admin-interface pool": (0.1, 5), "pgbouncer": (0.6 + 0.3 * hill, 20), "postgres cpu": (0.35 + 0.1 * hill, 2),
                "postgres storage": (0.1, 1), "postgres connections": (0.2, 97), "redis": (0.05, 1),
            }  # fmt: skip
            for tier, (use, limit) in heights.items():
                use = min(use * (0.6 if quiet else 1) * chance.lognormvariate(0, 0.05), 1.0)
                tiers.append((replication, clock, tier, use * limit, limit, use, 0.0))
            if not quiet and clock in (START + 300, START + 420, START + 600):
                before, wanted = wanted, wanted + 2
                message = f"cpu at {85 + wanted} % of request against 70 %: ceil({before} x 1.31) = {wanted}, within the policy of 4 pods in 15 s"
                events.append((replication, clock, "core-api", "scale", message, before, wanted))
            ready = wanted if quiet else min(ready + (wanted > ready and int(clock) % 60 == 0) * 2, wanted)
            cpu = NAN if clock < START + 60 else 0.66 if quiet else 0.65 + 0.35 * hill
            replicas.append((replication, clock, "core-api", wanted, ready, wanted - ready, cpu, 0.5))
            replicas.append((replication, clock, "admin-interface", 1, 1, 0, 0.3, 0.4))

    def around(value: float) -> Estimate:
        return Estimate(value, value * (1 - spread), value * (1 + spread))

    p99 = around(0.112 if quiet else 0.412)
    slos = [
        slo("p99 < 300 ms", "p99", None, 0.3, p99, "s"),
        slo("errors < 0.1 %", "errors", None, 0.001, around(0.0002), "1"),
        slo(
            "rejected(customers) < 0.01 %",
            "rejected",
            "customers",
            0.0001,
            around(0.0 if quiet else 0.00004),
            "1",
        ),
    ]
    values = {"rate": around(447.0), "p99": p99, "p50": around(0.0123)}
    places = {
        "edge": (0.2, 1), "network": (1.8, 1.8), "event loop wait": (0.9, 30), "cpu": (0.8, 4), "throttled": (1.1, 85),
        "threads": (1.2, 60), "pool wait": (0.6, 140), "connect": (0, 0), "pgbouncer wait": (0.3, 40),
        "database": (1.4, 20), "storage": (0.3, 2), "cache": (0.6, 0.8), "other": (0.0, 0.0),
    }  # fmt: skip
    share = 0.0 if quiet else 1.0
    populations = [
        ("customers", 40000, 1_880_000, 75 * share, 0.00004 * share),
        ("offices", 4, 214_000, 25_680 * share, 0.12 * share),
        ("abusers", 3, 42_900, 22_050 * share, 0.514 * share),
    ]
    made = SimpleNamespace(
        scenario=scenario(),
        engine="simpy",
        seed=7,
        replications=replications,
        digest="ab" * 32,
        conserved=True,
        window_s=1200.0,
        warnings=(),
        intervals=pd.DataFrame(
            intervals,
            columns=[
                "replication", "clock_s", "length_s", "arrived", "served", "rejected", "failed", "abandoned", "in_flight",
                "p50_s", "p99_s",
            ],
        ),
        tiers=pd.DataFrame(
            tiers, columns=["replication", "clock_s", "tier", "busy", "limit", "utilisation", "queue"]
        ),
        replicas=pd.DataFrame(
            replicas,
            columns=[
                "replication", "clock_s", "service", "wanted", "ready", "pending", "cpu_of_request", "memory_of_request",
            ],
        ),
        events=pd.DataFrame(
            events, columns=["replication", "clock_s", "service", "kind", "message", "before", "after"]
        ),
        breakdown=pd.DataFrame(
            [(name, mean / 1000, tail / 1000) for name, (mean, tail) in places.items()],
            columns=["place", "mean_s", "p99_s"],
        ),
        populations=pd.DataFrame(
            [(name, clients, arrived, lost, part, part * (1 - spread), part * (1 + spread)) for name, clients, arrived, lost, part in populations],
            columns=["population", "clients", "arrived", "rejected", "share", "low", "high"],
        ),
        slo=lambda: slos,
        estimate=lambda metric, of="": values[metric],
    )  # fmt: skip
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def cost_per_hour() -> pd.DataFrame:
    """Cost by the hour that steps up with the replicas."""
    clocks = [START + 10.0 * step for step in range(1, 121)]
    return pd.DataFrame({"clock_s": clocks, "usd_per_hour": [0.61 + 0.02 * (clock > START + 400) for clock in clocks]})


def knee(breach: float | None = 1.32) -> Any:
    """A curve over seven load multiples and the tiers beside it."""
    multiples = [0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0]
    rows = []
    for times in multiples:
        p99 = 0.08 + 0.02 * times + 0.14 * max(times - 0.9, 0) ** 1.5 + 2.5 * max(times - 1.4, 0) ** 2
        errors = 0.0 if times < 1.4 else 0.05 * (times - 1.35)
        rate = 450 * times
        rows.append((times, rate, 3 + 4 * times, p99 / 15, p99 / 2, p99, p99 * 0.85, p99 * 1.2, errors,
                     min(rate, 640 + 10 * times) * (1 - errors), 0.006 + 0.004 * times))  # fmt: skip
    tiers = [
        ("edge", 0.13, 7.7, False), ("core-api cpu", 0.68, 3.1, True), ("core-api event loop", 0.3, 4.2, True),
        ("core-api pool", 0.71, 1.4, False), ("pgbouncer", 0.62, 1.6, False), ("postgres cpu", 0.41, 2.4, False),
        ("postgres storage", 0.1, 10.0, False), ("redis", 0.05, 19.0, False),
        ("admin-interface cpu", 0.22, 4.5, True),
    ]  # fmt: skip
    tiers = [(*row, 1.0, NAN) for row in tiers]
    tiers += [
        ("pgbouncer clients", 0.38, NAN, False, 100.0, 220.0),
        ("postgres connections", 0.21, NAN, False, 97.0, 20.0),
    ]
    return SimpleNamespace(
        curve=pd.DataFrame(
            rows,
            columns=["multiple", "rate_per_s", "replicas", "p50_s", "p95_s", "p99_s", "p99_low", "p99_high", "errors",
                     "goodput_per_s", "analytic_mean_s"],
        ),
        load_multiple_at_breach=breach,
        first_limit="the core-api pool, 95 % busy at 1.4 x today's load",
        first_tier="core-api pool",
        tiers=pd.DataFrame(
            tiers, columns=["tier", "utilisation_now", "multiple_to_limit", "scales_out", "limit", "may_open"]
        ),
    )  # fmt: skip


def sizing(met: bool = True) -> Any:
    """Seven candidates; the fourth is chosen, the first is today's."""
    rows = [
        ("", 3, 10, 0.25, 0.5, 20, 0.412, 421.0, False, "p99 412 ms is above 300 ms"),
        ("a", 3, 10, 0.25, 0.5, 12, 0.398, 421.0, False, "p99 398 ms is above 300 ms"),
        ("b", 4, 12, 0.25, 0.5, 12, 0.320, 456.0, False, "p99 320 ms is above 300 ms"),
        ("c", 4, 12, 0.5, 0.75, 12, 0.181, 508.0, True, ""),
        ("d", 5, 12, 0.5, 0.75, 12, 0.164, 561.0, True, "costs 53 USD more"),
        ("e", 4, 12, 0.5, 1.0, 20, 0.172, 540.0, True, "costs 32 USD more"),
        ("f", 6, 12, 0.5, 1.0, 20, 0.120, 705.0, True, "costs 197 USD more a month, with a p99 that nobody asked for"),
    ]  # fmt: skip
    candidates = pd.DataFrame(
        [
            (changes, low, high, request, limit, 256 * 2.0**20, 512 * 2.0**20, pool, p99, p99 * 0.9, p99 * 1.1, 0.0,
             0.0, 0.0, cost, good and met, why or ("" if met else "errors 0.4 % are above 0.1 %"))
            for changes, low, high, request, limit, pool, p99, cost, good, why in rows
        ],
        columns=["changes", "min_replicas", "max_replicas", "cpu_request", "cpu_limit", "memory_request", "memory_limit",
                 "pool_max", "p99_s", "p99_low", "p99_high", "errors", "errors_low", "errors_high", "cost_month", "met",
                 "why"],
    )  # fmt: skip
    as_candidate = [SimpleNamespace(**row) for row in candidates.to_dict("records")]
    advice = pd.DataFrame(
        [
            ("services.core-api.resources.cpu_request", "250m", "500m", "the HPA divides by it"),
            ("services.core-api.pool.max", "20", "12", "PgBouncer has 20 server connections"),
        ],
        columns=["path", "now", "advised", "why"],
    )
    return SimpleNamespace(
        certainty="Every simulated size was judged.",
        chosen=as_candidate[3],
        now=as_candidate[0],
        candidates=candidates,
        screened=480,
        met=met,
        advice=advice,
    )


def bill_frame() -> pd.DataFrame:
    """Lines as a Bill's frame has them."""
    rows = [
        ("AWS Fargate", "core-api: vCPU", 91.2, "vCPU-hours", 44.31, "fixed"),
        ("AWS Fargate", "core-api above its minimum: vCPU", 12.4, "vCPU-hours", 16.02, "use"),
        ("Amazon EKS", "control plane", 730, "hours", 73.0, "fixed"),
        ("Amazon RDS", "db.r6g.large", 730, "hours", 164.25, "fixed"),
        ("Amazon RDS", "storage gp3", 100, "GB-months", 11.5, "fixed"),
        ("Amazon ElastiCache", "cache.t4g.small", 1460, "hours", 46.72, "fixed"),
        ("Elastic Load Balancing", "ALB", 730, "hours", 16.43, "fixed"),
        ("Elastic Load Balancing", "capacity units", 730, "LCU-hours", 18.9, "use"),
        ("Amazon VPC", "NAT gateway", 730, "hours", 32.85, "fixed"),
        ("AWS Data Transfer", "out to the internet", 402, "GB", 36.2, "use"),
        ("Amazon CloudWatch", "logs ingested", 48, "GB", 24.1, "use"),
        ("Amazon S3", "backups", 40, "GB-months", 0.92, "fixed"),
    ]
    return pd.DataFrame(rows, columns=["service", "name", "quantity", "unit", "amount", "driver"])


def explained_sizing() -> Any:
    """A sizing with its front, and the steps around the choice."""
    made = sizing()
    names = ["changes", "cost_month", "p99_s", "p99_low", "p99_high", "met", "why"]
    made.front = made.candidates[names].assign(on_front=[False, True, True, True, True, False, True])
    made.chosen.p99_s, made.now.p99_s = (made.chosen.p99_s, 0, 0), (made.now.p99_s, 0, 0)
    steps = [
        ("core-api cpu limit", "variable", -1, "750m -> 500m", 0.9, 0.719, 0.6, 0.8, 0.0, False),
        ("core-api cpu limit", "variable", 1, "750m -> 1000m", 0.150, -0.031, -0.04, -0.02, 0.0, True),
        ("load", "assumption", -1, "-10 %", 0.160, -0.021, -0.03, -0.01, -20.0, True),
        ("load", "assumption", 1, "+10 %", 0.240, 0.059, 0.04, 0.08, 20.0, True),
        ("core-api pool max", "variable", 1, "12 -> 15", 0.181, 0.0, 0.0, 0.0, 0.0, True),
    ]
    columns = ["what", "kind", "step", "change", "p99_s", "p99_change_s", "low", "high", "cost_change", "met"]
    made.explained = SimpleNamespace(tornado=pd.DataFrame(steps, columns=columns))
    return made
