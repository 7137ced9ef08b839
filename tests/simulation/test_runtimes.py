"""Request threads, processes with a lock, clusters of event loops and Go through the whole engine, against theory."""

from __future__ import annotations

import numpy as np
import pytest
from against_theory import agrees, mean_latency, mean_spent, runs_of

from novamodel.analytic import mg1, mmc
from novamodel.simulation import codes
from novamodel.simulation.replication import replicate
from novamodel.simulation.run import simulate

TURNS = {"kind": "eks", "compute": "ec2", "node_type": "m6i.large", "zones": 1, "cpu": {"kind": "turns"}}
"""Machines of two vCPUs that containers share."""


@pytest.fixture(scope="module")
def made(plain):
    """The plain scenario with a runtime, at a rate; ``api`` changes more of the service."""

    def make(runtime, rate, steps, seconds=300, platform=None, **api):
        runtime = {"scrape": "0 s", **runtime}
        scenario = {
            "traffic": {"peak": f"{rate} requests/s"},
            "services": {"api": {"runtime": runtime, "routes": {"read": steps}, **api}},
            "run": {"duration": f"{seconds} s", "warm_up": "50 s", "interval": "50 s"},
        }
        return plain(scenario | ({"platform": platform} if platform else {}))

    return make


FOUR = mmc(4, 300, 100)


@pytest.mark.parametrize(
    ("runtime", "steps"),
    [
        ({"kind": "threads", "threads": 4}, [{"cpu": "10 ms exponential"}]),
        ({"kind": "threads", "threads": 4}, [{"wait": "10 ms exponential"}]),
        ({"kind": "threads", "processors": 4}, [{"cpu": "10 ms exponential"}]),
        ({"kind": "processes", "workers": 4}, [{"cpu": "10 ms exponential"}]),
        ({"kind": "processes", "workers": 1, "threads": 4}, [{"wait": "10 ms exponential"}]),
        ({"kind": "processes", "workers": 2, "threads": 2}, [{"thread": "10 ms exponential"}]),
    ],
)
def test_requests_that_take_one_of_four_are_mmc(made, runtime, steps):
    """Threads that work or wait, processes that work; threads of one process that wait, or work without the lock."""
    found = runs_of(made(runtime, 300, steps))
    assert agrees([mean_latency(run) for run in found], float(FOUR.mean_time_in_system_s), 0.03)


def test_waiting_for_a_thread_is_told(made):
    found = runs_of(made({"kind": "threads", "threads": 4}, 300, [{"cpu": "10 ms exponential"}]))
    assert agrees([mean_spent(run, codes.WORKER_WAIT) for run in found], float(FOUR.mean_wait_s), 0.06)
    assert agrees([mean_spent(run, codes.ON_CPU) for run in found], 0.01, 0.01)


def test_threads_under_a_lock_share_it(made):
    """Short turns of the lock are processor sharing, whose mean depends on the mean demand only: 10 ms / (1 - 0.7)."""
    runtime = {"kind": "processes", "threads": 200, "lock_turn": "0.1 ms"}
    found = runs_of(made(runtime, 70, [{"cpu": "10 ms"}]))
    assert agrees([mean_latency(run) for run in found], 0.01 / 0.3, 0.04)


def test_one_process_with_one_thread_is_first_come_first_served(made):
    found = runs_of(made({"kind": "processes"}, 70, [{"cpu": "10 ms"}]))
    assert agrees([mean_latency(run) for run in found], float(mg1(70, 0.01, 0).mean_time_in_system_s), 0.03)


def test_threads_on_two_cores_share_them(made):
    """More threads than cores: M/G/2 with sharing has the mean of M/M/2."""
    found = runs_of(made({"kind": "threads", "threads": 64}, 120, [{"cpu": "10 ms exponential"}], platform=TURNS))
    assert agrees([mean_latency(run) for run in found], float(mmc(2, 120, 100).mean_time_in_system_s), 0.04)


ECS = {"kind": "ecs", "compute": "fargate", "cpu": {"kind": "turns"}}
TASK = {"cpu_request": "2", "cpu_limit": "2", "memory_request": "4 GiB", "memory_limit": "4 GiB"}


@pytest.mark.parametrize(
    ("runtime", "steps"),
    [
        ({"kind": "threads", "threads": 64}, [{"cpu": "10 ms exponential"}]),
        ({"threads": 64}, [{"thread": "10 ms exponential"}]),
    ],
)
def test_a_fargate_task_is_a_machine(made, runtime, steps):
    """Two vCPUs are two cores that threads share, no quota that they use up together: nothing is throttled."""
    found = runs_of(made(runtime, 120, steps, platform=ECS, resources=TASK))
    assert agrees([mean_latency(run) for run in found], float(mmc(2, 120, 100).mean_time_in_system_s), 0.04)
    assert sum(row["throttled_periods"] for row in found[0].replicas) == 0
    assert max(row["busy"] for row in found[0].tiers if row["tier"] == "api cpu") <= 2.0 + 1e-6
    waits = [mean_spent(run, codes.CORE_WAIT) for run in found]
    assert agrees(waits, float(mmc(2, 120, 100).mean_wait_s), 0.1)


def test_a_task_of_less_than_a_vcpu_is_a_machine_under_a_quota(made, both):
    """Four threads that never rest: two vCPUs run 25 ms each, then all stand still for 75 of 100 ms."""
    small = {"cpu_request": "500m", "cpu_limit": "500m", "memory_request": "1 GiB", "memory_limit": "1 GiB"}
    run = both(made({"threads": 4}, 5, [{"thread": "1000 ms"}], 40, ECS, resources=small))
    assert [row["busy"] for row in run.tiers if row["tier"] == "api cpu"][-1] == pytest.approx(0.5, rel=0.02)
    assert sum(row["throttled_s"] for row in run.replicas) == pytest.approx(2 * 0.75 * 40, rel=0.02)
    assert mean_spent(run, codes.CORE_WAIT) > 0.0


