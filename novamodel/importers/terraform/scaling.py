"""Target tracking of an ECS service in Terraform: aws_appautoscaling_target and its policies."""

from __future__ import annotations

import re
from typing import Any

from novamodel.importers.names import match
from novamodel.importers.quantity import seconds, whole
from novamodel.importers.report import Draft, Said
from novamodel.importers.terraform.hclfile import Block
from novamodel.importers.terraform.resources import Terraform, place

TARGET, POLICY = "aws_appautoscaling_target", "aws_appautoscaling_policy"
_CPU, _MEMORY = "ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization"
_REQUESTS = "ALBRequestCountPerTarget"
_BOUNDS = (("min_capacity", "min_replicas"), ("max_capacity", "max_replicas"))
_COOLDOWNS = (("scale_out_cooldown", "scale_out_cooldown"), ("scale_in_cooldown", "scale_in_cooldown"))


def say_scaling(terraform: Terraform, services: list[str], draft: Draft) -> None:
    """Write the autoscaler of each service that a target and a target-tracking policy belong to."""
    for target in terraform.resources(TARGET):
        service = _service_of(terraform, target, services)
        policies = [p for p in terraform.resources(POLICY) if _belongs(terraform, p, target, services)]
        goals = [goal for policy in policies for goal in _goals(terraform, policy, draft)]
        if service is None or not goals:
            draft.leave(
                target.file, target.line, f"{TARGET} {target.labels[1]}", "no service or metric modelled for it"
            )
            continue
        below = f"services.{service}.autoscaler"
        draft.say(Said(below, None, target.file, target.line))
        draft.say(Said(f"{below}.kind", "ecs target tracking", target.file, target.line))
        for key, path in _BOUNDS:
            count = whole(terraform.value(target, key, draft))
            if count is not None:
                draft.say(Said(f"{below}.{path}", count, *place(target, key)))
        for goal in goals:
            draft.say(goal._replace(path=f"{below}.{goal.path}"))


def _goals(terraform: Terraform, policy: Block, draft: Draft) -> list[Said]:
    """Targets and cooldowns of one policy; nothing where its metric is not modelled."""
    said: list[Said] = []
    for block in policy.inner("target_tracking_scaling_policy_configuration"):
        metric = next(
            (
                terraform.value(inner, "predefined_metric_type", draft)
                for inner in block.inner("predefined_metric_specification")
            ),
            None,
        )
        value = whole(terraform.value(block, "target_value", draft))
        goal = _goal(metric, value)
        if goal is None:
            draft.leave(policy.file, policy.line, f"{POLICY} {policy.labels[1]}", f"metric {metric} is not modelled")
            continue
        said.append(Said(*goal, *place(block, "target_value")))
        for key, path in _COOLDOWNS:
            length = whole(terraform.value(block, key, draft))
            if length is not None:
                said.append(Said(path, seconds(length), *place(block, key)))
        if terraform.value(block, "disable_scale_in", draft) is True:
            said.append(Said("scale_in", False, *place(block, "disable_scale_in")))
    return said


def _goal(metric: Any, value: Any) -> tuple[str, Any] | None:
    if metric in (_CPU, _MEMORY):
        return ("cpu_target" if metric == _CPU else "memory_target"), f"{value} %"
    return ("requests_target", f"{value} requests/min") if metric == _REQUESTS else None


def _belongs(terraform: Terraform, policy: Block, target: Block, services: list[str]) -> bool:
    """By a reference to the target, or by naming the same service."""
    text = policy.attributes["resource_id"].text if "resource_id" in policy.attributes else ""
    named = re.search(rf"{TARGET}\.(\w+)\.", text)
    if named:
        return named[1] == target.labels[1]
    service = _service_of(terraform, policy, services)
    return service is not None and service == _service_of(terraform, target, services)


def _service_of(terraform: Terraform, block: Block, services: list[str]) -> str | None:
    """The last part of ``service/CLUSTER/NAME``, or the aws_ecs_service that is referred to there."""
    text = block.attributes["resource_id"].text.strip('"') if "resource_id" in block.attributes else ""
    referred = re.search(r"aws_ecs_service\.(\w+)\.name", text)
    name = text.rsplit("/", 1)[-1]
    for service in terraform.resources("aws_ecs_service"):
        if referred and service.labels[1] == referred[1]:
            name = service.attributes["name"].text.strip('"') if "name" in service.attributes else referred[1]
    return match(name, services)
