"""The promise: the same scenario and seed give the same requests, to the last bit, on both planes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novamodel.simulation import codes, events, holding, operations, path, reference
from novamodel.simulation.replication import replicate

SHORT = {"run.duration": "25 s", "run.warm_up": "10 s"}


@pytest.mark.parametrize("name", ["novabank", "novabank-ecs", "novabank-compose"])
def test_every_scenario_in_params(name, params, both):
    run = both(params[name].override(SHORT))
    assert len(run.requests) > 10_000


def test_params_holds_no_scenario_that_is_not_compared(params):
    assert set(params) == {"novabank", "novabank-ecs", "novabank-compose"}


def test_second_replication_and_other_seed(params, both):
    scenario = params["novabank"].override({"run.duration": "5 s", "run.warm_up": "0 s", "run.seed": 99})
    assert both(scenario, 0).digest != both(scenario, 1).digest


# --- scenarios that hypothesis makes up ------------------------------------------------------------------

LAWS = st.sampled_from(["", " exponential", " lognormal 0.5"])
TICKS = st.sampled_from(["0 s", "1 ms", "2 ms", "5 ms", "10 ms", "20 ms"])


@st.composite
def demands(draw: Any) -> str:
    """A duration that forces ties, or a random one."""
    return draw(TICKS) if draw(st.booleans()) else f"{draw(st.integers(1, 12))} ms{draw(LAWS)}"


@st.composite
def routes(draw: Any, kinds: tuple[str, ...] = ("cpu", "cpu", "sql", "sql", "cache", "thread", "wait")) -> list[Any]:
    """Steps of one route."""
    steps: list[Any] = []
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=4)):
        if kind == "sql":
            inner: list[Any] = ["one"]
            if draw(st.booleans()):
                inner += [{"cpu": draw(demands())}, "two"]
            steps.append({"sql": inner})
        elif kind == "cache":
            fill = [{"cache": {"op": "set", "keyspace": "keys"}}] if draw(st.booleans()) else []
            miss = draw(routes(kinds=("cpu", "sql"))) + fill if draw(st.booleans()) else []
            steps.append({"cache": {"op": draw(st.sampled_from(["get", "set"])), "keyspace": "keys", "on_miss": miss}})
        else:
            steps.append({kind: draw(demands())})
    return steps


@st.composite
def pools(draw: Any) -> dict[str, Any]:
    return {
        "max": draw(st.integers(1, 6)),
        "connection_timeout": draw(st.sampled_from(["0 s", "10 ms", "50 ms", "200 ms"])),
        "idle_timeout": draw(st.sampled_from(["0 s", "10 ms", "500 ms"])),
    }


@st.composite
def services(draw: Any, route: str, scales: bool) -> dict[str, Any]:
    limit = draw(st.sampled_from([None, "200m", "500m", "1500m"]))
    memory = draw(st.sampled_from([None, None, None, "125 MiB"]))
    liveness = {"period": "1 s", "timeout": draw(st.sampled_from(["60 ms", "300 ms"])), "failures": 2}
    service: dict[str, Any] = {
        "replicas": draw(st.integers(1, 3)),
        "runtime": {
            "threads": draw(st.integers(1, 3)),
            "start_delay": "1 s",
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
        "readiness": draw(st.sampled_from([None, {"period": "1 s", "timeout": "100 ms", "failures": 2}])),
        "liveness": draw(st.sampled_from([None, None, liveness])),
        "termination_grace": draw(st.sampled_from(["0 s", "2 s"])),
        "pool": draw(pools()),
        "health": "1 ms",
        "routes": {route: draw(routes())},
    }
    if scales:
        service["autoscaler"] = {
            "min_replicas": 1,
            "max_replicas": draw(st.integers(2, 6)),
            "cpu_target": draw(st.sampled_from(["30 %", "70 %"])),
            "sync_period": "2 s",
            "metrics_period": "2 s",
            **({"scale_down": {"stabilization_window": "0 s"}} if draw(st.booleans()) else {}),
        }
    return service


@st.composite
def agendas(draw: Any, service: str) -> list[Any]:
    """Up to three things that happen in the first seconds of the run; mostly none."""
    times = {"noticed_after": draw(st.sampled_from(["0 s", "500 ms"])), "replaced_after": "1 s"}
    span = {"duration": draw(st.sampled_from(["300 ms", "2 s"]))}
    kinds = [
        {"rollout": service},
        {"lost_replica": {"service": service, **times}},
        {"lost_zone": {"zone": draw(st.integers(1, 2)), **times}},
        {"database_failover": span},
        {"slow_database": {"factor": 4.0, **span}},
        {"cache_emptied": {}},
        {"cache_failover": {"commands": draw(st.sampled_from(["wait", "miss"])), **span}},
    ]
    count = draw(st.sampled_from([0, 0, 1, 3]))
    drawn = draw(st.lists(st.sampled_from(kinds), min_size=count, max_size=count))
    return [{"at": f"12:00:0{draw(st.integers(0, 2))}", **kind} for kind in drawn]


@st.composite
def gateways(draw: Any) -> dict[str, Any]:
    """An API gateway of one of its kinds; mostly none."""
    latency = {"latency": draw(st.sampled_from(["0 s", "2 ms"]))}
    by = draw(st.sampled_from(["client", "service"]))
    kong = {"kind": "kong", "limit": draw(st.integers(1, 5)), "window": "1 s", "by": by, **latency}
    aws = {"kind": "aws", "rate": "20 requests/s", "burst": draw(st.integers(1, 9)), **latency}
    gateway = draw(st.sampled_from([None, None, kong, aws]))
    return {"gateway": gateway} if gateway else {}


@st.composite
def read_replicas(draw: Any) -> dict[str, Any]:
    """Read replicas; mostly none."""
    replicas = {
        "count": draw(st.integers(1, 3)),
        "share": draw(st.sampled_from(["100 %", "50 %", "10 %"])),
        "lag": draw(st.sampled_from(["0 s", "20 ms", "1 s"])),
        "cores": draw(st.sampled_from([1, 2])),
        "max_connections": draw(st.sampled_from([4, 100])),
    }
    return {"read_replicas": replicas} if draw(st.sampled_from([False, False, True])) else {}


@st.composite
def scenarios(draw: Any) -> dict[str, Any]:
    """Changes to the plain scenario. With an autoscaler the run is longer and the rate, which jumps, lower."""
    scales = draw(st.sampled_from([False, False, False, True]))
    bouncer = {
        "default_pool_size": draw(st.integers(1, 3)),
        "max_client_conn": draw(st.sampled_from([3, 100])),
        "query_wait_timeout": draw(st.sampled_from(["0 s", "10 ms", "50 ms"])),
        "login_cpu": draw(demands()),
        "query_cpu": draw(st.sampled_from(["0 s", "1 ms"])),
    }
    limit = {"rate": "10r/s", "burst": draw(st.integers(0, 5)), "delay": draw(st.sampled_from([0, 2, "nodelay"]))}
    two = draw(st.booleans())
    names = ["a", "b"] if two else ["a"]
    return {
        "traffic": {
            "shape": [["12:00", "1/s"], ["12:01", draw(st.sampled_from(["20/s", "80/s"]))]] if scales else "constant",
            "peak": f"{draw(st.sampled_from([30, 100, 300]))} requests/s",
            "mix": {f"route-{n}": "50 %" if two else "100 %" for n in names},
            "populations": {
                "many": {"share": "60 %", "clients": 40, "popularity": "zipf 0.8"},
                "few": {"share": "40 %", "clients": 2},
            },
            "caller": {"timeout": draw(st.sampled_from(["20 ms", "200 ms", "10 s"]))},
        },
        "edge": {
            "workers": draw(st.integers(1, 2)),
            "request_cpu": draw(st.sampled_from(["0 s", "1 ms", "70 us lognormal 0.3"])),
            "network": draw(st.sampled_from(["0 s", "2 ms", "0.3 ms"])),
            "limits": {"a": limit} if draw(st.booleans()) else {},
            **({"tls": {}, "requests_per_connection": 2} if draw(st.booleans()) else {}),
        },
        **draw(gateways()),
        "services": {n: draw(services(f"route-{n}", scales)) for n in names},
        "database": {
            "cores": draw(st.sampled_from([1, 2, 4])),
            "max_connections": draw(st.sampled_from([4, 6, 100, 100])),
            "connect": draw(demands()),
            "network": draw(st.sampled_from(["0 s", "2 ms", "0.5 ms"])),
            "iops": draw(st.sampled_from([100, 1000])),
            "storage_latency": draw(st.sampled_from(["0 s", "1 ms"])),
            "statements": {
                "one": {"cpu": draw(demands()), "reads": draw(st.integers(0, 1))},
                "two": {"cpu": "2 ms", "writes": draw(st.integers(0, 1))},
            },
            **draw(read_replicas()),
            **({"pgbouncer": bouncer} if draw(st.integers(0, 2)) else {}),
        },
        "cache": {
            "command_cpu": draw(st.sampled_from(["0 s", "1 ms", "7 us idle 42 us"])),
            "network": draw(st.sampled_from(["0 s", "2 ms"])),
            "keyspaces": {"keys": {"keys": 100, "ttl": "30 s"}},
        },
        "monitoring": {"scrape_interval": "1 s"},
        "operations": draw(agendas(names[0])),
        "run": {
            "seed": draw(st.integers(0, 2**40)),
            "duration": "35 s" if scales else draw(st.sampled_from(["2 s", "5 s"])),
            "warm_up": draw(st.sampled_from(["0 s", "1 s"])),
            "interval": "1 s",
        },
    }


# The steady state that a run starts from may be beyond every limit here.
@pytest.mark.filterwarnings("ignore::RuntimeWarning:novamodel.analytic")
@settings(settings.get_profile("planes"))
@given(changes=scenarios(), coarse=st.booleans())
def test_scenarios_made_up(changes, coarse, plain, both, coarsen):
    with pytest.MonkeyPatch.context() as monkeypatch:
        if coarse:
            coarsen(monkeypatch)
        assert both(plain(changes)).conserved


# --- a rule changed in one plane only is seen ------------------------------------------------------------

BUSY = {
    "traffic": {"peak": "250 requests/s"},
    "services": {
        "api": {
            "replicas": 2,
            "resources": {"cpu_request": "200m", "cpu_limit": "700m"},
            "pool": {"max": 3, "connection_timeout": "60 ms", "idle_timeout": "5 ms"},
            "routes": {"read": [{"cpu": "2 ms"}, {"sql": ["select"]}, {"cpu": "1 ms"}, {"thread": "3 ms"}]},
        }
    },
    "database": {"cores": 4, "connect": "2 ms", "statements": {"select": {"cpu": "15 ms"}}},
    "edge": {"limits": {"api": {"rate": "5r/s", "burst": 3, "delay": "nodelay"}}},
    "run": {"duration": "4 s"},
}


def served_last_first(rule):
    """A release that hands the token to whoever came last."""

    def release(pool, p, now):
        if pool.waiting[p] < 2:
            return rule(pool, p, now)
        before = pool.first[p]
        while pool.next[before] != pool.last[p]:
            before = pool.next[before]
        last, pool.last[p] = pool.last[p], before
        pool.next[before] = -1
        pool.waiting[p] -= 1
        return last

    return release


MUTATIONS = {
    "nobody finds an idle connection": ("connections_take_idle", lambda rule: lambda s, p: False),
    "idle connections are never closed": ("connections_reap", lambda rule: lambda s, p, now: 0),
    "waiters are patient": ("tokens_timer", lambda rule: lambda s, p: codes.NEVER),
    "the limit lets all pass": ("limit_decide", lambda rule: lambda *a: (0, 0)),
    "the last waiter is served first": ("tokens_release", lambda rule: served_last_first(rule)),
    "threads cost twice": ("thread_join", lambda rule: lambda s, g, r, j, w, now: rule(s, g, r, j, 2 * w, now)),
    "statements take one part in 1e12 longer": (
        "cores_join",
        lambda rule: lambda s, d, j, n, work, now: rule(s, d, j, n, work * (1 + 1e-12), now),
    ),
    "the edge is slower by one part in 1e12": (
        "fifo_join",
        lambda rule: lambda s, i, work, now: rule(s, i, work, now * (1 + 1e-12)),
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_rule_changed_in_one_plane_is_seen(name, plain, both, differ, monkeypatch, coarse_arrivals):
    scenario = plain(BUSY)
    both(scenario)
    twin = replicate(scenario, 0, "compiled", keep_requests=True)
    rule_name, change = MUTATIONS[name]
    users = [module for module in (events, holding, operations, path) if hasattr(module, rule_name)]
    for module in users:
        monkeypatch.setattr(module, rule_name, change(getattr(module, rule_name)))
    assert users
    assert "digest" in differ(twin, replicate(scenario, 0, "simpy", keep_requests=True))


def test_another_order_of_ties_is_seen(plain, both, differ, monkeypatch, coarse_arrivals):
    """Events of one instant by creation instead of (step, number), as a stock SimPy model has them."""
    scenario = plain(BUSY)
    both(scenario)
    twin = replicate(scenario, 0, "compiled", keep_requests=True)

    def push_by_creation(plane, time, key, who):
        event = reference.DataEvent(plane._callbacks, key, who)
        plane.env.schedule(event, priority=reference.DATA_PRIORITY, delay=time - plane.env.now)

    monkeypatch.setattr(reference.ReferencePlane, "push", push_by_creation)
    assert "digest" in differ(twin, replicate(scenario, 0, "simpy", keep_requests=True))
