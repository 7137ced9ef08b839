"""EC2 worker nodes of EKS: how many a set of pods needs (room of a node: `novamodel.scenario.nodes`)."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from novamodel.errors import UserError
from novamodel.scenario import Allocatable, group_room, room_for_pods
from novamodel.scenario.goals import Platform
from novamodel.scenario.machines import GIB, nearest, node_types

TINY = 1e-9


class PodRequest(NamedTuple):
    """What one pod requests: cores and GiB."""

    cpu: float
    memory_gib: float


def instance_allocatable(instance_type: str) -> Allocatable:
    """Room for the user's pods on a node of `instance_type`, its daemons taken off.

    Raises `UserError` for an instance type that nobody has described (`data/machines.json`).
    """
    known = next((one for one in node_types() if one.name == instance_type), None)
    if known is None:
        raise UserError(f"EC2 type {instance_type!r} is not known", valid=nearest(instance_type, node_types()))
    return room_for_pods(known.cores, known.memory / GIB, known.max_pods)


class Group(NamedTuple):
    """Nodes of one type: room for pods on each, and how many there are at least and at most."""

    instance_type: str
    room: Allocatable
    least: int = 0
    most: float = math.inf


def groups_of(platform: Platform) -> dict[str, Group]:
    """Node groups of EC2 nodes by name."""
    return {
        name: Group(group.type, group_room(group, platform.kind), group.least, group.most)
        for name, group in platform.groups.items()
    }


def nodes_by_group(pods: Sequence[PodRequest], groups: Mapping[str, Group]) -> dict[str, int]:
    """Nodes of each group that hold all `pods`, packed first-fit, largest first; a new node is of the first group that
    may grow and that the pod fits. `UserError` where a pod fits no node.
    """

    def share(pod: PodRequest) -> tuple[float, PodRequest]:
        room = next(iter(groups.values())).room
        parts = (
            pod.cpu / room.cpu if room.cpu else 0.0,
            pod.memory_gib / room.memory_gib if room.memory_gib else 0.0,
        )
        return max(parts), pod

    counts = {name: group.least for name, group in groups.items()}
    free = [_empty(group) for group in groups.values() for _ in range(group.least)]
    for pod in sorted(pods, key=share, reverse=True):
        node = next((one for one in free if _fits(pod, one)), None)
        if node is None:
            name = next((n for n, g in groups.items() if counts[n] < g.most and _fits(pod, _empty(g))), None)
            if name is None:
                raise _no_room(pod, groups, counts)
            counts[name] += 1
            node = _empty(groups[name])
            free.append(node)
        node[0] -= pod.cpu
        node[1] -= pod.memory_gib
        node[2] -= 1
    return counts


def nodes_for_pods(pods: Sequence[PodRequest], room: Allocatable, *, name: str = "node") -> int:
    """Nodes of one type that hold all `pods`; `UserError` where one pod fits no node."""
    return sum(nodes_by_group(pods, {name: Group(name, room)}).values())


def _empty(group: Group) -> list[float]:
    return [group.room.cpu, group.room.memory_gib, float(group.room.pods)]


def _fits(pod: PodRequest, node: Sequence[float]) -> bool:
    return node[0] >= pod.cpu - TINY and node[1] >= pod.memory_gib - TINY and node[2] >= 1


def _no_room(pod: PodRequest, groups: Mapping[str, Group], counts: Mapping[str, int]) -> UserError:
    asked = f"a pod of {pod.cpu:g} cores and {pod.memory_gib:g} GiB"
    if any(_fits(pod, _empty(group)) for group in groups.values()):
        full = ", ".join(f"{counts[name]} {group.instance_type}" for name, group in groups.items())
        return UserError(f"{asked} finds no room: the nodes are full ({full})", valid="a larger max or count")
    name, group = next(iter(groups.items()))
    room = group.room
    return UserError(
        f"{asked} fits no {group.instance_type or name}",
        valid=f"at most {room.cpu:.3f} cores and {room.memory_gib:.2f} GiB, {room.pods} pods a node",
    )
