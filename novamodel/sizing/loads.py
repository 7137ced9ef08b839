"""The loads that one service's candidates are judged by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from novamodel.analytic import (
    NO_LIMIT,
    SystemLoad,
    interwoven,
    peak_rate,
    route_demands,
    steady_replicas,
    system_load,
)
from novamodel.scenario import Scenario

ROOMY, FILLED = 0.7, 0.6
"""A service that is fuller than the one stands beside the others as if its replicas were filled to the other."""
ROUNDS = 20


class Standing(NamedTuple):
    """All services at the peak as those that are sized stand beside each other; worked out once for all.

    As the scenario has them, but with room: of a service that is full, waits are infinite, and those of all that share
    a database with it. What others than the one that is sized do is another candidate's affair.
    """

    rate_per_s: float
    routes: Mapping[str, Any]
    counts: dict[str, np.ndarray]
    load: SystemLoad
    woven: bool  # whether services ask each other
    slow: dict[str, dict[str, np.ndarray]]  # by objective and route what was worked out, see `shares`


def standing_load(scenario: Scenario) -> Standing:
    """The scenario at its peak, autoscalers at rest."""
    rate, routes = max(peak_rate(scenario), 1e-9), route_demands(scenario)
    counts = {name: np.asarray(float(n)) for name, n in steady_replicas(scenario, rate).items()}
    for _ in range(ROUNDS):
        load = system_load(scenario, rate, counts, routes=routes)
        full = {
            name: use
            for name, own in load.services.items()
            if math.inf > (use := max(float(own.replica.utilisation), float(own.replica.loop_utilisation))) > ROOMY
        }
        if not full:
            break
        counts |= {name: np.ceil(counts[name] * use / FILLED) for name, use in full.items()}
    return Standing(rate, routes, counts, load, interwoven(scenario), {})


def candidate_load(
    scenario: Scenario, standing: Standing, name: str, replicas: np.ndarray, limits: np.ndarray, pools: np.ndarray
) -> SystemLoad:
    """All loads at the peak over replicas x limits x pools of one service."""
    counts = {**standing.counts, name: replicas[:, None, None]}
    quota = np.where(np.isnan(limits), NO_LIMIT, limits)[None, :, None]
    pool = {} if np.isnan(pools).all() else {name: pools[None, None, :]}
    return system_load(
        scenario,
        standing.rate_per_s,
        counts,
        cpu_limit={name: quota},
        pool_max=pool,
        routes=dict(standing.routes),
    )
