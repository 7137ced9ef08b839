"""What operations see of a run: throttling, waits for a core, pressure, PgBouncer's core, requests one by one."""

from __future__ import annotations

import numpy as np
import pytest

import novamodel
from novamodel.simulation.replication import replicate

TURNS = {"kind": "eks", "compute": "ec2", "node_type": "m6i.large", "zones": 1, "cpu": {"kind": "turns"}}


@pytest.mark.parametrize("platform", [{}, {"platform": TURNS}])
def test_throttled_seconds_are_those_of_each_core(plain, both, platform):
    """Work that never ends on two threads under half a core: 75 of 100 ms stand still, on both."""
    resources = {"cpu_request": "500m", "cpu_limit": "500m"}
    run = both(
        plain(
            {
                "traffic": {"peak": "5 requests/s"},
                "services": {
                    "api": {
                        "runtime": {"threads": 2},
                        "resources": resources,
                        "routes": {"read": [{"thread": "2000 ms"}]},
                    }
                },
                "run": {"warm_up": "20 s", "duration": "20 s"},
                **platform,
            }
        )
    )
    rows = list(run.replicas)
    assert sum(row["throttled_periods"] for row in rows) == pytest.approx(200, abs=2)
    assert sum(row["throttled_s"] for row in rows) == pytest.approx(2 * 0.75 * 20, rel=0.02)
    assert sum(row["periods"] for row in rows) == pytest.approx(200, abs=2)


@pytest.mark.parametrize("platform", [{}, {"platform": TURNS}])
def test_periods_elapse_in_which_threads_run(plain, both, platform):
    """5 requests/s of 1 ms: a period of 100 ms has one with probability 1 - exp(-0.5), or ends in one (0.5 %)."""
    run = both(
        plain(
            {
                "traffic": {"peak": "5 requests/s"},
                "services": {"api": {"resources": {"cpu_limit": "900m"}, "routes": {"read": [{"cpu": "1 ms"}]}}},
                "run": {"warm_up": "10 s", "duration": "200 s"},
                **platform,
            }
        )
    )
    assert sum(row["periods"] for row in run.replicas) == pytest.approx(2000 * (1 - np.exp(-0.5) + 0.005), rel=0.08)
    assert sum(row["throttled_periods"] for row in run.replicas) == 0


def test_threads_that_wait_for_a_core_are_pressure(plain):
    """Threads for 1.8 of two cores: they wait some of the time; by Little's law as long as the node has waiters."""
    scenario = {
        "traffic": {"peak": "45 requests/s"},
        "services": {"api": {"runtime": {"threads": 64}, "routes": {"read": [{"thread": "40 ms exponential"}]}}},
        "platform": TURNS,
        "run": {"warm_up": "20 s", "duration": "200 s", "start_state": "steady"},
    }
    result = novamodel.simulate(plain(scenario), engine="compiled")
    waited, nodes = result.replicas["core_wait_s"].sum(), result.nodes
    expected = 2 * 0.9**3 / (1 - 0.9**2)  # M/M/2: mean number in line
    assert waited / 200 == pytest.approx(expected, rel=0.15)
    assert nodes["pressure"].mean() == pytest.approx(0.9 * 2 * 0.9 / 1.9, rel=0.1)  # some thread waits: P(N > 2)
    assert nodes["used_cores"].mean() == pytest.approx(1.8, rel=0.04)
    assert set(nodes["cores"]) == {2}
    alone = novamodel.simulate(plain({}), engine="simpy")
    assert alone.nodes.empty
    assert alone.replicas["core_wait_s"].sum() == 0


def test_pgbouncers_core_is_a_tier(plain, both):
    """Two statements of 100 us a request on its one core."""
    run = both(
        plain(
            {
                "services": {"api": {"routes": {"read": [{"sql": ["select", "select"]}]}}},
                "database": {"cores": 8, "pgbouncer": {"query_cpu": "100 us", "login_cpu": "0 us"}},
            }
        )
    )
    busy = [row["utilisation"] for row in run.tiers if row["tier"] == "pgbouncer cpu"]
    assert np.mean(busy) == pytest.approx(2 * run.arrived.sum() / 20 * 100e-6, rel=0.02)


def test_requests_tell_client_hit_attempts_and_server(plain):
    get = {"cache": {"op": "get", "keyspace": "k", "on_miss": [{"sql": ["select"]}]}}
    caller = {"timeout": "60 ms", "retries": 2, "retry_on": ["timeout"]}
    scenario = plain(
        {
            "traffic": {"peak": "50 requests/s", "caller": caller},
            "services": {"api": {"routes": {"read": [get]}}},
            "cache": {"keyspaces": {"k": {"keys": 1000, "hit_ratio": 0.5}}},
            "database": {"cores": 64, "statements": {"select": {"cpu": "50 ms exponential"}}},
            "run": {"duration": "60 s"},
        }
    )
    frames = [
        novamodel.simulate(scenario, engine=engine, keep_requests=True).requests for engine in ("simpy", "compiled")
    ]
    assert frames[0].equals(frames[1])
    requests = frames[0]
    assert set(requests["client"]) == set(range(50))
    once = requests[(requests["attempts"] == 1) & (requests["outcome"] == "served")]
    assert set(once[once["hit"] == 1]["server"]) == {""}
    assert set(once[once["hit"] == 0]["server"]) == {"main"}
    assert set(requests["attempts"]) == {1, 2, 3}
    lost = 0.5 * np.exp(-60 / 50)  # a miss, and a statement that takes longer than the caller waits
    assert (requests["attempts"] > 1).mean() == pytest.approx(lost, rel=0.1)
    twice = novamodel.simulate(scenario, engine="simpy", keep_requests=False)
    assert twice.requests is None
    assert replicate(scenario, 0, "simpy").requests is None
