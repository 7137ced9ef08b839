"""Latency and errors from the loads of the tiers: means, and percentiles of a mixture for screening.

The mean adds work and mean waits. The percentile mixes, route by route, stays of thread jobs behind the CPU gate,
stops of the gate that a request runs into, exponential waits for a pool connection, and (where no thread job covers
it) a gamma law of the waits at event loop and database, and a gamma law of what the calls add; everything else enters
by its mean. A screening estimate: it ranks candidates, simulation decides.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from scipy.special import gammaincinv

from novamodel.analytic.demand import RouteDemand
from novamodel.analytic.downstream import Stay, downstream, route_errors
from novamodel.analytic.stay import congestion, finite, front_s, own_s, pool_variance, pool_wait_s, times, with_waits_s
from novamodel.analytic.system import PoolLoad, ServiceLoad, SystemLoad
from novamodel.scenario import Scenario
from novamodel.scenario.demand import MAIN
from novamodel.scenario.goals import Slo

_QUARTERS = (np.arange(4) + 0.5) / 4
_EDGES = np.array([0.0, 0.4, 0.7, 0.85, 0.93, 0.97, 0.985, 0.993, 0.997, 1.0])
_LEVELS, _WEIGHTS = (_EDGES[1:] + _EDGES[:-1]) / 2, np.diff(_EDGES)
"""Pieces of the gamma law of waits, finer towards its tail: the middle of each and its probability."""


def route_means(scenario: Scenario, load: SystemLoad, wanted: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Mean latency (s) of each route (or of those ``wanted``), calls included; infinite where a tier there is full.

    Of a route that only others ask for: from its service on, without the network to it.
    """
    found, below = {}, downstream(scenario, load, wanted)
    for route in load.routes if wanted is None else wanted:
        demand = load.routes[route]
        service = load.services[demand.service]
        base = own_s(scenario, load, demand, service, front_s(scenario, load, demand))
        found[route] = with_waits_s(demand, service, base)
        if below:
            found[route] = found[route] + below[route].mean
    return found


def mean_latency(scenario: Scenario, load: SystemLoad) -> np.ndarray:
    """Mean latency (s) of all requests."""
    means = route_means(scenario, load)
    return sum((times(load.routes[route].entry, mean) for route, mean in means.items()), np.zeros(()))


def error_share(load: SystemLoad, of: str | None = None) -> np.ndarray:
    """Share of requests (of a route) that fail for want of a pool connection in time, or that an external refuses."""
    lost = np.zeros(())
    for route, share in route_errors(load).items():
        weight = load.routes[route].entry if of is None else float(route == of)
        lost = lost + weight * share
    return lost


def latency_quantile(scenario: Scenario, load: SystemLoad, q: float, of: str | None = None) -> np.ndarray:
    """Estimated q-quantile (s) of all requests, or of route ``of``; infinite where a tier is full."""
    values, weights, below = [], [], downstream(scenario, load)
    for route, demand in load.routes.items():
        share = demand.entry if of is None else float(route == of)
        if share > 0:
            points, chance = _points(scenario, load, demand, below.get(route))
            values.append(points)
            weights.append(share * chance)
    shape = np.broadcast_shapes(*(points.shape[:-1] for points in values))
    every = np.concatenate([np.broadcast_to(v, (*shape, v.shape[-1])) for v in values], axis=-1)
    chance = np.concatenate([np.broadcast_to(w, (*shape, w.shape[-1])) for w in weights], axis=-1)
    order = np.argsort(every, axis=-1)
    running = np.cumsum(np.take_along_axis(chance, order, axis=-1), axis=-1)
    index = np.minimum((running < q * running[..., -1:]).sum(axis=-1), every.shape[-1] - 1)
    return np.take_along_axis(np.take_along_axis(every, order, axis=-1), index[..., None], axis=-1)[..., 0]


def slow_shares(
    scenario: Scenario, load: SystemLoad, limits_s: np.ndarray, routes: Collection[str], of: str | None
) -> np.ndarray:
    """Share of all requests (of those of route ``of``) that some ``routes`` answer later than each limit.

    Candidates x limits. The shares of the services' routes add up to the share of all requests, which is what makes a
    percentile separable: p99 < 300 ms holds where the services' shares above 300 ms add up to less than 1 %.
    """
    return sum(slow_by_route(scenario, load, limits_s, routes, of).values(), np.zeros((1, limits_s.size)))


def slow_by_route(
    scenario: Scenario, load: SystemLoad, limits_s: np.ndarray, routes: Collection[str], of: str | None
) -> dict[str, np.ndarray]:
    """What each of ``routes`` adds to `slow_shares`."""
    found, below = {}, downstream(scenario, load, routes)
    for route, demand in load.routes.items():
        share = demand.entry if of is None else float(route == of)
        if share > 0 and route in routes:
            points, chance = _points(scenario, load, demand, below.get(route))
            chance = chance / chance.sum(axis=-1, keepdims=True)
            slow = [(chance * (points > limit)).sum(axis=-1) for limit in limits_s]
            found[route] = share * np.stack(slow, axis=-1)
    return found