def test_a_loop_is_the_same_by_either_rule(made):
    """A single event loop is run by `components.node`; with garbage that never comes it is a runtime of one worker."""
    steps = [{"cpu": "2 ms idle 3 ms exponential"}, {"wait": "3 ms"}, {"cpu": "3 ms"}]
    never = {"garbage": {"every": "3000 s", "stop": "1 ms"}}
    for platform in (None, TURNS):
        for limit in ({}, {"resources": {"cpu_request": "250m", "cpu_limit": "800m"}}):
            one, other = (
                replicate(made(runtime, 120, steps, 20, platform, **limit), 0, "simpy", keep_requests=True)
                for runtime in ({}, never)
            )
            times = [np.sort(run.latency) for run in (one, other)]
            assert one.requests.shape == other.requests.shape
            assert np.allclose(one.requests[:, :3], other.requests[:, :3])
            assert np.allclose(*times, rtol=1e-9)


@pytest.mark.parametrize("platform", [None, TURNS])
def test_a_quota_holds_all_threads(made, both, platform):
    """Eight threads under half a core: used up, throttled, and no more."""
    resources = {"cpu_request": "500m", "cpu_limit": "500m"}
    scenario = made({"kind": "threads", "threads": 8}, 70, [{"cpu": "10 ms"}], 20, platform, resources=resources)
    run = both(scenario)
    used = [row["busy"] for row in run.tiers if row["tier"] == "api cpu"]
    assert max(used) <= 0.5 + 1e-6
    assert used[-1] == pytest.approx(0.5, rel=0.02)
    assert mean_spent(run, codes.THROTTLED) > 0.01
    assert sum(row["throttled_periods"] for row in run.replicas) >= 150


def test_who_finds_the_line_full_is_refused_or_goes_elsewhere(made, both):
    """One thread, nobody in line: Erlang's loss formula; with a second replica the edge asks that one."""
    runtime = {"kind": "threads", "threads": 1, "line": 0}
    lost = both(made(runtime, 100, [{"wait": "10 ms exponential"}], 200))
    assert lost.outcome.sum(axis=0)[codes.NO_WORKER] / lost.outcome.sum() == pytest.approx(0.5, rel=0.03)
    scenario = made(runtime, 100, [{"wait": "10 ms exponential"}], 200, replicas=2)
    asks = {"edge.next_upstream.on": ["error"], "edge.upstreams": {"api": {"max_fails": 0}}}
    found = both(scenario.override(asks))
    blocked = (1 / 2) / (1 + 1 + 1 / 2)  # Erlang B of two servers and one erlang: only who finds both taken is lost
    assert found.outcome.sum(axis=0)[codes.NO_WORKER] / found.outcome.sum() == pytest.approx(blocked, rel=0.05)


def test_garbage_costs_what_is_said(made):
    """Each 100 ms of work, 2 ms that stop the loops and 10 ms beside: 12 % more CPU."""
    garbage = {"every": "100 ms", "stop": "2 ms", "beside": "10 ms"}
    plain_run, collects = (
        replicate(made({"workers": 2, **more}, 100, [{"cpu": "5 ms"}], 100), 0, "compiled")
        for more in ({}, {"garbage": garbage})
    )
    used = [np.mean([row["busy"] for row in run.tiers if row["tier"] == "api cpu"]) for run in (plain_run, collects)]
    assert used[1] / used[0] == pytest.approx(1.12, rel=0.005)


def test_an_autoscaler_sees_all_threads(made):
    """Work of 1.2 cores over requests of 200m at 60 %: ten replicas."""
    scaler = {"min_replicas": 2, "max_replicas": 20, "cpu_target": "60 %"}
    run = simulate(
        made(
            {"kind": "processes", "workers": 2, "threads": 2, "start_delay": "1 s"},
            120,
            [{"cpu": "10 ms"}],
            400,
            autoscaler=scaler,
            resources={"cpu_request": "200m"},
        )
    )
    last = run.replicas[run.replicas["clock_s"] > 12 * 3600 + 250]
    assert 9 <= last["ready"].mean() <= 11


@pytest.mark.parametrize(
    ("runtime", "limit", "dies"),
    [
        ({"kind": "threads", "threads": 50, "max_heap": "100 MiB"}, "2 GiB", "the JVM's heap"),
        ({"kind": "threads", "threads": 50}, "400 MiB", "the JVM's heap"),  # a quarter, at least 125 MiB
        ({"kind": "threads", "processors": 4}, "300 MiB", "exit 137"),
        ({"kind": "processes", "workers": 4, "threads": 12}, "400 MiB", "exit 137"),
        ({"kind": "processes", "workers": 1, "threads": 12}, "400 MiB", None),
    ],
)
def test_memory_by_kind(made, runtime, limit, dies):
    """Fifty requests of 5 MiB that wait; 60 MiB each process rests at, 20 of them outside the heap."""
    runtime = runtime | {"resting_memory": "60 MiB", "memory_per_request": "5 MiB", "outside_heap": "20 MiB"}
    scenario = made(
        runtime, 60, [{"wait": "1000 ms"}], 10, resources={"memory_request": "100 MiB", "memory_limit": limit}
    )
    run = replicate(scenario.override({"run.warm_up": "0 s"}), 0, "simpy")
    killed = [row["message"] for row in run.events if row["kind"] == "killed"]
    assert bool(killed) == (dies is not None)
    assert all(dies in text for text in killed)
