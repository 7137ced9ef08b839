"""Declared load balancers, addresses, endpoints, gateways, DNS and firewalls."""

from __future__ import annotations

from typing import Literal

from novamodel.cost import Endpoint, LoadBalancer
from novamodel.scenario import Scenario
from novamodel.scenario.declared import Declared
from novamodel.workflows.month.declared.collect import BY_USE, Found, blocks, flag, inside
from novamodel.workflows.month.declared.table import Part, leave_unsaid, meter_used

Kind = Literal["alb", "nlb", "gwlb", "classic"]
KINDS: dict[str, Kind] = {"network": "nlb", "gateway": "gwlb", "application": "alb", "": "alb"}

BALANCERS = ("aws_lb", "aws_alb", "aws_elb")
LOADS = ("new_connections", "active_connections", "processed_bytes_gb", "rule_evaluations")


def carrier(scenario: Scenario) -> Declared | None:
    """The declared load balancer that the traffic comes through where no application load balancer is declared."""
    if scenario.origin("pricing.load_balancers").kind in ("file", "override"):
        return None
    return next((one for one in scenario.declared_of(*BALANCERS) if one.modelled is None and not one.usage), None)


def kind_of(one: Declared) -> Kind:
    """Kind of a declared load balancer."""
    return "classic" if one.type == "aws_elb" else KINDS.get(one.text("load_balancer_type"), "alb")


def load_balancer(one: Declared, found: Found) -> None:
    """One beside those that the traffic comes through, with its load as a usage file says."""
    kind = kind_of(one)
    if not found.alone and one is carrier(found.scenario):
        return
    bytes_gb = one.used("processed_bytes_gb", "monthly_data_processed_gb")
    loads = [one.used(name) for name in LOADS]
    for number in range(one.count):
        name = one.name if one.count == 1 else f"{one.name} {number + 1}"
        balancer = LoadBalancer(
            name=name,
            kind=kind,
            new_connections_per_s=(loads[0] or 0,),
            active_connections=(loads[1] or 0,),
            processed_gib_per_hour=((bytes_gb or 0) / found.hours,),
            rule_evaluations_per_s=(loads[3] or 0,),
        )
        found.add("load_balancers", balancer)
    if not flag(one, "internal"):
        zones = one.number("subnet_mapping.count") or found.scenario.platform.zones
        found.meter("vpc.public_ipv4", one.count * zones * found.hours, one)
    if bytes_gb is None:
        found.leave(one, f"its {'bytes' if kind == 'classic' else 'capacity units'}: {BY_USE}")


def address(one: Declared, found: Found) -> None:
    """Elastic addresses; one a NAT gateway is on the bill already."""
    found.count("addresses", one.count, one)


def endpoint(one: Declared, found: Found) -> None:
    """An endpoint in every subnet that is written; gateway endpoints cost nothing."""
    kind = one.text("vpc_endpoint_type") or "Gateway"
    if kind == "Gateway":
        found.costs_nothing(one, "a gateway endpoint")
        return
    subnets = one.number("subnet_ids.count") or one.used("vpc_endpoint_interfaces")
    if kind == "GatewayLoadBalancer":
        hours = one.count * (subnets or 1) * found.hours
        found.meter("vpc.endpoint.gateway_balancer.hour", hours, one)
        part = Part("vpc.endpoint.gateway_balancer.data", "monthly_data_processed_gb")
        leave_unsaid(one, found, meter_used(one, found, (part,)))
        return
    if subnets is None:
        subnets = 1
        found.leave(one, "its subnets are not written: one zone is priced")
    data = one.used("monthly_data_processed_gb")
    gib = (data or 0) * one.count
    found.add("endpoints", Endpoint(name=one.name, count=one.count, zones=int(subnets), gib=gib))
    if data is None:
        found.leave(one, f"its data: {BY_USE}")


def vpn(one: Declared, found: Found) -> None:
    """A VPN connection; through a transit gateway it is an attachment of that, too."""
    parts = [Part("vpn.hour", hours=True)]
    if "transit_gateway_id" in one.links or "transit_gateway_id" in one.values:
        parts += [Part("transit.hour", hours=True), Part("transit.data", "monthly_data_processed_gb")]
    leave_unsaid(one, found, meter_used(one, found, tuple(parts)))


def firewall(one: Declared, found: Found) -> None:
    """A Network Firewall: an endpoint in every subnet by the hour, and its data."""
    subnets = one.number("subnet_mapping.count") or 1
    found.meter("firewall.hour", subnets * one.count * found.hours, one)
    leave_unsaid(one, found, meter_used(one, found, (Part("firewall.data", "monthly_data_processed_gb"),)))


