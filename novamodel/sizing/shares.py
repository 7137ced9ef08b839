"""Objectives in parts that add up over the services: what makes a whole deployment separable.

A percentile holds where the shares of slow requests of all services add up to little enough; means and errors add
up by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from novamodel.analytic import (
    SystemLoad,
    error_share,
    interwoven,
    mean_latency,
    reaching,
    route_demands,
    route_means,
    slow_by_means,
    slow_by_route,
    slow_shares,
)
from novamodel.scenario import Scenario
from novamodel.sizing.loads import Standing

SCALE = 2.0 ** (np.arange(-8, 25) / 4)
"""Shares of slow requests are kept at these multiples of an objective's limit."""
MOST_CALLERS = 16
"""Of routes that wait for a service so many are worked out point by point; of more, their law moves with its mean."""
HOPELESS = 64.0
"""Ratio of estimate to limit where the estimate lies beyond the largest multiple, or a tier is full."""


def objective_shares(scenario: Scenario, load: SystemLoad, slo: Any, name: str) -> np.ndarray:
    """What a service adds to an objective: to a percentile the share of requests slower than `SCALE` x its limit."""
    if slo.metric == "rejected":
        return np.zeros((1, 1, 1, 1))
    weights = {
        route: d.entry if slo.of is None else float(route == slo.of)
        for route, d in load.routes.items()
        if d.service == name
    }
    if slo.metric == "mean":
        means = route_means(scenario, load)
        return sum((w * means[route] for route, w in weights.items() if w), np.zeros((1, 1, 1)))[..., None]
    if slo.metric == "errors":
        late = load.services[name].pool.timeout_probability
        lost = (w * np.minimum(1.0, load.routes[route].transactions * late) for route, w in weights.items() if w)
        return sum(lost, np.zeros((1, 1, 1)))[..., None]
    return np.atleast_2d(slow_shares(scenario, load, slo.limit * SCALE, reaching(load.routes, name), slo.of))


def whole_shares(scenario: Scenario, load: SystemLoad, standing: Standing, slo: Any, name: str) -> np.ndarray:
    """What a service adds to an objective where services ask each other: to first order around today.

    An equal part of today's figure, and what this service's candidates change of it in its own routes and in those
    that wait for them: summed over the services it is exact for one change, and for parts that do not touch.
    """
    if slo.metric == "rejected":
        return np.zeros((1, 1, 1, 1))
    part, today = 1 / len(scenario.services), standing.load
    with np.errstate(invalid="ignore"):  # of a system that is full today nothing is known
        if not slo.is_latency or slo.metric == "mean":
            return np.atleast_1d(_whole(scenario, load, slo) - (1 - part) * _whole(scenario, today, slo))
        times, touched = slo.limit * SCALE, reaching(load.routes, name)
        slow = _slow_today(scenario, standing, slo)
        rest = [share for route, share in slow.items() if route not in touched]
        here = [share for route, share in slow.items() if route in touched]
        nothing = np.zeros((1, times.size))
        own = {route for route in touched if load.routes[route].service == name}
        if len(touched) - len(own) > MOST_CALLERS:
            moved = slow_shares(scenario, load, times, own, slo.of)
            moved = moved + slow_by_means(scenario, load, today, times, touched - own, slo.of)
        else:
            moved = slow_shares(scenario, load, times, touched, slo.of)
        return moved - (1 - part) * sum(here, nothing) + part * sum(rest, nothing)


def _slow_today(scenario: Scenario, standing: Standing, slo: Any) -> dict[str, np.ndarray]:
    """What each route adds to a percentile today, worked out once for all services."""
    key = f"{slo.of} {slo.limit!r}"
    if key not in standing.slow:
        standing.slow[key] = slow_by_route(
            scenario, standing.load, slo.limit * SCALE, standing.load.routes.keys(), slo.of
        )
    return standing.slow[key]


def _whole(scenario: Scenario, load: SystemLoad, slo: Any) -> np.ndarray:
    if slo.metric == "mean":
        found = route_means(scenario, load)[slo.of] if slo.of else mean_latency(scenario, load)
        return np.asarray(found)[..., None]
    return np.asarray(error_share(load, slo.of))[..., None]


def service_weights(scenario: Scenario) -> dict[str, float]:
    """Visits of each service per request from outside."""
    if not interwoven(scenario) and scenario.traffic.mix and not scenario.traffic.also:
        found = dict.fromkeys(scenario.services, 0.0)
        for route, share in scenario.traffic.mix.items():
            found[scenario.service_of(route)] += share
        return found
    demands = route_demands(scenario)
    return {name: sum(d.share for d in demands.values() if d.service == name) for name in scenario.services}


def ratio(slo: Any, total: np.ndarray) -> np.ndarray:
    """Estimate over limit of an objective from the summed shares of all services (..., multiples)."""
    if slo.metric in ("mean", "errors", "rejected"):
        value = total[..., 0] / slo.limit
        return np.minimum(np.where(np.isnan(value), HOPELESS, value), HOPELESS)
    may = budget(slo, 1.0)
    logs = np.log(np.maximum(total, 1e-12))
    below = logs <= math.log(may)
    first = np.where(below.any(axis=-1), np.argmax(below, axis=-1), SCALE.size)
    right = np.clip(first, 1, SCALE.size - 1)
    high, low = (np.take_along_axis(logs, (right - k)[..., None], axis=-1)[..., 0] for k in (1, 0))
    part = np.clip((high - math.log(may)) / np.maximum(high - low, 1e-12), 0.0, 1.0)
    value = SCALE[right - 1] * (SCALE[right] / SCALE[right - 1]) ** part
    return np.where(first == 0, SCALE[0], np.where(first == SCALE.size, HOPELESS, value))


def budget(slo: Any, multiple: float) -> float:
    """What all services may add to an objective that is to keep so many times its limit: `ratio` says the same.

    Of a percentile the share of requests slower than that; else the limit itself times the multiple.
    """
    if slo.metric in ("mean", "errors", "rejected"):
        return float(slo.limit * multiple)
    return 1 - float(slo.metric[1:]) / 100


def own_ratio(scenario: Scenario, shares: Sequence[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """Largest ratio over the objectives if the other services were perfect."""
    worst = np.zeros(shape)
    for slo, share in zip(scenario.slo, shares, strict=True):
        worst = np.maximum(worst, ratio(slo, share))
    return worst
