"""Answers to the recorded questions about CPU quotas, Node's heap and restarts, by the component rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from novamodel.components.columns import as_arrays
from novamodel.components.cpu.cpu_gate import CpuGate, gate_advance, gate_state
from novamodel.components.kubernetes.restarts import restart_delay
from novamodel.components.node.heap import death_of, heap_limit_mib
from novamodel.components.node.node import Node, loop_join, node_finish, node_state, thread_join
from novamodel.components.rule import entry

PHASES = 4000
"""Start phases of a burst, spread evenly over the period."""
STREAMS = 4
"""The recorded figures come from four streams of jobs ..."""
TIMES = 4
"""... and this many times as many are simulated here, so that half of their error comes on top."""


def answer(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to one case, key by key. Raises ``KeyError`` for a kind that has no rule here."""
    return _KINDS[kind](**given)


def kinds() -> tuple[str, ...]:
    """The kinds that have an answer."""
    return tuple(_KINDS)


def _wall_ms(cpu_ms: float, quota_ms: float, period_ms: float, start_phase_ms: float) -> float:
    """Wall time of one burst on an idle event loop; the rules do not mind that the unit is a millisecond."""
    gate = gate_state(1, quota_ms, period_ms)
    node = node_state(1, 1, 1)
    loop_join(node, gate, 0, 0, cpu_ms, cpu_ms, start_phase_ms)
    return node.due[0] - start_phase_ms


def _burst_wall_time(cpu_ms: float, quota_ms: float, period_ms: float, start_phase_ms: float) -> dict[str, Any]:
    return {"wall_ms": _wall_ms(cpu_ms, quota_ms, period_ms, start_phase_ms)}


def _node_bursts(cpu_ms: float, quota_ms: float, period_ms: float, bursts: int, start_phase: str) -> dict[str, Any]:
    """What so many bursts of chance phases scatter about."""
    if start_phase != "uniform":
        raise KeyError(start_phase)
    return _distribution(cpu_ms, quota_ms, period_ms)


def _distribution(cpu_ms: float, quota_ms: float, period_ms: float) -> dict[str, Any]:
    phases = [(i + 0.5) * period_ms / PHASES for i in range(PHASES)]
    walls = np.array([_wall_ms(cpu_ms, quota_ms, period_ms, phase) for phase in phases])
    return {"min_ms": float(walls.min()), "max_ms": float(walls.max()), **_figures(walls, "p50_ms", "p95_ms")}


def _threads_exhaust_quota(threads: int, quota_ms: float, period_ms: float) -> dict[str, Any]:
    gate = gate_state(1, quota_ms, period_ms)
    node = node_state(1, threads, threads)
    for job in range(threads):
        thread_join(node, gate, 0, job, 2 * period_ms, 0.0)
    gate_advance(gate, 0, period_ms)
    return {"runs_ms": gate.progress[0], "stalled_ms": gate.stalled[0]}


def _open_poisson(
    arrival_rate_per_s: float,
    cpu_ms_mean: float,
    service_distribution: str,
    quota_ms: float,
    period_ms: float,
    jobs: int,
) -> dict[str, Any]:
    size = jobs // STREAMS
    walls = np.zeros((STREAMS * TIMES, size))
    for stream, wall in enumerate(walls):
        generator = np.random.default_rng(stream)
        arrivals = np.cumsum(generator.exponential(1000.0 / arrival_rate_per_s, size))
        work = np.full(size, float(cpu_ms_mean))
        if service_distribution == "exponential":
            work = generator.exponential(cpu_ms_mean, size)
        gate = as_arrays(gate_state(1, float(quota_ms), float(period_ms)))
        _serve(as_arrays(node_state(1, 1, size)), gate, arrivals, work, wall)
    return _figures(walls, "p50_ms", "p95_ms", "p99_ms")


@entry
def _serve(node: Node, gate: CpuGate, arrivals: Any, work: Any, wall: Any) -> None:
    """Send jobs through an event loop; fills in their response times."""
    coming = 0
    while coming < len(arrivals) or node.loop_job[0] >= 0:
        if coming == len(arrivals) or node.due[0] <= arrivals[coming]:
            now = node.due[0]
            job, _, _ = node_finish(node, gate, 0, now)
            wall[job] = now - arrivals[job]
        else:
            loop_join(node, gate, 0, coming, work[coming], work[coming], arrivals[coming])
            coming += 1


def _figures(walls: Any, *quantiles: str) -> dict[str, Any]:
    shares = [int(name[1:3]) / 100 for name in quantiles]
    found = {name: float(value) for name, value in zip(quantiles, np.quantile(walls, shares), strict=True)}
    return {"mean_ms": float(walls.mean()), **found}


def _restart_delay(restart_number: int, first_restart_immediate: bool, **given: float) -> dict[str, Any]:
    return {"delay_s": restart_delay(restart_number, first_immediate=first_restart_immediate, **given)}


HOST_MIB = 32 * 1024.0
"""Memory of the host, where Node does not see its container's limit: more than 16 GiB."""


def _heap_limit(container_mib: float, limit_visible_to_node: bool) -> dict[str, Any]:
    return {"heap_size_limit_mib": heap_limit_mib(container_mib if limit_visible_to_node else HOST_MIB)}


def _node_death(container_mib: float, heap_limit_mib: float, leak: Any) -> dict[str, Any]:
    exit_code, cause = death_of(leak, container_mib, heap_limit_mib)
    return {"exit_code": exit_code, "cause": cause}


_KINDS: dict[str, Callable[..., dict[str, Any]]] = {
    "burst_wall_time": _burst_wall_time,
    "burst_wall_time_distribution": _distribution,
    "threads_exhaust_quota": _threads_exhaust_quota,
    "open_poisson": _open_poisson,
    "node_bursts": _node_bursts,
    "heap_limit": _heap_limit,
    "node_death": _node_death,
    "restart_delay": _restart_delay,
}
