"""From a scenario to the state of its machines: who stands there, in which containers, with which threads."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from novamodel.components.columns import Column
from novamodel.components.cpu.cpu_gate import NO_LIMIT
from novamodel.components.cpu.host_state import host_state
from novamodel.components.node.node import node_state
from novamodel.components.runtime.state import Plan, lanes_of, runtime_state
from novamodel.scenario import Scenario
from novamodel.scenario.nodes import machine
from novamodel.scenario.service import Resources
from novamodel.scenario.tenants import Tenant, task_cores, tenants
from novamodel.simulation import codes
from novamodel.simulation.build_runtimes import cpu_limit, own_machines, plan_of
from novamodel.simulation.layout import Layout
from novamodel.simulation.state import Shared

GOLDEN, OTHER = 0.6180339887498949, 0.7548776662466927
"""Steps between the phases of replicas and of services: as evenly spread as can be, whatever their number is."""
MORE_BACKENDS = 8  # of a database server than it accepts connections: those that are still being refused


class Container(NamedTuple):
    """A container that is no replica."""

    tenant: Tenant
    row: int


def phase(period: float, service: int, replica: int) -> float:
    """Start of a container's first quota period (s)."""
    return -period * ((service * OTHER + (replica + 1) * GOLDEN) % 1.0)


def host_rows(scenario: Scenario, layout: Layout) -> dict[str, range]:
    """Rows of the machines of each node group, as many as there may be; empty where machines are not shared."""
    if not scenario.platform.shares_cores:
        return {}
    pods = layout.replica_count + len(tenants(scenario)) + scenario.platform.zones
    rows, first = {}, 0
    for name, group in scenario.platform.groups.items():
        count = group.least + pods if math.isinf(group.most) else int(group.most)
        rows[name] = range(first, first + count)
        first += count
    return rows


def containers(scenario: Scenario, layout: Layout) -> list[Container]:
    """Containers on the machines beside the replicas; they come behind them."""
    if not scenario.platform.shares_cores:
        return []
    others = [tenant for tenant in tenants(scenario) if tenant.part != "service"]
    return [Container(tenant, layout.replica_count + k) for k, tenant in enumerate(others)]


def machines_state(scenario: Scenario, layout: Layout, threads: int, requests: int) -> dict[str, Any]:
    """Processes (replicas, then those of other containers), machines, and who stands where."""
    processes = _Processes(scenario, layout, threads)
    node = node_state(processes.count, threads, requests)
    rows = host_rows(scenario, layout)
    groups = scenario.platform.groups if rows else {}
    alone = own_machines(scenario, layout)
    cores = [machine(groups[name].type).cores for name, own in rows.items() for _ in own] + list(alone.values()) or [1]
    sharing = scenario.platform.cpu
    owner = processes.owner or [0]
    host = host_state(cores, owner, max(1, len(processes.weight)), sharing.tick, sharing.sibling_speed)
    host.speed[:] = [1.0 - sharing.steal] * len(cores)
    if sharing.slice is not None:
        host.slice[:] = [sharing.slice] * len(cores)
    for name in ("weight", "quota", "period", "phase"):
        _fill(getattr(host, name), getattr(processes, name))
    _fill(host.left, processes.quota)
    for place, row in enumerate(alone):
        host.home[row] = place
    shared = Shared(
        armed=[codes.NEVER] * len(cores),
        worker=processes.worker,
        bouncer=processes.bouncer,
        cache=processes.cache,
        server=processes.server,
        server_end=processes.server_end,
        backend=[codes.NONE] * max(1, processes.backends),
        thread=[processes.first_backend],
    )
    runtime = runtime_state(processes.plans, requests, processes.first_lane)
    return {"node": node, "host": host, "shared": shared, "runtime": runtime}


def _fill(column: Column, values: list[Any]) -> None:
    column[: len(values)] = values


class _Processes:
    """Rows of processes and threads, in the order of containers."""

    def __init__(self, scenario: Scenario, layout: Layout, threads: int) -> None:
        self.scenario = scenario
        self.threads = threads
        self.count = 0
        self.owner: list[int] = []
        self.weight: list[float] = []
        self.quota: list[float] = []
        self.period: list[float] = []
        self.phase: list[float] = []
        self.plans: list[Plan | None] = []
        edges, databases = scenario.all_edges, scenario.all_databases
        self.worker = [codes.NONE] * sum(edge.workers for edge in edges.values())
        bouncers = [name for name, one in databases.items() if one.pgbouncer is not None]
        self.bouncer = [codes.NONE] * max(1, len(bouncers))
        self.cache = [codes.NONE] * layout.cache_servers
        self.server = [codes.NONE] * sum(count for _, count in layout.servers.values())
        self.server_end = [codes.NONE] * len(self.server)
        for number, (name, (first, end)) in enumerate(layout.rows.items()):
            for replica in range(first, end):
                service = scenario.services[name]
                limit, cores = cpu_limit(scenario, name), task_cores(scenario, name)
                if cores is not None and limit is not None and limit >= cores:
                    limit = None  # its cores are the limit
                self._container(service.resources, limit, number, replica - first)
                self._process(replica)
                self.plans.append(plan_of(service.runtime))
        servers: list[tuple[int, int, int]] = []
        for container, row in containers(scenario, layout):
            name, resources = container.name, container.resources
            self._container(resources, self._limit(container), len(layout.rows), row)
            if container.part == "edge":
                first = sum(edge.workers for edge in list(edges.values())[: list(edges).index(name)])
                for worker in range(first, first + edges[name].workers):
                    self.worker[worker] = self._process(row)
            elif container.part == "pgbouncer":
                self.bouncer[bouncers.index(name)] = self._process(row)
            elif container.part == "cache":
                for server in range(*layout.caches[name]):
                    self.cache[server] = self._process(row)
            elif (name, False) in layout.servers:
                servers.append((layout.servers[(name, False)][0], row, databases[name].max_connections + MORE_BACKENDS))
        self.first_lane = len(self.owner)
        for replica, plan in enumerate(self.plans):
            self.owner += [replica] * (lanes_of(plan) if plan is not None else 0)
        self.first_backend = len(self.owner)
        for server, row, backends in servers:
            self.server[server] = len(self.owner) - self.first_backend
            self.owner += [row] * backends
            self.server_end[server] = len(self.owner) - self.first_backend
        self.backends = len(self.owner) - self.first_backend

    def _limit(self, tenant: Tenant) -> float | None:
        """CPU limit of a container; a database has so many cores at most, whatever its machine has."""
        limit = tenant.resources.cpu_limit
        if tenant.part != "database":
            return limit
        return min(limit or math.inf, self.scenario.all_databases[tenant.name].cores)

    def _container(self, resources: Resources, limit: float | None, service: int, replica: int) -> None:
        platform = self.scenario.platform
        self.weight.append(1.0 if platform.kind == "compose" else resources.cpu_request)
        self.quota.append(limit * platform.cfs_period if limit is not None else NO_LIMIT)
        self.period.append(platform.cfs_period)
        self.phase.append(phase(platform.cfs_period, service, replica))

    def _process(self, container: int) -> int:
        """One more process of a container; its row."""
        self.owner += [container] * (1 + self.threads)
        self.count += 1
        return self.count - 1
