"""The legal grid of one service, judged by closed forms: thousands of combinations in one pass."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from novamodel.analytic import (
    HOURS,
    NO_LIMIT,
    SystemLoad,
    hit_ratios,
    hour_rate,
    objective,
    peak_rate,
    pod_memory,
    route_demands,
    settle,
    system_load,
)
from novamodel.scenario import Scenario, Service
from novamodel.sizing.legal import COUNTS, POOLS, Sizes, legal_sizes

MEMORY_HEADROOM = 1.25
"""A limit must hold the estimated peak working set this many times."""
HEAP_FLOOR = 2.0
"""And the resting working set of Node this many times: its heap grows before it is collected."""
REQUEST_HEADROOM = 1.2
"""A memory request sets aside the mean working set this many times."""
ROOM_ABOVE = 1.2
"""An autoscaler's upper bound is at least this many times the count at the peak (or the largest there is)."""


@dataclass(frozen=True)
class Grid:
    """``table``: one row a combination (settings, replicas at the peak, mean replicas, ratio, weight, changes).

    ``ratio`` is the largest estimate over limit of all objectives: at most 1 where the closed forms expect that
    they hold. ``weight`` ranks the cost. ``screened`` counts the combinations.
    """

    service: str
    table: pd.DataFrame
    screened: int


def services_to_size(scenario: Scenario) -> list[str]:
    """Every service with an autoscaler; where there is none, the one with the most CPU demand."""
    scaled = [name for name, service in scenario.services.items() if service.autoscaler is not None]
    if scaled:
        return scaled
    routes = route_demands(scenario, hit_ratios(scenario))
    need = dict.fromkeys(scenario.services, 0.0)
    for demand in routes.values():
        need[demand.service] += demand.share * (demand.loop_busy + demand.thread_s)
    return [max(need, key=lambda name: need[name])]


def current_settings(service: Service) -> dict[str, float]:
    """The decision variables as they are (cores, bytes, counts; nan = no limit or no pool)."""
    scaler, resources = service.autoscaler, service.resources
    return {
        "min_replicas": scaler.min_replicas if scaler else service.replicas,
        "max_replicas": scaler.max_replicas if scaler else service.replicas,
        "cpu_request": resources.cpu_request,
        "cpu_limit": math.nan if resources.cpu_limit is None else resources.cpu_limit,
        "memory_request": resources.memory_request,
        "memory_limit": math.nan if resources.memory_limit is None else resources.memory_limit,
        "pool_max": service.pool.max if service.pool else math.nan,
    }


def screen(scenario: Scenario, name: str) -> Grid:
    """Judge every legal combination of one service at the day's peak, the other services as they are.

    Beside the objectives a combination must set aside what it uses at the peak (CPU and memory request: a node
    owes no more), hold its memory, leave the autoscaler room above, and open no more connections than there are.
    """
    service = scenario.services[name]
    rate = max(peak_rate(scenario), 1e-9)
    sizes = legal_sizes(scenario, service)
    bounds = _bounds(scenario, service)
    counts, limits, pools = _axes(service, sizes, bounds)
    load = _load(scenario, name, rate, counts, limits, pools)
    ratio = _ratios(scenario, load)
    memory = np.broadcast_to(_peak_memory(scenario, service, name, load), ratio.shape)
    used = np.broadcast_to(load.services[name].replica.used_cores, ratio.shape)[:, :, 0]
    mean_memory = np.broadcast_to(pod_memory(scenario, service, name, load, capped=False), ratio.shape)[:, :, 0]
    requests = np.broadcast_to(load.services[name].rate_per_s, ratio.shape)[:, 0, 0]
    at = {float(count): i for i, count in enumerate(counts)}
    limit_at = [int(np.flatnonzero(_same(limits, limit))[0]) for limit in sizes.cpu_limit]
    by_memory = service.autoscaler is not None and service.autoscaler.memory_target is not None
    top = max(high for _, high in bounds)
    rests: dict[tuple[float, ...], int] = {}
    rows = []
    day = np.array([hour_rate(scenario, hour) for hour in range(HOURS)]) / rate
    for i in range(sizes.weight.size):
        row = limit_at[i]
        for low, high in bounds:
            key = (sizes.cpu_request[i], row, sizes.memory_request[i] if by_memory else 0.0, low)
            if key not in rests:
                rests[key] = _rest(service, low, bounds, used[:, row], mean_memory[:, row], requests, sizes, i)
            if service.autoscaler is None or rests[key] * ROOM_ABOVE <= high or high == top:
                rows.append((i, row, low, high, min(rests[key], high)))
    picked = np.array([(i, row, low, high, peak) for i, row, low, high, peak in rows])
    table = _table(scenario, service, sizes, picked, day, used, at)
    places = np.array([at[float(peak)] for peak in picked[:, 4]]), picked[:, 1]
    best, pool_ratio = _pools(scenario, service, name, ratio, pools, picked, places)
    table["pool_max"] = best
    fits = memory[places[0], places[1], 0] * MEMORY_HEADROOM <= table["memory_limit"].fillna(np.inf)
    fits &= table["memory_limit"].fillna(np.inf) >= HEAP_FLOOR * service.runtime.resting_memory
    fits &= used[places[0], places[1]] <= table["cpu_request"]
    fits &= mean_memory[places[0], places[1]] * REQUEST_HEADROOM <= table["memory_request"]
    table["ratio"] = np.where(fits, pool_ratio, np.inf)
    now = current_settings(service)
    counted = [k for k in now if service.autoscaler is not None or k != "max_replicas"]
    table["changes"] = sum((~_same(table[k].to_numpy(float), now[k])).astype(int) for k in counted)
    return Grid(name, table, len(table) * pools.size)


