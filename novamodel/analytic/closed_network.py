"""A scenario with one closed source as a closed product-form network: exact, where it is one.

BCMP: queues first come first served with exponential demands of one mean, or delays; routing by chance. Anything else
(a CPU limit, a pool that may be full, constant demands, steps side by side, messages, limits) is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from novamodel.analytic.cache import every_hit_ratio
from novamodel.analytic.closed import closed_mva_multiserver
from novamodel.analytic.demand import core_scale
from novamodel.analytic.replica import NO_LIMIT, quota_cores
from novamodel.analytic.tier_rows import before
from novamodel.analytic.traffic_equations import Taken, entry_rates, solve, taken_steps
from novamodel.scenario import Scenario
from novamodel.scenario.demand import MAIN, Demand
from novamodel.scenario.graph import DIRECT, RouteOf, called


class ClosedNetwork(NamedTuple):
    """Requests a second of all users, mean latency of a request, and of each station how busy it is."""

    throughput_per_s: float
    response_s: float
    utilisations: dict[str, float]


class Need(NamedTuple):
    """What one visit needs of a station of so many servers (0: a delay)."""

    station: str
    servers: int
    mean_s: float
    exponential: bool = True
    copies: int = 1  # stations alike, asked by chance alike


def closed_network(scenario: Scenario) -> ClosedNetwork:
    """Exact throughput and mean latency by convolution (the same as mean-value analysis, several servers included).

    Replicas of a service are taken as stations that are asked with equal chance. Raises ``ValueError`` that says why
    where the scenario is no product-form network.
    """
    source = scenario.traffic
    if len(source.sources) != 1 or source.loop != "closed":
        raise ValueError("needs one source, and that closed")
    if not source.caller.plain:
        raise ValueError("callers that retry make no product-form network")
    work: dict[str, float] = {}
    shape: dict[str, tuple[int, int, float]] = {}
    delay_s = 0.0
    for need, visits in _needs(scenario):
        mean = need.mean_s
        if visits <= 0 or mean <= 0:
            continue
        if need.servers == 0:
            delay_s += visits * mean
            continue
        if not need.exponential:
            raise ValueError(f"{need.station}: only exponential demands without idle make a product-form network")
        if shape.setdefault(need.station, (need.servers, need.copies, mean)) != (need.servers, need.copies, mean):
            raise ValueError(f"{need.station}: demands of one mean only, first come first served")
        work[need.station] = work.get(need.station, 0.0) + visits * mean
    if not work:
        raise ValueError("needs a station with work")
    demands, servers = [], []
    for name, amount in work.items():
        count, copies, _ = shape[name]
        demands += [amount / copies] * copies
        servers += [count] * copies
    found = closed_mva_multiserver(source.think.busy + delay_s, np.array(demands), np.array(servers), source.users)
    rate = float(found.throughput_per_s)
    used = {name: rate * amount / shape[name][0] / shape[name][1] for name, amount in work.items()}
    return ClosedNetwork(rate, float(found.response_s) + delay_s, used)


def _needs(scenario: Scenario) -> Iterator[tuple[Need, float]]:
    """Everything that one request needs, and how often."""
    ratios = every_hit_ratio(scenario)
    entries = entry_rates(scenario, {MAIN: 1.0})
    yield from _front(scenario, entries)
    for at, visits in solve(scenario, entries, ratios).items():
        if visits > 0:
            _plain_service(scenario, at.service)
            for taken in taken_steps(scenario.services[at.service].routes[at.route], visits, ratios):
                for need in _of_step(scenario, at, taken):
                    yield need, taken.weight


def _front(scenario: Scenario, entries: dict[RouteOf, float]) -> Iterator[tuple[Need, float]]:
    via = scenario.traffic.via
    if via == DIRECT:
        for at, visits in entries.items():
            yield _delay(scenario.services[at.service].network), visits
        return
    edge = scenario.all_edges[via]
    if edge.limits or edge.connection_limits or scenario.gateway is not None or edge.tls is not None:
        raise ValueError("limits, handshakes and a gateway make no product-form network")
    if edge.workers != 1:
        raise ValueError("an edge of several workers makes no product-form network")
    yield _work(f"{before(via)}edge", 1, edge.request_cpu, core_scale(scenario)), 1.0
    yield _delay(edge.network), 1.0


def _plain_service(scenario: Scenario, name: str) -> None:
    service = scenario.services[name]
    if not service.runtime.plain:
        raise ValueError(f"{name}: only single event loops without garbage make a product-form network")
    if quota_cores(scenario, name) < NO_LIMIT or service.autoscaler is not None:
        raise ValueError(f"{name}: a CPU limit or an autoscaler makes no product-form network")
    for pool in service.all_pools.values():
        if pool.max < scenario.traffic.users:
            raise ValueError(
                f"{name}: a pool of {pool.max} connections may be full with {scenario.traffic.users} users"
            )


def _of_step(scenario: Scenario, at: RouteOf, taken: Taken) -> Iterator[Need]:
    step, scale, service = taken.step, core_scale(scenario), scenario.services[at.service]
    copies = service.replicas
    if step.cpu is not None:
        yield _work(f"{at.service} event loop", 1, step.cpu, scale, copies)
    elif step.thread is not None:
        yield _work(f"{at.service} threads", service.runtime.all_threads, step.thread, scale, copies)
    elif step.wait is not None:
        yield _delay(step.wait.busy)
    elif step.sql is not None:
        database, name = scenario.all_databases[step.database_name], step.database_name
        if database.pgbouncer is not None or database.read_replicas is not None:
            raise ValueError(f"{name}: PgBouncer and read replicas make no product-form network")
        for inner in step.sql:
            if isinstance(inner, str):
                statement = database.statements[inner]
                if statement.reads or statement.writes:
                    raise ValueError(f"{name}: storage operations take a constant time: no product-form network")
                yield _work(f"{before(name)}postgres cpu", int(database.cores), statement.cpu, scale)
                yield _delay(database.network)
            elif inner.cpu is not None:
                yield _work(f"{at.service} event loop", 1, inner.cpu, scale, copies)
    elif step.cache is not None:
        cache = scenario.all_caches[step.cache.store]
        if cache.shards != 1:
            raise ValueError("the masters of a cluster are not asked by chance alike: no product-form network")
        if step.cache.count != 1:
            raise ValueError("several cache commands at once make no product-form network")
        yield _work(f"{before(step.cache.store)}redis", 1, cache.command_cpu, scale)
        yield _delay(cache.network)
    elif step.call is not None:
        yield from _of_call(scenario, step.call.to)
    elif step.parallel is not None or step.publish is not None:
        raise ValueError("steps side by side and messages make no product-form network")


def _of_call(scenario: Scenario, to: str) -> Iterator[Need]:
    target = called(scenario, to)
    if isinstance(target, RouteOf):
        yield _delay(scenario.services[target.service].network)
        return
    external = scenario.externals[target]
    if external.rate is not None or external.failures or (external.concurrency and external.over_limit == "reject"):
        raise ValueError(f"external {target}: what it refuses or fails makes no product-form network")
    yield _work(f"external {target}", external.concurrency or 0, external.latency, 1.0)


def _work(station: str, servers: int, demand: Demand, scale: float, copies: int = 1) -> Need:
    exponential = demand.law == "exponential" and not demand.idle > demand.busy
    return Need(station, servers, demand.busy * scale, exponential, copies)


def _delay(seconds: float) -> Need:
    return Need("", 0, seconds)
