"""Visit rates of a scenario's graph: routes, externals and queues, with the caches at their steady hit ratios."""

from __future__ import annotations

from novamodel.analytic.cache import every_hit_ratio
from novamodel.analytic.traffic_equations import Ratios, entry_rates, solve, source_rates, taken_steps
from novamodel.scenario import Scenario
from novamodel.scenario.graph import RouteOf


def route_rates(scenario: Scenario, rate: float | None = None) -> dict[RouteOf, float]:
    """Visits a second of every route of every service: from all sources, by calls and by messages.

    ``rate``: requests/s of the main source (default: its most); the others are at their most. Retries and failures
    are not counted. Raises ``ValueError`` where visits lead back without end.
    """
    return _rates(scenario, rate)[0]


def external_rates(scenario: Scenario, rate: float | None = None) -> dict[str, float]:
    """Calls a second of every external."""
    rates, ratios = _rates(scenario, rate)
    found = dict.fromkeys(scenario.externals, 0.0)
    for at, per_s in rates.items():
        for step, weight, _ in taken_steps(scenario.services[at.service].routes[at.route], per_s, ratios):
            if step.call is not None and step.call.to in found:
                found[step.call.to] += weight
    return found


def queue_rates(scenario: Scenario, rate: float | None = None) -> dict[str, float]:
    """Messages a second that are put into every queue."""
    rates, ratios = _rates(scenario, rate)
    found = dict.fromkeys(scenario.queues, 0.0)
    for at, per_s in rates.items():
        for step, weight, _ in taken_steps(scenario.services[at.service].routes[at.route], per_s, ratios):
            if step.publish is not None:
                found[step.publish] += weight
    return found


def _rates(scenario: Scenario, rate: float | None) -> tuple[dict[RouteOf, float], Ratios]:
    ratios = every_hit_ratio(scenario, rate)
    return solve(scenario, entry_rates(scenario, source_rates(scenario, rate)), ratios), ratios
