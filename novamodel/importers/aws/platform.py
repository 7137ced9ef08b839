"""Where it runs and what surrounds it, as declared: region, nodes, NAT gateways, load balancers, logs."""

from __future__ import annotations

from novamodel.importers.aws.estate import Estate, total
from novamodel.importers.declared import Resource
from novamodel.importers.quantity import whole
from novamodel.importers.report import Draft, Said
from novamodel.scenario import node_types

_DAYS_A_MONTH = 30.4375
_NODES = ("aws_eks_node_group", "aws_launch_template", "aws_launch_configuration", "aws_instance")


def say_platform(estate: Estate, kind: str, on_aws: bool, draft: Draft) -> None:
    """Write region, node type and the counts that the bill asks for."""
    for one in estate.of("provider"):
        if one.name == "aws":
            _region(one, draft)
    if on_aws:
        _nodes(estate, kind, draft)
        _counted(estate.of("aws_nat_gateway"), "pricing.nat_gateways", draft)
        _nat_declared(estate, draft)
        balancers = [
            one for one in estate.of("aws_lb", "aws_alb") if one.text("load_balancer_type") in ("", "application")
        ]
        _counted(balancers, "pricing.load_balancers", draft)
        _logs(estate, draft)


def _region(one: Resource, draft: Draft) -> None:
    region = one.text("region")
    if region:
        one.modelled = "pricing.region"
        draft.say(Said("pricing.region", region, *one.place("region")))


def _counted(found: list[Resource], path: str, draft: Draft) -> None:
    if found:
        for one in found:
            one.modelled = path
        why = "" if len(found) == 1 else f"{len(found)} places declare them"
        draft.say(Said(path, total(found), found[0].file, found[0].line, why))


def _nat_declared(estate: Estate, draft: Draft) -> None:
    """A network without a NAT gateway has none."""
    network = estate.of("aws_vpc")
    if network and not estate.of("aws_nat_gateway"):
        place = (network[0].file, network[0].line)
        why = "derived: the network is declared, and no NAT gateway with it"
        draft.say(Said("pricing.nat_gateways", 0, *place, why, "derived"))


def _nodes(estate: Estate, kind: str, draft: Draft) -> None:
    """The EC2 type of the nodes, and whether there are any."""
    groups = estate.of(*_NODES, "aws_autoscaling_group")
    if kind == "eks" and estate.of("aws_eks_node_group"):
        groups = estate.of("aws_eks_node_group", "aws_launch_template")
    fargate = estate.of("aws_eks_fargate_profile")
    nodes = estate.of("aws_eks_node_group", "aws_autoscaling_group")
    if kind == "eks" and nodes:
        draft.say(Said("platform.compute", "ec2", nodes[0].file, nodes[0].line, "nodes are declared"))
    elif kind == "eks" and fargate:
        draft.say(
            Said("platform.compute", "fargate", fargate[0].file, fargate[0].line, "a Fargate profile is declared")
        )
    known = {one.name for one in node_types()}
    for one in groups if kind == "eks" or estate.of("aws_ecs_capacity_provider", "aws_autoscaling_group") else []:
        for key in ("instance_types", "instance_type"):
            node = one.body[key][0] if isinstance(one.body[key].value, list) else one.body[key]
            if node.text in known:
                one.modelled = one.modelled or "platform.node_type"
                draft.say(Said("platform.node_type", node.text, node.file, node.line))
            elif node.text:
                message = f"EC2 type {node.text[:40]!r} is not known: another is assumed, and nothing prices it"
                fix = "set platform.node_type to a known type of the same size"
                draft.find("warning", "node-type-unknown", node.file, node.line, message, fix)


def _logs(estate: Estate, draft: Draft) -> None:
    """Months that logs are kept: the longest of the groups that say it."""
    kept = []
    for one in estate.of("aws_cloudwatch_log_group"):
        days = whole(one.get("retention_in_days"))
        if isinstance(days, int) and not isinstance(days, bool) and 0 < days <= 3653:
            kept.append((days, one))
    endless = [one for one in estate.of("aws_cloudwatch_log_group") if one.get("retention_in_days") in (None, 0)]
    endless = [one for one in endless if not one.body["retention_in_days"] or one.get("retention_in_days") == 0]
    if endless:
        for one in (*endless, *(one for _, one in kept)):
            one.modelled = "pricing.log_retention_months"
        why = "documented: CloudWatch Logs keeps a group without retention_in_days for ever"
        where = (endless[0].file, endless[0].line)
        draft.say(Said("pricing.log_retention_months", "for ever", *where, why, "documented"))
    elif kept:
        days, longest = max(kept, key=lambda pair: pair[0])
        for _, one in kept:
            one.modelled = "pricing.log_retention_months"
        why = f"{days} days" + (f", the longest of {len(kept)} log groups" if len(kept) > 1 else "")
        place = longest.place("retention_in_days")
        draft.say(Said("pricing.log_retention_months", round(days / _DAYS_A_MONTH, 3), *place, why))
