"""Parts of the scenarios that hypothesis makes up: laws, callers, services, databases, edges, agendas."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from novamodel.components.redis.state import POLICIES

TICKS = st.sampled_from(["0 s", "1 ms", "2 ms", "5 ms", "10 ms", "20 ms"])
LAWS = st.sampled_from(["", " exponential", " lognormal 0.5", " gamma 2", " gamma 0.7", " uniform 0.5"])
MIXTURES = st.sampled_from(
    [
        {"mixture": [["50 %", "1 ms"], ["50 %", "4 ms exponential"]]},
        {"mixture": [["90 %", "2 ms lognormal 0.5"], ["10 %", "20 ms"]]},
        {"samples": ["1 ms", "2 ms", "2 ms", "5 ms"]},
        {"samples": ["0.4 ms", "3 ms", "11 ms"]},
    ]
)
FEW = st.sampled_from([None, None, "30 %", "70 %"])


def one_of(*values: Any) -> Any:
    return st.sampled_from(values)


@st.composite
def demands(draw: Any) -> Any:
    """A duration that forces ties, or a random one of every law."""
    kind = draw(one_of("tick", "tick", "law", "law", "law", "mixture"))
    if kind == "tick":
        return draw(TICKS)
    return draw(MIXTURES) if kind == "mixture" else f"{draw(st.integers(1, 12))} ms{draw(LAWS)}"


def curves() -> st.SearchStrategy[dict[str, Any]]:
    """Demands that follow the utilisation of their core."""
    points = [["0 %", "6 ms"], ["30 %", "3 ms"], ["100 %", "2 ms"]]
    return one_of({"curve": points}, {"curve": points[1:], "law": "exponential"})


@st.composite
def callers(draw: Any, patient: bool = False) -> dict[str, Any]:
    """Time-out, and mostly retries of one kind or another."""
    caller = {"timeout": draw(one_of("200 ms", "10 s") if patient else one_of("5 ms", "20 ms", "100 ms", "10 s"))}
    if draw(one_of(True, False, False)):
        return caller
    backoff = draw(one_of("none", "fixed", "exponential"))
    caller |= {
        "retries": draw(st.integers(1, 3)),
        "retry_on": draw(one_of(["errors", "timeout"], ["timeout"], ["errors", "timeout", "rejected"])),
    }
    if backoff != "none":
        caller |= {"backoff": backoff, "base": draw(one_of("1 ms", "10 ms"))}
        caller |= {"jitter": draw(one_of("none", "full", "equal", "decorrelated"))}
        if backoff == "exponential":
            caller |= {"cap": draw(one_of("15 ms", "1 s"))}
    if draw(one_of(True, False)):
        caller |= {"budget": draw(one_of("0 %", "10 %", "100 %")), "budget_reserve": draw(one_of(1, 10))}
    return caller | ({"breaker": draw(breakers())} if draw(one_of(True, False)) else {})


@st.composite
def breakers(draw: Any) -> dict[str, Any]:
    """A circuit breaker that opens by a row of failures, or by their share."""
    common = {"open": draw(one_of("50 ms", "500 ms")), "probes": draw(one_of(1, 3))}
    if draw(one_of(True, False)):
        return {"failures": draw(one_of(1, 4)), **common}
    return {"failure_share": draw(one_of("20 %", "60 %")), "window_calls": 10, "min_calls": draw(one_of(1, 5))} | common


@st.composite
def pools(draw: Any) -> dict[str, Any]:
    """A node-postgres pool; small enough that callers wait."""
    most = draw(st.integers(1, 6))
    return {
        "max": most,
        "min": draw(one_of(0, 0, 1, most)),
        "max_uses": draw(one_of(0, 0, 1, 7)),
        "max_lifetime": draw(one_of("0 s", "0 s", "300 ms")),
        "connection_timeout": draw(one_of("0 s", "10 ms", "50 ms", "200 ms")),
        "idle_timeout": draw(one_of("0 s", "10 ms", "500 ms")),
    }


@st.composite
def runtimes(draw: Any) -> dict[str, Any]:
    """An event loop as often as not; else several, request threads, Go, or processes; some collect garbage."""
    some = st.integers(1, 3)
    kind = draw(one_of("loop", "loop", "loop", "cluster", "threads", "go", "processes"))
    runtime: dict[str, Any] = {"kind": kind, "threads": draw(some)}
    if kind in ("loop", "cluster"):
        runtime |= {"kind": "node", "workers": 1 if kind == "loop" else draw(st.integers(2, 3))}
    elif kind == "go":
        runtime = {"kind": "threads", "processors": draw(some)}
    elif kind == "processes":
        runtime |= {"workers": draw(some), "lock_turn": draw(one_of("1 ms", "5 ms"))}
    if kind in ("threads", "processes"):
        runtime |= {"line": draw(one_of(0, 2, 2048))}
    if kind != "loop" or draw(one_of(True, False, False, False)):
        garbage = {"every": "20 ms", "stop": draw(one_of("0 ms", "2 ms")), "beside": "3 ms"}
        runtime |= {"garbage": garbage} if draw(one_of(True, False, False)) else {}
    return runtime


@st.composite
def services(draw: Any, scales: bool) -> dict[str, Any]:
    """A service without its routes."""
    limit = draw(one_of(None, "200m", "500m", "1500m"))
    memory = draw(one_of(None, None, None, "125 MiB"))
    liveness = {"period": "1 s", "timeout": draw(one_of("60 ms", "300 ms")), "failures": 2}
    service: dict[str, Any] = {
        "replicas": draw(st.integers(1, 3)),
        "runtime": {
            **draw(runtimes()),
            "start_delay": "500 ms",
            "boot": "100 ms",
            "resting_memory": "110 MiB",
            "memory_per_request": "1 MiB",
            "scrape": "1 ms",
        },
        "resources": {
            "cpu_request": "200m",
            "memory_request": "100 MiB",
            **({"cpu_limit": limit} if limit else {}),
            **({"memory_limit": memory} if memory else {}),
        },
        "network": draw(one_of("0 s", "2 ms", "0.3 ms")),
        "readiness": draw(one_of(None, {"period": "1 s", "timeout": "100 ms", "failures": 2})),
        "liveness": draw(one_of(None, None, liveness)),
        "termination_grace": draw(one_of("0 s", "2 s")),
        "on_sigterm": draw(one_of("ignore", "drain", "exit")),
        "pool": draw(pools()),
        "health": "1 ms",
    }
    if scales:
        service["autoscaler"] = {
            "min_replicas": 1,
            "max_replicas": draw(st.integers(2, 6)),
            "cpu_target": draw(one_of("30 %", "70 %")),
            "sync_period": "2 s",
            "metrics_period": "2 s",
            "metrics": draw(scaling_metrics()),
            "keda": draw(one_of(None, {"to_zero": False, "fallback": {"failure_threshold": 1, "replicas": 3}})),
            **({"scale_down": {"stabilization_window": "0 s"}} if draw(st.booleans()) else {}),
        }
    return service


@st.composite
def scaling_metrics(draw: Any) -> dict[str, Any]:
    """Further metrics of an HPA, of every kind of the API but Resource, which the CPU target is."""
    lost = [["00:00", 2], ["12:00:05", None], ["12:00:15", 5]]
    known: dict[str, dict[str, Any]] = {
        "rate": {"type": "Pods", "reads": "requests", "average_target": 3, "period": "1 s", "window": "5 s"},
        "waits": {"type": "Object", "reads": "pool waits", "value_target": 1, "period": "1 s"},
        "busy": {"type": "External", "reads": "in flight", "average_target": "500m", "period": "2 s"},
        "loop": {"type": "Pods", "reads": "event loop queue", "average_target": 1, "period": "2 s"},
        "clock": {"type": "External", "reads": "series", "average_target": 1, "series": lost},
        "sundays": {"type": "External", "reads": "series", "average_target": 1, "series": lost, "days": ["Sunday"]},
        "cores": {"type": "ContainerResource", "reads": "cpu", "average_target": "200m", "container": "app"},
    }
    return {name: known[name] for name in draw(st.lists(st.sampled_from(sorted(known)), unique=True, max_size=2))}


@st.composite
def databases(draw: Any) -> dict[str, Any]:
    """A database, often behind PgBouncer, at times with read replicas."""
    bouncer = {
        "default_pool_size": draw(st.integers(1, 3)),
        "max_client_conn": draw(one_of(3, 100)),
        "query_wait_timeout": draw(one_of("0 s", "10 ms", "50 ms")),
        "login_cpu": draw(demands()),
        "query_cpu": draw(one_of("0 s", "1 ms", "0.2 ms exponential")),
        "pool_mode": draw(one_of("transaction", "session", "statement", "transaction")),
        "version": draw(one_of("1.18", "1.25")),
        "min_pool_size": draw(one_of(0, 0, 2)),
        "reserve_pool_size": draw(one_of(0, 0, 2)),
        "reserve_pool_timeout": draw(one_of("100 ms", "0 s")),
        "max_db_connections": draw(one_of(0, 0, 2)),
        "max_user_connections": draw(one_of(0, 0, 1)),
        "query_timeout": draw(one_of("0 s", "0 s", "30 ms")),
        "idle_transaction_timeout": draw(one_of("0 s", "0 s", "20 ms")),
        "client_idle_timeout": draw(one_of("0 s", "0 s", "100 ms")),
        "server_connect_timeout": draw(one_of("15 s", "1 ms")),
        "server_login_retry": draw(one_of("200 ms", "15 s")),
        "server_idle_timeout": draw(one_of("600 s", "200 ms", "0 s")),
        "server_lifetime": draw(one_of("3600 s", "500 ms")),
        "server_round_robin": draw(one_of(False, True)),
    }
    replicas = {
        "count": draw(st.integers(1, 3)),
        "share": draw(one_of("100 %", "50 %", "10 %")),
        "lag": draw(one_of("0 s", "20 ms", "1 s")),
        "cores": draw(one_of(1, 2)),
        "max_connections": draw(one_of(4, 100)),
    }
    return {
        "cores": draw(one_of(1, 2, 4)),
        "max_connections": draw(one_of(4, 6, 100, 100)),
        "connect": draw(demands()),
        "network": draw(one_of("0 s", "2 ms", "0.5 ms")),
        "iops": draw(one_of(100, 1000)),
        "storage_latency": draw(one_of("0 s", "1 ms")),
        "statements": {
            "one": {"cpu": draw(demands()), "reads": draw(st.integers(0, 1))},
            "two": {"cpu": "2 ms", "writes": draw(st.integers(0, 1))},
        },
        **({"read_replicas": replicas} if draw(one_of(False, False, True)) else {}),
        **({"pgbouncer": bouncer} if draw(one_of(False, True)) else {}),
    }


def cache(draw: Any) -> dict[str, Any]:
    """A Redis with two keyspaces, often with too little memory for both."""
    stated = draw(one_of({}, {}, {"hit_ratio": 0.6}))
    return {
        "engine": draw(one_of("redis", "valkey")),
        **draw(one_of({}, {}, {"cluster": {"shards": 2}}, {"cluster": {"shards": 3}, "nodes": 6})),
        "command_cpu": draw(one_of("0 s", "1 ms", "7 us idle 42 us", "0.2 ms gamma 3")),
        "network": draw(one_of("0 s", "2 ms")),
        "memory": draw(one_of("1 GiB", "10 KiB", "30 KiB", "200 B")),
        "maxmemory_policy": draw(st.sampled_from(sorted(POLICIES))),
        "maxmemory_samples": draw(one_of(1, 5, 9)),
        "appendfsync": draw(one_of("off", "off", "everysec", "always")),
        "fsync": draw(one_of("1 ms", "2500 ms")),
        "keyspaces": {
            "keys": {"keys": 100, "ttl": draw(one_of("30 s", "1 s", "0 s")), "value_size": "200 B"},
            "lists": {"keys": draw(one_of(1, 40)), "ttl": draw(one_of("2 s", "0 s")), "popularity": "uniform"} | stated,
        },
    }


@st.composite
def externals(draw: Any) -> dict[str, Any]:
    """Somebody else's system, with or without limits."""
    external: dict[str, Any] = {"latency": draw(demands()), "failures": draw(one_of("0 %", "0 %", "30 %"))}
    if draw(st.booleans()):
        external |= {"concurrency": draw(st.integers(1, 4)), "over_limit": draw(one_of("reject", "wait"))}
    if draw(one_of(True, False, False)):
        external |= {"rate": draw(one_of("10 requests/s", "50 requests/s")), "burst": draw(st.integers(1, 9))}
    return external


