"""The scenario's operations, each as a process that waits for its time."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from novamodel.components.redis.replication import (
    DOWN_AFTER_S,
    NODE_TIMEOUT_S,
    cluster_served_s,
    sentinel_promotion_s,
)
from novamodel.scenario import Scenario
from novamodel.scenario.operations import CACHE_S, DATABASE_S, CacheFailover, Operation, delay_of, zone_times
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
        yield from stores.fail_cache(_gone_s(world, scenario, fault), fault.commands)
    elif operation.cache_emptied is not None:
        yield from stores.empty_cache(operation.at)


def _gone_s(world: World, scenario: Scenario, fault: CacheFailover) -> float:
    """How long the cache is gone: as said, or until a replica is master; chance is the replication's."""
    cache, share = scenario.cache, world.phase("cache failover")
    replicas = max(1, cache.nodes // cache.shards - 1)
    found = None
    if fault.noticed_by == "sentinel":
        found = sentinel_promotion_s(
            replicas=replicas, sentinels=3, quorum=2, down_after_s=fault.detect_after or DOWN_AFTER_S, share=share
        )
    elif fault.noticed_by == "cluster":
        timeout_s = fault.detect_after or NODE_TIMEOUT_S
        masters = max(3, cache.shards)
        found = cluster_served_s(masters=masters, replicas=replicas, killed=1, node_timeout_s=timeout_s, share=share)
    return fault.duration or found or CACHE_S
