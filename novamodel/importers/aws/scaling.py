"""Application Auto Scaling of ECS services as declared: targets and their target-tracking policies."""

from __future__ import annotations

from typing import Any

from novamodel.importers.aws.estate import Estate
from novamodel.importers.declared import Resource
from novamodel.importers.names import match
from novamodel.importers.quantity import seconds, whole
from novamodel.importers.report import Draft, Said
from novamodel.importers.terraform.values import Unknown

TARGET, POLICY = "aws_appautoscaling_target", "aws_appautoscaling_policy"
_METRICS = {
    "ECSServiceAverageCPUUtilization": "cpu_target",
    "ECSServiceAverageMemoryUtilization": "memory_target",
    "ALBRequestCountPerTarget": "requests_target",
}
_BOUNDS = (("min_capacity", "min_replicas"), ("max_capacity", "max_replicas"))
_COOLDOWNS = (("scale_out_cooldown", "scale_out_cooldown"), ("scale_in_cooldown", "scale_in_cooldown"))
_TRACKING = "target_tracking_scaling_policy_configuration"


def scaling_of(service: Resource, estate: Estate, draft: Draft) -> list[Said]:
    """The autoscaler of an ECS service, relative to it."""
    name = service.text("name")
    for target in _ecs_targets(estate):
        if estate.refers(target.body["resource_id"], service) or (name and resource_name(target) == name):
            return _autoscaler(target, estate, draft)
    return []


def say_unlinked(estate: Estate, services: list[str], draft: Draft) -> None:
    """The autoscaler of each service that a target names and no declared ECS service answers for."""
    for target in _ecs_targets(estate):
        if target.modelled:
            continue
        service = match(resource_name(target), services)
        said = _autoscaler(target, estate, draft) if service is not None else []
        for one in said:
            draft.say(one, f"services.{service}")
        if not said:
            draft.leave(target.file, target.line, target.label, "no service or metric modelled for it")


def leave_all(estate: Estate, kind: str, draft: Draft) -> None:
    """List the scaling of a platform that is not taken."""
    for target in _ecs_targets(estate):
        theirs = [policy for policy in estate.of(POLICY) if _belongs(policy, target, estate)]
        policies = [_words(policy) for policy in theirs]
        for one in (target, *theirs):
            one.listed = True
        bounds = f"{target.get('min_capacity')} to {target.get('max_capacity')}"
        what = f"{target.label} of {resource_name(target) or '?'}: {bounds} tasks, {'; '.join(policies) or 'no policy'}"
        draft.leave(target.file, target.line, what, f"for the ECS variant: the platform is {kind}")


def resource_name(one: Resource) -> str:
    """The last part of ``service/CLUSTER/NAME``; empty where it is not known."""
    value = one.body["resource_id"].value
    text = value.text if isinstance(value, Unknown) else str(value or "")
    name = text.rpartition("/")[2]
    return "" if "${" in name else name


def _ecs_targets(estate: Estate) -> list[Resource]:
    return [one for one in estate.of(TARGET) if one.text("service_namespace") in ("ecs", "")]


def _autoscaler(target: Resource, estate: Estate, draft: Draft) -> list[Said]:
    """Bounds and goals; nothing where no metric of it is modelled."""
    policies = [policy for policy in estate.of(POLICY) if _belongs(policy, target, estate)]
    goals = [goal for policy in policies for goal in _goals(policy, draft)]
    if not goals:
        return []
    for one in (target, *policies):
        one.modelled = "services"
    said = [
        Said("autoscaler", None, target.file, target.line),
        Said("autoscaler.kind", "ecs target tracking", target.file, target.line),
    ]
    for key, path in _BOUNDS:
        count = whole(target.get(key))
        if isinstance(count, int) and not isinstance(count, bool):
            said.append(Said(f"autoscaler.{path}", max(count, 1), *target.place(key)))
    return said + goals


def _belongs(policy: Resource, target: Resource, estate: Estate) -> bool:
    value = policy.body["resource_id"]
    if estate.refers(value, target):
        return True
    same = policy.body["resource_id"].value == target.body["resource_id"].value
    return (same and bool(value)) or (resource_name(policy) != "" and resource_name(policy) == resource_name(target))


def _words(policy: Resource) -> str:
    tracking = policy.body[_TRACKING][0]
    if not tracking:
        return f"{policy.text('policy_type') or 'step'} policy {policy.name}"
    metric = tracking.at("predefined_metric_specification", 0, "predefined_metric_type").text
    return f"{metric or 'a metric of its own'} at {tracking['target_value'].text or '?'}"


def _goals(policy: Resource, draft: Draft) -> list[Said]:
    """Targets and cooldowns of one policy; nothing where its metric is not modelled."""
    said: list[Said] = []
    blocks = policy.body[_TRACKING]
    if not blocks:
        draft.leave(
            policy.file, policy.line, f"{policy.label}: step or scheduled scaling", "target tracking is modelled"
        )
    for block in blocks:
        metric = block.at("predefined_metric_specification", 0, "predefined_metric_type")
        value = whole(block["target_value"].value)
        path = _METRICS.get(metric.text)
        if path is None or not isinstance(value, int | float):
            what = f"{policy.label}: metric {metric.text or 'of its own'} at {block['target_value'].text or '?'}"
            draft.leave(
                policy.file, metric.line if metric else policy.line, what, "this metric has no place in the model"
            )
            continue
        goal: Any = f"{value} requests/min" if path == "requests_target" else f"{value} %"
        said.append(Said(f"autoscaler.{path}", goal, policy.file, block["target_value"].line))
        for key, place in _COOLDOWNS:
            length = whole(block[key].value)
            if isinstance(length, int | float) and not isinstance(length, bool):
                said.append(Said(f"autoscaler.{place}", seconds(length), policy.file, block[key].line))
        if block["disable_scale_in"].value in (True, "true"):
            said.append(Said("autoscaler.scale_in", False, policy.file, block["disable_scale_in"].line))
    return said
