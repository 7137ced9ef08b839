"""ECS target tracking in a run: how late it is, how far it goes, and both engines."""

from __future__ import annotations

import numpy as np
import pytest

import novamodel as nm
from novamodel.analytic import day, steady_replicas
from novamodel.simulation.replication import replicate

STEP_S, DROP_S = 300.0, 1200.0
SIZE = {"cpu_request": "500m", "cpu_limit": "500m", "memory_request": "1 GiB", "memory_limit": "1 GiB"}


def tracked(plain, scaler=None, cpu="10 ms", **changes):
    """Two tasks of half a core at 20/s of 10 ms (20 % of them); from 12:05 to 12:20 it is 140/s."""
    shape = [["12:04:59", "20/s"], ["12:05", "140/s"], ["12:20", "140/s"], ["12:20:01", "20/s"], ["23:59", "20/s"]]
    policy = {"kind": "ecs target tracking", "min_replicas": 2, "max_replicas": 10, "cpu_target": "60 %"}
    return plain(
        {
            "traffic": {"shape": shape, "caller": {"timeout": "5 s"}},
            "platform": {"kind": "ecs", "compute": "fargate"},
            "services": {
                "api": {
                    "replicas": 2,
                    "runtime": {"start_delay": "40 s"},
                    "readiness": {"period": "5 s"},
                    "resources": SIZE,
                    "autoscaler": policy | (scaler or {}),
                    "routes": {"read": [{"cpu": cpu}]},
                }
            },
            "run": {"duration": "10 min", "interval": "10 s"},
        }
        | changes
    )


def scales(run):
    return [event for event in run.events if event["kind"] == "scale"]


@pytest.fixture(scope="module")
def long(plain):
    scenario = tracked(plain, run={"duration": "50 min", "interval": "10 s"})
    return [replicate(scenario, number, "compiled") for number in range(2)]


def test_reaction_takes_three_minutes_and_the_delay(long):
    """Three points above: two full minutes and perhaps the one in which the step comes, or three; then 30 s."""
    for run in long:
        first = scales(run)[0]
        assert 2 * 60 < first["time_s"] - STEP_S - 30.0 <= 4 * 60
        assert "cpu %" in first["message"]
        # both tasks are at their size: 100 % over 60 %, 2 -> 4
        assert (first["before"], first["after"]) == (2, 4)


def test_within_the_cooldown_only_what_is_beyond_counts(long):
    for run in long:
        first, second = scales(run)[:2]
        assert second["time_s"] - first["time_s"] >= 300.0 - 1e-6
        assert second["after"] > second["before"] == 4


def test_scale_in_waits_for_fifteen_points(long):
    for run in long:
        down = [event for event in scales(run) if event["after"] < event["before"]]
        assert 14 * 60 < down[0]["time_s"] - DROP_S - 30.0 <= 17 * 60
        assert down[0]["after"] == 2


def test_both_engines_and_requests_per_target(plain, both):
    """21/s and replica aimed at: 140/s want 7 (6.7), seen from the count alone."""
    run = both(
        tracked(
            plain,
            {"cpu_target": None, "requests_target": "21 requests/s"},
            cpu="2 ms",
            run={"duration": "9 min", "warm_up": "70 s", "interval": "10 s"},
        )
    )
    assert scales(run)[0]["after"] == 7
    assert "requests/min" in scales(run)[0]["message"]
    wanted = np.array([row["wanted"] for row in run.replicas])
    assert wanted[0] == 2  # what the warm-up struck off was no drop in requests
    assert set(wanted) == {2, 7}
    seen = [row["cpu_of_request"] for row in run.replicas if row["cpu_of_request"] == row["cpu_of_request"]]
    assert 0.02 < min(seen) < 0.1
    assert max(seen) == pytest.approx(140 * 0.002 / 2 / 0.5, rel=0.1)


def test_a_cooldown_shorter_than_the_delay_of_the_metric_overshoots(plain):
    """After 60 s the points are still those of two tasks: 7 x 70 / 20 is far above what is needed."""
    policy = {"cpu_target": None, "requests_target": "20 requests/s", "scale_out_cooldown": "60 s"}
    run = replicate(tracked(plain, policy, cpu="2 ms"), 0, "compiled")
    assert [event["after"] for event in scales(run)][:2] == [7, 10]


def test_no_scale_in_during_a_deployment(plain):
    """After the load is gone the count falls, unless a deployment runs (here one whose tasks take long to count)."""
    calm = tracked(plain, run={"duration": "40 min", "interval": "10 s"}).override(
        {"traffic.shape": [["12:00", "140/s"], ["12:15", "140/s"], ["12:15:01", "20/s"], ["23:59", "140/s"]]}
    )
    deployed = calm.override(
        {
            "operations": [{"at": "12:14", "rollout": "api"}],
            "services.api.rollout.min_ready": "2 h",
        }
    )
    wanted = [replicate(scenario, 0, "compiled").replicas[-1]["wanted"] for scenario in (calm, deployed)]
    assert wanted[0] == 2
    assert wanted[1] >= 5


def test_steady_state_and_day_know_target_tracking():
    scenario = nm.load("novabank-ecs").override(
        {
            "services.core-api.autoscaler": {
                "kind": "ecs target tracking",
                "min_replicas": 2,
                "max_replicas": 12,
                "requests_target": "60 requests/s",
            }
        }
    )
    rates = [60.0, 450.0]
    counts = [steady_replicas(scenario, rate)["core-api"] for rate in rates]
    assert counts == [2, 8]  # 450 x 98 % / 60 = 7.35
    table = day(scenario)
    assert table["core-api"].min() == 2
    assert table["core-api"].max() >= 7
