"""Threads that share the cores of a machine, through the whole engine: what theory says of it, and what runs show."""

from __future__ import annotations

import pytest

from novamodel.simulation import codes
from novamodel.simulation.replication import replicate
from novamodel.simulation.run import simulate

MACHINE = {"kind": "eks", "compute": "ec2", "node_type": "m6i.large", "zones": 1, "cpu": {"kind": "turns"}}
"""Two vCPUs. The service, alone there, has no limit; its threads are more than it needs."""


def threads_at(plain, rate, routes, **more):
    """A scenario of work on threads of one replica on one machine."""
    return plain(
        {
            "traffic": {
                "shape": "constant",
                "peak": f"{rate}/s",
                "caller": {"timeout": "60 s"},
                "mix": routes.pop("mix"),
            },
            "platform": MACHINE | more.pop("platform", {}),
            "services": {"api": {"replicas": 1, "runtime": {"threads": 64}, "readiness": None, "routes": routes}},
            "run": {"warm_up": "30 s", "duration": "5 min", "replications": 4} | more.pop("run", {}),
        }
        | more
    )


def mean_of(result, route):
    return float(result.routes.set_index("route").loc[route, "mean_s"])


def test_threads_share_two_cores(plain):
    """M/G/2 with sharing has the mean of M/M/2: 40 ms / (1 - 0.6 ** 2)."""
    result = simulate(threads_at(plain, 30, {"mix": {"login": "100 %"}, "login": [{"thread": "40 ms"}]}))
    estimate = result.estimate("mean")
    assert estimate.value == pytest.approx(0.0625, rel=0.05)
    cores = result.tiers[result.tiers["tier"] == "nodes cores"]
    assert cores["busy"].mean() == pytest.approx(1.2, rel=0.03)


def test_more_than_a_machine_has_is_unstable(plain):
    """80 a second of 40 ms are 3.2 cores, and the machine has two."""
    routes = {"mix": {"login": "100 %"}, "login": [{"thread": "40 ms"}]}
    result = simulate(threads_at(plain, 80, routes, run={"duration": "60 s", "replications": 2}))
    assert result.tiers[result.tiers["tier"] == "nodes cores"]["busy"].max() <= 2.0 + 1e-9
    assert any("unstable" in text for text in result.warnings)


def test_a_loop_beside_threads_feels_them(plain):
    """1.23 of 2 cores; the threads wait for each other, and the loop, which wakes up often, hardly for them."""
    routes = {"mix": {"ping": "80 %", "login": "20 %"}, "ping": [{"cpu": "1 ms"}], "login": [{"thread": "40 ms"}]}
    result = simulate(threads_at(plain, 140, routes))
    alone = simulate(
        threads_at(plain, 140, routes | {"mix": {"ping": "80 %", "login": "20 %"}}, platform={"cpu": {"kind": "none"}})
    )
    assert mean_of(result, "login") == pytest.approx(0.064, rel=0.06)
    assert mean_of(result, "ping") > 1.05 * mean_of(alone, "ping")


def test_an_idle_machine_changes_nothing(plain):
    """With a core for each thread the requests take as long as without machines; with sharing off, to the last bit."""
    routes = {"mix": {"ping": "100 %"}, "ping": [{"cpu": "1 ms exponential"}]}
    shared = replicate(threads_at(plain, 50, dict(routes)), 0, "compiled")
    own = replicate(threads_at(plain, 50, dict(routes), platform={"cpu": {"kind": "none"}}), 0, "compiled")
    assert shared.latency.sum() == pytest.approx(own.latency.sum(), rel=1e-9)


def test_one_machine_for_all_of_compose(plain):
    """Edge, PgBouncer, database and cache take their CPU from the one machine, and a request waits for it."""
    changes = {
        "traffic": {"shape": "constant", "peak": "150/s", "mix": {"read": "100 %"}},
        "edge": {"request_cpu": "1 ms"},
        "database": {"cores": 2, "statements": {"select": {"cpu": "3 ms"}}, "pgbouncer": {"query_cpu": "500 us"}},
        "cache": {"command_cpu": "500 us", "keyspaces": {"row": {"keys": 10, "hit_ratio": "0 %"}}},
        "services": {
            "api": {
                "replicas": 1,
                "pool": {"max": 20},
                "routes": {
                    "read": [
                        {"cpu": "1 ms"},
                        {"cache": {"op": "get", "keyspace": "row", "on_miss": [{"sql": ["select"]}]}},
                    ]
                },
            }
        },
        "run": {"duration": "60 s", "replications": 1},
    }
    machine = {"kind": "compose", "compute": "ec2", "node_type": "m6i.large", "zones": 1}
    shared = plain(changes | {"platform": machine | {"cpu": {"kind": "turns"}}})
    result = simulate(shared)
    tiers = result.tiers.groupby("tier")["busy"].mean()
    each = {"edge": 0.001, "postgres cpu": 0.003, "redis": 0.0005, "api cpu": 0.001}
    for tier, seconds in each.items():
        assert tiers[tier] == pytest.approx(150 * seconds, rel=0.15), tier
    assert tiers["machine cores"] == pytest.approx(150 * 0.006, rel=0.05)
    own = simulate(plain(changes | {"platform": machine | {"cpu": {"kind": "none"}}}))
    assert result.estimate("mean").value > 1.2 * own.estimate("mean").value
    waited = result.breakdown.set_index("place").loc[codes.PLACES[codes.CORE_WAIT], "mean_s"]
    assert waited > 0.0


def test_nodes_come_when_the_autoscaler_wants_more_than_they_hold(plain):
    scenario = plain(
        {
            "traffic": {"shape": [["12:00", "20/s"], ["12:01", "160/s"], ["12:30", "160/s"]], "mix": {"read": "100 %"}},
            "platform": MACHINE | {"node_groups": {"nodes": {"type": "m6i.large", "max": 6, "start_delay": "40 s"}}},
            "services": {
                "api": {
                    "replicas": 1,
                    "resources": {"cpu_request": "700m", "cpu_limit": "1", "memory_request": "128 MiB"},
                    "autoscaler": {"min_replicas": 1, "max_replicas": 8, "cpu_target": "60 %"},
                    "routes": {"read": [{"cpu": "12 ms"}]},
                }
            },
            "run": {"warm_up": "0 s", "duration": "8 min", "replications": 1},
        }
    )
    result = simulate(scenario)
    assert result.replicas["ready"].max() >= 4
    machines = result.machines
    assert (machines["from_s"] < 12 * 3600).sum() == 1
    came = machines[machines["from_s"] > 12 * 3600]
    assert len(came) >= 1
    ready = result.replicas[result.replicas["ready"] > 2]["clock_s"].min()
    assert ready > came["from_s"].min() + 40
