"""Every legal combination of one service's settings, judged by closed forms in one pass.

Two settings are worked out, not tried: the upper bound is today's where it leaves room above the peak (else the
smallest that does), the pool is today's where no other is better (else the largest below it, or the smallest
above). Neither is billed, and more of either than is needed changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from novamodel.analytic import SystemLoad, pod_memory
from novamodel.scenario import Scenario, Service
from novamodel.sizing.legal import MOST_LOW, Sizes, legal_sizes, quota
from novamodel.sizing.loads import Standing, candidate_load, standing_load
from novamodel.sizing.pools import pick_pools
from novamodel.sizing.rest import PodUse, Scaler, pod_use, settle_all
from novamodel.sizing.settings import SETTINGS, current_settings, path_of
from novamodel.sizing.shares import objective_shares, own_ratio, whole_shares

MEMORY_HEADROOM = 1.25
"""A limit must hold the estimated peak working set this many times."""
HEAP_FLOOR = 2.0
"""And the resting working set of Node this many times: its heap grows before it is collected."""
REQUEST_HEADROOM = 1.2
"""A memory request sets aside the mean working set this many times."""
ROOM_ABOVE = 1.2
"""An autoscaler's upper bound is at least this many times the count at the peak (or the largest there is)."""
Allowed = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Rows:
    """Combinations of one service, one row each.

    ``settings`` are columns by setting; ``peak`` replicas at the peak, ``hours`` by hour of the day; ``billed``
    cores and GiB of a replica; ``shares`` per objective what this service adds to it (rows x multiples of the
    limit for a percentile, rows x 1 else); ``fits``: holds its memory, sets aside what it uses, leaves room, opens
    no more connections than there are; ``changes`` counts settings that differ from today. ``legal`` counts the
    legal combinations behind the rows.
    """

    service: str
    settings: dict[str, np.ndarray]
    peak: np.ndarray
    hours: np.ndarray
    billed: np.ndarray
    shares: tuple[np.ndarray, ...]
    fits: np.ndarray
    changes: np.ndarray
    legal: int

    def take(self, places: np.ndarray) -> Rows:
        """Some of the rows."""
        return Rows(
            self.service,
            {name: column[places] for name, column in self.settings.items()},
            self.peak[places],
            self.hours[places],
            self.billed[places],
            tuple(share[places] for share in self.shares),
            self.fits[places],
            self.changes[places],
            self.legal,
        )

    def row(self, place: int) -> dict[str, float]:
        """The settings of one row."""
        return {name: float(column[place]) for name, column in self.settings.items()}


def services_to_size(scenario: Scenario) -> list[str]:
    """The services, those with an autoscaler first."""
    return sorted(scenario.services, key=lambda name: scenario.services[name].autoscaler is None)


