"""The traffic equations of the graph: how often every route, external and queue is visited (Jackson's first step).

The rate of a route is what sources ask of it plus what other routes send: calls, branches, steps by chance or behind
a cache miss, messages of a queue to their consumers. They are added up from the callers down; calls that lead back by
chance make a linear system, which is solved as one. Retries, failures and second deliveries of messages are not
counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

import numpy as np

from novamodel.scenario import Scenario
from novamodel.scenario.demand import MAIN, Step
from novamodel.scenario.graph import RouteOf, called
from novamodel.scenario.traffic import Source

Ratios = Mapping[str, Mapping[str, float]]
"""Hit ratio by cache and keyspace."""


class Taken(NamedTuple):
    """A step, how often a visit of its route takes it, and the (cache, keyspace)s whose misses led there."""

    step: Step
    weight: float
    filling: tuple[tuple[str, str], ...]


def taken_steps(
    steps: tuple[Step, ...], weight: float, ratios: Ratios, filling: tuple[tuple[str, str], ...] = ()
) -> Iterator[Taken]:
    """Every step of a route, inner ones too, with how often it is taken when the route is visited ``weight`` times."""
    for step in steps:
        often = weight if step.chance is None else weight * step.chance
        yield Taken(step, often, filling)
        for branch in (step.then or (), *(step.parallel or ())):
            yield from taken_steps(branch, often, ratios, filling)
        if step.cache is not None and step.cache.on_miss:
            store, keyspace = step.cache.store, step.cache.keyspace
            missed = often * (1 - ratios[store][keyspace] ** step.cache.count)
            yield from taken_steps(step.cache.on_miss, missed, ratios, (*filling, (store, keyspace)))


def source_rates(scenario: Scenario, rate: float | None = None) -> dict[str, float]:
    """Requests/s of every traffic source: the main one at ``rate`` (default: its most), the others at their most."""
    found = {name: source.most_per_s for name, source in scenario.traffic.sources.items()}
    return found if rate is None else found | {MAIN: rate}


def route_shares(source: Source) -> dict[str, float]:
    """Share of each route among a source's requests; of a replay without a mix, whose files alone say it: even."""
    if source.sessions:
        asked: Counter[str] = Counter()
        for session in source.sessions.values():
            for route in session.routes:
                asked[route] += session.share  # type: ignore[assignment]
        total = sum(asked.values())
        return {route: many / total for route, many in asked.items()}
    return dict(source.mix) or {route: 1 / len(source.routes) for route in source.routes}


def entry_rates(scenario: Scenario, sources: Mapping[str, float]) -> dict[RouteOf, float]:
    """Requests/s that each route gets from outside, given those of each source."""
    found: dict[RouteOf, float] = {}
    for name, source in scenario.traffic.sources.items():
        for route, share in route_shares(source).items():
            at = RouteOf(scenario.service_of(route), route)
            found[at] = found.get(at, 0.0) + share * sources[name]
    return found


def next_visits(scenario: Scenario, route: RouteOf, ratios: Ratios) -> dict[RouteOf, float]:
    """Visits of other routes that one visit of ``route`` makes, by call or by message."""
    found: dict[RouteOf, float] = {}
    for step, weight, _ in taken_steps(scenario.services[route.service].routes[route.route], 1.0, ratios):
        if step.call is not None:
            target = called(scenario, step.call.to)
            if isinstance(target, RouteOf):
                found[target] = found.get(target, 0.0) + weight
        elif step.publish is not None:
            for target, share in consumer_shares(scenario, step.publish).items():
                found[target] = found.get(target, 0.0) + weight * share
    return found


def consumer_shares(scenario: Scenario, queue: str) -> dict[RouteOf, float]:
    """Share of a queue's messages that each consuming route takes: by replicas times concurrency (assumed)."""
    room: dict[RouteOf, float] = {}
    for name, service in scenario.services.items():
        for consumer in service.consumers.values():
            if consumer.queue == queue:
                at = RouteOf(name, consumer.route)
                room[at] = room.get(at, 0.0) + float(service.replicas * consumer.concurrency)
    total = sum(room.values())
    return {at: many / total if total > 0 else 1 / len(room) for at, many in room.items()}


def solve(scenario: Scenario, entries: Mapping[RouteOf, float], ratios: Ratios) -> dict[RouteOf, float]:
    """Visits a second of every route of the scenario, given those from outside: the routes asked for come first.

    Raises ``ValueError`` where a visit makes, on average, one or more further visits of the same route.
    """
    routes = list(entries)
    for name, service in scenario.services.items():
        routes += [RouteOf(name, one) for one in service.routes if RouteOf(name, one) not in entries]
    rates = {route: entries.get(route, 0.0) for route in routes}
    sent = {route: next_visits(scenario, route, ratios) for route in routes}
    if not any(sent.values()):
        return rates
    try:
        order = list(TopologicalSorter({route: list(targets) for route, targets in sent.items()}).static_order())
    except CycleError:
        return _in_circles(routes, rates, sent)
    for route in reversed(order):  # callers come before those they call
        for target, visits in sent[route].items():
            rates[target] += visits * rates[route]
    return rates


def _in_circles(
    routes: list[RouteOf], rates: Mapping[RouteOf, float], sent: Mapping[RouteOf, Mapping[RouteOf, float]]
) -> dict[RouteOf, float]:
    """Visits where calls lead back by chance."""
    position = {route: number for number, route in enumerate(routes)}
    matrix = np.zeros((len(routes), len(routes)))
    for route, targets in sent.items():
        for target, visits in targets.items():
            matrix[position[target], position[route]] = visits
    if np.abs(np.linalg.eigvals(matrix)).max() >= 1 - 1e-9:
        raise ValueError("calls or messages lead back so often that the visits of a request never end on average")
    found = np.linalg.solve(np.eye(len(routes)) - matrix, np.array([rates[route] for route in routes]))
    return {route: max(0.0, float(found[position[route]])) for route in routes}
