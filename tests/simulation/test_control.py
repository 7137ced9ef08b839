"""The control plane at work in a run: autoscaler, probes, restarts, memory, pods that end."""

from __future__ import annotations

import numpy as np
import pytest

from novamodel.analytic import hpa_spec
from novamodel.components.hpa.behavior import scale_down_rules, scale_up_rules
from novamodel.simulation import codes
from novamodel.simulation.replication import replicate

STEP_S, DROP_S = 300.0, 720.0
"""When the load of `step` goes up and down again."""


def of_kind(run, *kinds):
    return [event for event in run.events if event["kind"] in kinds]


@pytest.fixture(scope="module")
def step(plain):
    """The guide's autoscaler (3 to 10 replicas, 70 % of 250m, limit 500m) under 5 ms requests: 30/s, 600/s, 10/s."""
    scenario = plain(
        {
            "traffic": {
                "shape": [
                    [12 * 3600 + STEP_S - 0.001, "30/s"],
                    ["12:05", "600/s"],
                    ["12:11:59", "600/s"],
                    ["12:12", "10/s"],
                    ["23:00", "10/s"],
                    ["23:01", "30/s"],
                ],
                "caller": {"timeout": "5 s"},
            },
            "services": {
                "api": {
                    "replicas": 3,
                    "readiness": {"initial_delay": "5 s", "period": "5 s"},
                    "resources": {"cpu_request": "250m", "cpu_limit": "500m"},
                    "autoscaler": {"min_replicas": 3, "max_replicas": 10, "cpu_target": "70 %"},
                    "pool": {"max": 5},
                    "routes": {"read": [{"cpu": "3 ms"}, {"sql": ["select"]}, {"cpu": "2 ms"}]},
                }
            },
            "database": {"cores": 64, "statements": {"select": {"cpu": "1 ms"}}},
            "run": {"duration": "21 min", "interval": "5 s"},
        }
    )
    return [replicate(scenario, number, "compiled") for number in range(4)]


def test_saturated_pods_go_from_three_to_six_to_nine(step):
    """Use reads 200 % at the limit: raw answer 9, growth cap 6 at first, then 9, then the rest."""
    for run in step:
        scales = of_kind(run, "scale")
        first, second = scales[:2]
        assert (first["before"], first["after"]) == (3, 6)
        assert "growth cap" in first["message"]
        assert second["before"] == 6
        assert second["after"] in (8, 9)  # 9 at 200 %; the sample may still reach back before the step
        assert second["time_s"] - first["time_s"] == pytest.approx(15.0)
        assert [event["after"] for event in scales if event["before"] < event["after"]][-1] == 10
    seconds = [of_kind(run, "scale")[1]["after"] for run in step]
    assert 9 in seconds


def test_reaction_takes_a_kubelet_a_scrape_and_a_sync(step):
    for run in step:
        delay = of_kind(run, "scale")[0]["time_s"] - STEP_S
        assert 1.0 < delay <= 10.0 + 15.0 + 15.0 + 10.0


def test_pods_that_are_not_trusted_yet_damp_the_rise(step):
    """From 9 (or 8) the next rise comes only when the new pods' samples count, not at the next pass."""
    for run in step:
        scales = [event for event in of_kind(run, "scale") if event["before"] < event["after"]]
        assert scales[2]["time_s"] - scales[1]["time_s"] >= 29.0


def test_scale_down_waits_300_s_then_falls(step):
    for run in step:
        down = [event for event in of_kind(run, "scale") if event["after"] < event["before"]]
        assert down[0]["time_s"] >= DROP_S + 300.0 - 15.0  # the last high proposal is up to a pass old
        assert down[0]["time_s"] <= DROP_S + 300.0 + 60.0
        assert down[-1]["after"] == 3
        assert down[-1]["time_s"] - down[0]["time_s"] <= 90.0