def slow_by_means(
    scenario: Scenario,
    load: SystemLoad,
    today: SystemLoad,
    limits_s: np.ndarray,
    routes: Collection[str],
    of: str | None,
) -> np.ndarray:
    """`slow_shares` of routes whose latencies keep today's law and move with their mean: to first order.

    ``today`` has one candidate. For the many routes that wait for one that is sized: it takes no points a candidate.
    """
    asked = [route for route in load.routes if route in routes and (of is None or route == of)]
    asked = [route for route in asked if of is not None or load.routes[route].entry > 0]
    total = np.zeros((1, limits_s.size))
    means, before, below = (
        route_means(scenario, load, asked),
        route_means(scenario, today, asked),
        downstream(scenario, today, asked),
    )
    for route in asked:
        demand = today.routes[route]
        points, chance = (column.ravel() for column in _points(scenario, today, demand, below.get(route)))
        order = np.argsort(points)
        beyond = np.concatenate((np.cumsum((chance / chance.sum())[order][::-1])[::-1], [0.0]))
        moved = np.where(np.isfinite(means[route]), means[route] - before[route], np.inf)
        place = np.searchsorted(points[order], limits_s - moved[..., None], side="right")
        total = total + (demand.entry if of is None else 1.0) * beyond[place]
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


def _points(
    scenario: Scenario, load: SystemLoad, demand: RouteDemand, below: Stay | None
) -> tuple[np.ndarray, np.ndarray]:
    """(candidates x points latencies, their probabilities) of one route; ``below``: what its calls add."""
    service = load.services[demand.service]
    replica = service.replica
    base = own_s(scenario, load, demand, service, front_s(scenario, load, demand))
    demand = demand.sequential
    stopped = replica.stopped[..., None]
    stops = np.concatenate((np.zeros((*replica.stop_s.shape, 1)), replica.stop_s[..., None] * _QUARTERS), axis=-1)
    chance = np.concatenate((1 - stopped, np.broadcast_to(stopped / 4, (*replica.stop_s.shape, 4))), axis=-1)
    base, variance = _others(base, demand, service, below)
    if demand.thread_jobs > 0:
        stays, weights = (
            replica.thread_points_s * (demand.thread_jobs / max(demand.thread_jobs, 1)),
            replica.thread_weights,
        )
        full = ~np.isfinite(replica.thread_stay_s)
        stops = np.where(full[..., None], np.inf, stays)
        chance = weights
        spread = None if variance is None else _gamma(finite(base), variance)
    else:
        mean, own = congestion(load, demand, service)
        spread = _gamma(mean, own) if variance is None else _gamma(finite(base), own + variance)
    if spread is not None:
        stops = _flat(stops[..., :, None] + spread[..., None, :])
        chance = _flat(chance[..., :, None] * _WEIGHTS)
    if demand.transactions > 0:
        stops, chance = _with_pool(stops, chance, service.pools[MAIN], demand.transactions)
    points = base[..., None] + stops
    return np.where(np.isnan(points), np.inf, points), np.broadcast_to(chance, points.shape)


def _others(
    base: np.ndarray, demand: RouteDemand, service: ServiceLoad, below: Stay | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """``base`` with pools to further databases and what calls add, and the variance of these (None: there are none)."""
    variance = None
    for name, at in demand.databases.items():
        if at.transactions > 0:
            base = base + at.transactions * pool_wait_s(service.pools[name])
            spread = at.transactions * pool_variance(service.pools[name])
            variance = spread if variance is None else variance + spread
    if below is not None:
        base = base + below.mean
        variance = below.variance if variance is None else variance + below.variance
    return base, variance


def _with_pool(
    stops: np.ndarray, chance: np.ndarray, pool: PoolLoad, transactions: float
) -> tuple[np.ndarray, np.ndarray]:
    """Points and probabilities with an exponential wait for a connection."""
    waits = np.clip(pool.pool.wait_probability * transactions, 0, 1)[..., None]
    mean = (pool_wait_s(pool) / np.maximum(pool.pool.wait_probability, 1e-12))[..., None]
    points = np.concatenate((np.zeros(mean.shape), -mean * np.log1p(-_QUARTERS)), axis=-1)
    likely = np.concatenate((1 - waits, np.broadcast_to(waits / 4, (*waits.shape[:-1], 4))), axis=-1)
    stops = _flat(stops[..., :, None] + points[..., None, :])
    return stops, _flat(chance[..., :, None] * likely[..., None, :])


def _gamma(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """(candidates x pieces) how far a gamma law lies from its mean, seconds."""
    mean, variance = np.maximum(mean, 1e-12)[..., None], np.maximum(variance, 1e-24)[..., None]
    return gammaincinv(mean**2 / variance, _LEVELS) * variance / mean - mean


def _flat(points: np.ndarray) -> np.ndarray:
    """The last two axes as one."""
    return points.reshape(*points.shape[:-2], -1)
