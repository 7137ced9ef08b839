"""Measured stacks (`data/conformance/measured_stack.md`) as scenarios: what was deployed, and what came in."""

from __future__ import annotations

import csv
import gzip
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from novamodel.verify.measured_laws import by_percentiles, drawn_demand

Case = Mapping[str, Any]
ROUTE, STATEMENT = "ask", "sleep"
CORES = 1024
"""Of the database: a query that sleeps holds its connection and needs no CPU of ours."""
RECORDING = "recording.csv"
READS_PER_S = 10_000
"""Of the cases about keys, where only the order of the reads counts."""


def keys_only(case: Case) -> bool:
    """Whether the case is about what Redis holds, not about when requests come."""
    return "bytes_per_key" in case["service"].get("redis", {})


def read_trace(file: Path) -> list[dict[str, float]]:
    """The recorded requests of a case: arrival (s), demand (ms), key and hit, as far as there are."""
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        return [
            {name: float(value.lstrip("k")) for name, value in row.items() if value not in (None, "")}
            for row in csv.DictReader(lines)
        ]


def recording(case: Case, trace: Sequence[Mapping[str, float]]) -> str:
    """The trace as the CSV file of a replay."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["time", "route", "client", "demand", "hit"])
    for row in trace:
        demand = demand_s(case, row["s_ms"]) if "s_ms" in row else ""
        writer.writerow([repr(row["t_s"]), ROUTE, int(row.get("key", 0)), demand, int(row["h"]) if "h" in row else ""])
    return text.getvalue()


def demand_s(case: Case, s_ms: float) -> float:
    """Time (s) that a requested demand takes where it is served: the query, or the event loop."""
    service = case["service"]
    if "db" in service:
        return (math.ceil(s_ms - 1e-9) + float(service["db"]["offset_ms"])) / 1000.0
    loop = service["loop"]
    return (s_ms + float(loop.get("loop_extra_ms", loop.get("cpu_extra_ms", 0.0)))) / 1000.0


def values(case: Case, replayed: bool, seed: int = 1) -> dict[str, Any]:
    """The scenario of a case, as its file would say it: with its recorded requests, or with arrivals of our own."""
    entry = "main" if case["topology"]["entry"] == "nginx" else "direct"
    quota, client = case["topology"]["cpu_quota"] or {}, case["topology"]["client"] or {"timeout_s": 1.0}
    length = (case["load"]["duration_s"] or 1.0) + 2.0 * client["timeout_s"]  # until nobody waits any more
    return {
        "name": case["id"].replace("_", "-").replace(".", "-"),
        "traffic": _traffic(case, replayed) | {"via": entry, "caller": _caller(case)},
        "edge": _edge(case),
        "services": {"api": _service(case)},
        "database": _database(case),
        "cache": _cache(case),
        "platform": {"kind": "eks", "compute": "ec2", "cfs_period": _seconds(quota.get("period_s", 0.1))},
        "monitoring": {"scrape_interval": "86400 s"},
        "run": {
            "seed": seed,
            "start": "00:00",
            "warm_up": "0 s",
            "duration": _seconds(length),
            "replications": 1,
            "start_state": "given",
        },
    }


def _seconds(value: float) -> str:
    return f"{float(value)!r} s"


def _milliseconds(value: float) -> str:
    return f"{float(value) * 1000.0!r} us"


def _traffic(case: Case, replayed: bool) -> dict[str, Any]:
    load, limit = case["load"], (case["topology"]["nginx"] or {}).get("limit") or {}
    keys = limit.get("keys", 1)
    one = {"clients": 1, "popularity": "uniform"}
    people: dict[str, Any] = {"populations": {f"k{key}": one | {"share": 1.0 / keys} for key in range(keys)}}
    if replayed:
        replay: dict[str, Any] = {"files": [RECORDING]}
        if "db" in case["service"] or "loop" in case["service"]:
            replay["demand"] = STATEMENT if "db" in case["service"] else "cpu"
        people = {"populations": {"all": one | {"share": "100 %", "clients": keys}}}
        return people | {"loop": "replay", "replay": replay}
    if keys_only(case):
        return people | {"shape": "constant", "peak": f"{READS_PER_S} requests/s", "mix": {ROUTE: "100 %"}}
    steps = load.get("steps") or [[0, load["nominal_rate_rps"]]]
    points = []
    for (begin, rate), following in zip(steps, [*steps[1:], None], strict=True):
        end = following[0] if following else load["duration_s"]
        points += [[begin + (0.001 if begin else 0), f"{rate} requests/s"], [end, f"{rate} requests/s"]]
    points += [[load["duration_s"] + 0.001, "0 requests/s"], [86000, "0 requests/s"]]
    return people | {"loop": "open", "shape": points, "mix": {ROUTE: "100 %"}}


def _caller(case: Case) -> dict[str, Any]:
    client = case["topology"]["client"]
    if client is None:
        return {}
    wait = {"backoff": "fixed", "base": _seconds(client["backoff_s"])} if client["backoff_s"] else {}
    retry = {"retries": client["retries"], "retry_on": ["errors", "timeout", "rejected"]} if client["retries"] else {}
    return {"timeout": _seconds(client["timeout_s"])} | wait | retry


def _edge(case: Case) -> dict[str, Any]:
    nginx = case["topology"]["nginx"]
    limit = nginx["limit"] if nginx else None
    edge: dict[str, Any] = {"request_cpu": "0 us", "network": "0 s"}
    if limit:
        rule = {"rate": f"{limit['rate']}r/s", "burst": limit["burst"], "delay": "nodelay" if limit["nodelay"] else 0}
        edge["limits"] = {"api": rule}
    return edge


def _service(case: Case) -> dict[str, Any]:
    topology = case["topology"]
    service: dict[str, Any] = {
        "replicas": max(1, topology["replicas"]),
        "network": "0 s",
        "readiness": None,
        "runtime": {"scrape": "0 s"},
        "routes": {ROUTE: _steps(case)},
    }
    if topology["pool"]:
        pool = topology["pool"]
        service["pool"] = {
            "max": pool["max"],
            "connection_timeout": _seconds(pool["connection_timeout_s"]),
            "idle_timeout": _seconds(pool["idle_timeout_s"]),
            "start": pool["start"],
        }
    if topology["cpu_quota"]:
        cores = f"{1000.0 * topology['cpu_quota']['quota_s'] / topology['cpu_quota']['period_s']:g}m"
        service["resources"] = {"cpu_request": cores, "cpu_limit": cores}
    return service


def _steps(case: Case) -> list[dict[str, Any]]:
    service = case["service"]
    demand = drawn_demand(case, lambda s_ms: demand_s(case, s_ms)) if "demand" in case["load"] else None
    if "loop" in service:
        return [{"cpu": demand}, {"wait": _milliseconds(service["loop"]["off_loop_ms"])}]
    if "redis" in service and "http" not in service:
        read = {"op": case["topology"]["redis"].get("operation", "get"), "keyspace": "rows"}
        if keys_only(case):
            return [{"cache": read | {"on_miss": [{"cache": {"op": "set", "keyspace": "rows"}}]}}]
        return [{"wait": by_percentiles(service["redis"]["op_ms"])}, {"cache": read}]
    if "redis" in service:
        operation, whole = by_percentiles(service["redis"]["op_ms"]), service["redis"]["get_and_set_on_miss_ms"]
        second = whole - service["redis"]["op_ms"]["mean"]
        return [
            {"wait": operation},
            {"cache": {"op": "get", "keyspace": "rows", "on_miss": [
                {"sql": [STATEMENT]},
                {"wait": _milliseconds(second)},
                {"cache": {"op": "set", "keyspace": "rows"}},
                {"wait": _milliseconds(service["http"]["miss_ms"] - service["http"]["hit_ms"])},
            ]}},
            {"wait": _milliseconds(service["http"]["hit_ms"])},
        ]  # fmt: skip
    answer = {"wait": _milliseconds(service["http"]["latency_ms"])}
    return [{"sql": [STATEMENT]}, answer] if "db" in service else [answer]


def _database(case: Case) -> dict[str, Any]:
    topology, service = case["topology"], case["service"]
    if "db" not in service:
        return {}
    connect = by_percentiles(service["connect"]["connect_ms"]) if "connect" in service else "4.28 ms"
    usable = topology["postgres"]["usable_connections"]
    database: dict[str, Any] = {
        "cores": CORES,
        "network": "0 s",
        "storage_type": "local",
        "connect": connect,
        "max_connections": usable or 1000,
        "reserved_connections": 0,
        "statements": {STATEMENT: {"cpu": drawn_demand(case, lambda s_ms: demand_s(case, s_ms))}},
    }
    bouncer = topology["pgbouncer"]
    if bouncer:
        database["pgbouncer"] = {
            "pool_mode": bouncer["mode"],
            "default_pool_size": bouncer["default_pool_size"],
            "max_client_conn": bouncer["max_client_conn"],
            "query_wait_timeout": _seconds(bouncer["query_wait_timeout_s"]),
            "query_cpu": "0 us",
        }
    return database


def _cache(case: Case) -> dict[str, Any]:
    if "redis" not in case["service"]:
        return {}
    redis, load = case["topology"]["redis"], case["load"]
    cache: dict[str, Any] = {"command_cpu": "0 us", "network": "0 s"}
    rows: dict[str, Any] = {"keys": load.get("keys", 2000), "value_size": f"{redis['value_bytes']} B", "ttl": "0 s"}
    if keys_only(case):
        rows["popularity"] = f"{load['popularity']['law']} {load['popularity']['exponent']}"
        rows |= {"key_size": redis["key_bytes"], "start": "empty" if redis["prefilled"] == "empty" else "full"}
        cache["memory"] = f"{redis['maxmemory_bytes'] - case['service']['redis']['base_bytes']} B"
        cache |= {"maxmemory_policy": redis["policy"], "maxmemory_samples": redis["sampled_keys"]}
    else:
        rows["hit_ratio"] = load.get("hit_ratio", 1.0)
    return cache | {"keyspaces": {"rows": rows}}
