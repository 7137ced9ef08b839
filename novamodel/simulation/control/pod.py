"""A pod: what the control plane knows of one replica."""

from __future__ import annotations

from dataclasses import dataclass, field

from novamodel.components.hpa import PodState, Sample
from novamodel.simulation import codes
from novamodel.simulation.control.machine import LONG_AGO, Machine


@dataclass
class Pod:
    """One pod; `row` is its replica row in the engine."""

    name: str
    row: int = codes.NONE
    phase: str = "Pending"
    start_s: float | None = None
    ready: bool | None = None
    ready_changed_s: float = LONG_AGO
    terminating: bool = False
    gone: bool = False
    lost: bool = False  # gone with its machine, and still on the books
    revision: int = 1  # version of the service that it runs
    zone: int = codes.NONE
    machine: Machine | None = None  # where it is placed; None: Pending, or machines are not shared
    restarts: int = 0
    booted: bool = False
    container_s: float | None = None  # when its container started, None while none runs
    life: int = 0
    created_s: float = LONG_AGO
    cpu_seen: tuple[float, float] | None = None
    fresh: dict[str, Sample] = field(default_factory=dict)
    samples: dict[str, Sample] = field(default_factory=dict)

    def stays(self) -> bool:
        """Whether it exists and is not on its way out."""
        return not self.gone and not self.terminating and not self.lost

    def state(self) -> PodState:
        """What the autoscaler's controller sees."""
        return PodState(self.name, self.phase, self.ready, self.start_s, self.ready_changed_s, self.terminating)  # type: ignore[arg-type]


__all__ = ["LONG_AGO", "Pod"]
