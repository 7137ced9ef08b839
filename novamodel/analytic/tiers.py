"""How full each tier is at the peak, and the load multiple at which each alone would be full."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from novamodel.analytic.autoscale import pod_memory, steady_replicas
from novamodel.analytic.cache import peak_rate
from novamodel.analytic.demand import RouteDemand, core_scale
from novamodel.analytic.replica import NO_LIMIT, quota_cores
from novamodel.analytic.system import SystemLoad, system_load
from novamodel.scenario import Scenario
from novamodel.scenario.backend import Database
from novamodel.scenario.service import Service

Row = dict[str, Any]
Amount = float | np.ndarray


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
    return [
        *_shared(scenario, load, rate),
        *_connections(scenario, most),
        *(row for name in scenario.services for row in _service(scenario, name, load, now[name], most[name])),
    ]


def _row(
    tier: str,
    demand: Amount,
    unit: str,
    busy: Amount,
    limit: Amount,
    multiple: float,
    scales_out: bool,
    may_open: float = math.nan,
) -> Row:
    return {
        "tier": tier,
        "demand_per_request": float(demand),
        "unit": unit,
        "busy": float(busy),
        "limit": float(limit),
        "saturation_multiple": float(multiple),
        "scales_out": scales_out,
        "may_open": float(may_open),
    }


def _over(limit: float, need: float) -> float:
    return limit / need if need > 0 else math.inf


def _mean(load: SystemLoad, amount: str) -> float:
    return sum(demand.share * getattr(demand, amount) for demand in load.routes.values())


def _shared(scenario: Scenario, load: SystemLoad, rate: float) -> Iterator[Row]:
    database, edge = scenario.database, scenario.edge
    scale = core_scale(scenario)
    work = edge.mean_cpu_s * scale
    yield _row("edge", work, "s", load.edge_busy, edge.workers, _over(edge.workers, rate * work), False)
    cpu = _mean(load, "database_busy")
    cores = database.cores
    yield _row(
        "postgres cpu",
        load.primary.busy / rate if rate else cpu,
        "s",
        load.primary.busy,
        cores,
        _over(cores, rate * cpu),
        False,
    )
    operations = _mean(load, "storage_operations")
    yield _row(
        "postgres storage",
        operations,
        "operations",
        load.primary.storage_busy,
        database.iops,
        _over(database.iops, rate * operations),
        False,
    )
    if database.read_replicas is not None:
        yield from _read_replicas(database, load, rate)
    cache = _mean(load, "cache_busy")
    yield _row(
        "redis", load.cache_busy / rate if rate else cache, "s", load.cache_busy, 1, _over(1, rate * cache), False
    )
    bouncer = database.pgbouncer
    if bouncer:
        query = bouncer.query_cpu.busy * scale * _mean(load, "statements")
        yield _row("pgbouncer cpu", query, "s", load.bouncer_cpu_busy, 1, _over(1, rate * query), False)
        held = sum(d.share * _held_s(scenario, d, server=True) * _at_primary(d) for d in load.routes.values())
        size = bouncer.default_pool_size
        yield _row("pgbouncer", held, "connection s", load.bouncer_busy, size, _over(size, rate * held), False)


def _read_replicas(database: Database, load: SystemLoad, rate: float) -> Iterator[Row]:
    """All read replicas together."""
    count = database.read_replicas.count if database.read_replicas else 0
    cores, iops = count * database.replica_cores, count * database.iops
    cpu, operations = _mean(load, "reading_busy"), _mean(load, "reading_operations")
    busy, storage = count * load.reading.busy, count * load.reading.storage_busy
    yield _row("read replicas cpu", busy / rate if rate else cpu, "s", busy, cores, _over(cores, rate * cpu), False)
    full = _over(iops, rate * operations)
    yield _row("read replicas storage", operations, "operations", storage, iops, full, False)


def _at_primary(demand: RouteDemand) -> float:
    """Share of the transactions that are the primary's."""
    return demand.on_primary / demand.transactions if demand.transactions > 0 else 1.0


def _connections(scenario: Scenario, most: Mapping[str, int]) -> Iterator[Row]:
    """What may be opened beside what is accepted: a matter of configuration, not of load."""
    database, bouncer = scenario.database, scenario.database.pgbouncer
    usable = database.max_connections - database.reserved_connections
    pools = {name: s.pool.max for name, s in scenario.services.items() if s.pool is not None}
    opened = sum(most[name] * size for name, size in pools.items())
    if bouncer:
        yield _held_open("pgbouncer clients", opened, bouncer.max_client_conn)
        yield _held_open("postgres connections", bouncer.default_pool_size, usable)
    elif pools:
        yield _held_open("postgres connections", opened, usable)


def _held_open(tier: str, may_open: int, limit: int) -> Row:
    return _row(tier, math.nan, "connections", math.nan, limit, math.nan, False, may_open)


def _service(scenario: Scenario, name: str, load: SystemLoad, count: int, most: int) -> Iterator[Row]:
    service, own = scenario.services[name], load.services[name]
    demand, each = own.demand, float(own.rate_per_s)
    grow = most / count
    threads = service.runtime.threads if demand.thread_s > 0 else 0
    quota = quota_cores(scenario, name)
    room = quota if quota < NO_LIMIT else 1.0 + threads
    used = float(own.replica.utilisation) * min(quota, 1 + service.runtime.threads)
    cpu = demand.loop_busy + demand.thread_s
    yield _row(
        f"{name} cpu",
        used / each if each else cpu,
        "s",
        used * count,
        room * count,
        grow * _over(room, each * cpu),
        True,
    )
    loop = float(own.replica.loop_utilisation)
    yield _row(
        f"{name} event loop",
        loop / each if each else demand.loop_busy,
        "s",
        loop * count,
        count,
        grow * _over(1.0, each * demand.loop_busy),
        True,
    )
    if service.pool is not None and demand.transactions > 0:
        held = _held_s(scenario, demand, server=False) * _at_primary(demand)
        full = grow * _over(service.pool.max, each * held)
        yield _row(
            f"{name} pool", held, "connection s", float(own.pool_busy) * count, service.pool.max * count, full, True
        )
    if service.resources.memory_limit:
        yield _memory(scenario, service, name, load, count, grow)


def _memory(scenario: Scenario, service: Service, name: str, load: SystemLoad, count: int, grow: float) -> Row:
    runtime = service.runtime
    limit = service.resources.memory_limit or math.inf
    used = float(pod_memory(scenario, service, name, load))
    above = used - runtime.resting_memory
    if limit <= runtime.resting_memory:
        multiple = 0.0
    else:
        multiple = grow * _over(limit - runtime.resting_memory, above)
    return _row(f"{name} memory", runtime.memory_per_request, "bytes", used * count, limit * count, multiple, True)


def _held_s(scenario: Scenario, demand: RouteDemand, *, server: bool) -> float:
    """Time (s) that one request holds connections of the pool, or PgBouncer's server connections, without any wait."""
    database = scenario.database
    query = database.pgbouncer.query_cpu.busy * core_scale(scenario) if database.pgbouncer else 0.0
    inside = max(demand.held_bursts - demand.transactions, 0.0) / max(demand.held_bursts, 1e-12) if server else 1.0
    return (
        demand.statements * (database.network + query)
        + demand.database_busy
        + demand.reading_busy
        + (demand.storage_operations + demand.reading_operations) * (database.storage_latency + 1 / database.iops)
        + inside * demand.held_busy
    )
