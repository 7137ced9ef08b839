"""Bytes of answers, load balancers and the API gateway as AWS meters them."""

from __future__ import annotations

from typing import Any

from novamodel.cost import LoadBalancer
from novamodel.scenario import Scenario
from novamodel.workflows.month.days import DayUse

GIB = 1024**3
REQUEST_BYTES = 400
"""Bytes of one request with TLS (measured: 355 to 498 on NovaBank's test stack)."""
BALANCER_RULES = 3


def response_bytes(scenario: Scenario) -> tuple[float, tuple[str, ...]]:
    """Mean bytes of an answer, and the routes whose bytes nobody has stated."""
    total, unknown = 0.0, []
    for route, share in scenario.traffic.mix.items():
        known = scenario.services[scenario.service_of(route)].response_bytes
        if route in known:
            total += share * known[route]
        else:
            unknown.append(f"data transfer of route {route}: services.*.response_bytes does not state its bytes")
    return total, tuple(unknown)


def balancers(scenario: Scenario, hours: DayUse, out_bytes: float) -> tuple[LoadBalancer, ...]:
    """The load balancers, each with its share of the day's profile."""
    pricing = scenario.pricing
    if not pricing.load_balancers:
        return ()
    share = 1 / pricing.load_balancers
    connections = [rate * share / scenario.edge.requests_per_connection for rate in hours.rate_per_s]
    return tuple(
        LoadBalancer(
            name=f"balancer {number + 1}" if pricing.load_balancers > 1 else "balancer",
            new_connections_per_s=tuple(connections),
            active_connections=tuple(rate * pricing.connection_lifetime for rate in connections),
            processed_gib_per_hour=tuple(
                rate * share * 3600 * (out_bytes + REQUEST_BYTES) / GIB for rate in hours.rate_per_s
            ),
            rule_evaluations_per_s=tuple(rate * share * max(0, BALANCER_RULES - 10) for rate in hours.rate_per_s),
        )
        for number in range(pricing.load_balancers)
    )


def api_gateway(scenario: Scenario, requests: float) -> dict[str, Any]:
    """Requests of a month through Amazon API Gateway: all that come (simplified: AWS bills none that it throttles)."""
    gateway = scenario.gateway
    if gateway is None or gateway.kind != "aws":
        return {}
    return {"api_gateway": gateway.api, "api_requests": requests}
