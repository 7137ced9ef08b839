"""A machine that pods share, and what a pod requests of it."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import NamedTuple

from novamodel.scenario import Allocatable
from novamodel.scenario.machines import GIB
from novamodel.scenario.service import Resources

LONG_AGO = -1e6
TINY = 1e-9


class Request(NamedTuple):
    """What a pod requests: cores and GiB."""

    cpu: float
    memory_gib: float


def request_of(resources: Resources) -> Request:
    """The requests of a container."""
    return Request(resources.cpu_request, resources.memory_request / GIB)


@dataclass
class Machine:
    """One node; `row` is its row among the hosts of the engine."""

    group: str
    row: int
    zone: int
    room: Allocatable
    created_s: float
    ready_s: float
    empty_since_s: float = 0.0
    gone_s: float = math.inf
    held: dict[Hashable, Request] = field(default_factory=dict)

    def fits(self, request: Request) -> bool:
        """Whether a pod may be placed here."""
        cpu = self.room.cpu - sum(one.cpu for one in self.held.values())
        memory = self.room.memory_gib - sum(one.memory_gib for one in self.held.values())
        return cpu >= request.cpu - TINY and memory >= request.memory_gib - TINY and len(self.held) < self.room.pods

    def fullness(self) -> float:
        """Mean of the shares of CPU and memory that are requested; 0 on a machine without bound."""
        if math.isinf(self.room.cpu):
            return 0.0
        cpu = sum(one.cpu for one in self.held.values()) / max(self.room.cpu, TINY)
        memory = sum(one.memory_gib for one in self.held.values()) / max(self.room.memory_gib, TINY)
        return (cpu + memory) / 2
