"""Fargate task sizes: what can be bought, and what a Kubernetes pod is rounded up to.

Sources: AWS Fargate pricing page (sizes); Amazon EKS user guide, "Fargate pod configuration" (256 MiB added
to a pod's memory, then the next size up; init containers count by their largest request).
"""

from functools import lru_cache
from math import log2
from typing import NamedTuple

from novamodel.errors import UserError

POD_OVERHEAD_GIB = 0.25
"""Memory that EKS adds to each pod on Fargate for kubelet, kube-proxy and containerd."""

LARGEST_POD_VCPU = 16.0
"""EKS offers sizes up to 16 vCPU; 32 vCPU tasks exist for ECS."""

_NEAREST_SHOWN = 3


class FargateSize(NamedTuple):
    """A size that Fargate sells: vCPU and GiB of memory."""

    vcpu: float
    memory_gib: float

    def __str__(self) -> str:
        return f"{self.vcpu:g} vCPU / {self.memory_gib:g} GiB"


@lru_cache(maxsize=1)
def fargate_sizes() -> tuple[FargateSize, ...]:
    """All valid task sizes, by vCPU, then memory."""
    memories: dict[float, list[float]] = {
        0.25: [0.5, 1, 2],
        0.5: [1, 2, 3, 4],
        1: list(range(2, 9)),
        2: list(range(4, 17)),
        4: list(range(8, 31)),
        8: list(range(16, 61, 4)),
        16: list(range(32, 121, 8)),
        32: [60, 120, 244],
    }
    return tuple(FargateSize(float(vcpu), float(gib)) for vcpu, sizes in memories.items() for gib in sizes)


def require_fargate_size(vcpu: float, memory_gib: float, *, path: str | None = None) -> FargateSize:
    """Return the size of `vcpu` and `memory_gib`; `UserError` naming the nearest valid sizes otherwise."""
    for size in fargate_sizes():
        if abs(size.vcpu - vcpu) < 1e-9 and abs(size.memory_gib - memory_gib) < 1e-9:
            return size
    near = "; nearest: " + ", ".join(map(str, _nearest(vcpu, memory_gib))) if _positive(vcpu, memory_gib) else ""
    same = [f"{size.memory_gib:g}" for size in fargate_sizes() if abs(size.vcpu - vcpu) < 1e-9]
    every = ", ".join(f"{value:g}" for value in sorted({size.vcpu for size in fargate_sizes()}))
    valid = f"{vcpu:g} vCPU with {', '.join(same)} GiB" if same else f"{every} vCPU"
    raise UserError(f"Fargate has no task of {vcpu:g} vCPU / {memory_gib:g} GiB", path=path, valid=valid + near)


def fargate_pod_size(cpu_request: float, memory_request_gib: float, *, path: str | None = None) -> FargateSize:
    """The size that EKS on Fargate gives (and bills) a pod with these summed requests, in cores and GiB.

    The overhead of 0.25 GiB is added to the memory, then the smallest size that holds both is taken:
    250m / 256Mi becomes 0.25 vCPU / 0.5 GiB, 250m / 512Mi becomes 0.25 vCPU / 1 GiB.
    """
    needed_gib = memory_request_gib + POD_OVERHEAD_GIB
    for size in fargate_sizes():
        if size.vcpu <= LARGEST_POD_VCPU and size.vcpu >= cpu_request - 1e-9 and size.memory_gib >= needed_gib - 1e-9:
            return size
    raise UserError(
        f"no Fargate size holds a pod of {cpu_request:g} cores and {memory_request_gib:g} GiB",
        path=path,
        valid="at most 16 cores and 119.75 GiB a pod",
    )


def _positive(vcpu: float, memory_gib: float) -> bool:
    return 0 < vcpu < float("inf") and 0 < memory_gib < float("inf")


def _nearest(vcpu: float, memory_gib: float) -> list[FargateSize]:
    def distance(size: FargateSize) -> float:
        return abs(log2(size.vcpu / vcpu)) + abs(log2(size.memory_gib / memory_gib))

    return sorted(fargate_sizes(), key=distance)[:_NEAREST_SHOWN]