def resolver(one: Declared, found: Found) -> None:
    """A Route 53 Resolver endpoint: each address by the hour."""
    addresses = max(2, len(blocks(one, "ip_address")))
    found.meter("route53.resolver.hour", addresses * one.count * found.hours, one)
    leave_unsaid(one, found, meter_used(one, found, (Part("route53.resolver.queries", "monthly_queries"),)))


def zone(one: Declared, found: Found) -> None:
    """A hosted zone; queries stand with its records, or are not said."""
    found.meter("route53.hosted_zone", one.count, one)
    told = [record for record in found.scenario.declared_of("aws_route53_record") if record.usage]
    if not told:
        found.leave(one, f"queries: {BY_USE}")


def record(one: Declared, found: Found) -> None:
    """A record costs nothing; queries of it as a usage file says, of an alias to AWS nothing."""
    parts = (
        Part("route53.queries", "monthly_standard_queries"),
        Part("route53.latency_queries", "monthly_latency_based_queries"),
        Part("route53.geo_queries", "monthly_geo_queries"),
    )
    if not one.usage or any(key.startswith("alias.") for key in (*one.values, *one.links)):
        found.costs_nothing(one)
    else:
        meter_used(one, found, parts)


def health_check(one: Declared, found: Found) -> None:
    """A health check with its paid features, of an endpoint in AWS or outside (as a usage file says)."""
    kind = one.text("type").upper()
    where = "outside" if str(one.usage.get("endpoint_type", "aws")).lower() == "non_aws" else "aws"
    features = int(kind.startswith("HTTPS")) + int("STR_MATCH" in kind)
    features += int(flag(one, "measure_latency")) + int(one.number("request_interval") == 10)
    if kind in ("CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"):
        features = 0
    found.meter(f"route53.health_check.{where}", one.count, one)
    found.meter(f"route53.health_check.{where}_feature", one.count * features, one)


def rules_of(scenario: Scenario) -> int:
    """Rules of the load balancer: each declared one, and the default."""
    return sum(one.count for one in scenario.declared_of("aws_lb_listener_rule", "aws_alb_listener_rule")) + 1


def web_acl(one: Declared, found: Found) -> None:
    """A web ACL with its rules and groups; requests as a usage file says, else all from outside pass the first one."""
    prefixes = [*blocks(one, "rule"), *blocks(one, "rules")]
    kinds = [_kind_of_rule(one, prefix) for prefix in prefixes]
    inside = (one.used("rule_group_rules") or 0) + (one.used("managed_rule_group_rules") or 0)
    found.meter("waf.web_acl", one.count, one)
    found.meter("waf.rule", one.count * (kinds.count("rule") + inside), one)
    for kind in ("group", "managed"):
        found.meter("waf.rule", one.count * kinds.count(kind), one)
    said = one.used("monthly_requests")
    if said is not None:
        found.meter("waf.requests", said * one.count, one, "use")
    elif found.alone:
        found.leave(one, f"requests: {BY_USE}")
    elif not any(item.key == "waf.requests" for item in found.metered):
        found.meter("waf.requests", found.requests, one, "use")


def _kind_of_rule(one: Declared, prefix: str) -> str:
    """A rule of its own, a group of rules, or a managed group."""
    if one.text(f"{prefix}type").upper() == "GROUP":
        return "group"
    keys = inside(one, prefix)
    if any("managed_rule_group_statement" in key for key in keys):
        return "managed"
    return "group" if any("rule_group_reference_statement" in key for key in keys) else "rule"


def transfer(one: Declared, found: Found) -> None:
    """Bytes that a usage file says leave a region: to the internet, to other regions, between its zones."""
    own = found.scenario.pricing.region
    region = str(one.usage.get("region", own))
    prefix = "transfer" if region == own else f"transfer.{region}"
    near = "transfer.inter_region_near" if region == "us-east-1" == own else f"{prefix}.inter_region_near"
    cross = Part(f"{prefix}.cross_az", "monthly_intra_region_gb", 2.0)
    parts = (
        cross,
        Part(f"{prefix}.internet_out", "monthly_outbound_internet_gb"),
        Part(f"{prefix}.inter_region", "monthly_outbound_other_regions_gb"),
        Part(near, "monthly_outbound_us_east_to_us_east_gb"),
    )
    meter_used(one, found, parts)
