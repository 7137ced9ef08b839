"""What a replica has used and was denied: CPU, on a machine of its own or a shared one, and loops or threads."""

from __future__ import annotations

from typing import NamedTuple

from novamodel.components.cpu.cpu_gate import gate_advance
from novamodel.components.cpu.host import container_used
from novamodel.components.node.node import loop_busy_until
from novamodel.components.runtime.rules import runtime_count
from novamodel.simulation import codes
from novamodel.simulation.state import Model


def on_machine(model: Model, row: int) -> bool:
    """Whether a replica's threads run on a machine."""
    return bool(model.replicas.way[row] != codes.BY_QUOTA)


def used_cpu(model: Model, row: int, now: float) -> float:
    """CPU seconds so far."""
    if on_machine(model, row):
        return float(container_used(model.host, row, now))
    gate_advance(model.gate, row, now)
    return float(model.gate.used[row])


class Denied(NamedTuple):
    """What a container was denied so far, as cAdvisor and the scheduler count it."""

    elapsed: int  # quota periods in which its threads ran or stood still (container_cpu_cfs_periods_total)
    periods: int  # quota periods in which its threads stood still (container_cpu_cfs_throttled_periods_total)
    throttled_s: float  # seconds that they did, of each core (container_cpu_cfs_throttled_seconds_total)
    waited_s: float  # seconds that its threads waited for a core (run_delay of schedstat); 0 on a machine of its own

    def plus(self, other: Denied, sign: int = 1) -> Denied:
        """The sum, or (sign -1) the difference, of both."""
        return Denied(
            self.elapsed + sign * other.elapsed,
            self.periods + sign * other.periods,
            self.throttled_s + sign * other.throttled_s,
            self.waited_s + sign * other.waited_s,
        )


def denied_cpu(model: Model, row: int, now: float) -> Denied:
    """CPU that a replica's container was denied so far."""
    if on_machine(model, row):
        container_used(model.host, row, now)
        host = model.host
        return Denied(
            int(host.periods[row]), int(host.throttled[row]), float(host.throttled_s[row]), float(host.waited[row])
        )
    gate_advance(model.gate, row, now)
    return Denied(int(model.gate.periods[row]), int(model.gate.throttled[row]), float(model.gate.throttled_s[row]), 0.0)


def taken(model: Model, r: int, now: float) -> tuple[float, int]:
    """Seconds for which the loops, threads or processes of a replica have been taken, and who waits for one."""
    runtime = model.runtime
    if runtime.workers[r] == 0:
        return loop_busy_until(model.node, r, now), int(model.node.loop_waiting[r])
    runtime_count(runtime, r, 0, now)
    first = int(runtime.first_worker[r])
    bursts = sum(int(runtime.bursts[runtime.crew[w]]) for w in range(first, first + int(runtime.workers[r])))
    return float(runtime.occupied[r]), int(runtime.line[r]) + bursts
