"""Latency and errors from the loads of the tiers: means, and percentiles of a mixture for screening.

The mean adds work and mean waits. The percentile mixes, route by route, stays of thread jobs behind the CPU gate,
stops of the gate that a request runs into, exponential waits for a pool connection, and (where no thread job covers
it) a gamma law of the waits at event loop and database; everything else enters by its mean. A screening estimate: it
ranks candidates, simulation decides.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaincinv

from novamodel.analytic.database import database_s
from novamodel.analytic.demand import RouteDemand
from novamodel.analytic.system import ServiceLoad, SystemLoad
from novamodel.scenario import Scenario
from novamodel.scenario.goals import Slo

_QUARTERS = (np.arange(4) + 0.5) / 4
_EDGES = np.array([0.0, 0.4, 0.7, 0.85, 0.93, 0.97, 0.985, 0.993, 0.997, 1.0])
_LEVELS, _WEIGHTS = (_EDGES[1:] + _EDGES[:-1]) / 2, np.diff(_EDGES)
"""Pieces of the gamma law of waits, finer towards its tail: the middle of each and its probability."""


def route_means(scenario: Scenario, load: SystemLoad) -> dict[str, np.ndarray]:
    """Mean latency (s) of each route; infinite where a tier on its way is full."""
    found = {}
    for route, demand in load.routes.items():
        service = load.services[demand.service]
        loop = _base(scenario, load, demand, service)
        stop = service.replica.stopped * service.replica.stop_s / 2
        found[route] = (
            loop
            + stop
            + _times(demand.transactions, _pool_wait(service))
            + _times(demand.thread_jobs, service.replica.thread_stay_s)
        )
    return found


def mean_latency(scenario: Scenario, load: SystemLoad) -> np.ndarray:
    """Mean latency (s) of all requests."""
    means = route_means(scenario, load)
    return sum((_times(load.routes[route].share, mean) for route, mean in means.items()), np.zeros(()))


def error_share(load: SystemLoad, of: str | None = None) -> np.ndarray:
    """Share of requests (of a route) that fail for want of a pool connection in time."""
    lost = np.zeros(())
    for route, demand in load.routes.items():
        weight = demand.share if of is None else float(route == of)
        timeout = load.services[demand.service].pool.timeout_probability
        lost = lost + weight * np.minimum(1.0, demand.transactions * timeout)
    return lost


def latency_quantile(scenario: Scenario, load: SystemLoad, q: float, of: str | None = None) -> np.ndarray:
    """Estimated q-quantile (s) of all requests, or of route ``of``; infinite where a tier is full."""
    values, weights = [], []
    for route, demand in load.routes.items():
        share = demand.share if of is None else float(route == of)
        if share > 0:
            points, chance = _points(scenario, load, demand)
            values.append(points)
            weights.append(share * chance)
    shape = np.broadcast_shapes(*(points.shape[:-1] for points in values))
    every = np.concatenate([np.broadcast_to(v, (*shape, v.shape[-1])) for v in values], axis=-1)
    chance = np.concatenate([np.broadcast_to(w, (*shape, w.shape[-1])) for w in weights], axis=-1)
    order = np.argsort(every, axis=-1)
    running = np.cumsum(np.take_along_axis(chance, order, axis=-1), axis=-1)
    index = np.minimum((running < q * running[..., -1:]).sum(axis=-1), every.shape[-1] - 1)
    return np.take_along_axis(np.take_along_axis(every, order, axis=-1), index[..., None], axis=-1)[..., 0]


def slow_shares(scenario: Scenario, load: SystemLoad, limits_s: np.ndarray, service: str, of: str | None) -> np.ndarray:
    """Share of all requests (of those of route ``of``) that a service answers later than each limit.

    Candidates x limits. The shares of the services add up to the share of all requests, which is what makes a
    percentile separable: p99 < 300 ms holds where the services' shares above 300 ms add up to less than 1 %.
    """
    total = np.zeros((1, limits_s.size))
    for route, demand in load.routes.items():
        share = demand.share if of is None else float(route == of)
        if share > 0 and demand.service == service:
            points, chance = _points(scenario, load, demand)
            chance = chance / chance.sum(axis=-1, keepdims=True)
            slow = [(chance * (points > limit)).sum(axis=-1) for limit in limits_s]
            total = total + share * np.stack(slow, axis=-1)
    return total


def objective(scenario: Scenario, load: SystemLoad, slo: Slo) -> np.ndarray | None:
    """The estimate of one objective's metric, or None where the closed forms say nothing (rejections)."""
    if slo.metric == "rejected":
        return None
    if slo.metric == "errors":
        return error_share(load, slo.of)
    if slo.metric == "mean":
        return route_means(scenario, load)[slo.of] if slo.of else mean_latency(scenario, load)
    return latency_quantile(scenario, load, float(slo.metric[1:]) / 100, slo.of)


