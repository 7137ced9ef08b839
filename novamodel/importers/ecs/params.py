"""The ECS CLI's ``ecs-params.yml``: what it and the Compose file beside it become on ECS, one task of all services.

Source: Amazon ECS Developer Guide, "Using Amazon ECS parameters" (ECS CLI).
"""

from __future__ import annotations

from typing import Any

from novamodel.importers.declared import Resource
from novamodel.importers.node import Node
from novamodel.importers.quantity import whole
from novamodel.importers.terraform.values import Unknown
from novamodel.yamlfile import Lines


def is_params(node: Node, name: str) -> bool:
    """Whether a document is one of the ECS CLI's parameters."""
    return "ecs-params" in name and bool(node["task_definition"])


def read_params(documents: list[Node], compose: Node | None) -> list[Resource]:
    """The task definition and the service of the parameters; none without a Compose file that says the containers."""
    made: list[Resource] = []
    for one in documents[:1] if compose is not None else []:
        boxes = [_container(name, node) for name, node in compose["services"].entries()] if compose is not None else []
        size, task = one.at("task_definition", "task_size"), one["task_definition"]
        name = boxes[0]["name"] if boxes else "task"
        fargate = size["cpu_limit"].value is not None
        body: dict[str, Any] = {"family": name, "container_definitions": boxes}
        lines: Lines = {("container_definitions",): task.line}
        for key, node in (("cpu", size["cpu_limit"]), ("memory", size["mem_limit"])):
            if node:
                body[key] = whole(node.value)
                lines[(key,)] = node.line
        if fargate:
            body["requires_compatibilities"] = ["FARGATE"]
        disk = task.at("ephemeral_storage", "size_in_gib")
        if disk:
            body["ephemeral_storage"] = [{"size_in_gib": whole(disk.value)}]
            lines[("ephemeral_storage", 0, "size_in_gib")] = disk.line
        definition = _resource(one, "aws_ecs_task_definition", name, body, lines)
        network = one.at("run_params", "network_configuration", "awsvpc_configuration", "assign_public_ip")
        service: dict[str, Any] = {"name": name, "task_definition": Unknown("task", (definition.address,))}
        places: Lines = {}
        if fargate:
            service["launch_type"] = "FARGATE"
            places[("launch_type",)] = size.line
        if network:
            service["network_configuration"] = [{"assign_public_ip": network.text.upper() == "ENABLED"}]
            places[("network_configuration", 0, "assign_public_ip")] = network.line
        made += [definition, _resource(one, "aws_ecs_service", name, service, places)]
    return made


def _container(name: str, node: Node) -> dict[str, Any]:
    """A service of the Compose file as a container of the task."""
    box: dict[str, Any] = {"name": name, "image": node["image"].text or f"{name}:compose"}
    ports = [port.text.rpartition(":")[2].partition("/")[0] or port["target"].text for port in node["ports"]]
    box["portMappings"] = [{"containerPort": int(port)} for port in ports if port.isdecimal()]
    return box


def _resource(one: Node, kind: str, name: str, body: dict[str, Any], lines: Lines) -> Resource:
    node = Node(body, one.file, lines)
    return Resource(kind, name, f"{one.file}.{kind}.{name}", node, one.file, one["task_definition"].line)
