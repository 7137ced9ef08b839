"""EC2 worker nodes of EKS: how many a set of pods needs (room of a node: `novamodel.scenario.nodes`)."""

from collections.abc import Sequence
from typing import NamedTuple

from novamodel.cost.book import PriceBook
from novamodel.errors import UserError
from novamodel.scenario import Allocatable, room_for_pods


class PodRequest(NamedTuple):
    """What one pod requests: cores and GiB."""

    cpu: float
    memory_gib: float


def instance_allocatable(instance_type: str, book: PriceBook) -> Allocatable:
    """Room for the user's pods on a node of `instance_type`, its daemons taken off.

    Raises `PriceMissing` for an instance type that the book does not have.
    """
    facts = book.price(f"ec2.linux.{instance_type}").attributes
    return room_for_pods(facts["vcpu"], facts["memory_gib"], facts["max_pods"])


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
