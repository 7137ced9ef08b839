"""The whole deployment in steady state: every tier's load and wait at a rate, for one or many candidates at once.

Open network of M/G/1, M/M/c and processor-sharing tiers with Poisson arrivals at each (as if independent). Not
covered: rejections of edge and gateway, reconnects, retries, replicas that start or die. A tier at or above its limit
has an infinite wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from novamodel.analytic.cache import hit_ratios, peak_rate
from novamodel.analytic.database import DatabaseLoad, database_s, server_load, single_wait
from novamodel.analytic.demand import RouteDemand, core_scale, of_service, route_demands
from novamodel.analytic.limited import Patience, mmc_patience
from novamodel.analytic.queues import erlang_b
from novamodel.analytic.replica import ReplicaLoad, quota_cores, replica_load
from novamodel.scenario import Scenario
from novamodel.scenario.backend import Database
from novamodel.scenario.service import Service

ENDLESS_S = 1e6
"""Patience of a caller of a pool without time-out."""


@dataclass(frozen=True)
class ServiceLoad:
    """One service; arrays of one value a candidate, per replica where not said otherwise."""

    demand: RouteDemand
    replicas: np.ndarray
    rate_per_s: np.ndarray
    replica: ReplicaLoad
    hold_s: np.ndarray  # mean time a transaction holds its connection, waits below it included
    pool_busy: np.ndarray  # mean connections to the primary in use
    pool: Patience


@dataclass(frozen=True)
class SystemLoad:
    """All tiers; ``*_busy`` are in the tier's own units (workers, cores, connections, operations a second)."""

    rate_per_s: np.ndarray
    services: dict[str, ServiceLoad]
    routes: dict[str, RouteDemand]
    edge_busy: np.ndarray
    edge_s: np.ndarray  # wait and work at the edge
    cache_busy: np.ndarray
    cache_trip_s: np.ndarray
    primary: DatabaseLoad
    reading: DatabaseLoad  # each of the read replicas
    statement_s: np.ndarray  # network and PgBouncer of one statement
    bouncer_busy: np.ndarray
    bouncer_wait_s: np.ndarray
    bouncer_cpu_busy: np.ndarray


def system_load(
    scenario: Scenario,
    rate: float | np.ndarray,
    replicas: Mapping[str, float | np.ndarray],
    *,
    cpu_limit: Mapping[str, np.ndarray] | None = None,
    pool_max: Mapping[str, np.ndarray] | None = None,
    routes: dict[str, RouteDemand] | None = None,
) -> SystemLoad:
    """Load of every tier at ``rate`` requests/s (number or array) with so many replicas of each service.

    ``cpu_limit`` (cores) and ``pool_max`` replace the scenario's for some services; all arrays broadcast. ``routes``
    reuses demands already worked out (else hit ratios are taken at the peak of the day).
    """
    routes = routes or route_demands(scenario, hit_ratios(scenario, peak_rate(scenario)))
    every = np.asarray(rate, dtype=float)
    database, scale = scenario.database, core_scale(scenario)
    total = {name: of_service(routes, name) for name in scenario.services}
    per_s = {name: every * demand.share for name, demand in total.items()}

    edge_workers = scenario.edge.workers
    edge_work = scenario.edge.mean_cpu_s * scale
    edge_busy = every * edge_work
    edge_s = edge_work + single_wait(edge_busy / edge_workers, edge_work)

    trips = sum((per_s[n] * d.cache_trips for n, d in total.items()), np.zeros(()))
    cache_busy, cache_work = _redis(per_s, total, trips)
    cache_trip_s = scenario.cache.network + cache_work + single_wait(cache_busy, cache_work)

    statements = sum((per_s[n] * d.statements for n, d in total.items()), np.zeros(()))
    primary, reading = _servers(database, per_s, total)
    bouncer = database.pgbouncer
    query_s = bouncer.query_cpu.busy * scale if bouncer else 0.0
    statement_s = database.network + query_s + single_wait(statements * query_s, query_s)

    services, spans = {}, {}
    for name, service in scenario.services.items():
        count = np.asarray(replicas[name], dtype=float)
        each = per_s[name] / count
        limit = (cpu_limit or {}).get(name, np.asarray(quota_cores(scenario, name)))
        load = replica_load(
            total[name],
            each,
            limit,
            service.runtime.threads,
            scenario.platform.cfs_period,
            background_cores(scenario, service),
        )
        below = database_s(total[name], statement_s, primary, reading)
        span = _span(total[name], load.loop_wait_s, load.found_busy, below)
        with np.errstate(divide="ignore", invalid="ignore"):  # a transaction begins while the gate is open
            spans[name] = tuple(np.where(load.stopped < 1, held / (1 - load.stopped), np.inf) for held in span)
        services[name] = (count, each, load)
    held = [per_s[n] * d.on_primary * spans[n][1] for n, d in total.items() if d.on_primary]
    bouncer_busy = sum(held, np.zeros(()))
    transactions = sum((per_s[n] * d.on_primary for n, d in total.items()), np.zeros(()))
    wait = np.zeros(np.shape(bouncer_busy))
    if bouncer:
        wait = _tokens_wait(bouncer.default_pool_size, bouncer_busy, transactions)
    loads = {}
    for name, (count, each, load) in services.items():
        pool = scenario.services[name].pool
        hold = spans[name][0] + wait
        most = (pool_max or {}).get(name, np.asarray(pool.max if pool else 1))
        patience = pool.connection_timeout if pool and pool.connection_timeout > 0 else ENDLESS_S
        asked = each * total[name].on_primary
        finite = np.where(np.isfinite(hold), hold, ENDLESS_S)
        law = mmc_patience(most, patience, np.maximum(asked, 1e-9), 1 / np.maximum(finite, 1e-9))
        loads[name] = ServiceLoad(total[name], count, each, load, hold, asked * np.where(asked > 0, hold, 0.0), law)
    return SystemLoad(
        every,
        loads,
        routes,
        edge_busy,
        edge_s,
        cache_busy,
        cache_trip_s,
        primary,
        reading,
        statement_s,
        bouncer_busy,
        wait,
        statements * query_s,
    )


