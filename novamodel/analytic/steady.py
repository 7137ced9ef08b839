"""The steady state that stands for a run's window, and what speaks against taking it for the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from novamodel.analytic.autoscale import rest
from novamodel.analytic.cache import every_hit_ratio
from novamodel.analytic.cores import CORES
from novamodel.analytic.covers import uncovered, unordered
from novamodel.analytic.demand import RouteDemand, interwoven, route_demands, route_key
from novamodel.analytic.downstream import calls_of
from novamodel.analytic.gateway import gateway_shares, unsettled
from novamodel.analytic.latency import error_share, latency_quantile
from novamodel.analytic.leaky import Bucket, edge_shares
from novamodel.analytic.system import ServiceLoad, SystemLoad, system_load
from novamodel.analytic.tiers import Row, loaded_tiers, pool_tier
from novamodel.analytic.traffic_equations import Ratios, route_shares
from novamodel.scenario import Scenario
from novamodel.scenario.demand import MAIN
from novamodel.units import format_fraction, format_rate, format_time

MOVES = 0.1
"""A rate that leaves its mean by more than this share in the window is no steady state."""
BUSIEST = 0.85
"""Beyond this utilisation of any tier queues grow too fast for independent tiers."""
BUSIEST_POOL = 0.4
"""Holds of a connection are taken for exponential, which shows where many wait for one."""
REJECTS = 0.1
"""What the edge lets in is taken for Poisson while it rejects no more than this share."""
DELAYS = LOSES = 0.005
"""Requests that the edge delays, that a gateway's windows cut off, or that find no pool connection in time, at most."""
STOPPED = 0.12
"""Share of time that a replica may stand at the CPU gate; beyond, its stops no longer come one by one."""
HELD = (" memory", " connections", " clients")


@dataclass(frozen=True)
class Steady:
    """The deployment at rest at the mean rate (requests/s) of a window; ``load`` is what edge and gateway let in."""

    scenario: Scenario
    rate_per_s: float
    lowest_per_s: float
    highest_per_s: float
    hit_ratios: dict[str, dict[str, float]]  # by cache and keyspace
    edge: dict[str, dict[str, Bucket]]
    at_gateway_per_s: float  # what the edge lets in
    lost: dict[str, dict[str, float]]  # by population and service: share that edge or gateway reject
    rejected: float  # share of all requests
    replicas: dict[str, int]
    load: SystemLoad
    tiers: list[Row]


def steady_of(scenario: Scenario) -> Steady:
    """The steady state of a scenario's window: its mean rate, the edge's rejections, autoscalers at rest."""
    run, traffic = scenario.run, scenario.traffic
    clocks = (run.start + run.duration * (np.arange(20) + 0.5) / 20) % 86400.0
    courses = {
        name: np.array([source.rate_at(float(clock)) for clock in clocks]) for name, source in traffic.sources.items()
    }
    rates = courses[MAIN]
    rate = float(rates.mean())
    edge = edge_shares(scenario, rate) if len(courses) == 1 else {}
    at_edge = {
        who: {name: float(of[name].rejected) if name in of else 0.0 for name in scenario.services}
        for who, of in edge.items()
    }
    passing = _passing(scenario, rate, at_edge) if edge or len(courses) == 1 else {}
    at_gateway = sum(sum(to.values()) for to in passing.values()) if passing else rate
    lost = {
        who: {name: 1 - (1 - at_edge[who][name]) * (1 - share) for name, share in of.items()}
        for who, of in gateway_shares(scenario, passing).items()
    }
    every = every_hit_ratio(scenario)
    means = {name: float(course.mean()) for name, course in courses.items()}
    routes, let_in = _let_in(scenario, every, means, lost)
    replicas = rest(scenario, rate * let_in, {n: s.replicas for n, s in scenario.services.items()}, routes)
    counts = {name: np.asarray(float(count)) for name, count in replicas.items()}
    load = system_load(scenario, rate * let_in, counts, routes=routes)
    if rate > 0 and lost:  # what the gateway rejects has been through the edge
        passed = {
            name: state._replace(busy=state.busy * at_gateway / (rate * let_in)) for name, state in load.edges.items()
        }
        load = replace(load, edges=passed)
    tiers = loaded_tiers(scenario, load, rate * let_in, replicas, replicas)
    most = max(courses.values(), key=lambda course: np.ptp(course) / max(course.mean(), 1e-9))
    swing = most / max(float(most.mean()), 1e-9)  # of the source whose rate moves most
    low, high = float(rates.min()), float(rates.max())
    if most is not rates:
        low, high = rate * float(swing.min()), rate * float(swing.max())
    return Steady(scenario, rate, low, high, every, edge, at_gateway, lost, 1 - let_in, replicas, load, tiers)