def _same(values: np.ndarray, value: float) -> np.ndarray:
    return np.isnan(values) if math.isnan(value) else np.isclose(values, value)


def _bounds(scenario: Scenario, service: Service) -> list[tuple[int, int]]:
    """Legal (min, max) pairs; a fixed count where nothing scales. At least one replica a zone, or today's fewer."""
    now = current_settings(service)
    least = int(min(scenario.platform.zones, now["min_replicas"]))
    steps = sorted({*COUNTS, int(now["min_replicas"]), int(now["max_replicas"])})
    if service.autoscaler is None:
        return [(count, count) for count in steps if count >= least]
    return [
        (low, high)
        for low in steps
        for high in steps
        if (least <= low <= 15 and max(low + 1, 1.5 * low) <= high <= 6 * low) or (low, high) == _pair(now)
    ]


def _pair(now: dict[str, float]) -> tuple[int, int]:
    return int(now["min_replicas"]), int(now["max_replicas"])


def _axes(service: Service, sizes: Sizes, bounds: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    most = max(high for _, high in bounds)
    limits = np.unique(sizes.cpu_limit)
    now = service.pool.max if service.pool else None
    pools = np.array(sorted({*POOLS, now})) if now else np.array([1])
    return np.arange(1, most + 1), limits, pools


def _load(
    scenario: Scenario, name: str, rate: float, counts: np.ndarray, limits: np.ndarray, pools: np.ndarray
) -> SystemLoad:
    """All loads over counts x limits x pools."""
    others = {
        other: np.asarray(float(s.autoscaler.min_replicas if s.autoscaler else s.replicas))
        for other, s in scenario.services.items()
    }
    quota = np.where(np.isnan(limits), NO_LIMIT, limits)
    return system_load(
        scenario,
        rate,
        {**others, name: counts[:, None, None]},
        cpu_limit={name: quota[None, :, None]},
        pool_max={name: pools[None, None, :]},
    )


def _ratios(scenario: Scenario, load: SystemLoad) -> np.ndarray:
    """Largest estimate over limit of all objectives that closed forms can estimate."""
    worst = np.zeros((1, 1, 1))
    for slo in scenario.slo:
        estimate = objective(scenario, load, slo)
        if estimate is not None:
            worst = np.maximum(worst, estimate / slo.limit)
    return np.where(np.isnan(worst), np.inf, worst)


def _peak_memory(scenario: Scenario, service: Service, name: str, load: SystemLoad) -> np.ndarray:
    """Working set (bytes) with the mean number of requests in flight and four standard deviations of Poisson."""
    runtime = service.runtime
    mean = pod_memory(scenario, service, name, load, capped=False) - runtime.resting_memory
    inside = mean / max(runtime.memory_per_request, 1.0)
    return runtime.resting_memory + runtime.memory_per_request * (inside + 4 * np.sqrt(inside) + 4)


def _rest(
    service: Service,
    low: int,
    bounds: list[tuple[int, int]],
    used: np.ndarray,
    memory: np.ndarray,
    requests: np.ndarray,
    sizes: Sizes,
    i: int,
) -> int:
    """Replicas at the peak, coming from the lower bound, with room above."""
    scaler = service.autoscaler
    if scaler is None:
        return low
    wide = scaler.model_copy(update={"min_replicas": low, "max_replicas": max(high for _, high in bounds)})
    asked = float(sizes.cpu_request[i]), float(sizes.memory_request[i])
    return settle(wide, low, used, memory, *asked, requests)


def _table(
    scenario: Scenario,
    service: Service,
    sizes: Sizes,
    picked: np.ndarray,
    day: np.ndarray,
    used: np.ndarray,
    at: dict[float, int],
) -> pd.DataFrame:
    index, _, low, high, peak = picked.T
    table = pd.DataFrame(
        {
            "min_replicas": low,
            "max_replicas": high,
            "cpu_request": sizes.cpu_request[index],
            "cpu_limit": sizes.cpu_limit[index],
            "memory_request": sizes.memory_request[index],
            "memory_limit": sizes.memory_limit[index],
            "replicas": peak,
        }
    )
    table["mean_replicas"] = np.clip(np.ceil(peak[:, None] * day), low[:, None], high[:, None]).mean(axis=1)
    table["weight"] = sizes.weight[index] * table["mean_replicas"]
    return table


def _pools(
    scenario: Scenario,
    service: Service,
    name: str,
    ratio: np.ndarray,
    pools: np.ndarray,
    picked: np.ndarray,
    places: tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """(pool size, ratio with it) of each row: the largest up to today's that is as good as any, else the smallest.

    A pool is out when all replicas together could open more connections than are accepted.
    """
    if service.pool is None:
        return np.full(len(picked), np.nan), ratio[places[0], places[1], 0]
    database = scenario.database
    room = (
        database.pgbouncer.max_client_conn
        if database.pgbouncer
        else database.max_connections - database.reserved_connections
    )
    for other, s in scenario.services.items():
        if other != name and s.pool is not None:
            room -= s.pool.max * (s.autoscaler.max_replicas if s.autoscaler else s.replicas)
    each = ratio[places[0], places[1], :]
    each = np.where(pools[None, :] * picked[:, 3][:, None] <= room, each, np.inf)
    best = each.min(axis=1)
    good = each <= best[:, None] * 1.02
    keep = np.flatnonzero(pools == service.pool.max)[0]
    below = np.where(good & (pools <= service.pool.max)[None, :], pools[None, :], -1)
    chosen = np.where(below.max(axis=1) > 0, np.argmax(below, axis=1), np.argmax(good, axis=1))
    chosen = np.where(good[:, keep], keep, chosen)
    return pools[chosen].astype(float), each[np.arange(len(picked)), chosen]