@st.composite
def queues(draw: Any) -> dict[str, Any]:
    """A message queue whose messages come again soon."""
    return {
        "latency": draw(one_of("0 s", "2 ms")),
        "delay": draw(one_of("0 s", "0 s", "10 ms", "300 ms")),
        "visibility_timeout": draw(one_of("10 ms", "100 ms", "30 s")),
        "most_receives": draw(st.integers(1, 3)),
    }


@st.composite
def edges(draw: Any, places: list[str]) -> dict[str, Any]:
    """A reverse proxy; its limits by service or route may share a zone."""
    edge: dict[str, Any] = {
        "workers": draw(st.integers(1, 2)),
        "request_cpu": draw(one_of("0 s", "1 ms", "70 us lognormal 0.3")),
        "network": draw(one_of("0 s", "2 ms", "0.3 ms")),
        "max_fails": draw(one_of(0, 1, 3)),
        "fail_timeout": draw(one_of("1 s", "10 s")),
    }
    if draw(st.booleans()):
        edge["limits"] = draw(limits(places))
    if draw(st.booleans()):
        edge |= draw(proxying(places[0]))
    return edge | ({"tls": {}, "requests_per_connection": 2} if draw(one_of(True, False, False)) else {})


@st.composite
def proxying(draw: Any, service: str) -> dict[str, Any]:
    """How an edge chooses and keeps replicas, what it does when one fails, how many connections it has."""
    limit = {"limit": draw(st.integers(1, 6)), "key": draw(one_of("client", "route", "server"))}
    further = {"tries": draw(one_of(0, 2)), "timeout": draw(one_of("0 s", "100 ms"))}
    upstream = {
        "method": draw(one_of("round_robin", "least_conn", "ip_hash", "random", "random_two")),
        "max_conns": draw(one_of(0, 0, 3)),
        "backup": draw(one_of(0, 0, 1)),
        "max_fails": draw(one_of(0, 1, 2)),
        "fail_timeout": "1 s",
    }
    return {
        "upstreams": {service: upstream},
        "next_upstream": {"on": draw(one_of(["error", "timeout"], ["error", "timeout", "http_5xx"], [])), **further},
        "read_timeout": draw(one_of("60 s", "20 ms", "100 ms")),
        "keepalive": draw(one_of(0, 1, 8)),
        "connect_cpu": draw(one_of("0 us", "0.3 ms")),
        "worker_connections": draw(one_of(512, 512, 6)),
        "connection_limits": {service: limit} if draw(st.booleans()) else {},
        **({"reject_cpu": "0.1 ms"} if draw(st.booleans()) else {}),
    }


