"""ECS task definitions (JSON): size of a task, its containers, and what no task definition says."""

from __future__ import annotations

import re

from novamodel.importers.names import image_tag, is_generic, is_infrastructure, short_name
from novamodel.importers.node import Node
from novamodel.importers.nodejs.pool import said_by_environment
from novamodel.importers.quantity import ecs_cpu, ecs_memory, whole
from novamodel.importers.report import Draft, Said, Workload

_PLACEHOLDER = re.compile(r":(account|region|ACCOUNT_ID|REGION|YOUR_ACCOUNT)\b|your-account|\.region\.|<[a-z-]+>", re.I)


def main_container(task: Node) -> Node:
    """The container that answers requests: the first that is no infrastructure, else the first."""
    boxes = [box for box in task["containerDefinitions"] if isinstance(box.value, dict)]
    own = [box for box in boxes if not is_infrastructure(box["image"].text)]
    return (own or boxes or [task.at("containerDefinitions", 0)])[0]


def workloads(tasks: list[Node], draft: Draft) -> list[Workload]:
    """One service a task definition. A Fargate task's size is both what is set aside and the hard limit."""
    result: dict[str, Workload] = {}
    for task in tasks:
        box = main_container(task)
        container = box["name"].text
        family = task["family"].text
        name = short_name(family if is_generic(container) else container)
        if name in result and family:
            name = short_name(family)
        if name in result:
            draft.leave(task.file, task.line, f"task definition {family}", f"{result[name].file} has {name} already")
            continue
        for other in task["containerDefinitions"]:
            if other.path != box.path:
                draft.leave(
                    other.file, other.line, f"container {other['name'].text}", "one container a task is modelled"
                )
        ports = box.at("portMappings", 0, "containerPort")
        names = [entry["name"].text for part in ("environment", "secrets") for entry in box[part]]
        pools = [
            said
            for entry in box["environment"]
            for said in said_by_environment(entry["name"].text, entry["value"].value, entry.file, entry["value"].line)
        ]
        port = whole(ports.value)
        place = (task["family"] or box["name"]).line
        result[name] = Workload(
            name,
            family or container,
            task.file,
            place,
            tuple(_size(task, box) + pools),
            port if isinstance(port, int) else None,
            box["image"].text,
            tuple(names),
        )
    return list(result.values())


def _size(task: Node, box: Node) -> list[Said]:
    said = [Said("resources", None, task.file, (task["cpu"] or task["memory"] or task).line)]
    for key, plain in (("cpu", ecs_cpu), ("memory", ecs_memory)):
        whole_task, soft = task[key], box["memoryReservation" if key == "memory" else key]
        request = whole_task or soft or box[key]
        limit = whole_task or (box["memory"] if key == "memory" else box["nothing"])
        if request and (request is whole_task or whole(request.value) != 0):
            said.append(Said(f"resources.{key}_request", plain(request.value), task.file, request.line))
        if limit:
            said.append(Said(f"resources.{key}_limit", plain(limit.value), task.file, limit.line))
    return said if len(said) > 1 else []


def say_compute(tasks: list[Node], draft: Draft) -> None:
    """Whether the tasks run on Fargate or on machines of our own."""
    for task in tasks[:1]:
        listed = task["requiresCompatibilities"]
        names = [entry.text for entry in listed]
        if "FARGATE" in names:
            draft.say(Said("platform.compute", "fargate", task.file, listed.line))
        elif names or not (task["cpu"] and task["memory"]):
            why = "" if names else "documented: a Fargate task has cpu and memory of its own; this one has not"
            draft.say(Said("platform.compute", "ec2", task.file, listed.line, why, "documented" if why else "file"))


def find_faults(tasks: list[Node], has_service: bool, has_scaling: bool, draft: Draft) -> None:
    """Note what is missing around the task definitions and what is left to fill in."""
    for task in tasks:
        family = task["family"]
        if not has_service:
            draft.find(
                "error",
                "ecs-without-service",
                task.file,
                family.line,
                f"task definition {family.text} comes without an ECS service: no desired count, no load balancer",
                "add an aws_ecs_service (Terraform) with desired_count",
            )
        if not has_scaling:
            draft.find(
                "warning",
                "ecs-without-scaling",
                task.file,
                family.line,
                f"{family.text} has no scaling policy: the number of tasks never follows the load",
                "add an aws_appautoscaling_target with a target-tracking policy",
            )
        for box in task["containerDefinitions"]:
            image = box["image"]
            if image and image_tag(image.text) == "latest":
                draft.find(
                    "note",
                    "image-latest",
                    image.file,
                    image.line,
                    f"image {image.text} has no fixed version: a new task may run other code",
                    "name a version or a digest",
                )
            if image and _PLACEHOLDER.search(image.text):
                draft.find(
                    "error",
                    "placeholder",
                    image.file,
                    image.line,
                    f"image {image.text} still holds a placeholder: the task cannot be pulled",
                    "write the account and region",
                )
            if not box["healthCheck"]:
                draft.leave(box.file, box["name"].line, "no healthCheck", "the default readiness probe is assumed")
        for key in ("executionRoleArn", "taskRoleArn"):
            if _PLACEHOLDER.search(task[key].text):
                draft.find(
                    "error",
                    "placeholder",
                    task.file,
                    task[key].line,
                    f"{key} {task[key].text} still holds a placeholder",
                    "write the account number",
                )
