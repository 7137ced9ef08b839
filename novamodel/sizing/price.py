"""The part of a monthly bill that sizing moves: what the replicas run on."""

from __future__ import annotations

import math

from novamodel.cost import (
    FargateService,
    MonthUsage,
    NodeGroup,
    PodRequest,
    instance_allocatable,
    load_book,
    nodes_for_pods,
    price,
)
from novamodel.scenario import Scenario
from novamodel.sizing.legal import GIB, billed


def compute_cost(scenario: Scenario, replicas: dict[str, float]) -> float:
    """Monthly cost (USD) of the services' compute with so many replicas on average; on demand, all else left out.

    Fargate is billed by the size of each replica; nodes by the machines that hold the replicas' requests, one
    machine under Compose.
    """
    hours, platform = scenario.pricing.hours_per_month, scenario.platform
    book = load_book(scenario.pricing.region)
    if platform.compute == "fargate":
        tasks = []
        for name, service in scenario.services.items():
            resources = service.resources
            if platform.kind == "ecs":
                cores, gib = resources.cpu_limit or 0.0, (resources.memory_limit or 0.0) / GIB
            else:
                cores, gib = billed(scenario, resources.cpu_request, resources.memory_request)
            tasks.append(FargateService(name=name, vcpu=cores, memory_gib=gib, use_task_hours=replicas[name] * hours))
        usage = MonthUsage(hours_per_month=hours, fargate=tuple(tasks))
    else:
        count = 1 if platform.kind == "compose" else _nodes(scenario, replicas)
        group = NodeGroup(name="nodes", instance_type=platform.node_type, fixed_node_hours=count * hours)
        usage = MonthUsage(hours_per_month=hours, nodes=(group,))
    return float(price(usage, book).total)


def _nodes(scenario: Scenario, replicas: dict[str, float]) -> float:
    """Mean number of nodes: between those for the whole counts below and above the mean replicas."""
    book = load_book(scenario.pricing.region)
    room = instance_allocatable(scenario.platform.node_type, book)

    def needed(counts: dict[str, int]) -> int:
        pods = []
        for name, service in scenario.services.items():
            ask = PodRequest(service.resources.cpu_request, service.resources.memory_request / GIB)
            pods += [ask] * counts[name]
        return nodes_for_pods(pods, room, name=scenario.platform.node_type)

    low = {name: math.floor(count) for name, count in replicas.items()}
    high = {name: math.ceil(count) for name, count in replicas.items()}
    spread = sum(high.values()) - sum(low.values())
    part = (sum(replicas.values()) - sum(low.values())) / spread if spread else 0.0
    return (1 - part) * needed(low) + part * needed(high)