@st.composite
def limits(draw: Any, places: list[str]) -> dict[str, Any]:
    """limit_req lines at some places."""
    rate = {"rate": draw(one_of("10r/s", "40r/s"))}
    zone = {"zone": "shared", "key": draw(one_of("client", "route", "server")), **rate}
    found = {}
    for place in draw(st.lists(st.sampled_from(places), min_size=1, max_size=3, unique=True)):
        own = {"burst": draw(st.integers(0, 5)), "delay": draw(one_of(0, 2, "nodelay"))}
        found[place] = own | (zone if draw(st.booleans()) else rate)
        if draw(one_of(True, False, False)):
            found[place]["also"] = [{"rate": "30r/s", "burst": 2, "key": draw(one_of("client", "server"))}]
    return found


@st.composite
def gateways(draw: Any) -> dict[str, Any]:
    """An API gateway of one of its kinds; mostly none."""
    latency = {"latency": draw(one_of("0 s", "2 ms"))}
    kong = {"kind": "kong", "limit": draw(st.integers(1, 5)), "window": "1 s", "by": draw(one_of("client", "service"))}
    aws = {"kind": "aws", "rate": "20 requests/s", "burst": draw(st.integers(1, 9))}
    gateway = draw(one_of(None, None, None, kong, aws))
    return {"gateway": gateway | latency} if gateway else {}