@pytest.mark.parametrize(("written", "wait"), [({}, 300.0), ({"stabilization_window": "60 s"}, 60.0)])
def test_scale_down_policies_without_a_window_have_the_controllers_300_s(plain, written, wait):
    """autoscaling/v2: behavior.scaleDown without stabilizationWindowSeconds waits as the controller's flag says."""
    falls = 120.0
    rules = {"policies": [["Percent", 10, "60 s"]], **written}
    scenario = plain(
        {
            "traffic": {"shape": [["12:00", "400/s"], ["12:02", "400/s"], ["12:02:01", "60/s"], ["23:59", "60/s"]]},
            "services": {
                "api": {
                    "replicas": 6,
                    "resources": {"cpu_request": "250m"},
                    "autoscaler": {"min_replicas": 2, "max_replicas": 10, "cpu_target": "60 %", "scale_down": rules},
                    "routes": {"read": [{"cpu": "2 ms"}]},
                }
            },
            "run": {"duration": "10 min", "start_state": "steady"},
        }
    )
    down = of_kind(replicate(scenario, 0, "compiled"), "scale")
    assert [(event["before"], event["after"]) for event in down[:2]] == [(6, 5), (5, 4)]  # 10 % of 6, rounded up
    assert falls + wait - 15.0 <= down[0]["time_s"] <= falls + wait + 60.0  # the last high proposal is up to a pass old
    assert down[1]["time_s"] - down[0]["time_s"] >= 60.0


@pytest.mark.parametrize(
    ("key", "written", "window", "policies"),
    [
        ("scale_up", {"stabilization_window": "30 s"}, 30.0, [("Pods", 4, 15), ("Percent", 100, 15)]),
        ("scale_up", {"policies": [["Pods", 1, "60 s"]]}, 0.0, [("Pods", 1, 60)]),
        ("scale_down", {"select_policy": "Min"}, 300.0, [("Percent", 100, 15)]),
        ("scale_down", {"stabilization_window": "0 s"}, 0.0, [("Percent", 100, 15)]),
        ("scale_down", {"policies": [["Pods", 1, "60 s"]]}, 300.0, [("Pods", 1, 60)]),
    ],
)
def test_what_a_behavior_leaves_out_has_the_defaults_of_its_direction(plain, key, written, window, policies):
    """autoscaling/v2 defaults; the direction that is not mentioned has all of its own."""
    autoscaler = {"max_replicas": 10, "cpu_target": "60 %", key: written}
    spec = hpa_spec(plain({"services": {"api": {"autoscaler": autoscaler}}}).services["api"].autoscaler)
    up, down = scale_up_rules(spec.behavior.scale_up), scale_down_rules(spec.behavior.scale_down, 300.0)
    said, other = (up, down) if key == "scale_up" else (down, up)
    assert said == (window, written.get("select_policy", "Max"), tuple(policies))
    untouched = scale_down_rules(None, 300.0) if key == "scale_up" else scale_up_rules(None)
    assert other == untouched


def test_connections_of_ended_pods_are_closed(step):
    """Idle connections stay (idle time-out 0), but not longer than the pod: 30 s of grace."""
    for run in step:
        open_at = {r["time_s"]: r["busy"] for r in run.tiers if r["tier"] == "postgres connections"}
        assert open_at[DROP_S] > 6 * 5
        assert list(open_at.values())[-1] <= 3 * 5


def test_replica_rows_follow_the_events(step):
    run = step[0]
    wanted = [row["wanted"] for row in run.replicas]
    assert max(wanted) == 10
    assert wanted[0] == wanted[-1] == 3
    saturated = [row for row in run.replicas if STEP_S + 60 < row["time_s"] < STEP_S + 90]
    assert all(row["cpu_of_request"] > 1.5 for row in saturated)
    pending = [row for row in run.replicas if row["pending"] > 0]
    assert pending
    assert all(row["ready"] + row["pending"] == row["wanted"] for row in run.replicas)


@pytest.mark.parametrize(("boot", "first_tick"), [("250 ms", 5.0), ("2900 ms", 10.0), ("11 s", 25.0)])
def test_ready_at_the_first_tick_after_boot_and_initial_delay(plain, boot, first_tick):
    """A tick every 5 s from the container's start, none before 5 s; boot runs under half a core."""
    scenario = plain(
        {
            "traffic": {"shape": [["12:00:59", "1/s"], ["12:01", "100/s"], ["13:00", "100/s"]]},
            "services": {
                "api": {
                    "runtime": {"boot": boot, "start_delay": "8 s"},
                    "readiness": {"initial_delay": "5 s", "period": "5 s"},
                    "resources": {"cpu_request": "250m", "cpu_limit": "500m"},
                    "autoscaler": {"min_replicas": 1, "max_replicas": 2, "cpu_target": "70 %"},
                    "routes": {"read": [{"cpu": "4 ms"}]},
                }
            },
            "run": {"duration": "3 min"},
        }
    )
    run = replicate(scenario, 0, "compiled")
    scale = of_kind(run, "scale")[0]
    ready = of_kind(run, "ready")[0]
    assert ready["time_s"] - scale["time_s"] == pytest.approx(8.0 + first_tick, abs=0.2)
    assert ready["message"] == "api-2: readiness probe passed"


