"""Storage of a database that fills in the run, and RDS's storage autoscaling (`components.postgres.storage`)."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from novamodel.components.postgres.storage import (
    FLOOR_GIB,
    LOW_PCT,
    PAUSE_H,
    hours_to_full,
    storage_increment,
    storage_scales,
)
from novamodel.scenario import Scenario
from novamodel.scenario.backend import Database
from novamodel.simulation.control.world import World

GIB, HOUR, MINUTE, DAY = 1024.0**3, 3600.0, 60.0, 86400.0
STEP_S = 60.0
"""How often storage is looked at where nothing else says when (RDS's own alarms work on minutes)."""


def watch_storage(world: World, scenario: Scenario) -> None:
    """A process for each database that fills."""
    for name, database in scenario.all_databases.items():
        if database.growth is not None and database.growth.per_hour > 0:
            server = world.plan.layout.servers[(name, False)][0]
            world.env.process(_fill(world, "database" if name == "main" else f"database {name}", database, server))


def _fill(world: World, shown: str, database: Database, server: int) -> Generator[Any, Any, None]:
    growth = database.growth
    assert growth is not None
    env, outage = world.env, world.engine.model.timers.outage
    allocated, used, per_hour = database.storage / GIB, growth.used / GIB, growth.per_hour / GIB
    most, rule = growth.max_allocated / GIB, growth.rule
    low_since: float | None = None
    modified: list[float] = []
    full = False
    while True:
        if not full:
            used = min(allocated, used + per_hour * STEP_S / HOUR)
        free_pct = 100.0 * (allocated - used) / allocated
        low = free_pct < LOW_PCT if rule == "older" else free_pct <= LOW_PCT
        low_since = (env.now if low_since is None else low_since) if low else None
        last = modified[-1] if modified else None
        wants = low_since is not None and storage_scales(
            free_pct,
            (env.now - low_since) / MINUTE,
            None if last is None else (env.now - last) / HOUR,
            rule,
            last is None or env.now - last >= growth.optimisation,
            sum(env.now - at < DAY for at in modified),
        )
        if wants and allocated < most:
            before = allocated
            more = storage_increment(allocated, per_hour, FLOOR_GIB[rule])
            allocated = min(allocated + more, most)
            modified.append(env.now)
            text = (
                f"storage {before:.4g} -> {allocated:.4g} GiB; full in {hours_to_full(allocated, used, per_hour):.3g} h"
            )
            world.event(shown, "storage scaled", text, round(before), round(allocated))
            if full:
                full = False
                outage[server] -= 1
        elif used >= allocated and not full:
            full = True
            outage[server] += 1
            why = "no autoscaling" if most <= allocated else f"{PAUSE_H:g} h between two steps"
            world.event(shown, "storage full", f"{allocated:.4g} GiB are full ({why}): it takes nothing", 1, 0)
        yield env.timeout(STEP_S)
