"""Queueing theory through the whole engine: arrivals, components, histogram and sums against closed forms.

Eight independent runs each. The mean over them must lie within 4.5 of its own standard errors of the theory (one
false alarm in some 350 such tests with seven degrees of freedom; seeds are fixed) and within a few percent.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from against_theory import agrees, mean_latency, mean_spent, runs_of

from novamodel.analytic import mg1, mm1, mmc, mmc_patience
from novamodel.simulation import codes
from novamodel.simulation.recorder import upper_edges
from novamodel.statistics import quantile_of_histogram

EDGES = np.array(upper_edges())


@pytest.fixture(scope="module")
def runs(plain):
    """Replications of a variant of the plain scenario at a rate, for so many seconds after a warm-up."""

    def make(rate, steps, seconds=800, **changes):
        window = {"duration": f"{seconds} s", "warm_up": "100 s", "interval": "100 s"}
        service = changes.pop("api", {})
        scenario = plain(
            {
                "traffic": {"peak": f"{rate} requests/s"},
                "services": {"api": {"routes": {"read": steps}, **service}},
                "run": window,
                **changes,
            }
        )
        return runs_of(scenario)

    return make


def quantile(run, q):
    return quantile_of_histogram(EDGES, run.histogram.sum(axis=0), q)


def test_event_loop_is_mm1(runs):
    found = runs(150, [{"cpu": "5 ms exponential"}])
    theory = mm1(150, 200)
    assert agrees([mean_latency(run) for run in found], float(theory.mean_time_in_system_s), 0.02)
    assert agrees([mean_spent(run, codes.LOOP_WAIT) for run in found], float(theory.mean_wait_s), 0.03)
    assert agrees([quantile(run, 0.5) for run in found], float(theory.time_in_system_p50_s), 0.02)
    assert agrees([quantile(run, 0.99) for run in found], float(theory.time_in_system_p99_s), 0.04)
    assert agrees([run.arrived.sum() / 800 for run in found], 150, 0.01)


def test_event_loop_is_mg1(runs):
    sigma = 1.0
    found = runs(120, [{"cpu": f"5 ms lognormal {sigma}"}])
    theory = mg1(120, 0.005, math.exp(sigma * sigma) - 1)
    assert agrees([mean_spent(run, codes.LOOP_WAIT) for run in found], float(theory.mean_wait_s), 0.04)
    assert agrees([mean_spent(run, codes.ON_CPU) for run in found], 0.005, 0.02)


def test_redis_is_md1(runs):
    found = runs(
        700,
        [{"cache": {"op": "set", "keyspace": "keys"}}],
        seconds=200,
        cache={"command_cpu": "1 ms", "keyspaces": {"keys": {"keys": 10}}},
    )
    assert agrees([mean_latency(run) for run in found], float(mg1(700, 0.001, 0).mean_time_in_system_s), 0.03)


def test_edge_with_two_workers_is_two_queues(runs):
    """Requests go to the workers in turn: each sees Erlang-2 gaps. G/M/1 with root sigma of its own equation."""
    found = runs(300, [{"cpu": "0 s"}], seconds=300, edge={"workers": 2, "request_cpu": "5 ms exponential"})
    sigma = 0.5
    for _ in range(200):
        sigma = (300 / (300 + 200 * (1 - sigma))) ** 2
    assert agrees([mean_latency(run) for run in found], 1 / (200 * (1 - sigma)), 0.03)


def test_database_cores_are_shared_like_mmc(runs):
    """Processor sharing on c cores: mean number and mean time are those of M/M/c, whatever the law of the work."""
    theory = mmc(2, 320, 200).mean_time_in_system_s
    for law in ("exponential", "lognormal 0.8"):
        found = runs(
            320,
            [{"sql": ["select"]}],
            seconds=400,
            api={"pool": {"max": 2000}},
            database={"cores": 2, "max_connections": 3000, "statements": {"select": {"cpu": f"5 ms {law}"}}},
        )
        assert agrees([mean_latency(run) for run in found], float(theory), 0.04)


def test_storage_is_md1_beside_the_cores(runs):
    found = runs(
        400,
        [{"sql": ["select"]}],
        seconds=200,
        api={"pool": {"max": 500}},
        database={
            "cores": 64,
            "iops": 500,
            "storage_latency": "3 ms",
            "max_connections": 3000,
            "statements": {"select": {"cpu": "10 ms exponential", "reads": 1}},
        },
    )
    theory = float(mg1(400, 0.002, 0).mean_time_in_system_s) + 0.003
    assert agrees([mean_spent(run, codes.STORAGE) for run in found], theory, 0.03)


def test_pool_with_time_out_is_mmc_with_patience(runs):
    found = runs(
        280,
        [{"sql": ["select"]}],
        seconds=400,
        api={"pool": {"max": 5, "connection_timeout": "30 ms"}},
        database={"cores": 64, "statements": {"select": {"cpu": "20 ms exponential"}}},
    )
    theory = mmc_patience(5, 0.03, 280, 50)
    lost = [run.outcome[0, codes.POOL_TIMEOUT] / run.outcome.sum() for run in found]
    assert agrees(lost, float(theory.timeout_probability), 0.03)
    waits = [mean_spent(run, codes.POOL_WAIT) for run in found]
    assert agrees(waits, float(theory.mean_wait_served_s), 0.03)


def test_pgbouncer_is_mmc(runs):
    found = runs(
        240,
        [{"sql": ["select"]}],
        seconds=500,
        api={"pool": {"max": 500}},
        database={
            "cores": 64,
            "statements": {"select": {"cpu": "10 ms exponential"}},
            "pgbouncer": {
                "default_pool_size": 3,
                "max_client_conn": 1000,
                "login_cpu": "0 s",
                "query_cpu": "0 s",
            },
        },
    )
    assert agrees([mean_spent(run, codes.SERVER_WAIT) for run in found], float(mmc(3, 240, 100).mean_wait_s), 0.06)


def test_round_robin_over_replicas_splits_a_poisson_stream_evenly(runs):
    """Each of three replicas sees every third request: Erlang-3 gaps."""
    found = runs(450, [{"cpu": "5 ms exponential"}], seconds=300, api={"replicas": 3})
    sigma = 0.5
    for _ in range(300):
        sigma = (450 / (450 + 200 * (1 - sigma))) ** 3
    assert agrees([mean_latency(run) for run in found], 1 / (200 * (1 - sigma)), 0.03)
