"""What the calls of a visit add: time and errors of the routes, externals and branches that it waits for.

Calls one after the other add up from those that are called last; where they lead back by chance it is a linear system
over the routes. Branches
side by side end with the longest of independent times by two moments (Clark, see `moments.longest`): an approximation.
Messages are not waited for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

import numpy as np

from novamodel.analytic.demand import Fork, RouteDemand, Visit, route_key
from novamodel.analytic.moments import longest
from novamodel.analytic.stay import own_s, own_variance, pool_errors, with_waits_s
from novamodel.analytic.system import SystemLoad
from novamodel.scenario import Scenario
from novamodel.scenario.graph import RouteOf

FULL_S = 1e9
"""Stands for a time without end while the system is solved."""
ROUNDS = 200


class Stay(NamedTuple):
    """Mean (s) and variance (s^2)."""

    mean: np.ndarray
    variance: np.ndarray


def downstream(scenario: Scenario, load: SystemLoad, wanted: Collection[str] | None = None) -> dict[str, Stay]:
    """What the calls and branches of each route (or of those ``wanted``) add to one visit; empty where none has any."""
    if not any(demand.parts for demand in load.routes.values()):
        return {}
    graph = _waited_for(load.routes)
    asked = _reached(graph, graph if wanted is None else wanted)
    own = {name: _own(scenario, load, load.routes[name]) for name in asked}
    try:
        every = _upwards(scenario, load, own, {name: graph[name] for name in asked})
    except CycleError:
        own = {name: _own(scenario, load, demand) for name, demand in load.routes.items()}
        every = _in_circles(scenario, load, own)
    return {
        name: Stay(
            np.where(every[name].mean < FULL_S / 10, np.maximum(every[name].mean - own[name].mean, 0.0), np.inf),
            np.maximum(every[name].variance - own[name].variance, 0.0),
        )
        for name in own
    }


def _waited_for(routes: Mapping[str, RouteDemand]) -> dict[str, list[str]]:
    """The routes that each calls, in branches too."""
    return {
        name: [route_key(routes, visit.to) for visit, _ in calls_of(demand) if isinstance(visit.to, RouteOf)]
        for name, demand in routes.items()
    }


def _reached(graph: Mapping[str, Sequence[str]], wanted: Iterable[str]) -> dict[str, None]:
    """The routes, and all that they wait for."""
    found = dict.fromkeys(wanted)
    rest = list(found)
    while rest:
        fresh = [called for called in graph[rest.pop()] if called not in found]
        found.update(dict.fromkeys(fresh))
        rest += fresh
    return found


def _upwards(
    scenario: Scenario, load: SystemLoad, own: Mapping[str, Stay], graph: Mapping[str, Sequence[str]]
) -> dict[str, Stay]:
    """Whole visits, those that are called first; ``CycleError`` where calls lead back by chance."""
    every: dict[str, Stay] = {}
    for name in TopologicalSorter(graph).static_order():
        demand = load.routes[name]
        mean, variance = _rest(scenario, load, demand, own[name], every)
        mean = np.minimum(mean, FULL_S)
        for part in demand.parts:
            if isinstance(part, Visit) and isinstance(part.to, RouteOf):
                called = every[route_key(load.routes, part.to)]
                mean, variance = mean + part.weight * called.mean, variance + part.weight * called.variance
        every[name] = Stay(mean, variance)
    return every


def _in_circles(scenario: Scenario, load: SystemLoad, own: Mapping[str, Stay]) -> dict[str, Stay]:
    """Whole visits where calls lead back by chance: a linear system, solved again until its branches rest."""
    shape = np.broadcast_shapes(*(one.shape for pair in own.values() for one in pair))
    place = {name: number for number, name in enumerate(own)}
    matrix = np.zeros((len(own), len(own)))
    for name, demand in load.routes.items():
        for visit in demand.parts:
            if isinstance(visit, Visit) and isinstance(visit.to, RouteOf):
                matrix[place[name], place[route_key(load.routes, visit.to)]] += visit.weight
    inverse = np.linalg.inv(np.eye(len(own)) - matrix)
    zero = np.zeros(shape)
    every = dict.fromkeys(own, Stay(zero, zero))
    for _ in range(ROUNDS if np.linalg.matrix_power(matrix, len(own)).any() else len(own) + 1):
        before = every
        known = [_rest(scenario, load, demand, own[name], every) for name, demand in load.routes.items()]
        means = np.stack([np.broadcast_to(np.minimum(mean, FULL_S), shape) for mean, _ in known])
        found = np.tensordot(inverse, means, axes=1)
        every = {name: Stay(found[number], every[name].variance) for name, number in place.items()}
        known = [_rest(scenario, load, demand, own[name], every) for name, demand in load.routes.items()]
        spreads = np.stack([np.broadcast_to(variance, shape) for _, variance in known])
        wide = np.tensordot(inverse, spreads, axes=1)
        every = {name: Stay(found[number], wide[number]) for name, number in place.items()}
        if all(np.allclose(every[n].mean, before[n].mean, rtol=1e-12, atol=0.0) for n in every):
            break
    return every


def _own(scenario: Scenario, load: SystemLoad, demand: RouteDemand) -> Stay:
    service = load.services[demand.service]
    mean = with_waits_s(demand, service, own_s(scenario, load, demand, service, np.zeros(())))
    return Stay(np.asarray(mean), np.asarray(own_variance(load, demand, service)))


def _rest(
    scenario: Scenario, load: SystemLoad, demand: RouteDemand, own: Stay, every: Mapping[str, Stay]
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of a visit but for weight times those of the routes it calls outside of branches."""
    mean, variance = own
    for part in demand.parts:
        stay = _part(scenario, load, part, every)
        called = isinstance(part, Visit) and isinstance(part.to, RouteOf)
        linear = every[route_key(load.routes, part.to)] if called else Stay(np.zeros(()), np.zeros(()))  # type: ignore[union-attr, arg-type]
        mean = mean + part.weight * (stay.mean - linear.mean)
        spread = part.weight * (1 - part.weight) * np.minimum(stay.mean, FULL_S) ** 2
        variance = variance + part.weight * (stay.variance - linear.variance) + spread
    return mean, variance


