"""A rolling update in a run: bounds, order, what in-flight requests meet, and both engines."""

from __future__ import annotations

import numpy as np
import pytest

from novamodel.simulation import codes, simulate
from novamodel.simulation.replication import replicate


def rolled(plain, service=None, **other):
    """Three replicas at 200 requests/s of 4 ms; a new version after 10 s."""
    api = {
        "replicas": 3,
        "runtime": {"start_delay": "3 s", "boot": "500 ms"},
        "readiness": {"initial_delay": "1 s", "period": "1 s"},
        "termination_grace": "5 s",
        "routes": {"read": [{"cpu": "4 ms"}]},
    }
    changes = {
        "traffic": {"peak": "200 requests/s"},
        "services": {"api": api | (service or {})},
        "operations": [{"at": "12:00:10", "rollout": "api"}],
        "run": {"duration": "60 s", "interval": "1 s"},
    }
    return plain(changes | other)


def counts(run, column):
    return np.array([row[column] for row in run.replicas])


def said(run):
    return [event for event in run.events if event["kind"] == "rollout"]


def test_defaults_replace_three_replicas_one_by_one_without_a_gap(plain, both):
    run = both(rolled(plain))
    first, last = said(run)
    assert first["message"] == "version 2: at most 4 replicas, at least 3 available"
    assert first["time_s"] == 10.0
    assert last["message"].startswith("version 2: complete after")
    assert counts(run, "ready").min() == 3
    assert (counts(run, "ready") + counts(run, "pending")).max() == 4
    assert counts(run, "outdated")[8:].max() == 3
    assert counts(run, "outdated")[-1] == 0
    readies = [event["message"].split(":")[0] for event in run.events if event["kind"] == "ready"]
    assert readies == ["api-4", "api-5", "api-6"]
    # one after the other: each takes start-up (3 s), boot and a probe's tick, and the controller's look
    assert 3 * 4.5 < last["time_s"] - first["time_s"] < 3 * 8
    assert run.outcome[0, codes.SERVED] == run.outcome.sum()


def test_unavailable_lets_old_ones_end_first_and_the_rest_is_overloaded(plain, both):
    load = {"traffic": {"peak": "300 requests/s"}}
    calm = both(rolled(plain, **load))
    run = both(rolled(plain, {"rollout": {"max_surge": 0, "max_unavailable": 2}}, **load))
    assert said(run)[0]["message"] == "version 2: at most 3 replicas, at least 1 available"
    assert counts(run, "ready").min() == 1
    assert (counts(run, "ready") + counts(run, "pending")).max() == 3
    mean = [r.latency.sum() / r.outcome[0, codes.SERVED] for r in (calm, run)]
    assert mean[1] > 2 * mean[0]


def test_min_ready_seconds_make_it_longer(plain):
    lengths = []
    for min_ready in ("0 s", "8 s"):
        run = replicate(rolled(plain, {"rollout": {"min_ready": min_ready}}), 0, "compiled")
        lengths.append(said(run)[-1]["time_s"] - said(run)[0]["time_s"])
    assert lengths[1] - lengths[0] == pytest.approx(3 * 8, abs=3)


def test_ecs_doubles_at_once_and_a_single_task_may_stall(plain, both):
    size = {"cpu_request": "500m", "cpu_limit": "500m", "memory_request": "1 GiB", "memory_limit": "1 GiB"}
    ecs = {"platform": {"kind": "ecs", "compute": "fargate"}, "traffic": {"peak": "100 requests/s"}}
    run = both(rolled(plain, {"resources": size}, **ecs))
    assert said(run)[0]["message"] == "version 2: at most 6 replicas, at least 3 available"
    assert (counts(run, "ready") + counts(run, "pending")).max() == 6
    tight = {"resources": size, "replicas": 1, "rollout": {"minimum_healthy": "50 %", "maximum": "150 %"}}
    stuck = replicate(rolled(plain, tight, **ecs), 0, "compiled")
    assert "stalled" in said(stuck)[1]["message"]
    assert counts(stuck, "outdated")[-1] == 1


@pytest.mark.parametrize(
    ("sigterm", "failed"), [("ignore", False), ("drain", False), ("exit", True)], ids=["ignore", "drain", "exit"]
)
def test_requests_in_flight_meet_the_end_of_their_replica(plain, both, sigterm, failed):
    """Requests of 800 ms: a process that exits at SIGTERM cuts them off, others let them end within the grace."""
    slow = {"on_sigterm": sigterm, "routes": {"read": [{"wait": "800 ms"}]}}
    run = both(rolled(plain, slow))
    killed = int(run.outcome[0, codes.KILLED])
    assert (killed > 0) == failed
    assert counts(run, "outdated")[-1] == 0
    ending = int((counts(run, "ending") > 0).sum())
    if sigterm == "ignore":
        assert ending >= 13  # three times the whole grace of 5 s, seen every second
    else:
        assert ending <= 9


def test_pre_stop_gives_a_process_that_exits_the_time_to_finish(plain):
    slow = {"on_sigterm": "exit", "pre_stop": "2 s", "routes": {"read": [{"wait": "800 ms"}]}}
    run = replicate(rolled(plain, slow), 0, "compiled")
    assert run.outcome[0, codes.KILLED] == 0


def test_an_autoscaler_scales_during_an_update_and_a_second_update_takes_over(plain, both):
    """The load doubles while the first of two updates is under way: bounds follow the wanted number."""
    api = {
        "replicas": 2,
        "resources": {"cpu_request": "200m", "cpu_limit": "700m"},
        "autoscaler": {
            "min_replicas": 2,
            "max_replicas": 6,
            "cpu_target": "70 %",
            "sync_period": "2 s",
            "metrics_period": "2 s",
        },
    }
    run = both(
        rolled(
            plain,
            api,
            traffic={"shape": [["12:00:12", "60/s"], ["12:00:13", "300/s"], ["13:00", "300/s"]]},
            operations=[{"at": "12:00:10", "rollout": "api"}, {"at": "12:00:20", "rollout": "api"}],
            run={"duration": "90 s", "interval": "1 s"},
        )
    )
    assert any(event["kind"] == "scale" and event["after"] > 2 for event in run.events)
    assert counts(run, "wanted")[-1] >= 4
    assert counts(run, "outdated")[-1] == 0
    last = said(run)[-1]["message"]
    assert last.startswith("version 3: complete")
    assert (counts(run, "ready") >= np.minimum(2, counts(run, "wanted"))).all()


def test_an_operation_outside_the_run_is_said(plain):
    result = simulate(plain({"operations": [{"at": "03:00", "rollout": "api"}], "run": {"duration": "2 s"}}))
    assert any("operations.0 does not happen: rollout at 03:00" in text for text in result.warnings)
