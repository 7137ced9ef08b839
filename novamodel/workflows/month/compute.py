"""What the replicas run on: Fargate tasks and pods, EC2 nodes, a Docker host."""

from __future__ import annotations

from typing import Any

from novamodel.cost import (
    FargateService,
    NodeGroup,
    PodRequest,
    PriceBook,
    fargate_pod_size,
    instance_allocatable,
    nodes_for_pods,
    task_hours,
)
from novamodel.cost.nodes import Allocatable
from novamodel.scenario import SYSTEM_PODS, Scenario
from novamodel.workflows.month.days import HOURS, DayUse

GIB = 1024**3


def compute(scenario: Scenario, hours: DayUse, book: PriceBook) -> dict[str, Any]:
    """The fields of `MonthUsage` for what the replicas run on."""
    platform = scenario.platform
    if platform.kind == "compose":
        node = NodeGroup(
            name="docker host", instance_type=platform.node_type, fixed_node_hours=scenario.pricing.hours_per_month
        )
        return {"nodes": (node,)}
    if platform.compute == "fargate":
        return {"fargate": tuple(_fargate(scenario, hours))}
    return {"nodes": (_node_group(scenario, hours, book),)}


def _floor(scenario: Scenario, name: str) -> int:
    service = scenario.services[name]
    return service.autoscaler.min_replicas if service.autoscaler else service.replicas


def _fargate(scenario: Scenario, hours: DayUse) -> list[FargateService]:
    month = scenario.pricing.hours_per_month
    services = []
    for name, service in scenario.services.items():
        resources = service.resources
        if scenario.platform.kind == "eks":
            size = fargate_pod_size(
                resources.cpu_request, resources.memory_request / GIB, path=f"services.{name}.resources"
            )
            vcpu, gib = size.vcpu, size.memory_gib
        else:  # the scenario has checked that both limits are there and make a size
            vcpu, gib = resources.cpu_limit or 0.0, (resources.memory_limit or 0.0) / GIB
        fixed, use = task_hours(hours.replicas[name], month, _floor(scenario, name))
        services.append(
            FargateService(
                name=name,
                vcpu=vcpu,
                memory_gib=gib,
                fixed_task_hours=fixed,
                use_task_hours=use,
                surge_task_hours=hours.surge.seconds.get(name, 0.0) / 3600 * month / HOURS,
            )
        )
    if scenario.platform.kind == "eks":
        size = fargate_pod_size(*SYSTEM_PODS[0])
        services.append(
            FargateService(name="coredns", vcpu=size.vcpu, memory_gib=size.memory_gib, fixed_task_hours=2 * month)
        )
    return services


def _node_group(scenario: Scenario, hours: DayUse, book: PriceBook) -> NodeGroup:
    """Nodes by the hour: enough for the requests of all pods, and one a zone at least.

    An hour whose operations bring more pods has the nodes that hold the most of them at once, for the whole hour: a
    node has to come first, and the Cluster Autoscaler takes it away after ten idle minutes.
    """
    platform, month = scenario.platform, scenario.pricing.hours_per_month
    room = instance_allocatable(platform.node_type, book)
    counts, most = [], []
    for hour in range(HOURS):
        there = {name: curve[hour] for name, curve in hours.replicas.items()}
        highest = {name: max(count, hours.surge.most.get(name, {}).get(hour, 0.0)) for name, count in there.items()}
        counts.append(float(_nodes(scenario, there, room)))
        most.append(float(_nodes(scenario, highest, room)))
    least = _nodes(scenario, {name: float(_floor(scenario, name)) for name in scenario.services}, room)
    fixed, use = task_hours(counts, month, least)
    return NodeGroup(
        name="nodes",
        instance_type=platform.node_type,
        fixed_node_hours=fixed,
        use_node_hours=use,
        surge_node_hours=(sum(most) - sum(counts)) / HOURS * month,
    )


def _nodes(scenario: Scenario, replicas: dict[str, float], room: Allocatable) -> int:
    pods = [PodRequest(*one) for one in SYSTEM_PODS] if scenario.platform.kind == "eks" else []
    for name, count in replicas.items():
        resources = scenario.services[name].resources
        request = PodRequest(resources.cpu_request, resources.memory_request / GIB)
        pods += [request] * -int(-count // 1)
    return max(scenario.platform.zones, nodes_for_pods(pods, room, name=scenario.platform.node_type))
