"""How full each tier is at the peak, and the load multiple at which each alone would be full."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from novamodel.analytic.autoscale import pod_memory, steady_replicas
from novamodel.analytic.cache import peak_rate
from novamodel.analytic.cores import core_rows
from novamodel.analytic.demand import RouteDemand, core_scale
from novamodel.analytic.replica import NO_LIMIT, quota_cores
from novamodel.analytic.system import SystemLoad, system_load
from novamodel.analytic.tier_rows import (
    Row,
    before,
    cache_row,
    consumer_rows,
    edge_rows,
    external_rows,
    over,
    pool_tier,
    row,
)
from novamodel.scenario import Scenario
from novamodel.scenario.backend import Database
from novamodel.scenario.service import Service

__all__ = ["Row", "loaded_tiers", "pool_tier", "tier_demands"]


def tier_demands(scenario: Scenario, replicas: Mapping[str, int] | None = None) -> pd.DataFrame:
    """Every tier at the day's peak, those nearest to their limit first.

    Columns: ``tier``; ``demand_per_request`` (mean over all requests, in ``unit`` s, connection s, operations or
    bytes); ``busy`` and ``limit`` in the tier's own units; ``utilisation`` = busy / limit; ``saturation_multiple``
    = multiple of the peak at which this tier alone is full, the others being fast and its core always busy;
    ``scales_out`` = replicas add to its limit; ``may_open`` = connections that all pools, each full and at the most
    replicas, open together. Load alone opens no such number, and no closed form knows the mean: for connections
    ``busy``, ``utilisation`` and ``saturation_multiple`` are nan, and ``may_open`` above ``limit`` is a warning. It is
    nan for all other tiers.

    ``replicas`` fixes the counts; left out, utilisation is at the autoscalers' rest at the peak and the multiple
    at their upper bounds.
    """
    rate = peak_rate(scenario)
    now = dict(replicas) if replicas is not None else steady_replicas(scenario, rate)
    most = {
        name: now[name] if replicas is not None or service.autoscaler is None else service.autoscaler.max_replicas
        for name, service in scenario.services.items()
    }
    load = system_load(scenario, rate, {name: np.asarray(float(count)) for name, count in now.items()})
    frame = pd.DataFrame(loaded_tiers(scenario, load, rate, now, most))
    frame.insert(5, "utilisation", frame["busy"] / frame["limit"])
    return frame.sort_values(["saturation_multiple", "tier"], ignore_index=True)


def loaded_tiers(
    scenario: Scenario, load: SystemLoad, rate: float, now: Mapping[str, int], most: Mapping[str, int]
) -> list[Row]:
    """One row a tier (see `tier_demands`) for a load worked out already, with ``now`` and at most ``most`` replicas."""
    rows = [
        *(row for name in scenario.all_edges for row in edge_rows(scenario, name, load, rate)),
        *(row for name in scenario.all_databases for row in _database(scenario, name, load, rate)),
        *(cache_row(name, load, rate) for name in scenario.all_caches),
        *(row for name in scenario.all_databases for row in _connections(scenario, name, most)),
        *(row for name in scenario.services for row in _service(scenario, name, load, now[name], most[name])),
        *external_rows(scenario, load, rate),
        *consumer_rows(scenario, load, rate, now, most),
    ]
    return [*rows, *core_rows(scenario, rows, rate, now, most)]


def _mean(load: SystemLoad, amount: str, database: str) -> float:
    return sum(demand.share * getattr(demand.at_database(database), amount) for demand in load.routes.values())


def _database(scenario: Scenario, name: str, load: SystemLoad, rate: float) -> Iterator[Row]:
    """A database's cores, storage, read replicas and PgBouncer."""
    database, state = scenario.all_databases[name], load.databases[name]
    scale, front = core_scale(scenario), before(name)
    cpu, cores = _mean(load, "database_busy", name), database.cores
    busy = state.primary.busy
    yield row(f"{front}postgres cpu", busy / rate if rate else cpu, "s", busy, cores, over(cores, rate * cpu), False)
    operations = _mean(load, "storage_operations", name)
    full = over(database.operations_per_s, rate * operations)
    yield row(
        f"{front}postgres storage",
        operations,
        "operations",
        state.primary.storage_busy,
        database.operations_per_s,
        full,
        False,
    )
    if database.read_replicas is not None:
        yield from _read_replicas(database, name, load, rate)
    bouncer = database.pgbouncer
    if bouncer:
        query = bouncer.query_cpu.busy * scale * _mean(load, "statements", name)
        full = over(1, rate * query)
        yield row(f"{front}pgbouncer cpu", query, "s", state.bouncer_cpu_busy, 1, full, False)
        demands = [(d.share, d.at_database(name)) for d in load.routes.values()]
        held = sum(share * _held_s(scenario, name, d, server=True) * _at_primary(d) for share, d in demands)
        size = bouncer.default_pool_size
        yield row(f"{front}pgbouncer", held, "connection s", state.bouncer_busy, size, over(size, rate * held), False)