def moving(steady: Steady) -> str:
    """Why the window is no steady state that closed forms describe; empty where it is."""
    if text := uncovered(steady.scenario):
        return text
    if busy := unsettled(steady.scenario, steady.at_gateway_per_s):
        return f"{busy}: no steady state"
    far = max(steady.highest_per_s - steady.rate_per_s, steady.rate_per_s - steady.lowest_per_s)
    if not steady.rate_per_s > 0:
        return "no request comes"
    if far <= MOVES * steady.rate_per_s:
        return ""
    ends = " to ".join(format_rate(float(f"{rate:.3g}")) for rate in (steady.lowest_per_s, steady.highest_per_s))
    return f"the rate moves in the window ({ends}): no steady state"


def full(steady: Steady) -> str:
    """The first tier that is too full, in words; empty where none is."""
    rows = [row for row in steady.tiers if not row["tier"].endswith(HELD)]
    ahead = [row for row in rows if _use(row) > BUSIEST and np.isfinite(_use(row))]
    busiest = max(ahead or rows, key=_use)  # use without bound only follows: what is held for a full tier is never back
    if _use(busiest) <= BUSIEST:
        return ""
    return (
        f"{busiest['tier']} is full"
        if _use(busiest) >= 1
        else f"{busiest['tier']} is {format_fraction(_use(busiest))} busy"
    )


def latency_doubts(steady: Steady, ready: Mapping[str, float]) -> Iterator[str]:
    """What speaks against the closed forms' latencies, in words. ``ready`` is the run's mean of ready replicas."""
    scenario, load = steady.scenario, steady.load
    yield full(steady)
    yield unordered(scenario)
    for row in steady.tiers:
        if row["tier"].endswith(CORES) and _use(row) > SHARED:
            yield f"{row['tier']} are {format_fraction(_use(row))} busy: threads wait for one, which is left out"
    if any(database.read_replicas is not None for database in scenario.all_databases.values()):
        yield "waits for connections to read replicas are left out"
    for name, count in ready.items():
        if abs(count - steady.replicas[name]) > 0.5:
            yield f"{name} has {count:.3g} replicas ready on average, at rest it would have {steady.replicas[name]}"
    for name, service in load.services.items():
        if service.demand.share and float(service.replica.stopped) > STOPPED:
            yield f"{name} stands at its CPU limit {format_fraction(float(service.replica.stopped))} of the time"
        yield from _pool_doubts(scenario, name, service)
    for name, state in load.externals.items():
        if (refused := float(state.refused)) > LOSES:
            yield f"external {name} refuses {format_fraction(refused)} of the calls"
    yield from _given_up(scenario, load)
    if (lost := float(error_share(load))) > LOSES:
        yield f"{format_fraction(lost)} find no pool connection in time"
    if float(latency_quantile(scenario, load, 0.99)) >= (patience := least_patience(scenario)):
        yield f"callers give up after {format_time(patience)}"
    if steady.rejected > REJECTS:
        yield f"edge and gateway reject {format_fraction(steady.rejected)}: what they let in is not Poisson"
    cut = 1 - (1 - steady.rejected) * steady.rate_per_s / max(steady.at_gateway_per_s, 1e-9)
    if scenario.gateway and scenario.gateway.kind == "kong" and cut > LOSES:
        yield f"the gateway's windows cut off {format_fraction(cut)}, all near their ends: the load comes and goes"
    if (delayed := _delayed(steady)) > DELAYS:
        yield f"the edge delays {format_fraction(delayed)} of the requests"


