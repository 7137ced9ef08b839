"""Figures that follow from the controllers' rules for the reference deployment, each out of a run of it.

The deployment is what NovaBank's files say of core-api: 3 to 10 replicas, CPU 70 % of 250m, memory 80 % of 256 MiB,
limits 500m and 512 MiB, no `behavior`. Its requests are replaced by CPU alone, so that a rate sets the utilisation.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from novamodel.loading import load
from novamodel.scenario import Scenario
from novamodel.simulation import codes
from novamodel.simulation.control import autoscaler
from novamodel.simulation.replication import replicate

CPU_S = 0.004
"""CPU of a request: 48.75 requests/s are 195m, which is 78 % of 250m."""
TARGET, REQUEST = 70, 0.25
WIDE = {"traffic.populations": {"customers": {"share": "100 %", "clients": 100_000, "popularity": "uniform"}}}
"""So many addresses that nginx limits none of them."""


@pytest.fixture(scope="module")
def reference():
    """The deployment with other traffic; changes as of `Scenario.override`."""
    base = load("novabank")
    bare = {
        "services.core-api.routes": {"balance": [{"cpu": f"{CPU_S * 1000} ms"}]},
        "services.core-api.response_bytes": {},
        "services.core-api.log_bytes_by_route": {},
        "services.admin-interface.routes": {"report": [{"cpu": "1 ms"}]},
        "services.core-api.runtime.scrape": "0 s",
        "services.core-api.health": "0 s",
        "platform.core_speed": 1.0,
        "traffic.mix": {"balance": "100 %"},
        "run.warm_up": "0 s",
        "run.start": "12:00",
        "run.replications": 1,
        "slo": [],
    }

    def make(shape: list[list[Any]], minutes: float, **changes: Any) -> Scenario:
        written = {path.replace("__", "."): value for path, value in changes.items()}
        return base.override(
            bare | WIDE | {"traffic.shape": shape, "run.duration": f"{minutes} min", "run.interval": "15 s"} | written
        )

    scaler = base.services["core-api"].autoscaler
    bounds = (scaler.min_replicas, scaler.max_replicas, scaler.cpu_target, scaler.memory_target)
    assert bounds == (3, 10, 0.7, 0.8)
    assert scaler.scale_up is scaler.scale_down is None
    return make


def rate(pods: float, percent: float) -> str:
    """The rate at which so many pods use so many percent of their request."""
    return f"{pods * percent / 100 * REQUEST / CPU_S:.3f} requests/s"


@pytest.fixture
def passes(monkeypatch):
    """What core-api's controller decided in a run, pass by pass."""
    seen: list[Any] = []
    plain = autoscaler.decide

    def spy(hpa: Any, *rest: Any) -> Any:
        decision = plain(hpa, *rest)
        if hpa.max_replicas == 10:
            seen.append(decision)
        return decision

    monkeypatch.setattr(autoscaler, "decide", spy)
    return seen


def settled(decision: Any) -> bool:
    """Every pod counts: none is young, unready or without a sample."""
    groups = decision.proposals[0].groups
    return groups is not None and not (groups.unready or groups.missing or groups.ignored)


def test_cpu_scales_up_at_78_holds_from_63_to_77_and_steps_down_at_62(reference, passes):
    """Up and down in an hour, so that every percentage is met at many counts."""
    shape = [["12:00", rate(3, 40)], ["12:30", rate(10, 85)], ["12:40", rate(10, 85)], ["13:20", rate(3, 30)],
             ["14:00", rate(3, 30)]]  # fmt: skip
    replicate(reference(shape, 85), 0, "compiled")
    met: dict[str, set[int]] = {"up": set(), "hold": set(), "down": set()}
    for decision in filter(settled, passes):
        percent, asked, count = decision.reported_utilisation, decision.proposals[0].replicas, decision.current
        if percent >= 78:
            assert asked > count
            met["up"].add(percent)
        elif percent >= 63:
            assert asked == count
            met["hold"].add(percent)
        else:
            assert asked == math.ceil(percent / TARGET * count)
            met["down"].add(percent)
    assert min(met["up"]) == 78
    assert {63, 77} <= met["hold"]
    assert max(met["down"]) == 62


@pytest.mark.parametrize(("count", "percent"), [(3, 46), (4, 52), (6, 58), (8, 61), (9, 62)])
def test_one_step_down_needs_a_ratio_that_rounds_to_one_less(reference, passes, count, percent):
    """ceil(u / 70 x n) < n: u <= 70 (n - 1) / n, and not above 62, where the tolerance ends. 1 % in a minute."""
    shape = [["12:00", rate(count, 70)], ["12:01", rate(count, percent + 5)], ["12:11", rate(count, percent - 5)],
             ["13:00", rate(count, percent - 5)]]  # fmt: skip
    replicate(reference(shape, 11), 0, "compiled")
    here = [decision for decision in filter(settled, passes) if decision.current == count]
    down = {decision.reported_utilisation for decision in here if decision.proposals[0].replicas < count}
    held = {decision.reported_utilisation for decision in here if decision.proposals[0].replicas == count}
    assert max(down) == percent
    assert percent + 1 in held
    assert max(down) < min(held)


