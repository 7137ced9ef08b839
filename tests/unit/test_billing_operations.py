"""Replicas that a rolling update adds are billed for as long as they are there: by hand, and from a run."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

import novamodel as nm
from novamodel.scenario import Scenario, Tree, build
from novamodel.workflows.month.days import simulated_surge

NOON = 12 * 3600.0
LONG_AGO = -1e6
SIZE = {"cpu_request": "500m", "cpu_limit": "500m", "memory_request": "1 GiB", "memory_limit": "1 GiB"}


def deployed(replicas: int, platform: dict[str, Any], resources: dict[str, Any], **service: Any) -> Scenario:
    """A service at 50 requests/s that gets a new version a minute after noon; five minutes from noon."""
    values = {
        "name": "deployed",
        "traffic": {"shape": "constant", "peak": "50 requests/s", "mix": {"read": "100 %"}},
        "services": {
            "api": {
                "replicas": replicas,
                "resources": resources,
                "runtime": {"start_delay": "40 s", "boot": "500 ms"},
                "termination_grace": "5 s",
                "routes": {"read": [{"cpu": "4 ms"}]},
                **service,
            }
        },
        "platform": platform,
        "operations": [{"at": "12:01", "rollout": "api"}],
        "run": {"start": "12:00", "duration": "5 min", "warm_up": "0 s", "replications": 1, "interval": "1 s"},
    }
    return build(Tree(values))


@pytest.fixture(scope="module")
def tasks() -> nm.Result:
    return nm.simulate(deployed(3, {"kind": "ecs", "compute": "fargate"}, SIZE))


def surge_lines(cost: nm.MonthlyCost) -> dict[str, Any]:
    return {line.key: line for line in cost.mid.lines if "during operations" in line.name}


def test_a_worked_example(tasks: nm.Result):
    """Two wanted for 300 s. Two old ones leave after 100 and 130 s; two new ones come after 40 s; a third lives 20 s.

    100 + 130 + 260 + 260 + 60 (a minute at least) - 2 x 300 = 210 replica-seconds a day. A month has 730 / 24 days, a
    task 0.5 vCPU at 0.04048 and 1 GiB at 0.004445 USD an hour.
    """
    lives = [(LONG_AGO, 100.0), (LONG_AGO, 130.0), (40.0, float("inf")), (40.0, float("inf")), (50.0, 70.0)]
    rows = pd.DataFrame(lives, columns=["from_s", "to_s"]) + NOON
    run = replace(
        tasks,
        lives=rows.assign(replication=0, service="api"),
        replicas=tasks.replicas.assign(wanted=2),
    )
    assert simulated_surge(run).seconds == {"api": pytest.approx(210.0)}
    assert simulated_surge(run).most == {"api": {12: 5.0}}
    lines = surge_lines(nm.bill(tasks.scenario, run))
    hours = 210 / 3600 * 730 / 24
    assert float(lines["fargate.linux.x86.vcpu"].quantity) == pytest.approx(0.5 * hours)
    assert float(lines["fargate.linux.x86.memory"].quantity) == pytest.approx(hours)
    assert lines["fargate.linux.x86.vcpu"].amount == Decimal("0.04")  # 0.887 vCPU-hours
    assert {line.driver for line in lines.values()} == {"fixed"}


def test_tasks_of_a_deployment_are_billed_from_their_creation_to_the_end_of_the_old_ones(tasks: nm.Result):
    rows = tasks.replicas
    there = rows["ready"] + rows["pending"] + rows["ending"]
    assert there.max() == 6  # maximum 200 %
    seconds = simulated_surge(tasks).seconds["api"]
    assert seconds == pytest.approx(float((there - 3).sum()), abs=6)  # rows of a second, six comings and goings
    assert 3 * (40 + 5) < seconds < 3 * (40 + 5 + 25)  # start-up, the old ones' grace, boot and looks between them
    cost = nm.bill(tasks.scenario, tasks)
    assert list(cost.day.loc[cost.day["hour"] == 12, "api"]) == [3.0]  # not the mean of these five minutes
    quiet = nm.bill(tasks.scenario.override({"operations": []}))
    more = sum(line.amount for line in surge_lines(cost).values())
    assert cost.mid.total - quiet.mid.total == more > 0
    assert cost.low.total - quiet.low.total == more
    assert not [text for text in cost.mid.not_priced if "rolling update" in text]


def test_nodes_hold_the_surge_for_its_hour():
    """A pod a node. In the hour of the rollout two more than the three: one for the surge (25 % of 3, rounded up), and
    one for the old pod that still drains while the next new one starts."""
    big = {"cpu_request": "1500m", "memory_request": "1 GiB"}
    scenario = deployed(3, {"kind": "eks", "compute": "ec2", "node_type": "m6i.large"}, big)
    cost = nm.bill(scenario, nm.simulate(scenario))
    line = surge_lines(cost)["ec2.linux.m6i.large"]
    assert float(line.quantity) == pytest.approx(2 * 730 / 24)
    assert line.amount == Decimal("5.84")  # 60.83 h at 0.096 USD


def test_a_rollout_that_no_run_has_covered_is_named(tasks: nm.Result):
    said = "replicas that the rolling update of api at 12:01 adds: bill it with a run over that time"
    assert said in nm.bill(tasks.scenario).mid.not_priced
    later = replace(tasks, scenario=tasks.scenario.override({"run.start": "18:00"}))
    assert said in nm.bill(later.scenario, later).mid.not_priced
    assert not surge_lines(nm.bill(tasks.scenario))


def test_draining_replicas_count_where_nothing_was_operated(tasks: nm.Result):
    calm = tasks.scenario.override({"operations": []})
    run = replace(tasks, scenario=calm, replicas=tasks.replicas.assign(ready=3, pending=0, ending=1))
    cost = nm.bill(calm, run)
    assert list(cost.day.loc[cost.day["hour"] == 12, "api"]) == [4.0]
    assert not surge_lines(cost)


def test_what_nobody_has_declared_is_named_beside_the_bill():
    bank = nm.load("novabank")
    assumed = nm.bill(bank).assumed
    assert "pricing.nat_gateways 1" in assumed
    assert "pricing.registry 4 GiB" in assumed
    told = nm.bill(bank.override({"pricing.nat_gateways": 2, "pricing.alarms": 0})).assumed
    assert not any("nat_gateways" in text or "alarms" in text for text in told)
