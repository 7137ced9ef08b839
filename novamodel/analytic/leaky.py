"""How many requests nginx's ``limit_req`` rejects when every client asks as a Poisson stream.

The bucket of one client is an M/D/1 queue with ``burst`` + 1 places: every request let in adds 1, the bucket leaks at
the limit's rate, and a request that finds more than ``burst`` is rejected. Exact but for nginx's clock of whole
milliseconds. It does not know clients that come back at once after a rejection.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammainc

from novamodel.analytic.popularity import zipf
from novamodel.analytic.traffic_equations import route_shares
from novamodel.scenario import Scenario
from novamodel.scenario.backend import Edge, RequestLimit
from novamodel.scenario.graph import DIRECT
from novamodel.scenario.traffic import Population, zipf_exponent

EXACT_CLIENTS = 2000
SWAMPED = 200.0
"""From so many times the limit on the bucket is always full."""


class Bucket(NamedTuple):
    """Shares of a client's requests: ``rejected``, and let in only after a ``delayed`` wait."""

    rejected: np.ndarray
    delayed: np.ndarray


def leaky_bucket(arrival_rate_per_s: ArrayLike, limit_per_s: ArrayLike, burst: int, delay: int | None = None) -> Bucket:
    """One client behind one ``limit_req``. ``delay`` is how many of the burst are not delayed; None: nodelay.

    Rates may be arrays. Raises ``ValueError`` for a rate that is not positive or a burst below 0.
    """
    rate, limit = np.broadcast_arrays(np.asarray(arrival_rate_per_s, float), np.asarray(limit_per_s, float))
    if np.any(rate < 0) or not np.all(limit > 0) or burst < 0:
        raise ValueError("needs a rate of 0 or more, a limit above 0 and a burst of 0 or more")
    found = _md1_places(np.minimum(rate / limit, SWAMPED), burst + 1)
    inside = 1 / (found[0] + rate / limit)
    first = burst + 1 if delay is None else min(delay, burst) + 1
    return Bucket(np.maximum(1 - inside, 0.0), found[first:].sum(axis=0) * inside)


def edge_shares(scenario: Scenario, rate: float) -> dict[str, dict[str, Bucket]]:
    """What the edge does to each population's requests to each service that has a limit, at ``rate`` requests/s.

    One source through one edge; limits of services that count clients. `unknown_limits` says what else there is.
    """
    to = dict.fromkeys(scenario.services, 0.0)
    for route, share in route_shares(scenario.traffic).items():
        to[scenario.service_of(route)] += share
    limits = scenario.all_edges[scenario.traffic.via].limits if scenario.traffic.via != DIRECT else {}
    counted = {name: limit for name, limit in limits.items() if name in to and not limit.dry_run}
    return {
        name: {service: _of_population(population, rate * to[service], limit) for service, limit in counted.items()}
        for name, population in scenario.traffic.populations.items()
    }


def unknown_limits(edge: Edge, services: Collection[str]) -> str:
    """What of an edge's limits has no closed form here, in words; empty where all have."""
    if edge.connection_limits:
        return "limits of requests in progress (limit_conn) have no closed form"
    zones = [limit.zone for limit in edge.limits.values()]
    for place, limit in edge.limits.items():
        if place not in services:
            return f"the limit of route {place} has no closed form beside that of its service"
        shared = limit.zone is not None and zones.count(limit.zone) > 1
        if limit.key != "client" or limit.also or shared:
            return f"the limit of {place} counts other than each client alone: no closed form"
    return ""


def _of_population(population: Population, rate: float, limit: RequestLimit) -> Bucket:
    share, many = zipf(population.clients, zipf_exponent(population.popularity), EXACT_CLIENTS)
    number, unit = limit.rate.split("r/")
    per_s = int(number) if unit == "s" else int(number) / 60
    delay = None if limit.delay == "nodelay" else int(limit.delay)
    each = leaky_bucket(rate * population.share * share, per_s, limit.burst, delay)
    weight = many * share
    return Bucket(weight @ each.rejected, weight @ each.delayed)


def _md1_places(busy: np.ndarray, places: int) -> np.ndarray:
    """Chance of 0, 1, ... jobs just after a service of M/D/1 with so many places; the first axis is the jobs."""
    arrives = gammainc(np.arange(1, places + 1).reshape(-1, *([1] * busy.ndim)), busy)  # at least k in one service
    jobs = np.zeros((places, *busy.shape))
    jobs[0] = 1.0
    for i in range(1, places):
        crossing = jobs[0] * arrives[i - 1] + (jobs[1:i] * arrives[i - np.arange(1, i)]).sum(axis=0)
        jobs[i] = crossing * np.exp(busy)
        jobs[: i + 1] /= np.maximum(jobs[i] / 1e100, 1.0)  # only ratios count; nothing overflows
    return jobs / jobs.sum(axis=0)