@pytest.mark.parametrize(("percent", "count"), [(81.5, 4), (70, 3)])
def test_a_load_between_the_bounds_stays_and_one_above_scales(reference, percent, count):
    shape = [["12:00", rate(3, percent)], ["13:00", rate(3, percent)]]
    run = replicate(reference(shape, 12), 0, "compiled")
    wanted = [row["wanted"] for row in run.replicas if row["service"] == "core-api"]
    assert wanted[0] in (3, count)
    assert wanted[-1] == count


@pytest.mark.parametrize(
    ("resting", "count"),
    [
        ("150 MiB", 3),  # 58 %: ceil(0.73 x 3) is 3
        ("180 MiB", 7),  # 70 %: ceil(0.875 x n) is n from 7 down
        ("185 MiB", 10),  # 72 %: inside the tolerance, the memory proposal is the count itself
        ("206 MiB", 10),
        ("226 MiB", 10),  # 88 %
    ],
)
def test_a_process_that_keeps_its_memory_is_never_scaled_down(reference, resting, count):
    """A quarter of an hour at the top, then nearly nothing: the CPU would go back to 3."""
    shape = [["12:00", rate(10, 95)], ["12:08", rate(10, 95)], ["12:08:30", rate(3, 5)], ["13:00", rate(3, 5)]]
    scenario = reference(shape, 45, **{"services.core-api.runtime.resting_memory": resting})
    run = replicate(scenario, 0, "compiled")
    wanted = [row["wanted"] for row in run.replicas if row["service"] == "core-api"]
    assert max(wanted) == 10
    assert wanted[-1] == count


def test_one_that_rests_at_89_percent_climbs_by_itself(reference):
    shape = [["12:00", rate(3, 5)], ["13:00", rate(3, 5)]]
    scenario = reference(shape, 30, **{"services.core-api.runtime.resting_memory": "228.5 MiB"})
    run = replicate(scenario, 0, "compiled")
    assert [row["wanted"] for row in run.replicas if row["service"] == "core-api"][-1] == 10


def test_saturated_pods_go_from_3_to_6_to_9(reference, passes):
    """Use reads 200 % at the limit, raw 9, cap 6; then 100 % over six, of which three are not trusted: 9."""
    shape = [["12:00", rate(3, 45)], ["12:02", rate(3, 45)], ["12:02:01", rate(10, 150)], ["13:00", rate(10, 150)]]
    scenario = reference(shape, 4, **{"traffic.caller.timeout": "3 s", "services.core-api.readiness.timeout": "30 s",
                                      "services.core-api.liveness": None,
                                      "services.core-api.runtime.memory_per_request": "1 KiB"})  # fmt: skip
    found = []
    for number in range(4):  # where a sample of the first pass reaches back before the step, it says less
        passes.clear()
        replicate(scenario, number, "compiled")
        rises = [decision for decision in passes if decision.desired > decision.current]
        found.append([(one.current, one.proposed, one.desired) for one in rises[:2]])
        assert all(one.desired <= 2 * one.current for one in rises)
        if (rises[0].proposed, rises[1].proposed) == (9, 9):
            assert rises[0].held == ("growth cap",)
            assert rises[1].ratio < rises[0].ratio / 1.8  # refilled: the new pods count as 0 %
    assert [(3, 9, 6), (6, 9, 9)] in found


BURST = {"loop": "closed", "users": 120, "think": "10 s", "mix": {"balance": "100 %"}, "caller": {"timeout": "60 s"},
         "populations": {"burst": {"share": "100 %", "clients": 120}}}  # fmt: skip
"""Users who all wait 10 s and come at once."""


def test_120_acquires_of_450_ms_on_a_pool_of_20_within_2_s(reference):
    """Five rounds of 20 begin by 1.8 s; the sixth would by 2.25 s: 100 are served, 20 fail at 2 s."""
    scenario = reference(
        [["12:00", "0/s"]],
        1,
        **{
            "traffic.also": {"burst": BURST},
            "services.core-api.autoscaler": None,
            "services.core-api.replicas": 1,
            "services.core-api.resources.cpu_limit": None,
            "services.core-api.pool": {"max": 20, "connection_timeout": "2 s", "idle_timeout": "0 s", "start": "warm"},
            "services.core-api.routes": {"balance": [{"sql": ["hold"]}]},
            "database.statements": {"hold": {"cpu": "0 s"}},
            "database.network": "450 ms",  # a connection is held for the way there and back
            "database.pgbouncer": None,
            "run.duration": "13 s",
            "run.start_state": "given",
        },
    )
    run = replicate(scenario, 0, "compiled", keep_requests=True)
    assert run.arrived.sum() == 120
    served = run.requests[run.requests[:, 2] == codes.SERVED]
    failed = run.requests[run.requests[:, 2] == codes.POOL_TIMEOUT]
    assert (len(served), len(failed)) == (100, 20)
    waits = served[:, 6 + codes.PLACES.index("pool wait")]
    rounds, counts = np.unique(np.round(waits / 0.45), return_counts=True)
    assert rounds.tolist() == [0, 1, 2, 3, 4]
    assert counts.tolist() == [20] * 5
    assert failed[:, 6 + codes.PLACES.index("pool wait")] == pytest.approx([2.0] * 20, abs=1e-9)
