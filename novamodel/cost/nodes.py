"""EC2 worker nodes of EKS: how much of a node pods may request, and how many nodes a set of pods needs.

Sources: awslabs/amazon-eks-ami (kube-reserved CPU 6 % of the first core, 1 % of the second, 0.5 % of the next
two, 0.25 % of the rest; memory 11 MiB a pod of the node's maximum + 255 MiB; eviction below 100 MiB);
Karpenter settings (7.5 % of the nominal memory is lost to the hypervisor and the kernel).
A pod fits by its requests only (Kubernetes documentation, "Resource Management for Pods and Containers").
"""

from collections.abc import Sequence
from typing import NamedTuple

from novamodel.errors import UserError
from novamodel.scenario.machines import nearest, node_types

GIB = 1024**3

VM_MEMORY_OVERHEAD = 0.075
EVICTION_MIB = 100
DAEMONS = 2
"""Pods on every node: the network plugin and kube-proxy."""
DAEMONS_CPU = 0.15
"""Cores that they request together (50m and 100m, from memory)."""

_CPU_RESERVED = ((1, 0.06), (2, 0.01), (4, 0.005), (float("inf"), 0.0025))


class PodRequest(NamedTuple):
    """What one pod requests: cores and GiB."""

    cpu: float
    memory_gib: float


class Allocatable(NamedTuple):
    """What pods may request on one node: cores, GiB and a number of pods."""

    cpu: float
    memory_gib: float
    pods: int


def node_allocatable(vcpu: int, memory_gib: float, max_pods: int) -> Allocatable:
    """Room for pods on a node of nominal `vcpu`, `memory_gib`, `max_pods`, the node's daemons included."""
    reserved_cpu, low = 0.0, 0.0
    for high, share in _CPU_RESERVED:
        reserved_cpu += max(0.0, min(vcpu, high) - low) * share
        low = high
    reserved_mib = 11 * max_pods + 255 + EVICTION_MIB
    memory = memory_gib * (1 - VM_MEMORY_OVERHEAD) - reserved_mib / 1024
    return Allocatable(vcpu - reserved_cpu, max(0.0, memory), max_pods)


def instance_allocatable(instance_type: str) -> Allocatable:
    """Room for the user's pods on a node of `instance_type`, its daemons taken off.

    Raises `UserError` for an instance type that nobody has described (`data/machines.json`).
    """
    known = next((one for one in node_types() if one.name == instance_type), None)
    if known is None:
        raise UserError(f"EC2 type {instance_type!r} is not known", valid=nearest(instance_type, node_types()))
    room = node_allocatable(known.cores, known.memory / GIB, known.max_pods)
    return Allocatable(max(0.0, room.cpu - DAEMONS_CPU), room.memory_gib, max(0, room.pods - DAEMONS))


def nodes_for_pods(pods: Sequence[PodRequest], room: Allocatable, *, name: str = "node") -> int:
    """Nodes that hold all `pods`, packed first-fit, largest first; `UserError` where one pod fits no node."""
    for pod in pods:
        if pod.cpu > room.cpu or pod.memory_gib > room.memory_gib or room.pods < 1:
            raise UserError(
                f"a pod of {pod.cpu:g} cores and {pod.memory_gib:g} GiB fits no {name}",
                valid=f"at most {room.cpu:.3f} cores and {room.memory_gib:.2f} GiB, {room.pods} pods a node",
            )

    def share(pod: PodRequest) -> tuple[float, PodRequest]:
        parts = (
            pod.cpu / room.cpu if room.cpu else 0.0,
            pod.memory_gib / room.memory_gib if room.memory_gib else 0.0,
        )
        return max(parts), pod

    free: list[list[float]] = []
    for pod in sorted(pods, key=share, reverse=True):
        for node in free:
            if node[0] >= pod.cpu - 1e-9 and node[1] >= pod.memory_gib - 1e-9 and node[2] >= 1:
                break
        else:
            node = [room.cpu, room.memory_gib, float(room.pods)]
            free.append(node)
        node[0] -= pod.cpu
        node[1] -= pod.memory_gib
        node[2] -= 1
    return len(free)
