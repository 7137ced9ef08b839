"""Who shares the platform's machines: the services, and parts that run there as pods or containers."""

from __future__ import annotations

from typing import NamedTuple

from novamodel.scenario.demand import walk_steps
from novamodel.scenario.fargate import fargate_pod_size
from novamodel.scenario.finding import Whole
from novamodel.scenario.machines import GIB, node_types
from novamodel.scenario.nodes import SYSTEM_PODS, NodeGroup, group_room, machine
from novamodel.scenario.service import Resources

NO_REQUEST = 0.002
"""Cores that a container without a CPU request weighs: Kubernetes' least cpu.shares of 2 of 1,024 a core."""

SMALL_TASK_CORES = 2
"""Of the machine of a Fargate task of less than a vCPU (assumed: the least that programs in such tasks are said to see;
AWS does not publish it). Its limit is used up sooner by more threads at once, so the number matters little: none for a
loop alone, some percent of the loop's times beside threads that use the limit up."""


class Tenant(NamedTuple):
    """Who runs in containers on the platform's machines: a service, or a part that stands there by itself."""

    part: str  # "service", "edge", "pgbouncer", "database" or "cache"
    name: str
    resources: Resources


def tenants(scenario: Whole) -> list[Tenant]:
    """All that shares the machines, services first; without machines of the user's nobody."""
    if not scenario.platform.on_machines:
        return []
    found = [Tenant("service", name, one.resources) for name, one in scenario.services.items()]
    everything = scenario.platform.kind == "compose"
    parts: list[tuple[str, str, Resources | None]] = []
    parts += [("edge", name, edge.pod) for name, edge in scenario.all_edges.items()]
    for name, database in scenario.all_databases.items():
        if database.pgbouncer is not None:
            parts.append(("pgbouncer", name, database.pgbouncer.pod))
        parts.append(("database", name, database.pod))
    parts += [("cache", name, cache.pod) for name, cache in scenario.all_caches.items()]
    unbound = Resources(cpu_request=NO_REQUEST, memory_request="0 B")
    found += [Tenant(part, name, pod or unbound) for part, name, pod in parts if pod is not None or everything]
    return found


def task_cores(scenario: Whole, name: str) -> int | None:
    """Cores of the machine that a replica's Fargate task is; None elsewhere.

    A task of less than a vCPU has SMALL_TASK_CORES of them under a CPU limit of its share (AWS, "How Amazon ECS manages
    CPU and memory resources": the task's CPU is the ceiling of its cgroup).
    """
    platform, resources = scenario.platform, scenario.services[name].resources
    if platform.on_machines or platform.cpu.kind == "none":
        return None
    vcpu = resources.cpu_limit or 0.0
    if platform.kind == "eks":
        vcpu = fargate_pod_size(resources.cpu_request, resources.memory_request / GIB).vcpu
    if vcpu >= 1:
        return int(vcpu)
    return SMALL_TASK_CORES if vcpu > 0 else None


def shares_task(scenario: Whole, name: str) -> bool:
    """Whether threads of a replica take turns on the vCPUs of its Fargate task: its event loop and libuv's, or those
    of its runtime."""
    service = scenario.services[name]
    works = any(step.thread is not None for steps in service.routes.values() for step in walk_steps(steps))
    return task_cores(scenario, name) is not None and (works or not service.runtime.plain)


def standing(scenario: Whole) -> list[tuple[float, float]]:
    """Cores and GiB that each pod requests which is no replica: the system's, and parts that stand on the machines."""
    system = list(SYSTEM_PODS) if scenario.platform.kind == "eks" else []
    others = [one.resources for one in tenants(scenario) if one.part != "service"]
    return [*system, *((one.cpu_request, one.memory_request / GIB) for one in others)]


def fitting_node_type(scenario: Whole) -> str | None:
    """The smallest type of the assumed nodes' family that holds every pod; None where they do, or where it was said."""
    platform = scenario.platform
    said = scenario.origin("platform.node_type").kind in ("file", "override")
    if said or platform.kind == "compose" or not platform.on_machines or platform.node_groups:
        return None
    now = machine(platform.node_type)
    family = [
        one for one in node_types() if one.name.split(".")[0] == now.name.split(".")[0] and "metal" not in one.name
    ]
    for one in sorted(family, key=lambda known: known.cores):
        room = group_room(NodeGroup(type=one.name), platform.kind)
        sizes = [tenant.resources for tenant in tenants(scenario)]
        fits = all(size.cpu_request <= room.cpu and size.memory_request / GIB <= room.memory_gib for size in sizes)
        if fits and one.cores >= now.cores:
            return None if one == now else one.name
    return None
