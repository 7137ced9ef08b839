"""The whole deployment in steady state: every tier's load and wait at a rate, for one or many candidates at once.

Open network of M/G/1, M/M/c and processor-sharing tiers with Poisson arrivals at each (as if independent). Not
covered: rejections of edge and gateway, reconnects, retries, replicas that start or die. A tier at or above its limit
has an infinite wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from novamodel.analytic.database import DatabaseLoad, database_s, single_wait
from novamodel.analytic.demand import RouteDemand, core_scale, of_services, route_demands
from novamodel.analytic.limited import Patience, mmc_patience
from novamodel.analytic.replica import ReplicaLoad, quota_cores, replica_load
from novamodel.analytic.shards import master_shares
from novamodel.analytic.stations import (
    CacheState,
    DatabaseState,
    EdgeState,
    ExternalState,
    cache_state,
    edge_states,
    external_state,
    servers,
    tokens_wait,
)
from novamodel.scenario import Scenario
from novamodel.scenario.demand import MAIN
from novamodel.scenario.service import Pool, Service

ENDLESS_S = 1e6
"""Patience of a caller of a pool without time-out."""


class PoolLoad(NamedTuple):
    """A replica's pool to one database."""

    hold_s: np.ndarray  # mean time a transaction holds its connection, waits below it included
    busy: np.ndarray  # mean connections to the primary in use
    pool: Patience


@dataclass(frozen=True)
class ServiceLoad:
    """One service; arrays of one value a candidate, per replica where not said otherwise."""

    demand: RouteDemand
    replicas: np.ndarray
    rate_per_s: np.ndarray
    replica: ReplicaLoad
    pools: dict[str, PoolLoad]  # by database; the main one is there always

    @property
    def hold_s(self) -> np.ndarray:
        """Mean time a transaction holds its connection to the main database."""
        return self.pools[MAIN].hold_s

    @property
    def pool_busy(self) -> np.ndarray:
        """Mean connections to the main database's primary in use."""
        return self.pools[MAIN].busy

    @property
    def pool(self) -> Patience:
        """The pool to the main database."""
        return self.pools[MAIN].pool