def test_overload_makes_liveness_kill_one_pod_after_the_other(plain, both):
    """The cascade: /health waits behind the queue for more than a second, three times; then the others get more."""
    run = both(
        plain(
            {
                "traffic": {"peak": "520 requests/s", "caller": {"timeout": "10 s"}},
                "services": {
                    "api": {
                        "replicas": 2,
                        "readiness": {"initial_delay": "5 s", "period": "5 s"},
                        "liveness": {"initial_delay": "30 s", "period": "10 s", "timeout": "1 s", "failures": 3},
                        "routes": {"read": [{"cpu": "5 ms"}]},
                    }
                },
                "run": {"duration": "150 s"},
            }
        )
    )
    kills = of_kind(run, "killed")
    assert all("3 liveness probes failed in a row" in event["message"] for event in kills)
    assert {event["message"].split(":")[0] for event in kills} == {"api-1", "api-2"}
    assert kills[0]["time_s"] >= 20.0
    unready = of_kind(run, "unready")
    assert unready[0]["time_s"] < kills[0]["time_s"]  # readiness gives up first: probes every 5 s
    killed = run.requests[run.requests[:, 2] == codes.KILLED]
    assert len(killed) > 100
    times = [event["time_s"] for event in kills]
    assert np.isin(np.round(killed[:, 5], 9), np.round(times, 9)).all()


def test_restart_delays_double_and_probes_wait_for_the_container(plain):
    """A pod that fails at once: killed every third probe after its start, restarted after 0, 10, 20, 40 s."""
    scenario = plain(
        {
            "traffic": {"peak": "100 requests/s"},
            "services": {
                "api": {
                    "readiness": {"initial_delay": "1 s", "period": "1 s"},
                    "liveness": {"initial_delay": "10 s", "period": "10 s", "timeout": "1 s", "failures": 3},
                    "health": "2 s",
                    "runtime": {"boot": "10 ms"},
                    "routes": {"read": [{"cpu": "1 ms"}]},
                }
            },
            "run": {"duration": "300 s"},
        }
    )
    times = [event["time_s"] for event in of_kind(replicate(scenario, 0, "compiled"), "killed")]
    gaps = np.diff(times)
    assert len(gaps) >= 4
    for gap, delay in zip(gaps, (0.0, 10.0, 20.0, 40.0, 80.0), strict=False):
        assert gap == pytest.approx(delay + 30.0, abs=10.1)  # initial delay and three probes, from the next tick on
        assert gap >= delay + 30.0 - 1e-6


def test_out_of_memory_at_the_limit_and_not_below(plain, both):
    """Each request in flight takes 1 MiB over 100 MiB at rest: with 120 MiB the 21st is one too many."""

    def run(limit):
        return both(
            plain(
                {
                    "traffic": {"peak": "90 requests/s"},
                    "services": {
                        "api": {
                            "runtime": {"resting_memory": "100 MiB", "memory_per_request": "1 MiB"},
                            "resources": {"memory_request": "100 MiB", "memory_limit": limit},
                            "routes": {"read": [{"wait": "150 ms"}]},
                        }
                    },
                    "run": {"duration": "30 s"},
                }
            )
        )

    tight, wide = run("120 MiB"), run("200 MiB")
    kills = of_kind(tight, "killed")
    assert kills
    counts = [int(event["message"].split("with ")[1].split()[0]) for event in kills]
    assert min(counts) >= 21
    assert "out of memory" in kills[0]["message"]
    assert not of_kind(wide, "killed")


def test_nobody_is_sent_to_a_pod_that_is_not_ready(plain, both):
    """While the only pod restarts, the edge has no replica to offer."""
    run = both(
        plain(
            {
                "traffic": {"peak": "300 requests/s"},
                "services": {
                    "api": {
                        "readiness": {"initial_delay": "5 s", "period": "5 s"},
                        "liveness": {"period": "5 s", "failures": 2},
                        "routes": {"read": [{"cpu": "5 ms"}]},
                    }
                },
                "run": {"duration": "40 s"},
            }
        )
    )
    down = next(e["time_s"] for e in of_kind(run, "unready", "killed"))
    ready = next(e["time_s"] for e in of_kind(run, "ready") if e["time_s"] > down)
    inside = run.requests[(run.requests[:, 4] > down) & (run.requests[:, 4] < ready)]
    assert len(inside) > 100
    assert (inside[:, 2] == codes.NO_REPLICA).all()