def _read_replicas(database: Database, name: str, load: SystemLoad, rate: float) -> Iterator[Row]:
    """All read replicas of a database together."""
    count, reading, front = (
        database.read_replicas.count if database.read_replicas else 0,
        load.databases[name].reading,
        before(name),
    )
    cores, iops = count * database.replica_cores, count * database.operations_per_s
    cpu, operations = _mean(load, "reading_busy", name), _mean(load, "reading_operations", name)
    busy, storage = count * reading.busy, count * reading.storage_busy
    full = over(cores, rate * cpu)
    yield row(f"{front}read replicas cpu", busy / rate if rate else cpu, "s", busy, cores, full, False)
    full = over(iops, rate * operations)
    yield row(f"{front}read replicas storage", operations, "operations", storage, iops, full, False)


def _at_primary(demand: RouteDemand) -> float:
    """Share of the transactions that are the primary's."""
    return demand.on_primary / demand.transactions if demand.transactions > 0 else 1.0


def _connections(scenario: Scenario, name: str, most: Mapping[str, int]) -> Iterator[Row]:
    """What may be opened beside what is accepted: a matter of configuration, not of load."""
    database, bouncer = scenario.all_databases[name], scenario.all_databases[name].pgbouncer
    usable, front = database.max_connections - database.reserved_connections, before(name)
    pools = {owner: s.all_pools[name].max for owner, s in scenario.services.items() if name in s.all_pools}
    opened = sum(most[owner] * size for owner, size in pools.items())
    if bouncer:
        yield _held_open(f"{front}pgbouncer clients", opened, bouncer.max_client_conn)
        yield _held_open(f"{front}postgres connections", bouncer.default_pool_size, usable)
    elif pools:
        yield _held_open(f"{front}postgres connections", opened, usable)


def _held_open(tier: str, may_open: int, limit: int) -> Row:
    return row(tier, math.nan, "connections", math.nan, limit, math.nan, False, may_open)


def _service(scenario: Scenario, name: str, load: SystemLoad, count: int, most: int) -> Iterator[Row]:
    service, own = scenario.services[name], load.services[name]
    demand, each = own.demand, float(own.rate_per_s)
    grow = most / count
    runtime, quota = service.runtime, quota_cores(scenario, name)
    running = runtime.most_running if demand.thread_s > 0 else runtime.lanes
    room = quota if quota < NO_LIMIT else float(running)
    used = float(own.replica.utilisation) * min(quota, runtime.most_running)
    cpu = demand.loop_busy + demand.thread_s
    yield row(
        f"{name} cpu",
        used / each if each else cpu,
        "s",
        used * count,
        room * count,
        grow * over(room, each * cpu),
        True,
    )
    if runtime.at_once is None:  # else a request keeps what it takes to its end: a matter of latency
        lanes, loop = runtime.lanes, runtime.lanes * float(own.replica.loop_utilisation)
        yield row(
            f"{name} {runtime.takers}",
            loop / each if each else demand.loop_busy,
            "s",
            loop * count,
            lanes * count,
            grow * over(float(lanes), each * demand.loop_busy),
            True,
        )
    for database, pool in service.all_pools.items():
        at = demand.at_database(database)
        if at.transactions > 0:
            held = _held_s(scenario, database, at, server=False) * _at_primary(at)
            full = grow * over(pool.max, each * held)
            busy = float(own.pools[database].busy) * count
            yield row(pool_tier(name, database), held, "connection s", busy, pool.max * count, full, True)
    if service.resources.memory_limit:
        yield _memory(scenario, service, name, load, count, grow)


def _memory(scenario: Scenario, service: Service, name: str, load: SystemLoad, count: int, grow: float) -> Row:
    runtime = service.runtime
    limit = service.resources.memory_limit or math.inf
    used = float(pod_memory(scenario, service, name, load))
    above = used - runtime.resting
    if limit <= runtime.resting:
        multiple = 0.0
    else:
        multiple = grow * over(limit - runtime.resting, above)
    return row(f"{name} memory", runtime.memory_per_request, "bytes", used * count, limit * count, multiple, True)


def _held_s(scenario: Scenario, name: str, demand: RouteDemand, *, server: bool) -> float:
    """Time (s) that one visit holds connections of the pool, or PgBouncer's server connections, without any wait."""
    database = scenario.all_databases[name]
    query = database.pgbouncer.query_cpu.busy * core_scale(scenario) if database.pgbouncer else 0.0
    inside = max(demand.held_bursts - demand.transactions, 0.0) / max(demand.held_bursts, 1e-12) if server else 1.0
    return (
        demand.statements * (database.network + query)
        + demand.database_busy
        + demand.reading_busy
        + (demand.storage_operations + demand.reading_operations)
        * (database.storage_latency + 1 / database.operations_per_s)
        + inside * demand.held_busy
    )