def _base(scenario: Scenario, load: SystemLoad, demand: RouteDemand, service: ServiceLoad) -> np.ndarray:
    """Mean latency without thread jobs, stops of the gate, and waits for a pool connection."""
    cpu = demand.loop_idle - service.replica.found_busy * (demand.loop_idle - demand.loop_busy)
    return (
        load.edge_s
        + scenario.edge.network
        + (scenario.gateway.latency if scenario.gateway else 0.0)
        + _times(demand.loop_bursts, service.replica.loop_wait_s)
        + cpu
        + _times(demand.cache_trips, load.cache_trip_s)
        + database_s(demand, load.statement_s, load.primary, load.reading)
        + _times(demand.transactions, load.bouncer_wait_s)
        + demand.wait_s
    )


def _times(count: float, each: np.ndarray) -> np.ndarray:
    """A product in which nothing of the infinite is nothing."""
    return count * each if count > 0 else np.zeros(np.shape(each))


def _pool_wait(service: ServiceLoad) -> np.ndarray:
    return np.where(np.isfinite(service.hold_s), service.pool.mean_wait_served_s, np.inf)


def _points(scenario: Scenario, load: SystemLoad, demand: RouteDemand) -> tuple[np.ndarray, np.ndarray]:
    """(candidates x points latencies, their probabilities) of one route."""
    service = load.services[demand.service]
    replica = service.replica
    base = _base(scenario, load, demand, service)
    stopped = replica.stopped[..., None]
    stops = np.concatenate((np.zeros((*replica.stop_s.shape, 1)), replica.stop_s[..., None] * _QUARTERS), axis=-1)
    chance = np.concatenate((1 - stopped, np.broadcast_to(stopped / 4, (*replica.stop_s.shape, 4))), axis=-1)
    if demand.thread_jobs > 0:
        stays, weights = (
            replica.thread_points_s * (demand.thread_jobs / max(demand.thread_jobs, 1)),
            replica.thread_weights,
        )
        full = ~np.isfinite(replica.thread_stay_s)
        stops = np.where(full[..., None], np.inf, stays)
        chance = weights
    else:
        stops = _flat(stops[..., :, None] + _spread(load, demand, service)[..., None, :])
        chance = _flat(chance[..., :, None] * _WEIGHTS)
    waits = np.clip(service.pool.wait_probability * demand.transactions, 0, 1)[..., None]
    if demand.transactions > 0:
        mean = (_pool_wait(service) / np.maximum(service.pool.wait_probability, 1e-12))[..., None]
        pool = np.concatenate((np.zeros(mean.shape), -mean * np.log1p(-_QUARTERS)), axis=-1)
        likely = np.concatenate((1 - waits, np.broadcast_to(waits / 4, (*waits.shape[:-1], 4))), axis=-1)
        stops = _flat(stops[..., :, None] + pool[..., None, :])
        chance = _flat(chance[..., :, None] * likely[..., None, :])
    points = base[..., None] + stops
    return np.where(np.isnan(points), np.inf, points), np.broadcast_to(chance, points.shape)


def _spread(load: SystemLoad, demand: RouteDemand, service: ServiceLoad) -> np.ndarray:
    """(candidates x pieces) how far the waits at event loop and database lie from their mean, seconds.

    Second moments: M/G/1 with bursts of one length at the event loop, none or exponential at the database. Two waits of
    one request at a tier meet the same congestion the likelier the busier it is.
    """
    replica, burst_s = service.replica, demand.loop_busy / max(demand.loop_bursts, 1e-12)
    waits = _finite(replica.loop_wait_s)
    tiers = [(waits, 2 * waits**2 + 2 / 3 * burst_s * waits, replica.found_busy, demand.loop_bursts)]
    if demand.statements > 0:
        waits = demand.database_busy / demand.statements * _finite(load.primary.slowdown - 1)
        squares = 2 * waits**2 / np.maximum(load.primary.full, 1e-9)
        tiers.append((waits, squares, load.primary.full, demand.statements))
    mean, variance = np.zeros(()), np.zeros(())
    for waits, squares, busy, count in tiers:
        mean = mean + count * waits
        alike = busy / 2 + (1 - busy / 2) / max(count, 1.0)
        variance = variance + alike * count**2 * (squares - waits**2)
    mean, variance = np.maximum(mean, 1e-12)[..., None], np.maximum(variance, 1e-24)[..., None]
    return gammaincinv(mean**2 / variance, _LEVELS) * variance / mean - mean


def _finite(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, 0.0)


def _flat(points: np.ndarray) -> np.ndarray:
    """The last two axes as one."""
    return points.reshape(*points.shape[:-2], -1)
