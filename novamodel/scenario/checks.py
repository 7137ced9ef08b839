"""What does not fit together in a whole scenario, whoever said the parts: findings over the resolved values."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from novamodel.scenario.check_connections import connection_findings
from novamodel.scenario.check_graph import graph_findings
from novamodel.scenario.finding import Finding, Whole, found, most_replicas
from novamodel.scenario.machines import GIB, NodeType, node_types


def check(scenario: Whole) -> Iterator[Finding]:
    """Connections against what the next tier takes; parts that nothing asks; pods and containers against machines."""
    yield from connection_findings(scenario)
    yield from graph_findings(scenario)
    if scenario.platform.kind == "compose":
        yield from _host(scenario)
    elif scenario.platform.compute == "ec2":
        yield from _nodes(scenario)


def _machine(scenario: Whole) -> NodeType:
    return next(one for one in node_types() if one.name == scenario.platform.node_type)


def _limits(scenario: Whole, cores: float) -> tuple[float, str]:
    """CPU that all replicas together may use; a replica without a limit may use a whole machine."""
    total, parts = 0.0, []
    for name, service in scenario.services.items():
        limit = service.resources.cpu_limit or cores
        total += most_replicas(service) * limit
        parts.append(f"{name} {most_replicas(service)} x {limit * 1000:g}m")
    return total, ", ".join(parts)


def _nodes(scenario: Whole) -> Iterator[Finding]:
    """Pods are placed by their requests: on so many nodes, what may they use?"""
    node = _machine(scenario)
    cpu = memory = 0.0
    for name, service in scenario.services.items():
        size = service.resources
        if size.cpu_request > node.cores or size.memory_request > node.memory:
            message = f"a replica of {name} requests {size.cpu_request:g} cores and {size.memory_request / GIB:.3g} GiB"
            message += f", a {node.name} has {node.cores} and {node.memory / GIB:g} GiB: it is never placed"
            path = f"services.{name}.resources.cpu_request"
            yield found(scenario, "pod-fits-no-node", path, message, "a larger node_type, or smaller requests")
            return
        cpu += most_replicas(service) * size.cpu_request
        memory += most_replicas(service) * size.memory_request
    count = max(scenario.platform.zones, ceil(cpu / node.cores), ceil(memory / node.memory))
    used, parts = _limits(scenario, node.cores)
    if used > count * node.cores:
        message = (
            f"at most replicas the pods may use {used:g} cores ({parts}); placed by their requests ({cpu:g} cores) "
            f"they share {count} x {node.name} = {count * node.cores} cores: when all are busy they wait for each other"
        )
        fix = "requests nearer to the limits, or a larger node_type"
        yield found(scenario, "node-cpu-overcommitted", "platform.node_type", message, fix)


def _host(scenario: Whole) -> Iterator[Finding]:
    """Containers on one machine share it, whatever their limits say."""
    host = _machine(scenario)
    used, parts = _limits(scenario, host.cores)
    if used > host.cores:
        message = f"the containers may use {used:g} cores ({parts}), the {host.name} has {host.cores}, "
        message += "database, cache and proxy not counted: when all are busy they wait for each other"
        fix = "smaller limits, or a larger machine"
        yield found(scenario, "host-cpu-overcommitted", "platform.node_type", message, fix)
    sizes = [(most_replicas(one), one.resources.memory_limit) for one in scenario.services.values()]
    memory = sum(count * size for count, size in sizes if size is not None)
    if memory > host.memory:
        message = f"the containers may hold {memory / GIB:.3g} GiB, the {host.name} has {host.memory / GIB:g} GiB"
        fix = "smaller limits, or a larger machine"
        yield found(scenario, "host-memory-overcommitted", "platform.node_type", message, fix)
