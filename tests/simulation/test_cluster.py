"""Where pods are placed, what waits for room, which nodes come and go."""

from __future__ import annotations

import pytest
import simpy

import novamodel as nm
from novamodel.errors import UserError
from novamodel.scenario import node_allocatable
from novamodel.simulation.control.cluster import Cluster
from novamodel.simulation.control.machine import LONG_AGO, Request
from novamodel.simulation.run import simulate

SMALL = Request(0.5, 0.25)


def cluster(plain, **platform):
    """A cluster after its start, and its clock. ECS: no system pods."""
    env = simpy.Environment()
    base = {
        "kind": "ecs",
        "compute": "ec2",
        "node_groups": {"nodes": {"type": "m6i.large"} | platform.pop("group", {})},
    }
    scenario = plain({"platform": base | platform})
    made = Cluster(env, scenario, {"nodes": range(64)})
    made.warm = False
    return made, env


def test_spread_takes_the_emptiest_node_of_the_zone_and_pack_the_fullest(plain):
    spread, _ = cluster(plain, group={"count": 4}, zones=2)
    first = spread.place("a", SMALL, 1)
    assert first.zone == 1
    second = spread.place("b", SMALL, 1)
    assert second.zone == 1
    assert second is not first
    assert spread.place("c", SMALL, 2).zone == 2
    pack, _ = cluster(plain, group={"count": 4}, zones=2, placement="pack")
    assert pack.place("a", SMALL, 1) is pack.place("b", SMALL, 1)


def test_a_pod_fits_by_its_requests_only(plain):
    made, _ = cluster(plain, group={"count": 1}, zones=1)
    assert [made.place(n, SMALL, 1) is not None for n in range(5)] == [True] * 4 + [False]  # two cores
    assert list(made.pending) == [4]
    made.withdraw(0, made.machines[0])
    assert made.place(4, SMALL, 1) is made.machines[0]
    assert not made.pending


def test_pending_pods_bring_as_many_nodes_as_they_need_and_idle_ones_go(plain):
    made, env = cluster(plain, group={"min": 1, "max": 3, "start_delay": "40 s", "idle_for": "2 min"}, zones=1)
    pods = {n: made.place(n, SMALL, 1) for n in range(4)}
    assert all(pods.values())
    for n in range(4, 16):
        assert made.place(n, SMALL, 1) is None
    env.run(until=11)
    assert len(made.machines) == 3  # twelve pods would need three more, and the group ends at three
    assert made.place(4, SMALL, 1) is None  # not there yet
    env.run(until=51)
    late = {n: made.place(n, SMALL, 1) for n in range(4, 16)}
    assert sum(one is not None for one in late.values()) == 8
    for n, machine in late.items():
        made.withdraw(n, machine)
    env.run(until=51 + 115)
    assert len(made.machines) == 3
    env.run(until=51 + 140)
    assert len(made.machines) == 1
    lives = made.lives()
    assert [one["from_s"] for one in lives if one["to_s"] != float("inf")] == [10.0, 10.0]
    assert next(one for one in lives if one["to_s"] == float("inf"))["from_s"] == LONG_AGO


def test_a_lost_zone_takes_its_nodes(plain):
    made, env = cluster(plain, group={"min": 2, "start_delay": "30 s"}, zones=2)
    made.lose_zone(2)
    assert [one.zone for one in made.machines] == [1]
    for n in range(8):
        made.place(n, SMALL, 2)
    env.run(until=45)
    assert {one.zone for one in made.machines} == {1}
    assert sum(made.place(n, SMALL, 1) is not None for n in list(made.pending)) == 4


def test_nodes_hold_what_eks_lets_pods_request(plain):
    """1.93 cores of an m6i.large, less 0.15 for its daemons; CoreDNS has a pod on each of the first two."""
    env = simpy.Environment()
    scenario = plain({"platform": {"kind": "eks", "compute": "ec2", "zones": 2}})
    made = Cluster(env, scenario, {"nodes": range(8)})
    assert node_allocatable(2, 8, 29).cpu == pytest.approx(1.93)
    assert [one.room.cpu for one in made.machines] == pytest.approx([1.78, 1.78])
    assert [len(one.held) for one in made.machines] == [1, 1]
    assert made.place("large", Request(1.7, 1.0), 1).row not in (0, 1)  # a third node, as the cluster is still warm


def test_a_pod_that_finds_no_node_waits_and_the_run_says_so(plain):
    scenario = plain(
        {
            "platform": {
                "kind": "eks",
                "cpu": {"kind": "turns"},
                "node_groups": {"nodes": {"type": "m6i.large", "count": 1}},
            },
            "services": {"api": {"replicas": 3, "resources": {"cpu_request": "1", "memory_request": "256 MiB"}}},
            "run": {"duration": "30 s"},
        }
    )
    result = simulate(scenario, replications=1)
    assert result.replicas["ready"].max() == 1
    assert len(result.machines) == 1


def test_a_database_that_fits_no_node_is_said(plain):
    scenario = plain(
        {
            "platform": {
                "kind": "eks",
                "cpu": {"kind": "turns"},
                "node_groups": {"nodes": {"type": "m6i.large", "count": 1}},
            },
            "database": {"pod": {"cpu_request": "4", "memory_request": "4 GiB"}},
        }
    )
    with pytest.raises(UserError, match="database main requests 4 cores and 4 GiB: it fits no node"):
        simulate(scenario, replications=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"compute": "fargate", "node_groups": {"a": {"type": "m6i.large"}}}, "compute is fargate"),
        ({"compute": "ec2", "node_groups": {"a": {"type": "m6i.lrage"}}}, "nearest: m6i.large"),
        ({"compute": "ec2", "node_groups": {"a": {"type": "m6i.large", "count": 2, "max": 3}}}, "do not act beside"),
        ({"compute": "ec2", "node_groups": {"a": {"type": "m6i.large", "min": 4, "max": 3}}}, "max 3 is below min 4"),
        ({"compute": "ec2", "cpu": {"sibling_speed": "10 %"}}, "not plausible"),
    ],
)
def test_impossible_machines_are_refused(changes, message):
    with pytest.raises(UserError, match=message):
        nm.load("novabank").override({f"platform.{name}": value for name, value in changes.items()})
