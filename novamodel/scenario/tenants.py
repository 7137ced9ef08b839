"""Who shares the platform's machines: the services, and parts that run there as pods or containers."""

from __future__ import annotations

from typing import NamedTuple

from novamodel.scenario.finding import Whole
from novamodel.scenario.machines import GIB
from novamodel.scenario.nodes import SYSTEM_PODS
from novamodel.scenario.service import Resources

NO_REQUEST = 0.002
"""Cores that a container without a CPU request weighs: Kubernetes' least cpu.shares of 2 of 1,024 a core."""


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


def standing(scenario: Whole) -> list[tuple[float, float]]:
    """Cores and GiB that each pod requests which is no replica: the system's, and parts that stand on the machines."""
    system = list(SYSTEM_PODS) if scenario.platform.kind == "eks" else []
    others = [one.resources for one in tenants(scenario) if one.part != "service"]
    return [*system, *((one.cpu_request, one.memory_request / GIB) for one in others)]
