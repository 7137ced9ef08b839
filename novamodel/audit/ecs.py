"""ECS task definitions and what stands around them, whichever variant is taken."""

from __future__ import annotations

import re
from collections.abc import Iterator

from novamodel.audit.form import NotChecked, Place, fault, open_question
from novamodel.audit.names import is_fixed
from novamodel.audit.seen import Seen
from novamodel.importers.aws.tasks import SERVICE, tasks_of
from novamodel.importers.ecs.read import impossible_sizes, main_container
from novamodel.importers.names import is_infrastructure
from novamodel.importers.node import Node
from novamodel.scenario import Finding

_PLACEHOLDER = re.compile(
    r":(account|region|account[_-]?id|your[_-]account|aws[_-]account[_-]id|123456789012)\b|your-account|\.region\.|<[A-Za-z_-]+>",
    re.I,
)


def find(seen: Seen) -> Iterator[Finding | NotChecked]:
    """Impossible sizes, what is missing around the task definitions and what is left to fill in."""
    estate = seen.sources.estate
    for file, line, message, valid in impossible_sizes(estate):
        fix = f"take one of {valid}" if valid else "change it"
        yield fault("fargate-size-impossible", Place(file, line), message, fix)
    for task, resource in tasks_of(estate):
        for box in task["containerDefinitions"]:
            if box["image"] and not is_fixed(box["image"].text):
                message = f"image {box['image'].text} has no fixed version: a new task may run other code"
                yield fault("image-latest", box["image"], message, "name a version or a digest")
        if resource is None and not _is_filled_in(seen):
            yield from _placeholders(task)
        main = main_container(task)
        if is_infrastructure(main["image"].text):
            continue
        yield from _around(task, task["family"].text or (resource.name if resource is not None else ""), seen)
        if main["portMappings"] and not main["healthCheck"] and not _balanced(seen):
            message = f"{task['family'].text} has no healthCheck and no target group: a hung task is never replaced"
            yield fault("task-without-health-check", main["name"], message, "add a healthCheck to the container")


def _balanced(seen: Seen) -> bool:
    estate = seen.sources.estate
    return bool(estate.of("aws_lb_target_group", "aws_alb_target_group", "module")) or any(
        one.body["load_balancer"] for one in estate.of(SERVICE)
    )


def _is_filled_in(seen: Seen) -> bool:
    """Whether a workflow or a script of the folder writes values into the task definition before it is registered."""
    runs = [seen.text(one.file) for one in seen.sources.found.all("workflow")]
    return any(re.search(r"\b(envsubst|sed -i|jq )|amazon-ecs-render-task-definition", text) for text in runs)


def _around(task: Node, name: str, seen: Seen) -> Iterator[Finding | NotChecked]:
    """A service and its scaling, where the folder declares infrastructure at all."""
    estate, family = seen.sources.estate, task["family"]
    elsewhere = "" if estate.resources else "no file declares infrastructure"
    if estate.of("module") and not elsewhere:
        elsewhere = "a module that is not read may make it"
    services = bool(estate.of(SERVICE))
    scheduled = bool(estate.of("aws_cloudwatch_event_target", "aws_scheduler_schedule", "aws_sfn_state_machine"))
    if not services and not scheduled:
        if elsewhere:
            yield open_question("ecs-without-service", family, f"who makes the service of {name}: {elsewhere}")
        else:
            message = f"task definition {name} comes without an ECS service: no desired count, no load balancer"
            fix = "add an aws_ecs_service (Terraform) with desired_count"
            yield fault("ecs-without-service", family, message, fix)
    if not estate.of("aws_appautoscaling_target") and not scheduled:
        if elsewhere:
            yield open_question("ecs-without-scaling", family, f"how {name} is scaled: {elsewhere}")
        else:
            message = f"{name} has no scaling policy: the number of tasks never follows the load"
            fix = "add an aws_appautoscaling_target with a target-tracking policy"
            yield fault("ecs-without-scaling", family, message, fix)


def _placeholders(task: Node) -> Iterator[Finding]:
    for key in ("executionRoleArn", "taskRoleArn"):
        if _PLACEHOLDER.search(task[key].text[:300]):
            message = f"{key} {task[key].text} still holds a placeholder"
            yield fault("placeholder", task[key], message, "write the account number")
    for box in task["containerDefinitions"]:
        image = box["image"]
        if _PLACEHOLDER.search(image.text[:300]):
            message = f"image {image.text} still holds a placeholder: the task cannot be pulled"
            yield fault("placeholder", image, message, "write the account and region")
        for secret in box["secrets"]:
            place = secret["valueFrom"]
            if _PLACEHOLDER.search(place.text[:300]):
                message = f"secret {secret['name'].text} is at {place.text}, which still holds a placeholder: "
                yield fault("placeholder", place, f"{message}the task does not start", "write the account and region")