def background_cores(scenario: Scenario, service: Service) -> float:
    """Cores that probes and scrapes of one replica use."""
    rate = sum(1 / probe.period for probe in (service.readiness, service.liveness) if probe is not None)
    scrapes = service.runtime.scrape.busy / scenario.monitoring.scrape_interval
    return (rate * service.health.idle + scrapes) * core_scale(scenario)


def _span(
    demand: RouteDemand,
    loop_wait_s: np.ndarray,
    found_busy: np.ndarray,
    statements_s: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """(time a transaction holds the pool's connection, the server's) without waits for connections and the CPU gate."""
    if demand.transactions <= 0:
        return np.zeros(loop_wait_s.shape), np.zeros(loop_wait_s.shape)
    below = statements_s / demand.transactions
    cpu = demand.held_idle - found_busy * (demand.held_idle - demand.held_busy)
    bursts = demand.held_bursts * loop_wait_s + cpu if demand.held_bursts > 0 else np.zeros(loop_wait_s.shape)
    inside = max(demand.held_bursts - demand.transactions, 0.0) / max(demand.held_bursts, 1e-12)
    return below + bursts / demand.transactions, below + (inside * bursts if inside > 0 else 0.0) / demand.transactions


def _tokens_wait(servers: int, busy: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Mean M/M/c wait where ``busy`` is the mean number in use; infinite when all are."""
    stable = busy < servers
    load = np.where(stable, busy, 0.0)
    blocked = erlang_b(servers, load)
    waits = blocked / (1 - load / servers * (1 - blocked))
    hold = load / np.maximum(rate, 1e-12)
    return np.where(stable, waits * hold / (servers - load), np.inf)


def _redis(
    per_s: dict[str, np.ndarray], total: dict[str, RouteDemand], trips: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    busy = sum((per_s[n] * d.cache_busy for n, d in total.items()), np.zeros(()))
    idle = sum((per_s[n] * d.cache_idle for n, d in total.items()), np.zeros(()))
    used = idle / (1 + idle - busy)
    used = np.where(used >= 1, busy, used)
    return used, used / np.maximum(trips, 1e-12)


def _servers(
    database: Database, per_s: dict[str, np.ndarray], total: dict[str, RouteDemand]
) -> tuple[DatabaseLoad, DatabaseLoad]:
    """The primary, and one of the read replicas among which the rest is spread evenly."""

    def summed(name: str) -> np.ndarray:
        return sum((per_s[n] * getattr(d, name) for n, d in total.items()), np.zeros(()))

    at = (summed("database_busy"), summed("database_idle"), summed("storage_operations"))
    primary = server_load(database, int(database.cores), *at)
    count = database.read_replicas.count if database.read_replicas else 1
    spread = (summed("reading_busy") / count, summed("reading_idle") / count, summed("reading_operations") / count)
    return primary, server_load(database, database.replica_cores, *spread)
