"""Edges, caches, databases and externals of a graph as stations at given rates of visits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from novamodel.analytic.database import DatabaseLoad, server_load, single_wait
from novamodel.analytic.demand import RouteDemand, core_scale
from novamodel.analytic.leaky import leaky_bucket
from novamodel.analytic.moments import second_moment
from novamodel.analytic.queues import erlang_b
from novamodel.scenario import Scenario
from novamodel.scenario.backend import Cache, Database, Edge
from novamodel.scenario.stations import External

PerS = Mapping[str, np.ndarray]
Totals = Mapping[str, RouteDemand]


class EdgeState(NamedTuple):
    """A reverse proxy: workers in use, wait and work of one request."""

    busy: np.ndarray
    stay_s: np.ndarray


class CacheState(NamedTuple):
    """A cache: threads in use (one a master), one round trip, share of the commands that each master has."""

    busy: np.ndarray
    trip_s: np.ndarray
    shares: np.ndarray


class DatabaseState(NamedTuple):
    """A database with its PgBouncer; ``bouncer_busy`` are server connections in use."""

    primary: DatabaseLoad
    reading: DatabaseLoad  # each of the read replicas
    statement_s: np.ndarray  # network and PgBouncer of one statement
    bouncer_busy: np.ndarray
    bouncer_wait_s: np.ndarray
    bouncer_cpu_busy: np.ndarray


class ExternalState(NamedTuple):
    """An outside dependency: calls a second, calls in it, share refused, mean and variance of an answer's time."""

    rate_per_s: np.ndarray
    busy: np.ndarray
    refused: np.ndarray
    stay_s: np.ndarray
    variance: np.ndarray


def edge_work_s(edge: Edge) -> float:
    """Worker CPU (s) of one request on the reference core; a connection to a replica is new where none is kept."""
    return edge.mean_cpu_s + (edge.connect_cpu.busy if edge.keepalive == 0 else 0.0)


def edge_states(scenario: Scenario, every: np.ndarray, routes: Mapping[str, RouteDemand]) -> dict[str, EdgeState]:
    """Every reverse proxy; ``every`` is the main source's requests/s."""
    found = {}
    for name, edge in scenario.all_edges.items():
        visits = edge_visits(scenario, routes, name)
        work = edge_work_s(edge) * core_scale(scenario)
        busy = every * visits * work
        found[name] = EdgeState(busy, work + single_wait(busy / edge.workers, work))
    return found


def edge_visits(scenario: Scenario, routes: Mapping[str, RouteDemand], edge: str) -> float:
    """Requests through an edge per request of the main source."""
    if len(scenario.traffic.sources) == 1:
        return float(scenario.traffic.via == edge)
    return sum(demand.through.get(edge, 0.0) for demand in routes.values())


def cache_state(cache: Cache, name: str, per_s: PerS, total: Totals, shares: np.ndarray) -> CacheState:
    """A cache: one thread a master, M/D/1 with D between idle and busy."""
    trips = _summed(per_s, total, "cache_trips", name)
    busy, idle = _summed(per_s, total, "cache_busy", name), _summed(per_s, total, "cache_idle", name)
    all_used, stay = np.zeros_like(busy), np.zeros_like(busy)
    for share in shares:
        used = share * idle / (1 + share * idle - share * busy)
        used = np.where(used >= 1, share * busy, used)
        work = used / np.maximum(share * trips, 1e-12)
        all_used, stay = all_used + used, stay + share * (work + single_wait(used, work))
    return CacheState(all_used, cache.network + stay, shares)


def servers(database: Database, per_s: PerS, total: Totals) -> tuple[DatabaseLoad, DatabaseLoad]:
    """The primary, and one of the read replicas among which the rest is spread evenly. ``total``: at this database."""
    at = [_sum(per_s, total, name) for name in ("database_busy", "database_idle", "storage_operations")]
    primary = server_load(database, int(database.cores), *at)
    count = database.read_replicas.count if database.read_replicas else 1
    spread = [_sum(per_s, total, name) / count for name in ("reading_busy", "reading_idle", "reading_operations")]
    return primary, server_load(database, database.replica_cores, *spread)


def external_state(external: External, rate: np.ndarray) -> ExternalState:
    """An outside dependency: a delay; with a concurrency M/G/c/c (it refuses) or M/G/c by Allen-Cunneen (it waits).

    What fails, and what is over its rate, is let through here: no closed form is shown for it.
    """
    mean = external.latency.busy
    square = second_moment(external.latency)
    none, busy, variance = np.zeros(np.shape(rate)), rate * mean, np.full(np.shape(rate), (square - 1) * mean**2)
    over = none
    if external.rate is not None:
        over = np.where(rate > 0, leaky_bucket(np.maximum(rate, 1e-9), external.rate, external.burst - 1).rejected, 0.0)
    count = external.concurrency
    if count is None:
        return ExternalState(rate, busy, over, none + mean, variance)
    if external.over_limit == "reject":
        blocked = erlang_b(count, busy)
        return ExternalState(rate, busy * (1 - blocked), 1 - (1 - over) * (1 - blocked), none + mean, variance)
    load = np.where(busy < count, busy, 0.0)
    blocked = erlang_b(count, load)
    waits = blocked / (1 - load / count * (1 - blocked))
    each = mean * square / 2 / (count - load)  # mean wait of one that waits
    wait = np.where(busy < count, waits * each, np.inf)
    return ExternalState(rate, busy, over, mean + wait, variance + waits * (2 - waits) * each**2)


def tokens_wait(servers: int, busy: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Mean M/M/c wait where ``busy`` is the mean number in use; infinite when all are."""
    stable = busy < servers
    load = np.where(stable, busy, 0.0)
    blocked = erlang_b(servers, load)
    waits = blocked / (1 - load / servers * (1 - blocked))
    hold = load / np.maximum(rate, 1e-12)
    return np.where(stable, waits * hold / (servers - load), np.inf)


def _summed(per_s: PerS, total: Totals, amount: str, cache: str) -> np.ndarray:
    return _sum(per_s, {name: demand.at_cache(cache) for name, demand in total.items()}, amount)


def _sum(per_s: PerS, total: Totals, amount: str) -> np.ndarray:
    parts: Iterable[np.ndarray] = (per_s[name] * getattr(demand, amount) for name, demand in total.items())
    return sum(parts, np.zeros(()))
