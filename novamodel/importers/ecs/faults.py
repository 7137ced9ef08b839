"""What is wrong with ECS task definitions, whichever variant is taken."""

from __future__ import annotations

import re

from novamodel.importers.aws.estate import Estate
from novamodel.importers.aws.tasks import SERVICE, tasks_of
from novamodel.importers.ecs.read import impossible_sizes
from novamodel.importers.names import image_tag
from novamodel.importers.report import Draft

_PLACEHOLDER = re.compile(r":(account|region|ACCOUNT_ID|REGION|YOUR_ACCOUNT)\b|your-account|\.region\.|<[a-z-]+>", re.I)


def find_faults(estate: Estate, draft: Draft) -> None:
    """Note impossible sizes, what is missing around the task definitions and what is left to fill in."""
    for file, line, message, valid in impossible_sizes(estate):
        draft.find(
            "error", "fargate-size-impossible", file, line, message, f"take one of {valid}" if valid else "change it"
        )
    has_service = bool(estate.of(SERVICE))
    has_scaling = bool(estate.of("aws_appautoscaling_target"))
    for task, resource in tasks_of(estate):
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
            if image and image_tag(image.text) == "latest" and "${" not in image.text:
                draft.find(
                    "note",
                    "image-latest",
                    image.file,
                    image.line,
                    f"image {image.text} has no fixed version: a new task may run other code",
                    "name a version or a digest",
                )
            if image and resource is None and _PLACEHOLDER.search(image.text[:300]):
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
            if _PLACEHOLDER.search(task[key].text[:300]):
                draft.find(
                    "error",
                    "placeholder",
                    task.file,
                    task[key].line,
                    f"{key} {task[key].text} still holds a placeholder",
                    "write the account number",
                )