def screen(scenario: Scenario, name: str, allowed: Allowed, standing: Standing | None = None) -> Rows:
    """Judge every combination of the allowed values of one service; the others stay as they are.

    ``standing``: the scenario at its peak, where it has been worked out.
    """
    standing = standing or standing_load(scenario)
    service = scenario.services[name]
    values = {setting: _values(scenario, name, setting, allowed) for setting in SETTINGS}
    sizes = _allowed_sizes(legal_sizes(scenario, service), values, current_settings(service))
    axes = _axes(service, values)
    limits = np.unique(quota(scenario, sizes.cpu_limit, sizes.cores))
    most = int(max(values["max_replicas"].max(), current_settings(service)["max_replicas"]))
    columns = _product(scenario, sizes, axes, limits)
    now = current_settings(service)
    today = np.flatnonzero(_as_today(columns, now))
    columns = {key: np.concatenate([column, column[today]]) for key, column in columns.items()}
    use = pod_use(scenario, standing, name, most, limits)
    peak, hours = _replicas(service, columns, use, most)
    pools = values["pool_max"]
    counts = np.unique(peak)  # others are at no candidate's peak
    load = candidate_load(scenario, standing, name, counts, limits, pools)
    if standing.woven:
        shares = [whole_shares(scenario, load, standing, slo, name) for slo in scenario.slo]
    else:
        shares = [objective_shares(scenario, load, slo, name) for slo in scenario.slo]
    shape = (counts.size, limits.size, pools.size)
    shares = [np.broadcast_to(share, (*shape, share.shape[-1])) for share in shares]
    at = (np.searchsorted(counts, peak), columns["limit"].astype(int))
    high = _upper(service, values["max_replicas"], peak, columns)
    own = own_ratio(scenario, shares, shape)
    pool, connects = pick_pools(scenario, name, own, pools, at, high)
    kept = np.arange(peak.size) >= peak.size - today.size  # today's own bound and pool, whatever they are
    high = np.where(kept, now["max_replicas"], high)
    if service.pool is not None:
        pool = np.where(kept, int(np.flatnonzero(pools == now["pool_max"])[0]), pool)
    settings = {
        "min_replicas": columns["low"],
        "max_replicas": high if service.autoscaler else columns["low"],
        "cpu_target": columns["cpu_target"],
        "memory_target": columns["memory_target"],
        **{key: columns[key] for key in ("cpu_request", "cpu_limit", "memory_request", "memory_limit")},
        "pool_max": pools[pool].astype(float),
    }
    counted = [key for key in SETTINGS if service.autoscaler is not None or key != "max_replicas"]
    changes = sum((~_same(settings[key], now[key])).astype(int) for key in counted)
    cores = use.cores[-1][peak.astype(int) - 1, at[1]]
    fits = _fits(scenario, service, name, load, cores, settings, at, shape[:2]) & connects
    bounds = sum(1 for low in axes["low"] for top in values["max_replicas"] if low <= top) if service.autoscaler else 1
    per_row = bounds / max(len(axes["low"]), 1) if service.autoscaler else 1
    return Rows(
        name,
        settings,
        peak,
        hours,
        np.column_stack([columns["cores"], columns["gib"]]),
        tuple(share[(*at, pool)] for share in shares),
        fits | (changes == 0),
        np.asarray(changes),
        round((peak.size - today.size) * per_row * pools.size),
    )


def _values(scenario: Scenario, name: str, setting: str, allowed: Allowed) -> np.ndarray:
    """The allowed values of a setting, today's among them; nan stands for no limit, no target, no pool."""
    now = current_settings(scenario.services[name])[setting]
    given = [math.nan if v is None else float(v) for v in allowed.get(path_of(scenario, name, setting), ())]
    return np.unique(np.array([*given, now], dtype=float))


def _allowed_sizes(sizes: Sizes, values: dict[str, np.ndarray], now: dict[str, float]) -> Sizes:
    """The legal sizes whose values are allowed, and today's."""
    names = ("cpu_request", "cpu_limit", "memory_request", "memory_limit")
    keep = np.ones(sizes.cores.size, dtype=bool)
    today = np.ones(sizes.cores.size, dtype=bool)
    for setting, column in zip(names, sizes, strict=False):
        keep &= np.any([_same(column, value) for value in values[setting]], axis=0)
        today &= _same(column, now[setting])
    return Sizes(*(column[keep | today] for column in sizes))


