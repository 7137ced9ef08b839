"""Connections that pools may open, and which pool a combination takes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from novamodel.scenario import Scenario
from novamodel.sizing.settings import current_settings

AS_GOOD = 1.02
"""A pool whose estimate is within 2 % of the best is as good as the best."""


def opened(settings: Mapping[str, np.ndarray]) -> np.ndarray:
    """Connections that the pools of each combination may open, from its settings as columns."""
    return np.asarray(settings["max_replicas"] * np.nan_to_num(settings["pool_max"]))


def pick_pools(
    scenario: Scenario,
    name: str,
    own: np.ndarray,
    pools: np.ndarray,
    at: tuple[np.ndarray, np.ndarray],
    high: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """(place of each row's pool, whether the connections suffice): see `screen`'s first lines."""
    service = scenario.services[name]
    if service.pool is None:
        return np.zeros(high.size, dtype=int), np.ones(high.size, dtype=bool)
    room = connections(scenario)
    for other, s in scenario.services.items():
        if other != name and s.pool is not None:
            room -= s.pool.max * (s.autoscaler.max_replicas if s.autoscaler else s.replicas)
    if room < pools.min() * high.min():  # the others alone open what there is: as many as today are no more
        now = current_settings(service)
        room = max(int(pools.min()), int(now["pool_max"] * now["max_replicas"]))
    each = np.where(pools[None, :] * high[:, None] <= room, own[at], np.inf)
    best = each.min(axis=1)
    good = each <= best[:, None] * AS_GOOD
    keep = int(np.flatnonzero(pools == service.pool.max)[0])
    below = np.where(good & (pools <= service.pool.max)[None, :], pools[None, :], -1)
    chosen = np.where(below.max(axis=1) > 0, np.argmax(below, axis=1), np.argmax(good, axis=1))
    fitting = np.isfinite(best)
    return np.where(good[:, keep] | ~fitting, keep, chosen), fitting


def connections(scenario: Scenario) -> int:
    """Connections that all pools may open together."""
    database = scenario.database
    if database.pgbouncer:
        return int(database.pgbouncer.max_client_conn)
    return int(database.max_connections - database.reserved_connections)
