"""The scenario's operations, each as a process that waits for its time."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from novamodel.scenario import Scenario
from novamodel.scenario.operations import CACHE_S, DATABASE_S, Operation, delay_of, zone_times
from novamodel.simulation.control.losses import lose_replica, lose_zone
from novamodel.simulation.control.pods import Fleet
from novamodel.simulation.control.rollout import roll_out
from novamodel.simulation.control.stores import Stores
from novamodel.simulation.control.world import World


def keep_agenda(world: World, scenario: Scenario, fleets: dict[str, Fleet]) -> None:
    """Start a process for each operation that the run comes to."""
    if not scenario.operations:
        return
    stores = Stores(world, scenario)
    for operation in scenario.operations:
        delay = delay_of(scenario.run, operation)
        if delay is not None:
            world.env.process(_at(world, scenario, fleets, stores, operation, delay))


def _at(
    world: World, scenario: Scenario, fleets: dict[str, Fleet], stores: Stores, operation: Operation, delay: float
) -> Generator[Any, Any, None]:
    yield world.env.timeout(delay)
    if operation.rollout is not None:
        roll_out(fleets[operation.rollout.service], scenario.platform.kind)
    elif operation.lost_replica is not None:
        lose_replica(fleets[operation.lost_replica.service], operation.lost_replica)
    elif operation.lost_zone is not None:
        zone = operation.lost_zone
        lose_zone(world, fleets, zone.zone, *zone_times(scenario.platform, zone), zone.duration)
    elif operation.database_failover is not None:
        yield from stores.fail_database(operation.database_failover.duration or DATABASE_S)
    elif operation.slow_database is not None:
        yield from stores.slow_database(operation.slow_database.factor, operation.slow_database.duration)
    elif operation.cache_failover is not None:
        fault = operation.cache_failover
        yield from stores.fail_cache(fault.duration or CACHE_S, fault.commands)
    elif operation.cache_emptied is not None:
        yield from stores.empty_cache(operation.at)
