"""The size of an ECS task, and what its price depends on beside that."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from novamodel.errors import UserError
from novamodel.importers.declared import Resource
from novamodel.importers.node import Node
from novamodel.importers.quantity import ecs_cpu, ecs_memory, whole
from novamodel.importers.report import Draft, Said
from novamodel.scenario import require_fargate_size
from novamodel.units import parse_bytes

FREE_GIB = 20
"""Disk that a Fargate task has for nothing."""
_PLACEHOLDER = re.compile(r"(<[^<>]{1,80}>|\$?\{.{1,80}\}|\$\w{1,80}|@{1,2}\w{1,80}@{1,2}|%\w{1,80}%|__\w{1,80}__)")


def is_fargate(task: Node, service: Resource | None) -> bool:
    """Whether a task is made for Fargate, or its service runs it there."""
    if "FARGATE" in [entry.text for entry in task["requiresCompatibilities"]]:
        return True
    if service is None:
        return False
    providers = [one["capacity_provider"].text for one in service.body["capacity_provider_strategy"]]
    return service.text("launch_type") == "FARGATE" or any(name.startswith("FARGATE") for name in providers)


def size_of(task: Node, box: Node, draft: Draft) -> list[Said]:
    """Requests and limits: the task's own, else its container's; a size that is filled in later is listed."""
    said = [Said("resources", None, task.file, (task["cpu"] or task["memory"] or task).line)]
    for key, plain in (("cpu", ecs_cpu), ("memory", ecs_memory)):
        whole_task, soft = task[key], box["memoryReservation" if key == "memory" else key]
        request = whole_task or soft or box[key]
        limit = whole_task or (box["memory"] if key == "memory" else box["nothing"])
        if request and _PLACEHOLDER.fullmatch(request.text):
            draft.leave(task.file, request.line, f"{key} = {request.text[:60]}", "filled in when it is deployed")
            continue
        if request and (request is whole_task or whole(request.value) != 0):
            said.append(Said(f"resources.{key}_request", plain(request.value), task.file, request.line))
        if limit:
            said.append(Said(f"resources.{key}_limit", plain(limit.value), task.file, limit.line))
    return said if len(said) > 1 else []


def priced_of(task: Node, service: Resource | None) -> list[Said]:
    """What the price of a task on Fargate depends on beside its size, where it is not as AWS has it by default."""
    said = []
    processor = task["runtimePlatform"]["cpuArchitecture"]
    if processor.text.upper() == "ARM64":
        said.append(Said("task.architecture", "arm64", processor.file, processor.line))
    disk = task["ephemeralStorage"]["sizeInGiB"]
    gib = whole(disk.value)
    if isinstance(gib, int) and gib > FREE_GIB:
        said.append(Said("task.ephemeral_storage", f"{gib} GiB", disk.file, disk.line))
    if service is None:
        return said
    network = service.body["network_configuration"][0]["assign_public_ip"]
    if network.text.lower() in ("true", "enabled"):
        said.append(Said("task.public_address", True, network.file, network.line))
    weights = {"FARGATE": 0.0, "FARGATE_SPOT": 0.0}
    providers = service.body["capacity_provider_strategy"]
    for one in providers:
        weight = whole(one["weight"].value)
        if one["capacity_provider"].text in weights and isinstance(weight, int):
            weights[one["capacity_provider"].text] += weight
    if weights["FARGATE_SPOT"]:
        share = 100 * weights["FARGATE_SPOT"] / sum(weights.values())
        said.append(Said("task.spot_share", f"{share:g} %", providers.file, providers.line, "weights of the providers"))
    return said


def is_sold(values: Mapping[str, Any]) -> bool:
    """Whether Fargate has a task of this size."""
    try:
        memory = parse_bytes(str(values["resources.memory_limit"])) / 2**30
        require_fargate_size(float(values["resources.cpu_limit"]), memory)
    except (UserError, ValueError, KeyError):
        return False
    return True
