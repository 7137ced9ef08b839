"""What a mean second of the day sends where: requests from outside, visits, calls and messages of a graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from novamodel.analytic.cache import every_hit_ratio
from novamodel.analytic.traffic_equations import entry_rates, solve, taken_steps
from novamodel.errors import UserError
from novamodel.scenario import Scenario
from novamodel.scenario.demand import walk_steps
from novamodel.scenario.graph import DIRECT, RouteOf, called
from novamodel.scenario.traffic import Source

HOURS = 24


class Flow(NamedTuple):
    """Rates a second. Retries, failures and redeliveries are not counted."""

    entries: dict[RouteOf, float]  # from all sources
    visits: dict[RouteOf, float]  # those, calls and messages
    calls: dict[RouteOf, float]  # from service to service
    externals: dict[str, float]  # calls, by external
    messages: dict[str, float]  # published, by queue
    edges: dict[str, float]  # requests, by edge


def hourly_rates(scenario: Scenario, multiple: float = 1.0) -> dict[str, list[float]]:
    """Mean arrival rate (requests/s) of every source in every hour of the day; jobs by the clock do not grow."""
    return {name: _hours(source, multiple) for name, source in scenario.traffic.sources.items()}


def _hours(source: Source, multiple: float) -> list[float]:
    grown = 1.0 if source.loop == "periodic" else multiple
    return [
        grown * float(np.mean([source.rate_at((hour + (i + 0.5) / 12) * 3600.0) for i in range(12)]))
        for hour in range(HOURS)
    ]


def mean_rates(scenario: Scenario, multiple: float = 1.0) -> dict[str, float]:
    """Mean arrival rate (requests/s) of every source over the day."""
    return {name: sum(hours) / HOURS for name, hours in hourly_rates(scenario, multiple).items()}


def flow(scenario: Scenario, sources: Mapping[str, float]) -> Flow:
    """Follow the requests/s of every source through the graph; caches at their steady hit ratios.

    Raises ``UserError`` where visits lead back without end.
    """
    entries = entry_rates(scenario, sources)
    edges = dict.fromkeys(scenario.all_edges, 0.0)
    for name, source in scenario.traffic.sources.items():
        if source.via != DIRECT:
            edges[source.via] += sources[name]
    calls: dict[RouteOf, float] = {}
    externals, messages = dict.fromkeys(scenario.externals, 0.0), dict.fromkeys(scenario.queues, 0.0)
    if not leads_on(scenario):
        return Flow(entries, dict(entries), calls, externals, messages, edges)
    try:
        ratios = every_hit_ratio(scenario)
        visits = solve(scenario, entries, ratios)
    except ValueError as problem:
        raise UserError(str(problem), path="services", valid="a step whose chance ends the circle") from None
    for at, per_s in visits.items():
        for step, often, _ in taken_steps(scenario.services[at.service].routes[at.route], per_s, ratios):
            if step.publish is not None:
                messages[step.publish] += often
            elif step.call is not None:
                target = called(scenario, step.call.to)
                if isinstance(target, RouteOf):
                    calls[target] = calls.get(target, 0.0) + often
                else:
                    externals[target] += often
    return Flow(entries, visits, calls, externals, messages, edges)


def leads_on(scenario: Scenario) -> bool:
    """Whether any route calls or publishes."""
    return any(
        step.call is not None or step.publish is not None
        for service in scenario.services.values()
        for steps in service.routes.values()
        for step in walk_steps(steps)
    )
