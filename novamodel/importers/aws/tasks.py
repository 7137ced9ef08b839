"""Declared ECS task definitions in the form of ``aws ecs register-task-definition``, with their lines."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from novamodel.importers.aws.estate import Estate
from novamodel.importers.declared import Resource
from novamodel.importers.node import Node
from novamodel.importers.quantity import whole
from novamodel.importers.terraform.values import Unknown
from novamodel.yamlfile import Lines

TASK, SERVICE = "aws_ecs_task_definition", "aws_ecs_service"
_MAX_JSON = 500_000


class Task(NamedTuple):
    """A task definition: its node, and the resource that declares it (None: a file of its own)."""

    node: Node
    resource: Resource | None


def tasks_of(estate: Estate) -> list[Task]:
    """Task definitions of files of their own, then declared ones."""
    return [Task(node, None) for node in estate.task_files] + [
        Task(_as_registered(one), one) for one in estate.of(TASK)
    ]


def _as_registered(one: Resource) -> Node:
    """A declared task definition as AWS registers it; what is not known is left out."""
    body = one.body
    value: dict[str, Any] = {}
    lines: Lines = {}
    for key, name in (("family", "family"), ("cpu", "cpu"), ("memory", "memory"), ("network_mode", "networkMode")):
        if one.get(key) is not None:
            value[name] = one.get(key)
            lines[(name,)] = body[key].line
    kinds = body["requires_compatibilities"]
    if isinstance(kinds.value, list):
        value["requiresCompatibilities"] = [known(kind) for kind in kinds.value]
        lines[("requiresCompatibilities",)] = kinds.line
    platform = body["runtime_platform"][0]
    if platform["cpu_architecture"]:
        value["runtimePlatform"] = {"cpuArchitecture": platform["cpu_architecture"].text}
        lines[("runtimePlatform", "cpuArchitecture")] = platform["cpu_architecture"].line
    disk = body["ephemeral_storage"][0]["size_in_gib"]
    if whole(disk.value) is not None:
        value["ephemeralStorage"] = {"sizeInGiB": whole(disk.value)}
        lines[("ephemeralStorage", "sizeInGiB")] = disk.line
    containers = body["container_definitions"]
    listed = containers.value
    if isinstance(listed, str):
        listed = _parsed(listed)
    elif isinstance(listed, Unknown):
        listed = _parsed(listed.text)
    if isinstance(listed, dict):  # a map of containers by name, as modules take them
        listed = [{"name": key, **inner} for key, inner in listed.items() if isinstance(inner, dict)]
    boxes = [known(box) for box in listed if isinstance(box, dict)] if isinstance(listed, list) else []
    value["containerDefinitions"] = [_camel(box) for box in boxes]
    lines[("containerDefinitions",)] = containers.line if containers else one.line
    for path, line in body.lines.items():
        if path[:1] == ("container_definitions",) and len(path) > 1:
            lines[("containerDefinitions", *path[1:])] = line
    return Node(value, one.file, lines)


def _parsed(text: str) -> Any:
    """JSON in which ``${...}`` may stand for what is not known, quoted or not."""
    if len(text) > _MAX_JSON:
        return None
    for shown in (text, re.sub(r'(?<!")\$\{[^{}"]{0,200}\}(?!")', "null", text)):
        try:
            return json.loads(shown)
        except (ValueError, RecursionError):
            continue
    return None


def known(value: Any, depth: int = 0) -> Any:
    """A value without what is not known; ``${...}`` in a text stays."""
    if isinstance(value, Unknown):
        return value.text if "${" in value.text and not value.text.startswith("${") else None
    if depth > 20:
        return None
    if isinstance(value, dict):
        return {key: known(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [known(inner, depth + 1) for inner in value[:500]]
    return value


def _camel(box: dict[str, Any]) -> dict[str, Any]:
    """Container keys as AWS writes them, also where a module takes them with underscores."""
    result = {re.sub(r"_(\w)", lambda m: m[1].upper(), str(key)): inner for key, inner in box.items()}
    environment = result.get("environment")
    if isinstance(environment, dict):
        result["environment"] = [{"name": key, "value": inner} for key, inner in environment.items()]
    for key in ("cpu", "memory", "memoryReservation"):
        if key in result:
            result[key] = whole(result[key])
    return result
