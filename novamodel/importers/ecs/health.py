"""How ECS finds out whether a task answers: its target group, its container's health check, and how it is stopped.

Sources: Amazon ECS, HealthCheck and ContainerDefinition (API reference); Elastic Load Balancing, CreateTargetGroup;
Terraform's AWS provider, aws_lb_target_group.
"""

from __future__ import annotations

from novamodel.importers.aws.estate import Estate
from novamodel.importers.declared import Resource
from novamodel.importers.node import Node
from novamodel.importers.quantity import seconds, whole
from novamodel.importers.report import Draft, Said

TARGETS = ("aws_lb_target_group", "aws_alb_target_group")
_FAILURES = {True: 3, False: 2}
"""Failures in a row that count where a target group does not say it: Terraform's provider, and AWS itself."""
_CONTAINER = (
    ("interval", "period", 30),
    ("timeout", "timeout", 5),
    ("retries", "failures", 3),
    ("startPeriod", "initial_delay", 0),
)


def health_of(box: Node, service: Resource | None, estate: Estate, draft: Draft) -> list[Said]:
    """Readiness from the target group, liveness from the container's health check, and the time to stop."""
    said = _container(box["healthCheck"])
    stop = whole(box["stopTimeout"].value)
    if isinstance(stop, int | float):
        said.append(Said("termination_grace", seconds(stop), box.file, box["stopTimeout"].line))
    if service is None:
        return said
    group = _group_of(service, estate)
    if group is not None:
        said += _balancer(group)
    grace = service.get("health_check_grace_period_seconds")
    if grace is not None:
        place = service.place("health_check_grace_period_seconds")
        why = "no place in the model: a starting task that fails its checks is not replaced"
        draft.leave(*place, f"{service.label}: health_check_grace_period_seconds {grace}", why)
    return said


def _group_of(service: Resource, estate: Estate) -> Resource | None:
    for key in ("load_balancer", "load_balancers"):
        for one in service.body[key]:
            group = estate.linked(one["target_group_arn"], *TARGETS)
            if group is not None:
                return group
    return None


def _balancer(group: Resource) -> list[Said]:
    """What the load balancer asks: both ways of writing it, and what is taken where it is left out."""
    check = group.body["health_check"][0]
    file, line = (check.file, check.line) if check else (group.file, group.line)
    failures = _FAILURES[group.file.endswith((".tf", ".tf.json"))]
    said = [Said("readiness", None, file, line)]
    for inner, flat, path, usual in (
        ("interval", "health_check_interval_seconds", "period", 30),
        ("timeout", "health_check_timeout_seconds", "timeout", 5),
        ("unhealthy_threshold", "unhealthy_threshold_count", "failures", failures),
    ):
        node = check[inner] or group.body[flat]
        said.append(_one("readiness", path, node, usual, file, line, "a target group's default"))
    return said


def _container(check: Node) -> list[Said]:
    command = [word.text for word in check["command"]]
    if not check or command[:1] == ["NONE"]:
        return []
    said = [Said("liveness", None, check.file, check.line)]
    for key, path, usual in _CONTAINER:
        node = check[key] or check[_snake(key)]
        said.append(_one("liveness", path, node, usual, check.file, check.line, "a container health check's default"))
    return said


def _one(part: str, path: str, node: Node, usual: int, file: str, line: int, whose: str) -> Said:
    value = whole(node.value)
    plain = (lambda number: number) if path == "failures" else seconds
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Said(f"{part}.{path}", plain(value), node.file, node.line)
    return Said(f"{part}.{path}", plain(usual), file, line, f"documented: {whose}", "documented")


def _snake(key: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)