@dataclass(frozen=True)
class SystemLoad:
    """All tiers; ``*_busy`` are in the tier's own units (workers, cores, connections, operations a second)."""

    rate_per_s: np.ndarray
    services: dict[str, ServiceLoad]
    routes: dict[str, RouteDemand]
    edges: dict[str, EdgeState]
    caches: dict[str, CacheState]
    databases: dict[str, DatabaseState]
    externals: dict[str, ExternalState]

    @property
    def edge_busy(self) -> np.ndarray:
        """Workers of the main edge in use."""
        return self.edges[MAIN].busy

    @property
    def edge_s(self) -> np.ndarray:
        """Wait and work at the main edge."""
        return self.edges[MAIN].stay_s

    @property
    def cache_busy(self) -> np.ndarray:
        """Share of the main cache's thread in use."""
        return self.caches[MAIN].busy

    @property
    def cache_trip_s(self) -> np.ndarray:
        """One round trip to the main cache."""
        return self.caches[MAIN].trip_s

    @property
    def primary(self) -> DatabaseLoad:
        """The main database's primary."""
        return self.databases[MAIN].primary

    @property
    def reading(self) -> DatabaseLoad:
        """Each of the main database's read replicas."""
        return self.databases[MAIN].reading

    @property
    def statement_s(self) -> np.ndarray:
        """Network and PgBouncer of one statement at the main database."""
        return self.databases[MAIN].statement_s

    @property
    def bouncer_busy(self) -> np.ndarray:
        """Server connections of the main database's PgBouncer in use."""
        return self.databases[MAIN].bouncer_busy

    @property
    def bouncer_wait_s(self) -> np.ndarray:
        """Mean wait for one of them."""
        return self.databases[MAIN].bouncer_wait_s

    @property
    def bouncer_cpu_busy(self) -> np.ndarray:
        """Cores that it uses."""
        return self.databases[MAIN].bouncer_cpu_busy


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

    ``rate`` is the main source's; further sources grow with it (in the proportions of ``routes``, else of their most).
    ``cpu_limit`` (cores) and ``pool_max`` replace the scenario's for some services; all arrays broadcast. ``routes``
    reuses demands already worked out (else hit ratios are taken at the peak of the day).
    """
    routes = routes or route_demands(scenario)
    every = np.asarray(rate, dtype=float)
    total = of_services(routes, scenario.services)
    per_s = {name: every * demand.share for name, demand in total.items()}
    edges = edge_states(scenario, every, routes)
    caches = {
        name: cache_state(cache, name, per_s, total, master_shares(scenario, name))
        for name, cache in scenario.all_caches.items()
    }
    replica = {
        name: replica_of(
            scenario, name, total[name], per_s[name], np.asarray(replicas[name]), (cpu_limit or {}).get(name)
        )
        for name in scenario.services
    }
    databases: dict[str, DatabaseState] = {}
    pools: dict[str, dict[str, PoolLoad]] = {name: {} for name in scenario.services}
    for database in scenario.all_databases:
        sizes = pool_max if database == MAIN else None
        databases[database], found = _database(scenario, database, per_s, total, replica, sizes or {})
        for name, own in found.items():
            pools[name][database] = own
    loads = {name: ServiceLoad(total[name], *replica[name], pools[name]) for name in scenario.services}
    calls = {
        name: every * sum(demand.share * demand.externals.get(name, 0.0) for demand in routes.values())
        for name in scenario.externals
    }
    externals = {name: external_state(external, calls[name]) for name, external in scenario.externals.items()}
    return SystemLoad(every, loads, routes, edges, caches, databases, externals)


def replica_of(
    scenario: Scenario,
    name: str,
    demand: RouteDemand,
    per_s: np.ndarray,
    replicas: np.ndarray,
    cpu_limit: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, ReplicaLoad]:
    """(replicas, requests/s of each, load of each) of one service that gets ``per_s`` requests/s."""
    runtime, count = scenario.services[name].runtime, np.asarray(replicas, dtype=float)
    limit = np.asarray(quota_cores(scenario, name)) if cpu_limit is None else cpu_limit
    background = background_cores(scenario, scenario.services[name])
    load = replica_load(
        demand, per_s / count, limit, runtime.helpers, scenario.platform.cfs_period, background, runtime.lanes,
        runtime.most_running,
    )  # fmt: skip
    return count, per_s / count, load


def _database(
    scenario: Scenario,
    which: str,
    per_s: dict[str, np.ndarray],
    demands: dict[str, RouteDemand],
    replica: dict[str, tuple[np.ndarray, np.ndarray, ReplicaLoad]],
    pool_max: Mapping[str, np.ndarray],
) -> tuple[DatabaseState, dict[str, PoolLoad]]:
    """One database and the pools to it."""
    database, total = scenario.all_databases[which], {n: d.at_database(which) for n, d in demands.items()}
    statements = sum((per_s[n] * d.statements for n, d in total.items()), np.zeros(()))
    primary, reading = servers(database, per_s, total)
    bouncer = database.pgbouncer
    query_s = bouncer.query_cpu.busy * core_scale(scenario) if bouncer else 0.0
    statement_s = database.network + query_s + single_wait(statements * query_s, query_s)
    spans = {}
    for name, (_, _, load) in replica.items():
        below = database_s(total[name], statement_s, primary, reading)
        span = _span(total[name], load.loop_wait_s, load.found_busy, below)
        with np.errstate(divide="ignore", invalid="ignore"):  # a transaction begins while the gate is open
            spans[name] = tuple(np.where(load.stopped < 1, held / (1 - load.stopped), np.inf) for held in span)
    held = [per_s[n] * d.on_primary * spans[n][1] for n, d in total.items() if d.on_primary]
    bouncer_busy = sum(held, np.zeros(()))
    transactions = sum((per_s[n] * d.on_primary for n, d in total.items()), np.zeros(()))
    wait = np.zeros(np.shape(bouncer_busy))
    if bouncer:
        wait = tokens_wait(bouncer.default_pool_size, bouncer_busy, transactions)
    pools = {}
    for name, service in scenario.services.items():
        pool = service.all_pools.get(which)
        if pool is not None or which == MAIN:
            asked = replica[name][1] * total[name].on_primary
            pools[name] = _pool(pool, pool_max.get(name), asked, spans[name][0] + wait)
    state = DatabaseState(primary, reading, statement_s, bouncer_busy, wait, statements * query_s)
    return state, pools


def _pool(pool: Pool | None, size: np.ndarray | None, asked: np.ndarray, hold: np.ndarray) -> PoolLoad:
    """M/M/c with patience at ``asked`` transactions/s."""
    most = np.asarray(pool.max if pool else 1) if size is None else size
    patience = pool.connection_timeout if pool and pool.connection_timeout > 0 else ENDLESS_S
    finite = np.where(np.isfinite(hold), hold, ENDLESS_S)
    law = mmc_patience(most, patience, np.maximum(asked, 1e-9), 1 / np.maximum(finite, 1e-9))
    return PoolLoad(hold, asked * np.where(asked > 0, hold, 0.0), law)


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
