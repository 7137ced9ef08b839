"""The loads that one service's candidates are judged by."""

from __future__ import annotations

import numpy as np

from novamodel.analytic import NO_LIMIT, SystemLoad, interwoven, peak_rate, steady_replicas, system_load
from novamodel.scenario import Scenario


def candidate_load(scenario: Scenario, name: str, most: int, limits: np.ndarray, pools: np.ndarray) -> SystemLoad:
    """All loads at the peak over replicas x limits x pools."""
    others = {
        other: np.asarray(float(s.autoscaler.min_replicas if s.autoscaler else s.replicas))
        for other, s in scenario.services.items()
    }
    if interwoven(scenario):
        others = _at_rest(scenario)
    counts = {**others, name: np.arange(1.0, most + 1)[:, None, None]}
    quota = np.where(np.isnan(limits), NO_LIMIT, limits)[None, :, None]
    pool = {} if np.isnan(pools).all() else {name: pools[None, None, :]}
    return system_load(scenario, max(peak_rate(scenario), 1e-9), counts, cpu_limit={name: quota}, pool_max=pool)


def _at_rest(scenario: Scenario) -> dict[str, np.ndarray]:
    """Replicas of all services where their autoscalers rest at the peak."""
    return {name: np.asarray(float(n)) for name, n in steady_replicas(scenario, max(peak_rate(scenario), 1e-9)).items()}


def today_load(scenario: Scenario) -> SystemLoad:
    """All loads at the peak as the scenario stands."""
    return system_load(scenario, max(peak_rate(scenario), 1e-9), _at_rest(scenario))
