"""Deploy workflows (GitHub Actions): read, not modelled; what they deploy is compared with what is there."""

from __future__ import annotations

import re
from collections.abc import Iterable

from novamodel.importers.names import image_name
from novamodel.importers.node import Node
from novamodel.importers.report import Draft, Workload


def _runs(document: Node) -> list[Node]:
    return [step["run"] for _, job in document["jobs"].entries() for step in job["steps"] if step["run"]]


def find_faults(
    documents: Iterable[Node], tasks: Iterable[Workload], deployed: Iterable[Workload], draft: Draft
) -> None:
    """Note rollouts to what no file defines and images that nothing builds.

    ``tasks`` are the ECS task definitions, ``deployed`` the Kubernetes workloads of the folder.
    """
    families = {task.raw_name for task in tasks}
    for document in documents:
        draft.leave(document.file, 1, "workflow", "read, not modelled")
        runs = _runs(document)
        text = "\n".join(run.text for run in runs)
        repositories = set(re.findall(r"[\w.-]+", " ".join(_repositories(document))))
        for run in runs:
            for name in re.findall(r"ecs update-service\b.*?--service\s+(\S+)", run.text):
                if families and name not in families:
                    draft.find(
                        "error",
                        "deploys-unknown-service",
                        run.file,
                        run.line,
                        f"the workflow rolls out ECS service {name}, for which there is no task definition",
                        "add its task definition and service",
                    )
            if "--force-new-deployment" in run.text and ":latest" in text:
                draft.find(
                    "note",
                    "rollout-by-latest",
                    run.file,
                    run.line,
                    "a rollout takes whatever :latest is at that moment: it cannot be repeated or rolled back",
                    "register a task definition with the image's commit",
                )
        for workload in deployed:
            image = image_name(workload.image)
            alike = any(name.endswith(image.rpartition("/")[2]) for name in repositories)
            if image and alike and image not in repositories and "kubectl" not in text:
                draft.find(
                    "error",
                    "image-never-built",
                    workload.file,
                    workload.line,
                    f"{workload.raw_name} runs image {workload.image}, which the workflow never pushes; "
                    "it rolls out to ECS only",
                    "push that image and apply the manifests in the workflow",
                )


def _repositories(document: Node) -> list[str]:
    return [
        value.text
        for _, job in document["jobs"].entries()
        for step in job["steps"]
        for key, value in step["env"].entries()
        if "REPOSITORY" in key.upper()
    ]
