"""The cores of machines that containers share: how busy all of them together keep them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from novamodel.analytic.tier_rows import Row, before, over, row
from novamodel.scenario import SYSTEM_PODS, NodeGroup, Scenario, group_room
from novamodel.scenario.machines import GIB
from novamodel.scenario.nodes import machine
from novamodel.scenario.tenants import tenants

CORES = " cores"
"""End of the tier's name; the node group's stands before it."""
_TIERS = {"edge": "edge", "pgbouncer": "pgbouncer cpu", "database": "postgres cpu", "cache": "redis"}
"""Tier of each part that may stand on the machines."""


def core_rows(
    scenario: Scenario, rows: Sequence[Row], rate: float, now: Mapping[str, int], most: Mapping[str, int]
) -> Iterator[Row]:
    """All cores of the platform's nodes, of one group or several (then nobody knows which pod stands in which)."""
    groups = scenario.platform.groups
    if not scenario.platform.shares_cores or len(groups) != 1:
        return
    (name, group), known = next(iter(groups.items())), {one["tier"]: one for one in rows}
    busy = need = 0.0
    for tenant in tenants(scenario):
        service = tenant.part == "service"
        tier = f"{tenant.name} cpu" if service else before(tenant.name) + _TIERS[tenant.part]
        one, grow = known.get(tier), most[tenant.name] / now[tenant.name] if service else 1.0
        if one is not None and math.isfinite(one["busy"]):
            busy += one["busy"]
            need += one["limit"] * grow / one["saturation_multiple"] if one["saturation_multiple"] > 0 else math.inf
    here, there = (nodes_for(scenario, group, count) * cores_of(scenario, group) for count in (now, most))
    each = busy / rate if rate else 0.0
    yield row(name + CORES, each, "s", busy, here, over(there, need), there > here)


def cores_of(scenario: Scenario, group: NodeGroup) -> float:
    """Cores' worth of work that a node of a group does when all its cores are busy."""
    sharing, node = scenario.platform.cpu, machine(group.type)
    pairs = node.cores > 1
    return node.cores * (1 - sharing.steal) * (sharing.sibling_speed if pairs else 1.0)


def nodes_for(scenario: Scenario, group: NodeGroup, replicas: Mapping[str, int]) -> int:
    """Nodes of a group that hold the requests of so many replicas and of all that stands beside them, without gaps."""
    room = group_room(group, scenario.platform.kind)
    cpu, memory, pods = (sum(one[0] for one in SYSTEM_PODS), sum(one[1] for one in SYSTEM_PODS), len(SYSTEM_PODS))
    if scenario.platform.kind != "eks":
        cpu, memory, pods = 0.0, 0.0, 0
    for tenant in tenants(scenario):
        count = replicas[tenant.name] if tenant.part == "service" else 1
        cpu += count * tenant.resources.cpu_request
        memory += count * tenant.resources.memory_request / GIB
        pods += count
    full = max(cpu / room.cpu, memory / room.memory_gib, pods / room.pods)
    return int(min(max(group.least, math.ceil(full - 1e-9)), group.most))
