"""How long one visit stays at its own service and what that asks of directly: means and variances of its own steps."""

from __future__ import annotations

import numpy as np

from novamodel.analytic.database import database_s
from novamodel.analytic.demand import RouteDemand
from novamodel.analytic.system import PoolLoad, ServiceLoad, SystemLoad
from novamodel.scenario import Scenario
from novamodel.scenario.demand import MAIN
from novamodel.scenario.graph import DIRECT


def front_s(scenario: Scenario, load: SystemLoad, demand: RouteDemand) -> np.ndarray:
    """Edge and gateway in front of a route that is asked for from outside, the network to the service included."""
    asked = {edge: share for edge, share in demand.through.items() if share > 0} or dict.fromkeys(demand.through, 1.0)
    if not asked:
        return np.zeros(())
    found = []
    for edge in asked:
        if edge == DIRECT:
            found.append(np.asarray(scenario.services[demand.service].network))
            continue
        gateway_s = scenario.gateway.latency if scenario.gateway else 0.0
        found.append(load.edges[edge].stay_s + scenario.all_edges[edge].network + gateway_s)
    if len(found) == 1:
        return found[0]
    total = sum(asked.values())
    return sum((share / total * part for share, part in zip(asked.values(), found, strict=True)), np.zeros(()))


def own_s(
    scenario: Scenario, load: SystemLoad, demand: RouteDemand, service: ServiceLoad, front: np.ndarray
) -> np.ndarray:
    """Mean of ``front`` and the route's own steps, without thread jobs, stops of the gate, and waits for a pool."""
    demand = demand.sequential
    cpu = demand.loop_idle - service.replica.found_busy * (demand.loop_idle - demand.loop_busy)
    found = (
        front
        + times(demand.loop_bursts, service.replica.loop_wait_s)
        + cpu
        + times(demand.cache_trips, load.cache_trip_s)
        + database_s(demand, load.statement_s, load.primary, load.reading)
        + times(demand.transactions, load.bouncer_wait_s)
        + demand.wait_s
    )
    for name, at in demand.caches.items():
        found = found + times(at.cache_trips, load.caches[name].trip_s)
    for name, at in demand.databases.items():
        state = load.databases[name]
        found = found + database_s(at, state.statement_s, state.primary, state.reading)
        found = found + times(at.transactions, state.bouncer_wait_s)
    return found


def with_waits_s(demand: RouteDemand, service: ServiceLoad, found: np.ndarray) -> np.ndarray:
    """``found`` and the means of what `own_s` leaves out: stops of the CPU gate, pools, thread jobs."""
    demand = demand.sequential
    found = found + service.replica.stopped * service.replica.stop_s / 2
    for name, at in [(MAIN, demand), *demand.databases.items()]:
        found = found + times(
            at.transactions, pool_wait_s(service.pools[name]) if at.transactions > 0 else np.zeros(())
        )
    return found + times(demand.thread_jobs, service.replica.thread_stay_s)


def own_variance(load: SystemLoad, demand: RouteDemand, service: ServiceLoad) -> np.ndarray:
    """Variance (s^2) of the route's own steps: laws of its demands, event loop, databases, pools, threads, gate."""
    demand, replica = demand.sequential, service.replica
    loop_s, loop_variance = congestion(load, demand, service)
    stops = replica.stopped * replica.stop_s**2 / 3 - (replica.stopped * replica.stop_s / 2) ** 2
    found = demand.own_variance + loop_variance + stops + 0.0 * loop_s
    for name, at in [(MAIN, demand), *demand.databases.items()]:
        if at.transactions > 0:
            found = found + at.transactions * pool_variance(service.pools[name])
        if name != MAIN:
            found = found + at.own_variance
    if demand.thread_jobs > 0:
        stays, weights = finite(replica.thread_points_s), replica.thread_weights
        mean = (stays * weights).sum(axis=-1)
        found = found + demand.thread_jobs * ((stays**2 * weights).sum(axis=-1) - mean**2)
    return np.maximum(found, 0.0)


def congestion(load: SystemLoad, demand: RouteDemand, service: ServiceLoad) -> tuple[np.ndarray, np.ndarray]:
    """(mean, variance) of the waits at event loop and databases' cores.

    Second moments: M/G/1 with bursts of one length at the event loop, none or exponential at a database. Two waits of
    one request at a tier meet the same congestion the likelier the busier it is.
    """
    replica, burst_s = service.replica, demand.loop_busy / max(demand.loop_bursts, 1e-12)
    waits = finite(replica.loop_wait_s)
    tiers = [(waits, 2 * waits**2 + 2 / 3 * burst_s * waits, replica.found_busy, demand.loop_bursts)]
    for name, at in [(MAIN, demand), *demand.databases.items()]:
        if at.statements > 0:
            primary = load.databases[name].primary
            waits = at.database_busy / at.statements * finite(primary.slowdown - 1)
            tiers.append((waits, 2 * waits**2 / np.maximum(primary.full, 1e-9), primary.full, at.statements))
    mean, variance = np.zeros(()), np.zeros(())
    for waits, squares, busy, count in tiers:
        mean = mean + count * waits
        alike = busy / 2 + (1 - busy / 2) / max(count, 1.0)
        variance = variance + alike * count**2 * (squares - waits**2)
    return mean, variance


def pool_wait_s(pool: PoolLoad) -> np.ndarray:
    """Mean wait for a connection of who gets one."""
    return np.where(np.isfinite(pool.hold_s), pool.pool.mean_wait_served_s, np.inf)


def pool_variance(pool: PoolLoad) -> np.ndarray:
    """Variance (s^2) of one wait for a connection: none, or exponential."""
    waits = pool.pool.wait_probability
    each = finite(pool.pool.mean_wait_served_s) / np.maximum(waits, 1e-12)
    return waits * (2 - waits) * each**2


def pool_errors(demand: RouteDemand, service: ServiceLoad) -> np.ndarray:
    """Share of visits that get no connection in time."""
    late = demand.transactions * service.pool.timeout_probability
    for name, at in demand.databases.items():
        late = late + at.transactions * service.pools[name].pool.timeout_probability
    return np.minimum(1.0, late)


def times(count: float, each: np.ndarray) -> np.ndarray:
    """A product in which nothing of the infinite is nothing."""
    return count * each if count > 0 else np.zeros(np.shape(each))


def finite(values: np.ndarray) -> np.ndarray:
    """Zero in place of what is not finite."""
    return np.where(np.isfinite(values), values, 0.0)
