"""Objectives in parts that add up over the services: what makes a whole deployment separable.

A percentile holds where the shares of slow requests of all services add up to little enough; means and errors add
up by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from novamodel.analytic import SystemLoad, route_means, slow_shares
from novamodel.scenario import Scenario

SCALE = 2.0 ** (np.arange(-8, 25) / 4)
"""Shares of slow requests are kept at these multiples of an objective's limit."""
HOPELESS = 64.0
"""Ratio of estimate to limit where the estimate lies beyond the largest multiple, or a tier is full."""


def objective_shares(scenario: Scenario, load: SystemLoad, slo: Any, name: str) -> np.ndarray:
    """What a service adds to an objective: to a percentile the share of requests slower than `SCALE` x its limit."""
    if slo.metric == "rejected":
        return np.zeros((1, 1, 1, 1))
    weights = {
        route: d.share if slo.of is None else float(route == slo.of)
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
    return np.atleast_2d(slow_shares(scenario, load, slo.limit * SCALE, name, slo.of))


def ratio(slo: Any, total: np.ndarray) -> np.ndarray:
    """Estimate over limit of an objective from the summed shares of all services (..., multiples)."""
    if slo.metric in ("mean", "errors", "rejected"):
        value = total[..., 0] / slo.limit
        return np.minimum(np.where(np.isnan(value), HOPELESS, value), HOPELESS)
    budget = 1 - float(slo.metric[1:]) / 100
    logs = np.log(np.maximum(total, 1e-12))
    below = logs <= math.log(budget)
    first = np.where(below.any(axis=-1), np.argmax(below, axis=-1), SCALE.size)
    right = np.clip(first, 1, SCALE.size - 1)
    high, low = (np.take_along_axis(logs, (right - k)[..., None], axis=-1)[..., 0] for k in (1, 0))
    part = np.clip((high - math.log(budget)) / np.maximum(high - low, 1e-12), 0.0, 1.0)
    value = SCALE[right - 1] * (SCALE[right] / SCALE[right - 1]) ** part
    return np.where(first == 0, SCALE[0], np.where(first == SCALE.size, HOPELESS, value))


def own_ratio(scenario: Scenario, shares: Sequence[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """Largest ratio over the objectives if the other services were perfect."""
    worst = np.zeros(shape)
    for slo, share in zip(scenario.slo, shares, strict=True):
        worst = np.maximum(worst, ratio(slo, share))
    return worst
