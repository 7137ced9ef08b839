"""Storage of a database that grows by itself: what RDS has allocated of it on average in a month."""

from __future__ import annotations

from novamodel.components.postgres.storage import FLOOR_GIB, storage_increment, storage_scales
from novamodel.scenario.backend import Database

GIB = 1024**3
LONG_LOW_MIN = 60.0
"""Minutes that the storage has been low when an hour has passed: more than the five that RDS waits for."""


def mean_allocated_gib(database: Database, hours: float) -> float:
    """Mean GiB over so many hours from now; what is declared where nothing says that it grows.

    Hour by hour; it grows by RDS's rule up to `growth.max_allocated`, and never shrinks.
    """
    allocated, growth = database.storage / GIB, database.growth
    if growth is None or not growth.per_hour or not growth.max_allocated:
        return allocated
    used, per_hour, most = growth.used / GIB, growth.per_hour / GIB, growth.max_allocated / GIB
    steps, total, since = max(1, round(hours)), 0.0, None
    for _ in range(steps):
        total += allocated
        used = min(allocated, used + per_hour)
        since = None if since is None else since + 1.0
        free_pct = 100 * (allocated - used) / allocated
        optimised = since is None or since * 3600 >= growth.optimisation
        if allocated < most and storage_scales(free_pct, LONG_LOW_MIN, since, growth.rule, optimised):
            step = storage_increment(allocated, per_hour, FLOOR_GIB[growth.rule], used)
            allocated, since = min(most, allocated + step), 0.0
    return total / steps
