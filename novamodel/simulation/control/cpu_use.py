"""CPU that a replica's container has used and was denied, on a machine of its own or a shared one."""

from __future__ import annotations

from novamodel.components.cpu.cpu_gate import gate_advance
from novamodel.components.cpu.host import container_used
from novamodel.simulation import codes
from novamodel.simulation.state import Model


def on_machine(model: Model, row: int) -> bool:
    """Whether a replica's threads run on a machine."""
    return bool(model.config.shared == codes.ALL_SHARED or model.runtime.workers[row] > 0)


def used_cpu(model: Model, row: int, now: float) -> float:
    """CPU seconds so far."""
    if on_machine(model, row):
        return float(container_used(model.host, row, now))
    gate_advance(model.gate, row, now)
    return float(model.gate.used[row])


def throttled_periods(model: Model, row: int, now: float) -> int:
    """Quota periods so far in which its threads stood still (nr_throttled of cpu.stat)."""
    if on_machine(model, row):
        container_used(model.host, row, now)
        return int(model.host.throttled[row])
    gate_advance(model.gate, row, now)
    return int(model.gate.throttled[row])
