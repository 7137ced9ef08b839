"""Bytes that move between the tiers, and which of them cross zones."""

from __future__ import annotations

from typing import NamedTuple

from novamodel.analytic import every_hit_ratio
from novamodel.analytic.flow import Flow
from novamodel.analytic.traffic_equations import taken_steps
from novamodel.scenario import Scenario
from novamodel.scenario.graph import DIRECT, RouteOf

REQUEST_BYTES = 400
"""Bytes of one request with TLS (measured: 355 to 498 on NovaBank's test stack)."""
COMMAND_BYTES = 60
"""Bytes of a cache command or a statement with its protocol (assumed)."""


class Between(NamedTuple):
    """Bytes a second by the tiers they move between, both directions."""

    edge: float  # from the reverse proxy to the services
    services: float  # from service to service
    database: float
    cache: float

    @property
    def total(self) -> float:
        """All of them."""
        return sum(self)


def bytes_between(scenario: Scenario, going: Flow, by_source: dict[str, float], rates: dict[str, float]) -> Between:
    """At mean rates of answered requests. A transaction brings what its route answers; a cache command one value.

    ``by_source``: bytes of an answer, by source. Simplified: what a statement brings is not known, and taken for the
    answer of its route, shared out over the route's transactions.
    """
    through = [name for name, source in scenario.traffic.sources.items() if source.via != DIRECT]
    edge = sum(rates[name] * (by_source[name] + REQUEST_BYTES) for name in through)
    calls = sum(per_s * (_answer(scenario, at) + REQUEST_BYTES) for at, per_s in going.calls.items())
    ratios = every_hit_ratio(scenario)
    database = cache = 0.0
    for at, per_s in going.visits.items():
        steps = scenario.services[at.service].routes[at.route]
        taken = list(taken_steps(steps, per_s, ratios))
        transactions = [often for step, often, _ in taken if step.sql is not None]
        database += sum(transactions) * COMMAND_BYTES
        database += _answer(scenario, at) * min(per_s, sum(transactions))
        for step, often, _ in taken:
            if step.cache is not None:
                space = scenario.all_caches[step.cache.store].keyspaces[step.cache.keyspace]
                cache += often * step.cache.count * (space.value_bytes + COMMAND_BYTES)
    return Between(edge, calls, database, cache)


def _answer(scenario: Scenario, at: RouteOf) -> float:
    return float(scenario.services[at.service].response_bytes.get(at.route, 0))


def zone_share(scenario: Scenario) -> float:
    """Share of bytes between tiers that crosses a zone: as said, else that of replicas spread evenly."""
    said = scenario.pricing.cross_zone_share
    return 1 - 1 / scenario.platform.zones if said is None else said
