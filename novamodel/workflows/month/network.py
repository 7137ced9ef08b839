"""Bytes of answers, load balancers, the API gateway and messages as AWS meters them."""

from __future__ import annotations

from typing import Any, NamedTuple

from novamodel.analytic.flow import Flow
from novamodel.analytic.traffic_equations import route_shares
from novamodel.cost import ApiUse, Endpoint, LoadBalancer, NatGateway, QueueUse, Transfer, rule_evaluations_per_s
from novamodel.scenario import Scenario
from novamodel.scenario.graph import DIRECT, RouteOf
from novamodel.scenario.traffic import Source
from novamodel.workflows.month.between import REQUEST_BYTES, bytes_between, zone_share
from novamodel.workflows.month.compute import public_addresses
from novamodel.workflows.month.days import DayUse
from novamodel.workflows.month.declared.collect import flag
from novamodel.workflows.month.declared.network import carrier, kind_of, rules_of

GIB = 1024**3
REQUESTS_A_MESSAGE = 3
"""A message is sent, received and deleted, each by a request of its own: none is batched, none delivered again."""


class Answers(NamedTuple):
    """Mean bytes of an answer by source, and of a called route's; what nobody has stated, in words."""

    by_source: dict[str, float]
    called: dict[RouteOf, float]
    unknown: tuple[str, ...]


def from_outside(source: Source) -> bool:
    """Whether its requests cross a load balancer and its answers leave AWS: all but jobs straight at a service."""
    return not (source.loop == "periodic" and source.via == DIRECT)


def answers(scenario: Scenario, going: Flow) -> Answers:
    """Bytes of answers as the services state them."""
    unknown: dict[str, None] = {}

    def stated(at: RouteOf, what: str) -> float:
        known = scenario.services[at.service].response_bytes
        if at.route not in known:
            unknown[f"{what}: services.*.response_bytes does not state its bytes"] = None
        return float(known.get(at.route, 0))

    by_source = {}
    for name, source in scenario.traffic.sources.items():
        by_source[name] = 0.0
        for route, share in route_shares(source).items() if from_outside(source) else ():
            at = RouteOf(scenario.service_of(route), route)
            by_source[name] += share * stated(at, f"data transfer of route {route}")
    called = {at: stated(at, f"data transfer of calls to {at}") for at in going.calls}
    return Answers(by_source, called, tuple(unknown))


def outside_requests(scenario: Scenario, hours: DayUse) -> float:
    """Requests a second that come from outside, answered or not."""
    rates = hours.mean_rates
    return sum(rates[name] for name, source in scenario.traffic.sources.items() if from_outside(source))


def transfer(scenario: Scenario, going: Flow, said: Answers, rates: dict[str, float], seconds: float) -> Transfer:
    """What leaves to the internet, and what moves between zones: of the bytes between tiers, those that cross one."""
    out_gib = sum(rate * seconds * said.by_source[name] for name, rate in rates.items()) / GIB
    share = zone_share(scenario)
    moved = bytes_between(scenario, going, said.by_source, rates).total * seconds / GIB if share else 0.0
    return Transfer(internet_gib=out_gib, cross_az_gib=moved * share)


AWS_ENDPOINTS = ("logs", "ecr.api", "ecr.dkr", "secretsmanager")
"""AWS services that a task asks for: its logs, its image (two of them), its secrets."""


def outward(scenario: Scenario, out_gib: float, log_gib: float) -> dict[str, list[Any]]:
    """NAT gateways, interface endpoints or nothing, as services reach what is outside of their subnets."""
    pricing = scenario.pricing
    said = scenario.origin("pricing.nat_gateways").kind in ("file", "override")
    if public_addresses(scenario) and not (said and pricing.outward is None):
        return {"nat": []}
    through, endpoints = out_gib * pricing.nat_share + log_gib, []
    if pricing.outward == "interface endpoints":
        through -= log_gib
        endpoints = [
            Endpoint(name=name, zones=scenario.platform.zones, gib=log_gib if name == "logs" else 0)
            for name in AWS_ENDPOINTS
        ]
    return {"nat": _gateways(scenario, through), "endpoints": endpoints}


def _gateways(scenario: Scenario, through_gib: float) -> list[NatGateway]:
    """NAT gateways as they are declared, each with what a usage file says, else its share of the traffic."""
    count = scenario.pricing.nat_gateways
    declared = scenario.declared_of("aws_nat_gateway")
    if sum(one.count for one in declared) != count:
        return [NatGateway(count=count, gib=through_gib)] if count else []
    said = {one.name: one.used("monthly_data_processed_gb") for one in declared}
    each = 0.0 if any(gib is not None for gib in said.values()) or not count else through_gib / count
    gibs = {name: each if gib is None else gib for name, gib in said.items()}
    return [NatGateway(name=one.name, count=one.count, gib=gibs[one.name] * one.count) for one in declared]


def balancers(scenario: Scenario, hours: DayUse, out_bytes: dict[str, float]) -> tuple[LoadBalancer, ...]:
    """The load balancers, each with its share of the day's profile."""
    pricing, declared = scenario.pricing, carrier(scenario)
    told = sum(one.count for one in scenario.declared if one.modelled == "pricing.load_balancers" and one.usage)
    count = max(0, pricing.load_balancers - told) if declared is None else declared.count
    if not count:
        return ()
    share = 1 / count
    rules = rules_of(scenario)
    title = "balancer" if declared is None else declared.name
    outside = {name: source for name, source in scenario.traffic.sources.items() if from_outside(source)}
    connections, bytes_per_s, requests = ([0.0] * len(next(iter(hours.rates.values()))) for _ in range(3))
    for name, source in outside.items():
        edge = scenario.edge if source.via == DIRECT else scenario.all_edges[source.via]
        for hour, rate in enumerate(hours.rates[name]):
            requests[hour] += rate * share
            connections[hour] += rate * share / edge.requests_per_connection
            bytes_per_s[hour] += rate * share * (hours.shares[hour] * out_bytes[name] + REQUEST_BYTES)
    return tuple(
        LoadBalancer(
            name=f"{title} {number + 1}" if count > 1 else title,
            kind="alb" if declared is None else kind_of(declared),
            new_connections_per_s=tuple(connections),
            active_connections=tuple(rate * pricing.connection_lifetime for rate in connections),
            processed_gib_per_hour=tuple(rate * 3600 / GIB for rate in bytes_per_s),
            rule_evaluations_per_s=tuple(float(rule_evaluations_per_s(rate, rules)) for rate in requests),
        )
        for number in range(count)
    )


def apis(scenario: Scenario, requests: float, largest_bytes: float) -> tuple[ApiUse, ...]:
    """Requests of a month through Amazon API Gateway: all that come (simplified: AWS bills none that it throttles)."""
    gateway = scenario.gateway
    if gateway is None or gateway.kind != "aws":
        return ()
    return (ApiUse(kind=gateway.api, requests=requests, metered_kib=largest_bytes / 1024),)


def queues(scenario: Scenario, going: Flow, seconds: float) -> tuple[QueueUse, ...]:
    """Requests of a month at every queue; messages that nobody takes are only sent."""
    fifo = {one.name for one in scenario.declared_of("aws_sqs_queue") if flag(one, "fifo_queue")}
    taken = {one.queue for service in scenario.services.values() for one in service.consumers.values()}
    return tuple(
        QueueUse(
            name=name,
            requests=per_s * seconds * (REQUESTS_A_MESSAGE if name in taken else 1),
            fifo=name in fifo,
        )
        for name, per_s in going.messages.items()
        if per_s > 0
    )