@st.composite
def agendas(draw: Any, names: list[str]) -> list[Any]:
    """Up to three things that happen in the first seconds of the run; mostly none."""
    times = {"noticed_after": draw(one_of("0 s", "500 ms")), "replaced_after": "500 ms"}
    span = {"duration": draw(one_of("300 ms", "2 s"))}
    kinds = [
        {"rollout": draw(st.sampled_from(names))},
        {"lost_replica": {"service": draw(st.sampled_from(names)), **times}},
        {"lost_zone": {"zone": draw(st.integers(1, 2)), **times}},
        {"database_failover": span},
        {"slow_database": {"factor": 4.0, **span}},
        {"cache_emptied": {}},
        {"cache_failover": {"commands": draw(one_of("wait", "miss")), **span}},
    ]
    count = draw(one_of(0, 0, 1, 3))
    drawn = draw(st.lists(st.sampled_from(kinds), min_size=count, max_size=count))
    return [{"at": f"12:00:0{draw(st.integers(0, 1))}", **kind} for kind in drawn]


@st.composite
def platforms(draw: Any) -> dict[str, Any]:
    """Machines of one's own for each thread, or shared ones: few, so that threads wait, or more when pods need them."""
    kind = draw(one_of("none", "none", "compose", "eks", "ecs", "fargate"))
    if kind == "fargate":
        return {"kind": "eks", "compute": "fargate", "cpu": {"kind": "turns"}}
    if kind == "none":
        return {"compute": "ec2", "cpu": {"kind": "none"}}
    cpu = {"kind": "turns", "sibling_speed": draw(one_of("100 %", "65 %")), "steal": draw(one_of("0 %", "0 %", "10 %"))}
    cpu |= draw(one_of({}, {}, {"slice": "1 ms", "tick": "1 ms"}))
    if kind == "compose":
        return {"kind": "compose", "compute": "ec2", "node_type": "t3.micro", "cpu": cpu}
    group = {"type": "t3.medium"} | draw(
        one_of({"min": 2}, {"count": 8}, {"min": 1, "max": 12, "start_delay": "300 ms", "idle_for": "1 s"})
    )
    return {
        "kind": kind,
        "compute": "ec2",
        "node_groups": {"nodes": group},
        "placement": draw(one_of("spread", "pack")),
        "cpu": cpu,
    }


def pods() -> st.SearchStrategy[dict[str, Any]]:
    """Requests and limits of what is no service."""
    least = {"cpu_request": "20m", "memory_request": "32 MiB"}
    return one_of(least, least | {"cpu_limit": "50m"}, least | {"cpu_request": "300m", "cpu_limit": "1"})