def least_patience(scenario: Scenario) -> float:
    """Shortest time-out (s) of those who ask from outside."""
    return min(source.caller.timeout for source in scenario.traffic.sources.values())


def _pool_doubts(scenario: Scenario, name: str, service: ServiceLoad) -> Iterator[str]:
    pools = scenario.services[name].all_pools
    for database, own in service.pools.items():
        tier = pool_tier(name, database)
        if np.inf > float(own.busy) > BUSIEST_POOL * (most := pools[database].max if database in pools else 1):
            yield f"{tier} is {format_fraction(float(own.busy) / most)} busy"
        wanted = float(service.rate_per_s) * service.demand.at_database(database).transactions
        if database in pools and 0 < wanted * pools[database].idle_timeout < 5:
            idle = format_time(pools[database].idle_timeout)
            yield f"connections of {tier.removesuffix(' pool')} idle longer than {idle}: most requests reconnect"


def _given_up(scenario: Scenario, load: SystemLoad) -> Iterator[str]:
    """Calls whose time-out is within reach of what they wait for."""
    for name, demand in load.routes.items():
        for visit, _ in calls_of(demand):
            if isinstance(visit.to, str):
                stay = load.externals[visit.to]
                tail = float(stay.stay_s + 3 * np.sqrt(stay.variance))
            else:
                tail = float(latency_quantile(scenario, load, 0.99, route_key(load.routes, visit.to)))
            if tail >= visit.timeout_s:
                yield f"{name} gives up on {visit.to} after {format_time(visit.timeout_s)}"


def _use(row: Row) -> float:
    return float(row["busy"] / row["limit"]) if row["limit"] else np.inf


def _passing(scenario: Scenario, rate: float, at_edge: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Requests/s of each population to each service that the edge lets in."""
    to = dict.fromkeys(scenario.services, 0.0)
    for route, share in route_shares(scenario.traffic).items():
        to[scenario.service_of(route)] += share
    return {
        who: {service: rate * people.share * share * (1 - at_edge[who][service]) for service, share in to.items()}
        for who, people in scenario.traffic.populations.items()
    }


def _let_in(
    scenario: Scenario, ratios: Ratios, means: dict[str, float], lost: dict[str, dict[str, float]]
) -> tuple[dict[str, RouteDemand], float]:
    """Routes with their shares of what is let in (``means``: requests/s of each source), and the share let in."""
    people = scenario.traffic.populations
    others = {name: own for name, own in ratios.items() if name != MAIN}
    routes = route_demands(scenario, ratios[MAIN], others=others, sources=means)
    kept = {
        route: demand.entry * (1 - sum(people[who].share * of[demand.service] for who, of in lost.items()))
        for route, demand in routes.items()
    }
    total = sum(kept.values()) if lost else 1.0
    if not lost or total <= 0 or (total == 1.0 and interwoven(scenario)):
        return routes, total
    if interwoven(scenario):
        inside = {name: 1 - sum(people[w].share * of[name] for w, of in lost.items()) for name in scenario.services}
        routes = route_demands(scenario, ratios[MAIN], others=others, sources=means, let_in=inside)
        return {
            route: replace(demand, share=demand.share / total, entry=demand.entry / total)
            for route, demand in routes.items()
        }, total
    return {
        route: replace(demand, share=kept[route] / total, entry=kept[route] / total) for route, demand in routes.items()
    }, total


def _delayed(steady: Steady) -> float:
    people = steady.scenario.traffic.populations
    share = dict.fromkeys(steady.scenario.services, 0.0)
    for demand in steady.load.routes.values():
        share[demand.service] += demand.entry
    return sum(people[w].share * share[s] * float(b.delayed) for w, of in steady.edge.items() for s, b in of.items())


SHARED = 0.3
"""Share of the machines' cores in use from which on waiting for one is felt."""
