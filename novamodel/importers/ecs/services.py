"""ECS services in the forms of the command line (create-service, update-service, describe-services) as resources.

Source: Amazon ECS API reference, CreateService and DescribeServices.
"""

from __future__ import annotations

from typing import Any

from novamodel.importers.declared import Resource
from novamodel.importers.node import Node
from novamodel.importers.quantity import whole
from novamodel.yamlfile import Lines

_PLAIN = (
    ("serviceName", "name"),
    ("service", "name"),
    ("taskDefinition", "task_definition"),
    ("desiredCount", "desired_count"),
    ("launchType", "launch_type"),
    ("healthCheckGracePeriodSeconds", "health_check_grace_period_seconds"),
)
_DEPLOYMENT = (
    ("minimumHealthyPercent", "deployment_minimum_healthy_percent"),
    ("maximumPercent", "deployment_maximum_percent"),
)
_SIGNS = ("desiredCount", "launchType", "capacityProviderStrategy", "deploymentConfiguration", "loadBalancers")


def services_in(node: Node) -> list[Node]:
    """The services that a document holds: itself, or the list that describe-services prints."""
    listed = [one for one in node["services"] if one["taskDefinition"].text]
    return listed or ([node] if node["taskDefinition"].text and any(node[key] for key in _SIGNS) else [])


def read_services(documents: list[Node]) -> list[Resource]:
    """A resource for each service; of several files about one (create, update) the first."""
    made: dict[str, Resource] = {}
    for document in documents:
        for node in services_in(document):
            one = _service(node)
            made.setdefault(one.name, one)
    return list(made.values())


def _service(node: Node) -> Resource:
    body: dict[str, Any] = {}
    lines: Lines = {}

    def put(key: str, value: Any, place: Node) -> None:
        body[key] = value
        lines[(key,)] = place.line

    for written, key in _PLAIN:
        if node[written]:
            put(key, whole(node[written].value), node[written])
    for written, key in _DEPLOYMENT:
        place = node.at("deploymentConfiguration", written)
        if place:
            put(key, whole(place.value), place)
    providers = node["capacityProviderStrategy"]
    if providers:
        listed = [
            {"capacity_provider": one["capacityProvider"].text, "weight": one["weight"].value} for one in providers
        ]
        put("capacity_provider_strategy", listed, providers)
    address = node.at("networkConfiguration", "awsvpcConfiguration", "assignPublicIp")
    if address:
        put("network_configuration", [{"assign_public_ip": address.text.upper() == "ENABLED"}], address)
        lines[("network_configuration", 0, "assign_public_ip")] = address.line
    if node["loadBalancers"]:
        put("load_balancer", [{"target_group_arn": one["targetGroupArn"].text} for one in node["loadBalancers"]],
            node["loadBalancers"])  # fmt: skip
    name = str(body.get("name") or "service")
    place = node["serviceName"] or node["service"] or node["taskDefinition"]
    return Resource("aws_ecs_service", name, f"{node.file}.{name}", Node(body, node.file, lines), node.file, place.line)
