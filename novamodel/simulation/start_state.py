"""What pools, PgBouncer and limits hold when a run begins: what a long time of that load leaves there, or nothing.

Steady: a pool keeps the connections that were in use at once within the idle time-out, more likely than not (the last
one used goes first, so that the k-th is used whenever k are in use). How many are in use is Poisson about the closed
form's mean; a pool whose load has no steady state is full. Their ages are spread over their lifetime. A limit's key
that asks for more than its rate has used up its burst.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from novamodel.analytic.autoscale import steady_replicas
from novamodel.analytic.demand import RouteDemand, route_demands
from novamodel.analytic.remembered import remembered
from novamodel.analytic.system import SystemLoad, system_load
from novamodel.components.nginx.limit_req import LimitReq
from novamodel.scenario import Scenario
from novamodel.scenario.popularity import zipf_exponent
from novamodel.scenario.service import Pool
from novamodel.simulation.build_bouncers import bouncer_pools
from novamodel.simulation.build_source import first_clients
from novamodel.simulation.layout import Layout, Link
from novamodel.simulation.state_edge import Places
from novamodel.workload.key_draws import key_shares

A_DAY_S = 86400.0
"""What is never closed has been needed once in a day."""
EVEN = math.log(2.0)
"""Events expected in a while in which one is as likely as not."""
GOLDEN = 0.6180339887498949


class Held(NamedTuple):
    """Idle connections: of a replica's pool on each link, and PgBouncer's server connections by its pool."""

    pools: dict[Link, int]
    servers: dict[int, int]


def clock_at_start(scenario: Scenario) -> float:
    """Time of day at which a run begins, its warm-up included."""
    return float((scenario.run.start - scenario.run.warm_up_s) % A_DAY_S)


@remembered
def replicas_at_rest(scenario: Scenario) -> dict[str, int]:
    """Replicas of each service where its autoscaler rests at the load that a run begins with."""
    return steady_replicas(scenario, scenario.traffic.rate_at(clock_at_start(scenario)))


def replicas_at_start(scenario: Scenario) -> dict[str, int]:
    """Replicas of each service: where its autoscaler rests, its least, or as many as the scenario says."""
    if scenario.run.start_state == "steady":
        return replicas_at_rest(scenario)
    found = {}
    for name, service in scenario.services.items():
        scaler, given = service.autoscaler, scenario.run.start_state == "given"
        least, most = (scaler.min_replicas, scaler.max_replicas) if scaler else (service.replicas, service.replicas)
        found[name] = min(max(service.replicas, least), most) if given else least
    return found


def held_at_start(scenario: Scenario, layout: Layout, replicas: Mapping[str, int]) -> Held:
    """What pools begin with, by `run.start_state` and their own `start`."""
    state = scenario.run.start_state
    starts = {link: scenario.services[link.service].all_pools[link.database].start for link in layout.links}
    if state == "cold" or not layout.links or all(start == "cold" for start in starts.values()):
        return Held({}, {})
    routes = route_demands(scenario)
    counts = {name: np.asarray(float(count)) for name, count in replicas.items()}
    load = system_load(scenario, scenario.traffic.rate_at(clock_at_start(scenario)), counts, routes=routes)
    pools = {
        link: scenario.services[link.service].all_pools[link.database].max if starts[link] == "warm"
        else 0 if starts[link] == "cold" else idle_in(*_use(scenario, load, link))
        for link in layout.links
    }  # fmt: skip
    return Held(pools, dict(_servers(scenario, layout, load, starts, pools, replicas)))


def idle_in(pool: Pool, rate: float, busy: float) -> int:
    """Connections of a pool that is asked ``rate`` times a second and has ``busy`` in use on average."""
    if pool.max_uses == 1:
        return 0
    used = levels(rate, busy, pool.max, min(pool.idle_timeout or A_DAY_S, A_DAY_S))
    return max(used, min(pool.min, levels(rate, busy, pool.max, A_DAY_S)))


def levels(rate: float, busy: float, most: int, idle_s: float) -> int:
    """How many of ``most`` were in use at once within ``idle_s``, more likely than not."""
    if rate <= 0:
        return 0
    if not busy < most:
        return most
    chance = np.exp(np.arange(most + 1) * math.log(max(busy, 1e-12)) - np.cumsum(np.log(np.arange(most + 1).clip(1))))
    rises = rate * chance[:-1] / chance.sum() * idle_s  # to level 1, 2, ...
    reached = np.flatnonzero(rises >= EVEN)
    return int(reached[-1]) + 1 if reached.size else 0


def _use(scenario: Scenario, load: SystemLoad, link: Link) -> tuple[Pool, float, float]:
    """(pool, transactions a second of a replica, mean connections in use) on a link."""
    own = load.services[link.service]
    asked = _asked(own.demand, link) * float(own.rate_per_s)
    hold = float(own.pools[link.database].hold_s) if link.database in own.pools else 0.0
    busy = asked * hold if math.isfinite(hold) else math.inf if asked > 0 else 0.0
    return scenario.services[link.service].all_pools[link.database], asked, busy


def _asked(demand: RouteDemand, link: Link) -> float:
    at = demand.at_database(link.database)
    return float(at.reading_transactions if link.reads else at.on_primary)


def _servers(
    scenario: Scenario,
    layout: Layout,
    load: SystemLoad,
    starts: Mapping[Link, str | None],
    pools: Mapping[Link, int],
    replicas: Mapping[str, int],
) -> Iterator[tuple[int, int]]:
    """PgBouncer's server connections: as many as clients where a pool is said to be warm or gives servers to sessions,
    else as were in use at once within `server_idle_timeout`."""
    for b, (name, reads, user) in enumerate(bouncer_pools(scenario, layout)):
        bouncer = scenario.all_databases[name].pgbouncer
        assert bouncer is not None
        links = [
            link
            for link in layout.links
            if (link.database, link.reads) == (name, reads)
            and scenario.services[link.service].all_pools[name].user == user
        ]
        clients = sum(pools[link] * replicas[link.service] for link in links)
        used = clients
        if bouncer.pool_mode != "session" and not any(starts[link] == "warm" for link in links):
            uses = [(replicas[link.service], _use(scenario, load, link)) for link in links]
            rate = sum(count * asked for count, (_, asked, _) in uses)
            waits = 0.0 if reads else rate * float(load.databases[name].bouncer_wait_s)  # a client, but no server
            busy = sum(count * each for count, (_, _, each) in uses)
            size = bouncer.default_pool_size
            busy = max(0.0, busy - waits) if math.isfinite(busy) else size
            used = max(levels(rate, busy, size, bouncer.server_idle_timeout or A_DAY_S), bouncer.min_pool_size)
        yield b, min(used, clients, bouncer.default_pool_size)


def begin_limits(scenario: Scenario, layout: Layout, places: Places, limit: LimitReq) -> None:
    """Keys that ask for more than a limit lets through have used up its burst (all but less than a request)."""
    if scenario.run.start_state != "steady" or not any(edge.limits for edge in scenario.all_edges.values()):
        return
    firsts, routes = first_clients(scenario), scenario.entry_routes
    clock, asked = clock_at_start(scenario), np.zeros(len(limit.excess))
    line_of = np.full(len(limit.excess), -1)
    for place, (via, route) in enumerate(layout.places):
        for source in scenario.traffic.sources.values():
            if source.via != via or route not in (source.routes or routes):
                continue
            rate = source.rate_at(clock) * source.mix.get(route, 1.0 / max(1, len(source.routes)))
            for line in range(places.first_limit[place], places.first_limit[place] + places.limits[place]):
                zone, key = places.zone[line], places.key[line]
                if key:
                    asked[zone + key - 1] += rate
                    line_of[zone + key - 1] = line
                    continue
                for name, population in source.populations.items():
                    rows = slice(zone + firsts[name], zone + firsts[name] + population.clients)
                    asked[rows] += (
                        rate * population.share * key_shares(population.clients, zipf_exponent(population.popularity))
                    )
                    line_of[rows] = line
    allowed, burst = (np.array(column)[line_of] for column in (limit.rate, limit.burst))
    for row in np.flatnonzero((line_of >= 0) & (1000.0 * asked >= allowed) & (burst > 0)).tolist():
        limit.excess[row] = max(0, int(burst[row]) - int(1000.0 * ((row * GOLDEN) % 1.0)))
        limit.last_ms[row] = 0
