"""Where the autoscaler comes to rest, for thousands of settings in one pass.

The same rule as `novamodel.analytic.settle` (utilisation in whole percent of the request, tolerance, the larger
of both metrics), with the steady state's CPU and memory of a pod read from a table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from novamodel.analytic import HOURS, NO_LIMIT, hour_rate, peak_rate, pod_memory, system_load
from novamodel.scenario import Scenario

MOST_PASSES = 60
POINTS = 48
MILLI, KIB = 1000.0, 1024.0


@dataclass(frozen=True)
class PodUse:
    """CPU (cores) and working set (bytes) of a pod: hours (the last is the peak) x replicas (1, 2, ...) x limits."""

    cores: np.ndarray
    memory: np.ndarray


@dataclass(frozen=True)
class Scaler:
    """Settings to settle, one value each: bounds, targets (nan: not used), requests, place of the CPU limit."""

    low: np.ndarray
    high: np.ndarray
    cpu_target: np.ndarray
    memory_target: np.ndarray
    cpu_request: np.ndarray
    memory_request: np.ndarray
    limit: np.ndarray
    tolerance: float


def pod_use(scenario: Scenario, name: str, most: int, limits: np.ndarray) -> PodUse:
    """What a pod uses at each hour's mean rate and at the peak, by replicas up to ``most`` and CPU limit (nan: none).

    A pod's use depends on its own rate; it is worked out at `POINTS` rates and interpolated between them.
    """
    peak = max(peak_rate(scenario), 1e-9)
    rates = np.array([*(hour_rate(scenario, hour) for hour in range(HOURS)), peak])
    least = max(float(rates.min()), 1e-3 * peak) / most
    each = np.geomspace(least, peak, POINTS)  # requests/s of the deployment over replicas
    others = {
        other: np.asarray(float(s.autoscaler.min_replicas if s.autoscaler else s.replicas))
        for other, s in scenario.services.items()
    }
    quota = np.where(np.isnan(limits), NO_LIMIT, limits)
    counts = {**others, name: (peak / each)[:, None]}
    load = system_load(scenario, peak, counts, cpu_limit={name: quota[None, :]})
    shape = (POINTS, limits.size)
    cores = np.broadcast_to(load.services[name].replica.used_cores, shape)
    memory = np.broadcast_to(pod_memory(scenario, scenario.services[name], name, load, capped=False), shape)
    wanted = np.log(np.maximum(rates[:, None] / np.arange(1, most + 1), least)).ravel()
    size = (rates.size, most)

    def read(table: np.ndarray) -> np.ndarray:
        columns = [np.interp(wanted, np.log(each), table[:, i]).reshape(size) for i in range(limits.size)]
        return np.stack(columns, axis=-1)

    return PodUse(read(cores), read(memory))


def settle_all(scaler: Scaler, use: PodUse) -> tuple[np.ndarray, np.ndarray]:
    """(replicas at the peak, coming from the lower bound; replicas by hour, coming from the hour before)."""
    peak = _settle(scaler, use, HOURS, scaler.low)
    count, hours = scaler.low, np.empty((HOURS, scaler.low.size))
    for turn in range(2):  # the first round finds where the day before ended
        for hour in range(HOURS):
            count = _settle(scaler, use, hour, count)
            if turn:
                hours[hour] = count
    return peak, hours.T


def _settle(scaler: Scaler, use: PodUse, hour: int, start: np.ndarray) -> np.ndarray:
    count, before = start.astype(int), start.astype(int)
    for _ in range(MOST_PASSES):
        cores = np.ceil(use.cores[hour, count - 1, scaler.limit] * MILLI)
        memory = np.ceil(use.memory[hour, count - 1, scaler.limit] / KIB)
        by_cpu = _wanted(count, cores / np.ceil(scaler.cpu_request * MILLI), scaler.cpu_target, scaler.tolerance)
        by_memory = _wanted(
            count, memory / np.ceil(scaler.memory_request / KIB), scaler.memory_target, scaler.tolerance
        )
        wanted = np.clip(np.maximum(by_cpu, by_memory), scaler.low, scaler.high).astype(int)
        if (wanted == count).all():
            return count
        before, count = count, wanted
    return np.maximum(before, count)  # where it never rests: the higher of its last two counts


def _wanted(count: np.ndarray, used: np.ndarray, target: np.ndarray, tolerance: float) -> np.ndarray:
    """What one metric asks for; nothing (0) where it has no target."""
    percent = np.floor(used * 100 + 1e-9)
    ratio = percent / np.round(np.where(np.isnan(target), math.inf, target * 100))
    asked = np.where(np.abs(ratio - 1) <= tolerance + 1e-12, count, np.ceil(ratio * count - 1e-9))
    return np.where(np.isnan(target), 0, asked)
