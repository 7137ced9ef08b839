"""What the replicas run on: Fargate tasks and pods, EC2 nodes, a Docker host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from novamodel.cost import (
    FargateService,
    NodeGroup,
    PodRequest,
    Volume,
    fargate_pod_size,
    groups_of,
    nodes_by_group,
    task_hours,
)
from novamodel.cost.meters import surplus_credit_hours
from novamodel.scenario import SYSTEM_PODS, Scenario, node_types, standing
from novamodel.workflows.month.days import HOURS, DayUse
from novamodel.workflows.month.declared.compute import system
from novamodel.workflows.month.declared.machines import disks_of_group, group_of_services

GIB = 1024**3


MACHINES = ("aws_instance", "aws_spot_instance_request", "aws_autoscaling_group", "aws_lambda_function")
"""Declared machines that stand in the place of a host that nobody has declared."""


def compute(scenario: Scenario, hours: DayUse, busy: float) -> dict[str, Any]:
    """The fields of `MonthUsage` for what the replicas run on. `busy`: cores that all services use on average."""
    platform = scenario.platform
    if platform.kind == "compose":
        if scenario.declared_of(*MACHINES):
            return {}  # what is declared is what it runs on
        node = NodeGroup(
            name="docker host", instance_type=platform.node_type, fixed_node_hours=scenario.pricing.hours_per_month
        )
        return {"nodes": (node,)}
    if platform.compute == "fargate":
        return {"fargate": tuple(_fargate(scenario, hours))}
    return {"nodes": _node_groups(scenario, hours, busy)}


def public_addresses(scenario: Scenario) -> bool:
    """Whether tasks or nodes stand in public subnets, each with an address of its own, and need no NAT gateway."""
    if scenario.pricing.outward is not None:
        return scenario.pricing.outward == "public subnet"
    tasks = [_task(scenario, name).public for name in scenario.services]
    return scenario.platform.compute == "fargate" and bool(tasks) and all(tasks)


class _Task(NamedTuple):
    arch: Literal["x86", "arm64"]
    os: Literal["linux", "windows"]
    disk_gib: float
    public: bool
    spot_share: float


def _task(scenario: Scenario, name: str) -> _Task:
    """What a task's price depends on: as the scenario says; its operating system as the files declare."""
    said = scenario.services[name].task
    tasks = [one for one in scenario.declared_of("aws_ecs_task_definition") if one.modelled == f"services.{name}"]
    return _Task(
        said.architecture or "x86",
        system(tasks[0]) if tasks else "linux",
        said.ephemeral_storage / GIB if said.ephemeral_storage is not None else 20.0,
        bool(said.public_address),
        said.spot_share or 0.0,
    )


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
        task = _task(scenario, name)
        services.append(
            FargateService(
                name=name,
                vcpu=vcpu,
                memory_gib=gib,
                arch=task.arch,
                os=task.os,
                ephemeral_gib=task.disk_gib,
                public_ipv4=task.public or public_addresses(scenario),
                spot_share=task.spot_share if scenario.platform.kind == "ecs" else 0,
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


def _node_groups(scenario: Scenario, hours: DayUse, busy: float) -> tuple[NodeGroup, ...]:
    """Nodes by the hour: enough for the requests of all pods, within each group's bounds; one a zone at least.

    An hour whose operations bring more pods has the nodes that hold the most of them at once, for the whole hour: a
    node has to come first, and the Cluster Autoscaler takes it away after ten idle minutes.
    """
    platform, month = scenario.platform, scenario.pricing.hours_per_month
    groups = groups_of(platform)
    known: dict[tuple[int, ...], dict[str, int]] = {}

    def nodes_of(there: Mapping[str, float]) -> dict[str, int]:
        pods = {name: -int(-count // 1) for name, count in there.items()}
        place = tuple(pods.values())
        if place not in known:
            known[place] = nodes_by_group(_pods(scenario, pods), groups)
        return known[place]

    length = len(next(iter(hours.replicas.values())))
    counts, most = [], []
    for hour in range(length):
        there = {name: curve[hour] for name, curve in hours.replicas.items()}
        most_of = hours.surge.most
        counts.append(nodes_of(there))
        most.append(
            nodes_of({name: max(count, most_of.get(name, {}).get(hour % HOURS, 0.0)) for name, count in there.items()})
        )
    floor = nodes_of({name: float(_floor(scenario, name)) for name in scenario.services})
    declared, spot, disks = _declared_nodes(scenario)
    all_nodes = sum(sum(one.values()) for one in counts) / length
    found = []
    for number, (name, group) in enumerate(groups.items()):
        held = declared if number == 0 else 0
        curve, highest = ([float(max(one[name], held)) for one in course] for course in (counts, most))
        fixed, use = task_hours(curve, month, max(floor[name], held))
        machine = next(one for one in node_types() if one.name == group.instance_type)
        each = busy / all_nodes if all_nodes else 0.0
        found.append(
            NodeGroup(
                cpu_credit_hours=surplus_credit_hours(group.instance_type, machine.cores, each, fixed + use),
                name=name,
                instance_type=group.instance_type,
                spot_share=spot if number == 0 else 0.0,
                disks=disks if number == 0 else None,
                public_ipv4=public_addresses(scenario),
                fixed_node_hours=fixed,
                use_node_hours=use,
                surge_node_hours=(sum(highest) - sum(curve)) / length * month,
            )
        )
    return tuple(found)


def _declared_nodes(scenario: Scenario) -> tuple[int, float, tuple[Volume, ...] | None]:
    """Nodes that the declared group of the services keeps whatever stands on them, their share on Spot, their disks."""
    one = group_of_services(scenario)
    if one is None or scenario.platform.node_groups:
        return 0, 0.0, None
    names = ("scaling_config.desired_size", "scaling_config.min_size", "desired_capacity", "min_size")
    sizes = [one.used("instances"), *(one.number(name) for name in names)]
    size = next((int(number) for number in sizes if number is not None), 0)
    disks = disks_of_group(scenario, one) if one.type == "aws_eks_node_group" else None
    return size * one.count, float(one.text("capacity_type").upper() == "SPOT"), disks


def standing_pods(scenario: Scenario) -> list[PodRequest]:
    """Pods of the cluster that are no service: the system's, parts of the scenario, and others that files declare."""
    pods = [PodRequest(*one) for one in standing(scenario)]
    for one in scenario.declared_of("kubernetes_pod"):
        if one.text("kind") != "DaemonSet" and one.modelled is None:
            request = PodRequest(one.number("cpu_request") or 0.0, (one.number("memory_request") or 0.0) / GIB)
            pods += [request] * one.count
    return pods


def _pods(scenario: Scenario, replicas: Mapping[str, int]) -> list[PodRequest]:
    pods = standing_pods(scenario)
    for name, count in replicas.items():
        resources = scenario.services[name].resources
        pods += [PodRequest(resources.cpu_request, resources.memory_request / GIB)] * count
    return pods