def _axes(service: Service, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    if service.autoscaler is None:
        return {"low": values["min_replicas"], "cpu_target": np.array([np.nan]), "memory_target": np.array([np.nan])}
    now = current_settings(service)["min_replicas"]
    low = values["min_replicas"]
    return {"low": low[(low <= MOST_LOW) | (low == now)], **{k: values[k] for k in ("cpu_target", "memory_target")}}


def _product(
    scenario: Scenario, sizes: Sizes, axes: dict[str, np.ndarray], limits: np.ndarray
) -> dict[str, np.ndarray]:
    """Every size with every bound and target, as columns."""
    parts = [np.arange(sizes.cores.size), *(np.arange(axis.size) for axis in axes.values())]
    size, *rest = (grid.ravel() for grid in np.meshgrid(*parts, indexing="ij"))
    columns = {name: axis[place] for (name, axis), place in zip(axes.items(), rest, strict=True)}
    columns |= {name: column[size] for name, column in sizes._asdict().items()}
    places = np.searchsorted(
        limits, quota(scenario, columns["cpu_limit"], columns["cores"])
    )  # nan sorts last, as np.unique has it
    return columns | {"limit": np.minimum(places, limits.size - 1)}


def _replicas(
    service: Service, columns: dict[str, np.ndarray], use: PodUse, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """(replicas at the peak, replicas by hour) of each row; worked out once for rows that scale alike."""
    if service.autoscaler is None:
        count = columns["low"]
        return count, np.repeat(count[:, None], use.cores.shape[0] - 1, axis=1)
    by_memory = service.autoscaler.memory_target is not None
    names = ("low", "cpu_target", "memory_target", "cpu_request", "limit", *(("memory_request",) if by_memory else ()))
    keys = np.column_stack([np.nan_to_num(columns[name], nan=-1.0) for name in names])
    _, first, back = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    picked = {name: column[first] for name, column in columns.items()}
    scaler = Scaler(
        picked["low"],
        np.full(first.size, float(most)),
        picked["cpu_target"],
        picked["memory_target"],
        picked["cpu_request"],
        picked["memory_request"],
        picked["limit"].astype(int),
        service.autoscaler,
    )
    peak, hours = settle_all(scaler, use)
    back = back.ravel()
    return peak[back].astype(float), hours[back]


def _as_today(columns: dict[str, np.ndarray], now: dict[str, float]) -> np.ndarray:
    """The rows that keep every setting that is tried."""
    names = [name for name in SETTINGS if name in columns]
    same = [_same(columns[name], now[name]) for name in names]
    return np.logical_and.reduce([*same, columns["low"] == now["min_replicas"]])


def _upper(service: Service, values: np.ndarray, peak: np.ndarray, columns: dict[str, np.ndarray]) -> np.ndarray:
    """The upper bound: today's where it leaves room, else the smallest allowed that does, else the largest."""
    if service.autoscaler is None:
        return columns["low"]
    need = np.maximum(np.ceil(peak * ROOM_ABOVE), columns["low"])
    place = np.minimum(np.searchsorted(values, need), values.size - 1)
    now = float(service.autoscaler.max_replicas)
    return np.where(need <= now, now, values[place])


def _fits(
    scenario: Scenario,
    service: Service,
    name: str,
    load: SystemLoad,
    cores: np.ndarray,
    settings: dict[str, np.ndarray],
    at: tuple[np.ndarray, np.ndarray],
    shape: tuple[int, int],
) -> np.ndarray:
    """Whether a replica holds its peak working set and, on shared machines, sets aside what it uses at the peak."""
    runtime = service.runtime
    mean = np.broadcast_to(pod_memory(scenario, service, name, load, capped=False), (*shape, load_pools(load, name)))
    mean = mean[..., -1]
    inside = (mean - runtime.resting) / max(runtime.memory_per_request, 1.0)
    peak = runtime.resting + runtime.memory_per_request * (inside + 4 * np.sqrt(inside) + 4)
    limit = np.where(np.isnan(settings["memory_limit"]), np.inf, settings["memory_limit"])
    fits = peak[at] * MEMORY_HEADROOM <= limit
    fits &= limit >= HEAP_FLOOR * runtime.resting
    if scenario.platform.compute == "fargate" and scenario.platform.kind != "compose":
        return fits  # a replica has what it is billed for; on machines that are shared requests must cover the use
    fits &= cores <= settings["cpu_request"]
    return fits & (mean[at] * REQUEST_HEADROOM <= settings["memory_request"])


def load_pools(load: SystemLoad, name: str) -> int:
    """How many pool sizes a load was worked out for."""
    shape = np.shape(load.services[name].pool.mean_wait_served_s)
    return int(shape[-1]) if shape else 1


def _same(values: np.ndarray, value: float) -> np.ndarray:
    return np.isnan(values) if math.isnan(value) else np.isclose(values, value)
