"""AWS Copilot's manifests as the task definition, service and scaling that Copilot makes of them."""

from __future__ import annotations

import re
from typing import Any

from novamodel.importers.declared import Resource
from novamodel.importers.node import Node
from novamodel.importers.quantity import whole
from novamodel.importers.report import Draft
from novamodel.importers.terraform.values import Unknown
from novamodel.yamlfile import Lines

TYPES = {"Load Balanced Web Service", "Backend Service", "Worker Service"}
OTHERS = {"Scheduled Job", "Request-Driven Web Service", "Static Site"}
_ENVIRONMENTS = ("prod", "production", "live", "prd")
_METRICS = {
    "cpu_percentage": "ECSServiceAverageCPUUtilization",
    "memory_percentage": "ECSServiceAverageMemoryUtilization",
    "requests": "ALBRequestCountPerTarget",
}


def is_copilot(node: Node) -> bool:
    """Whether a document is a Copilot manifest."""
    return node["type"].text in TYPES | OTHERS and bool(node["name"].text)


def read_manifests(documents: list[Node], draft: Draft) -> list[Resource]:
    """The resources of all manifests; those of the production environment where the manifest tells them apart."""
    result: list[Resource] = []
    for one in documents:
        if one["type"].text in OTHERS:
            draft.leave(one.file, one["type"].line, f"{one['type'].text} {one['name'].text}", "no place in the model")
            continue
        chosen = next((one.at("environments", name) for name in _ENVIRONMENTS if one.at("environments", name)), None)
        for name, _ in one["environments"].entries():
            if chosen is None or name != chosen.path[-1]:
                draft.leave(one.file, one.at("environments", name).line, f"environment {name}", "another is taken")
        result += _service(one, chosen)
    return result


def _service(one: Node, chosen: Node | None) -> list[Resource]:
    name = one["name"].text

    def said(key: str) -> Node:
        return chosen[key] if chosen is not None and chosen[key] else one[key]

    box: dict[str, Any] = {"name": name, "image": one.at("image", "location").text or f"{name}:copilot"}
    lines: Lines = {("container_definitions",): one["name"].line}
    port = one.at("image", "port")
    if port:
        box["portMappings"] = [{"containerPort": whole(port.value)}]
    variables = [*one["variables"].entries(), *(chosen["variables"].entries() if chosen is not None else [])]
    box["environment"] = [{"name": key, "value": node.text} for key, node in variables if node.text]
    for number, (_, node) in enumerate(pair for pair in variables if pair[1].text):
        lines[("container_definitions", 0, "environment", number, "value")] = node.line
    task: dict[str, Any] = {"family": name, "requires_compatibilities": ["FARGATE"], "container_definitions": [box]}
    for key, default in (("cpu", 256), ("memory", 512)):
        task[key] = whole(said(key).value) if said(key) else default
        lines[(key,)] = said(key).line if said(key) else one["name"].line
    if re.search(r"arm64", said("platform").text):
        task["runtime_platform"] = [{"cpu_architecture": "ARM64"}]
    made = [_resource(one, "aws_ecs_task_definition", task, lines)]
    count = said("count")
    service: dict[str, Any] = {
        "name": name,
        "launch_type": "FARGATE",
        "task_definition": Unknown("task", (made[0].address,)),
    }
    places: Lines = {("launch_type",): one["type"].line, ("desired_count",): count.line}
    if isinstance(whole(count.value), int):
        service["desired_count"] = whole(count.value)
    made.append(_resource(one, "aws_ecs_service", service, places))
    if isinstance(count.value, dict):
        made += _scaling(one, made[1], count)
    if one["type"].text == "Load Balanced Web Service":
        made.append(_resource(one, "aws_lb", {"load_balancer_type": "application"}, {}))
        made.append(_targets(one, said("http")["healthcheck"]))
        made[1].body.value["load_balancer"] = [{"target_group_arn": Unknown("targets", (made[-1].address,))}]
    return made


_CHECKS = (("interval", 10), ("timeout", 5), ("unhealthy_threshold", 2), ("healthy_threshold", 2))
"""Copilot's own defaults of a health check, in seconds and in a row (manifest reference, http.healthcheck)."""


def _targets(one: Node, check: Node) -> Resource:
    """The target group of a service behind the load balancer."""
    body: dict[str, Any] = {}
    lines: Lines = {("health_check",): (check or one["name"]).line}
    for key, usual in _CHECKS:
        text = check[key].text.removesuffix("s")
        body[key] = int(text) if text.isdecimal() else usual
        lines[("health_check", 0, key)] = (check[key] or check or one["name"]).line
    return _resource(one, "aws_lb_target_group", {"health_check": [body]}, lines)


def _scaling(one: Node, service: Resource, count: Node) -> list[Resource]:
    reach = count["range"]
    low, high, place = reach["min"], reach["max"], reach
    if reach.text:
        least, _, most = reach.text.partition("-")
        bounds = (whole(least), whole(most))
    else:
        bounds = (whole(low.value), whole(high.value))
        place = high or reach
    lines: Lines = {("min_capacity",): place.line, ("max_capacity",): place.line}
    body = {"resource_id": Unknown("service", (service.address,)), "service_namespace": "ecs",
            "min_capacity": bounds[0], "max_capacity": bounds[1]}  # fmt: skip
    target = _resource(one, "aws_appautoscaling_target", body, lines)
    made = [target]
    key = "target_tracking_scaling_policy_configuration"
    for word, metric in _METRICS.items():
        goal = count[word]["value"] if isinstance(count[word].value, dict) else count[word]
        if isinstance(whole(goal.value), int | float):
            policy: dict[str, Any] = {
                "resource_id": Unknown("target", (target.address,)),
                key: [{"target_value": whole(goal.value),
                       "predefined_metric_specification": [{"predefined_metric_type": metric}]}],
            }  # fmt: skip
            made.append(
                _resource(one, "aws_appautoscaling_policy", policy, {(key, 0, "target_value"): goal.line}, word)
            )
    return made


def _resource(one: Node, kind: str, body: dict[str, Any], lines: Lines, end: str = "") -> Resource:
    name = one["name"].text + (f".{end}" if end else "")
    node = Node(body, one.file, lines)
    return Resource(kind, name, f"{one.file}.{kind}.{name}", node, one.file, one["name"].line)
