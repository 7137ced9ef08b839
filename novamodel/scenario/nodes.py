"""The machines whose cores pods share: node groups, how threads take turns, what pods may request on a node.

Sources of a node's room: awslabs/amazon-eks-ami (kube-reserved CPU 6 % of the first core, 1 % of the second, 0.5 % of
the next two, 0.25 % of the rest; memory 11 MiB a pod of the node's maximum + 255 MiB; eviction below 100 MiB);
Karpenter settings (7.5 % of the nominal memory is lost to the hypervisor and the kernel). A pod fits by its requests
only (Kubernetes documentation, "Resource Management for Pods and Containers").
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from pydantic import field_validator, model_validator

from novamodel.scenario.fields import FewCount, Part, PositiveSeconds, Seconds, Share, given, needed, wrong
from novamodel.scenario.machines import GIB, NodeType, nearest, node_types

VM_MEMORY_OVERHEAD = 0.075
EVICTION_MIB = 100
DAEMONS = 2
"""Pods on every node of EKS: the network plugin and kube-proxy."""
DAEMONS_CPU = 0.15
"""Cores that they request together (50m and 100m, from memory)."""

SYSTEM_PODS = ((0.1, 70 / 1024),) * 2
"""Cores and GiB that each pod of CoreDNS requests, which EKS has twice (EKS add-on defaults, from memory)."""

_CPU_RESERVED = ((1, 0.06), (2, 0.01), (4, 0.005), (float("inf"), 0.0025))


class Allocatable(NamedTuple):
    """What pods may request on one node: cores, GiB and a number of pods."""

    cpu: float
    memory_gib: float
    pods: int


def node_allocatable(vcpu: int, memory_gib: float, max_pods: int) -> Allocatable:
    """Room for pods on an EKS node of nominal `vcpu`, `memory_gib`, `max_pods`, the node's daemons included."""
    reserved_cpu, low = 0.0, 0.0
    for high, share in _CPU_RESERVED:
        reserved_cpu += max(0.0, min(vcpu, high) - low) * share
        low = high
    reserved_mib = 11 * max_pods + 255 + EVICTION_MIB
    memory = memory_gib * (1 - VM_MEMORY_OVERHEAD) - reserved_mib / 1024
    return Allocatable(vcpu - reserved_cpu, max(0.0, memory), max_pods)


def room_for_pods(vcpu: int, memory_gib: float, max_pods: int) -> Allocatable:
    """Room for the user's pods on an EKS node, its daemons taken off."""
    room = node_allocatable(vcpu, memory_gib, max_pods)
    return Allocatable(max(0.0, room.cpu - DAEMONS_CPU), room.memory_gib, max(0, room.pods - DAEMONS))


def machine(name: str) -> NodeType:
    """An EC2 type by its name, which the scenario has checked."""
    return next(one for one in node_types() if one.name == name)


def known_type(value: str) -> str:
    """The name of an EC2 type; `ValueError` with the nearest names where it is not known."""
    if all(value != known.name for known in node_types()):
        raise ValueError(f"EC2 type {value!r} is not known; {nearest(value, node_types())}")
    return value


class NodeGroup(Part):
    """Nodes of one EC2 type."""

    type: str = needed("EC2 type, such as m6i.large")
    count: FewCount | None = given(None, "nodes, always so many", "default: as many as pods need, from min to max")
    min: FewCount = given(1, "nodes that are always there", "assumed")
    max: FewCount | None = given(None, "nodes at most", "default: no bound")
    start_delay: Seconds = given(
        "60 s", "from a pod that fits no node until a new node takes it", "assumed: EC2 start and joining the cluster"
    )
    idle_for: PositiveSeconds = given(
        "10 min",
        "a node without pods is given back after this",
        "documented: Cluster Autoscaler scale-down-unneeded-time",
    )

    @field_validator("type")
    @classmethod
    def _known(cls, value: str) -> str:
        return known_type(value)

    @model_validator(mode="after")
    def _bounds(self) -> NodeGroup:
        if self.count is not None and (self.max is not None or self.min != 1):
            raise wrong("count says how many nodes there are; min and max do not act beside it", "count")
        if self.max is not None and self.max < self.min:
            raise wrong(f"max {self.max} is below min {self.min}", "max")
        return self

    @property
    def least(self) -> int:
        """Nodes that are always there."""
        return self.count or self.min

    @property
    def most(self) -> float:
        """Nodes at most; infinity without a bound."""
        return self.count or self.max or math.inf


class CpuSharing(Part):
    """How the threads of a machine take turns on its cores."""

    kind: Literal["turns", "none"] = given(
        "turns",
        "turns: the runnable threads of all containers of a machine share its cores, by weight, under their quotas; "
        "none: each thread has a core to itself, whatever the machine has",
        "documented: Linux CPU scheduler, cgroup v2",
    )
    slice: PositiveSeconds | None = given(
        None,
        "CPU time of a thread before others are preferred",
        "documented: Linux base slice, 0.7 ms times 1 + log2 of at most 8 CPUs",
    )
    tick: PositiveSeconds = given("4 ms", "period of the timer at which turns end", "documented: CONFIG_HZ=250")
    sibling_speed: Share = given(
        "100 %",
        "speed of a vCPU while its hyperthread sibling works, over that of core_speed",
        "assumed: core_speed is that of a vCPU beside a busy sibling; Graviton has none",
    )
    steal: Share = given(
        "0 %", "share of the cores that the hypervisor gives to others", "assumed: not a burstable type"
    )

    @field_validator("sibling_speed")
    @classmethod
    def _some(cls, value: float) -> float:
        if value < 0.3:
            raise ValueError(f"{value * 100:.0f} % of the speed beside a busy sibling is not plausible; 30 % to 100 %")
        return value

    @field_validator("steal")
    @classmethod
    def _left(cls, value: float) -> float:
        if value > 0.9:
            raise ValueError(f"a steal of {value * 100:.0f} % leaves nothing; at most 90 %")
        return value


def group_room(group: NodeGroup, kind: str) -> Allocatable:
    """Room for the user's pods on a node: of EKS its allocatable less daemons, of ECS what the machine has (agent and
    kernel's memory taken off), of a Compose host no bound."""
    node = machine(group.type)
    if kind == "eks":
        return room_for_pods(node.cores, node.memory / GIB, node.max_pods)
    if kind == "ecs":
        return Allocatable(float(node.cores), node.memory / GIB * (1 - VM_MEMORY_OVERHEAD), 10**6)
    return Allocatable(math.inf, math.inf, 10**6)