def _part(scenario: Scenario, load: SystemLoad, part: Visit | Fork, every: Mapping[str, Stay]) -> Stay:
    """One call, or one set of branches, when it is taken."""
    if isinstance(part, Fork):
        branches = []
        for branch in part.branches:
            mean, variance = _own(scenario, load, branch)
            for inner in branch.parts:
                stay = _part(scenario, load, inner, every)
                mean = mean + inner.weight * stay.mean
                variance = variance + inner.weight * (stay.variance + (1 - inner.weight) * stay.mean**2)
            branches.append((np.minimum(mean, FULL_S), variance))
        return Stay(*longest(branches))
    if isinstance(part.to, str):
        external = load.externals[part.to]
        return Stay(np.minimum(external.stay_s, FULL_S), np.minimum(external.variance, FULL_S))
    stay = every[route_key(load.routes, part.to)]
    return Stay(stay.mean + scenario.services[part.to.service].network, stay.variance)


def route_errors(load: SystemLoad) -> dict[str, np.ndarray]:
    """Share of visits of each route that fail for want of a pool connection, of it or of what it calls, or refused."""
    own = {name: pool_errors(demand, load.services[demand.service]) for name, demand in load.routes.items()}
    if not any(demand.parts for demand in load.routes.values()):
        return own
    asked: dict[str, list[tuple[str, float]]] = {name: [] for name in own}
    for name, demand in load.routes.items():
        for visit, weight in calls_of(demand):
            if visit.optional:
                continue
            if isinstance(visit.to, str):
                own[name] = own[name] + weight * load.externals[visit.to].refused
            else:
                asked[name].append((route_key(load.routes, visit.to), weight))
    try:
        order = list(TopologicalSorter({n: [to for to, _ in calls] for n, calls in asked.items()}).static_order())
    except CycleError:
        return _errors_in_circles(own, asked)
    whole: dict[str, np.ndarray] = {}
    for name in order:
        whole[name] = sum((weight * whole[to] for to, weight in asked[name]), own[name])
    return {name: np.minimum(1.0, whole[name]) for name in own}


def _errors_in_circles(
    own: Mapping[str, np.ndarray], asked: Mapping[str, Sequence[tuple[str, float]]]
) -> dict[str, np.ndarray]:
    place = {name: number for number, name in enumerate(own)}
    matrix = np.zeros((len(own), len(own)))
    for name, calls in asked.items():
        for to, weight in calls:
            matrix[place[name], place[to]] += weight
    shape = np.broadcast_shapes(*(one.shape for one in own.values()))
    found = np.linalg.solve(
        np.eye(len(own)) - matrix, np.stack([np.broadcast_to(one, shape).ravel() for one in own.values()])
    )
    return {name: np.minimum(1.0, found[number].reshape(shape)) for name, number in place.items()}


def reaching(routes: Mapping[str, RouteDemand], service: str) -> set[str]:
    """The routes of a service, and those that wait for them through whatever calls."""
    found = {name for name, demand in routes.items() if demand.service == service}
    asked = {
        name: {route_key(routes, visit.to) for visit, _ in calls_of(demand) if isinstance(visit.to, RouteOf)}
        for name, demand in routes.items()
    }
    while more := {name for name, called in asked.items() if called & found} - found:
        found |= more
    return found


def calls_of(demand: RouteDemand, weight: float = 1.0) -> Iterator[tuple[Visit, float]]:
    """Every call of a route and how often it is made, in branches too."""
    for part in demand.parts:
        if isinstance(part, Visit):
            yield part, weight * part.weight
        else:
            for branch in part.branches:
                yield from calls_of(branch, weight * part.weight)
