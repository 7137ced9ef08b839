"""Declared load balancers, addresses, endpoints, gateways, DNS and firewalls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from novamodel.cost import ApiUse, Endpoint, LoadBalancer
from novamodel.scenario import Scenario
from novamodel.scenario.declared import Declared
from novamodel.workflows.month.declared.collect import BY_USE, Found, blocks, flag

Kind = Literal["alb", "nlb", "gwlb", "classic"]
KINDS: dict[str, Kind] = {"network": "nlb", "gateway": "gwlb", "application": "alb", "": "alb"}

BALANCERS = ("aws_lb", "aws_alb", "aws_elb")


def carrier(scenario: Scenario) -> Declared | None:
    """The declared load balancer that the traffic comes through where no application load balancer is declared."""
    if scenario.origin("pricing.load_balancers").kind in ("file", "override"):
        return None
    return next((one for one in scenario.declared_of(*BALANCERS) if one.modelled is None), None)


def kind_of(one: Declared) -> Kind:
    """Kind of a declared load balancer."""
    return "classic" if one.type == "aws_elb" else KINDS.get(one.text("load_balancer_type"), "alb")


def load_balancer(one: Declared, found: Found) -> None:
    """One beside those that the traffic comes through."""
    kind = kind_of(one)
    if one is carrier(found.scenario):
        return
    for number in range(one.count):
        name = one.name if one.count == 1 else f"{one.name} {number + 1}"
        found.add("load_balancers", LoadBalancer(name=name, kind=kind))
    if not flag(one, "internal"):
        found.meter("vpc.public_ipv4", one.count * found.scenario.platform.zones * found.hours, one)
    found.leave(one, f"its {'bytes' if kind == 'classic' else 'capacity units'}: {BY_USE}")


def address(one: Declared, found: Found) -> None:
    """Elastic addresses; one a NAT gateway is on the bill already."""
    found.count("addresses", one.count)


def endpoint(one: Declared, found: Found) -> None:
    """An interface endpoint in every zone; gateway endpoints cost nothing."""
    kind = one.text("vpc_endpoint_type") or "Gateway"
    if kind == "Gateway":
        found.costs_nothing(one, "a gateway endpoint")
        return
    zones = found.scenario.platform.zones if kind == "Interface" else 1
    found.add("endpoints", Endpoint(name=one.name, count=one.count, zones=zones))
    found.leave(one, f"its data: {BY_USE}")


def hourly(key: str) -> Callable[[Declared, Found], None]:
    """A handler of what is billed by the hour alone, and by data that no file says."""

    def handle(one: Declared, found: Found) -> None:
        found.meter(key, one.count * found.hours, one)
        found.leave(one, f"its data: {BY_USE}")

    return handle


def resolver(one: Declared, found: Found) -> None:
    """A Route 53 Resolver endpoint: each address by the hour."""
    addresses = max(2, len(blocks(one, "ip_address")))
    found.meter("route53.resolver.hour", addresses * one.count * found.hours, one)
    found.leave(one, f"queries: {BY_USE}")


def zone(one: Declared, found: Found) -> None:
    """A hosted zone."""
    found.meter("route53.hosted_zone", one.count, one)
    found.leave(one, f"queries: {BY_USE}")


def health_check(one: Declared, found: Found) -> None:
    """A health check with its paid features, as of an endpoint in AWS."""
    features = int(one.text("type").upper().startswith("HTTPS")) + int("STR_MATCH" in one.text("type").upper())
    features += int(flag(one, "measure_latency")) + int(one.number("request_interval") == 10)
    found.meter("route53.health_check.aws", one.count, one)
    found.meter("route53.health_check.aws_feature", one.count * features, one)


def rules_of(scenario: Scenario) -> int:
    """Rules of the load balancer: each declared one, and the default."""
    return sum(one.count for one in scenario.declared_of("aws_lb_listener_rule", "aws_alb_listener_rule")) + 1


def web_acl(one: Declared, found: Found) -> None:
    """A web ACL with its rules; all requests from outside pass the first one."""
    rules = len(blocks(one, "rule")) + len(blocks(one, "rules"))
    found.meter("waf.web_acl", one.count, one)
    found.meter("waf.rule", one.count * rules, one)
    if not any(item.key == "waf.requests" for item in found.metered):
        found.meter("waf.requests", found.requests, one, "use")


def api(one: Declared, found: Found) -> None:
    """An API whose requests the scenario prices where it goes through `gateway`."""
    if found.scenario.gateway is None or found.scenario.gateway.kind != "aws":
        found.leave(one, f"requests: {BY_USE}")


def api_stage(one: Declared, found: Found) -> None:
    """A stage costs nothing but its cache."""
    size = one.number("cache_cluster_size")
    if flag(one, "cache_cluster_enabled") and size:
        found.add("apis", ApiUse(name=one.name, kind="rest", cache_gb=size))
    else:
        found.costs_nothing(one)
