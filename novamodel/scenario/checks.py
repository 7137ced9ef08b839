"""What does not fit together in a whole scenario, whoever said the parts: findings over the resolved values."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Any, Protocol

from novamodel.scenario.backend import Database, Edge
from novamodel.scenario.goals import Platform
from novamodel.scenario.machines import GIB, NodeType, node_types
from novamodel.scenario.origin import Origin
from novamodel.scenario.read_replicas import may_read_elsewhere
from novamodel.scenario.service import Service

Finding = dict[str, Any]


class Whole(Protocol):
    """What is looked at of a scenario."""

    @property
    def services(self) -> dict[str, Service]: ...
    @property
    def edge(self) -> Edge: ...
    @property
    def database(self) -> Database: ...
    @property
    def platform(self) -> Platform: ...
    def origin(self, path: str) -> Origin:
        """Who set a value."""


def check(scenario: Whole) -> Iterator[Finding]:
    """Connections against what the next tier takes; CPU and memory of pods and containers against their machines."""
    yield from _connections(scenario)
    yield from _edge(scenario)
    if scenario.platform.kind == "compose":
        yield from _host(scenario)
    elif scenario.platform.compute == "ec2":
        yield from _nodes(scenario)


def _most(service: Service) -> int:
    return service.autoscaler.max_replicas if service.autoscaler else service.replicas


def _finding(scenario: Whole, code: str, path: str, message: str, fix: str) -> Finding:
    origin = scenario.origin(path)
    return {
        "level": "warning",
        "code": code,
        "file": origin.file,
        "line": origin.line,
        "message": message,
        "fix": fix,
    }


def _connections(scenario: Whole) -> Iterator[Finding]:
    """Connections that all replicas may open, against PgBouncer's or PostgreSQL's limit."""
    pools = {name: (_most(one), one.pool.max) for name, one in scenario.services.items() if one.pool is not None}
    if not pools:
        return
    total = sum(count * size for count, size in pools.values())
    parts = ", ".join(f"{name} {count} x {size}" for name, (count, size) in pools.items())
    yield from _read_replicas(scenario, total, parts)
    path = f"services.{next(iter(pools))}.pool.max"
    database = scenario.database
    accepted = database.max_connections - database.reserved_connections
    bouncer = database.pgbouncer
    limit, of = accepted, "max_connections of PostgreSQL less what it reserves"
    if bouncer is not None:
        limit, of = bouncer.max_client_conn, "max_client_conn of PgBouncer"
        if database.read_replicas is not None:
            total, parts = 2 * total, f"{parts}, to the primary and as many to the read replicas"
    if total > limit:
        message = f"all replicas together may open {total} connections ({parts}), {of} is {limit}"
        yield _finding(scenario, "connections-exceed-limit", path, message, "lower the pools, or raise the limit")
    if bouncer is not None and bouncer.default_pool_size > accepted:
        message = f"PgBouncer may open {bouncer.default_pool_size} connections, PostgreSQL takes {accepted}"
        path = "database.pgbouncer.default_pool_size"
        yield _finding(scenario, "pgbouncer-exceeds-postgres", path, message, "lower default_pool_size")
    if bouncer is not None and total > accepted and "evident intent" in scenario.origin("database.pgbouncer").source:
        message = f"without PgBouncer {total} connections ({parts}) meet the {accepted} that PostgreSQL takes"
        fix = "deploy PgBouncer, or raise max_connections"
        yield _finding(scenario, "connections-exceed-postgres", path, message, fix)


def _read_replicas(scenario: Whole, total: int, parts: str) -> Iterator[Finding]:
    """Read replicas that nothing reads from, or that take too few connections."""
    database, path = scenario.database, "database.read_replicas"
    replicas = database.read_replicas
    if replicas is None:
        return
    routes = [steps for service in scenario.services.values() for steps in service.routes.values()]
    if replicas.share > 0 and not any(may_read_elsewhere(database.statements, steps) for steps in routes):
        message = "no transaction of any route only reads: the read replicas answer nothing"
        fix = "leave them out, or say in database.statements which statements write nothing"
        yield _finding(scenario, "read-replicas-idle", path, message, fix)
    accepted = replicas.count * database.replica_connections
    if database.pgbouncer is None and total > accepted:
        message = f"all replicas together may open {total} connections ({parts}) to read replicas that take {accepted}"
        yield _finding(scenario, "connections-exceed-replicas", path, message, "lower the pools, or a larger class")


def _edge(scenario: Whole) -> Iterator[Finding]:
    """Weights of server lines that no replica is behind."""
    for name, weights in scenario.edge.weights.items():
        most = _most(scenario.services[name])
        if len(weights) != most:
            message = f"edge.weights.{name} has {len(weights)} weights for up to {most} replicas: the others weigh 1"
            path = f"edge.weights.{name}"
            yield _finding(scenario, "weights-and-replicas", path, message, "one server line a replica")


def _machine(scenario: Whole) -> NodeType:
    return next(one for one in node_types() if one.name == scenario.platform.node_type)


def _limits(scenario: Whole, cores: float) -> tuple[float, str]:
    """CPU that all replicas together may use; a replica without a limit may use a whole machine."""
    total, parts = 0.0, []
    for name, service in scenario.services.items():
        limit = service.resources.cpu_limit or cores
        total += _most(service) * limit
        parts.append(f"{name} {_most(service)} x {limit * 1000:g}m")
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
            yield _finding(scenario, "pod-fits-no-node", path, message, "a larger node_type, or smaller requests")
            return
        cpu += _most(service) * size.cpu_request
        memory += _most(service) * size.memory_request
    count = max(scenario.platform.zones, ceil(cpu / node.cores), ceil(memory / node.memory))
    used, parts = _limits(scenario, node.cores)
    if used > count * node.cores:
        message = (
            f"at most replicas the pods may use {used:g} cores ({parts}); placed by their requests ({cpu:g} cores) "
            f"they share {count} x {node.name} = {count * node.cores} cores: the simulation gives each its limit"
        )
        fix = "requests nearer to the limits, or a larger node_type"
        yield _finding(scenario, "node-cpu-overcommitted", "platform.node_type", message, fix)


def _host(scenario: Whole) -> Iterator[Finding]:
    """Containers on one machine share it, whatever their limits say."""
    host = _machine(scenario)
    used, parts = _limits(scenario, host.cores)
    if used > host.cores:
        message = f"the containers may use {used:g} cores ({parts}), the {host.name} has {host.cores}, "
        message += "database, cache and proxy not counted: the simulation gives each its limit"
        fix = "smaller limits, or a larger machine"
        yield _finding(scenario, "host-cpu-overcommitted", "platform.node_type", message, fix)
    sizes = [(_most(one), one.resources.memory_limit) for one in scenario.services.values()]
    memory = sum(count * size for count, size in sizes if size is not None)
    if memory > host.memory:
        message = f"the containers may hold {memory / GIB:.3g} GiB, the {host.name} has {host.memory / GIB:g} GiB"
        fix = "smaller limits, or a larger machine"
        yield _finding(scenario, "host-memory-overcommitted", "platform.node_type", message, fix)
