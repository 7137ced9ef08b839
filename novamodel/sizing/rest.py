"""Where the autoscaler comes to rest, for thousands of settings in one pass.

The same rules as `novamodel.analytic.settle` (HPA: utilisation in whole percent of the request, tolerance, the
larger of both metrics; ECS target tracking: out above the target, in below nine tenths of all of them), with the
steady state's CPU and memory of a pod read from a table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from novamodel.analytic import HOURS, NO_LIMIT, hour_rate, pod_memory, system_load
from novamodel.scenario import Scenario
from novamodel.sizing.loads import Standing

MOST_PASSES = 60
POINTS = 48
LOW_SHARE = 0.9
"""Target tracking removes replicas where every metric is below this share of its target (AWS's documentation)."""
MILLI = 1000.0


@dataclass(frozen=True)
class PodUse:
    """CPU (cores) and working set (bytes) of a pod: hours (the last is the peak) x replicas (1, 2, ...) x limits;
    its requests/s: hours x replicas."""

    cores: np.ndarray
    memory: np.ndarray
    requests: np.ndarray


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
    rule: Any  # the autoscaler: kind, tolerance, and what of ECS's is not varied


def pod_use(scenario: Scenario, standing: Standing, name: str, most: int, limits: np.ndarray) -> PodUse:
    """What a pod uses at each hour's mean rate and at the peak, by replicas up to ``most`` and CPU limit (nan: none).

    A pod's use depends on its own rate; it is worked out at `POINTS` rates and interpolated between them.
    """
    peak = standing.rate_per_s
    rates = np.array([*(hour_rate(scenario, hour) for hour in range(HOURS)), peak])
    least = max(float(rates.min()), 1e-3 * peak) / most
    each = np.geomspace(least, peak, POINTS)  # requests/s of the deployment over replicas
    quota = np.where(np.isnan(limits), NO_LIMIT, limits)
    counts = {**standing.counts, name: (peak / each)[:, None]}
    load = system_load(scenario, peak, counts, cpu_limit={name: quota[None, :]}, routes=dict(standing.routes))
    shape = (POINTS, limits.size)
    cores = np.broadcast_to(load.services[name].replica.used_cores, shape)
    memory = np.broadcast_to(pod_memory(scenario, scenario.services[name], name, load, capped=False), shape)
    wanted = np.log(np.maximum(rates[:, None] / np.arange(1, most + 1), least)).ravel()
    size = (rates.size, most)

    def read(table: np.ndarray) -> np.ndarray:
        columns = [np.interp(wanted, np.log(each), table[:, i]).reshape(size) for i in range(limits.size)]
        return np.stack(columns, axis=-1)

    share = load.services[name].demand.share
    return PodUse(read(cores), read(memory), share * rates[:, None] / np.arange(1, most + 1))


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
        step = _hpa if scaler.rule.kind == "hpa" else _tracking
        wanted = np.clip(step(scaler, use, hour, count), scaler.low, scaler.high).astype(int)
        if (wanted == count).all():
            return count
        before, count = count, wanted
    return np.maximum(before, count)  # where it never rests: the higher of its last two counts


def _hpa(scaler: Scaler, use: PodUse, hour: int, count: np.ndarray) -> np.ndarray:
    cores = np.ceil(use.cores[hour, count - 1, scaler.limit] * MILLI) / np.ceil(scaler.cpu_request * MILLI)
    memory = np.ceil(use.memory[hour, count - 1, scaler.limit]) / np.ceil(scaler.memory_request)
    tolerance = scaler.rule.tolerance
    wanted = np.maximum(
        _wanted(count, cores, scaler.cpu_target, tolerance), _wanted(count, memory, scaler.memory_target, tolerance)
    )
    for metric in scaler.rule.metrics.values():
        wanted = np.maximum(wanted, _further(scaler, use, hour, count, metric, cores, memory))
    return wanted


def _further(
    scaler: Scaler, use: PodUse, hour: int, count: np.ndarray, metric: Any, cores: np.ndarray,
    memory: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """What a further metric asks for; nothing (0) where a steady state has no figure of it."""
    share, target, tolerance = metric.utilization_target, metric.target, scaler.rule.tolerance
    if share is not None:
        return _wanted(count, cores if metric.reads == "cpu" else memory, np.full(count.shape, share), tolerance)
    shown = {
        "cpu": use.cores[hour, count - 1, scaler.limit],
        "memory": use.memory[hour, count - 1, scaler.limit],
        "requests": use.requests[hour, count - 1],
    }
    if metric.reads not in shown:
        return np.zeros(count.shape)
    ratio = shown[metric.reads] * (1 if metric.value_target is None else count) / target
    asked = np.ceil(ratio * count - 1e-9)
    return np.where(np.abs(ratio - 1) <= tolerance + 1e-12, count, asked)


def _tracking(scaler: Scaler, use: PodUse, hour: int, count: np.ndarray) -> np.ndarray:
    per_task = scaler.rule.requests_target
    cores = use.cores[hour, count - 1, scaler.limit] / scaler.cpu_request / scaler.cpu_target
    memory = use.memory[hour, count - 1, scaler.limit] / scaler.memory_request / scaler.memory_target
    requests = use.requests[hour, count - 1] / (math.nan if per_task is None else per_task)
    fullest = np.nanmax([cores, memory, requests], axis=0)
    asked = np.ceil(count * fullest - 1e-9)
    return np.where((asked > count) | ((fullest < LOW_SHARE) & scaler.rule.scale_in), asked, count)


def _wanted(count: np.ndarray, used: np.ndarray, target: np.ndarray, tolerance: float) -> np.ndarray:
    """What one metric asks for; nothing (0) where it has no target."""
    percent = np.floor(used * 100 + 1e-9)
    ratio = percent / np.round(np.where(np.isnan(target), math.inf, target * 100))
    asked = np.where(np.abs(ratio - 1) <= tolerance + 1e-12, count, np.ceil(ratio * count - 1e-9))
    return np.where(np.isnan(target), 0, asked)
