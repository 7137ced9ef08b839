"""Declared clusters, ECS services and pods."""

from __future__ import annotations

import re
from typing import Literal

from novamodel.cost import EksCluster, FargateService, Volume, eks_support
from novamodel.scenario.declared import Declared
from novamodel.workflows.month.declared.collect import Found, blocks, flag

GIB = 1024**3


def eks_cluster(one: Declared, found: Found) -> None:
    """A control plane with the version that decides on extended support."""
    version = one.text("version") or None
    standard = one.text("upgrade_policy.support_type").upper() == "STANDARD"
    for number in range(one.count):
        name = one.name if one.count == 1 else f"{one.name} {number + 1}"
        found.add("eks_clusters", EksCluster(name=name, version=version, extended=False if standard else None))
    if version is not None and not standard and not eks_support(version, found.on).known:
        found.leave(one, f"whether version {version} pays extended support: its dates are not on record")


def ecs_cluster(one: Declared, found: Found) -> None:
    """Costs nothing; Container Insights writes metrics and logs."""
    if any(str(value) in ("enabled", "enhanced") for key, value in one.values.items() if key.startswith("setting")):
        found.leave(one, "Container Insights: its metrics and logs are billed by what it observes")
    else:
        found.costs_nothing(one)


def ecs_service(one: Declared, found: Found) -> None:
    """A service that has no place in the scenario: its tasks at the desired count."""
    task = task_of(one, found)
    if not on_fargate(one, task, found):
        found.costs_nothing(one, "its tasks run on the instances")
        return
    vcpu, gib = (cores(task), memory_gib(task)) if task is not None else (None, None)
    if task is None or vcpu is None or gib is None:
        found.leave(one, "its task definition does not say how large a task is")
        return
    wanted = one.number("desired_count")
    found.add(
        "fargate",
        FargateService(
            name=one.name,
            os=system(task),
            vcpu=vcpu,
            memory_gib=gib,
            fixed_task_hours=(1 if wanted is None else wanted) * one.count * found.hours,
            arch=architecture(task),
            ephemeral_gib=task.number("ephemeral_storage.size_in_gib") or 20,
            public_ipv4=flag(one, "network_configuration.assign_public_ip"),
            spot_share=spot_share([one]),
        ),
    )


def task_of(one: Declared, found: Found) -> Declared | None:
    """The task definition of a service: by reference, by a task set of it, by its name, or the only one."""
    linked = found.linked(one, "task_definition")
    sets = found.linking(one, "service", "aws_ecs_task_set")
    if linked is None and sets:
        linked = found.linked(sets[0], "task_definition")
    if linked is not None:
        return linked
    tasks = found.scenario.declared_of("aws_ecs_task_definition")
    named = [task for task in tasks if one.name in (task.name, task.text("family"))] or tasks
    return named[0] if len(named) == 1 else None


def on_fargate(one: Declared, task: Declared | None, found: Found) -> bool:
    """Whether a service's tasks run on Fargate: as it says, else as its cluster does, else as the task needs."""
    launch = one.text("launch_type").upper()
    own = _providers(one, "capacity_provider_strategy")
    if launch or own:
        return launch == "FARGATE" or any(name.startswith("FARGATE") for name in own)
    cluster = found.linked(one, "cluster")
    if cluster is not None:
        names = _providers(cluster, "default_capacity_provider_strategy", "capacity_providers")
        for more in found.linking(cluster, "cluster_name", "aws_ecs_cluster_capacity_providers"):
            names += _providers(more, "default_capacity_provider_strategy", "capacity_providers")
        return any(name.startswith("FARGATE") for name in names)
    return task is not None and "FARGATE" in task.text("requires_compatibilities").upper()


def _providers(one: Declared, *keys: str) -> list[str]:
    """Capacity providers that a service or cluster names."""
    names = [one.text(f"{prefix}capacity_provider") for key in keys for prefix in blocks(one, key)]
    listed = [str(value) for key, value in one.values.items() if key.startswith("capacity_providers")]
    return [name for name in (*names, *(listed if "capacity_providers" in keys else [])) if name]


def spot_share(services: list[Declared]) -> float:
    """Share of the tasks that capacity providers put on Fargate Spot, by their weights."""
    weights = {"FARGATE": 0.0, "FARGATE_SPOT": 0.0}
    for one in services:
        for prefix in blocks(one, "capacity_provider_strategy"):
            provider = one.text(f"{prefix}capacity_provider")
            if provider in weights:
                weights[provider] += one.number(f"{prefix}weight") or 0.0
    total = sum(weights.values())
    return weights["FARGATE_SPOT"] / total if total else 0.0


def cores(task: Declared) -> float | None:
    """vCPUs of a task: ``1024`` or ``1 vCPU``."""
    number = task.number("cpu")
    if number is not None:
        return number / 1024
    word = re.fullmatch(r"(\d+(?:\.\d+)?|\.\d+)\s*vcpu", task.text("cpu").strip().lower())
    return float(word[1]) if word else None


def memory_gib(task: Declared) -> float | None:
    """GiB of a task: ``2048`` or ``2 GB``."""
    number = task.number("memory")
    if number is not None:
        return number / 1024
    word = re.fullmatch(r"(\d+(?:\.\d+)?|\.\d+)\s*gb", task.text("memory").strip().lower())
    return float(word[1]) if word else None


def fargate_profile(one: Declared, found: Found) -> None:
    """A profile costs nothing by itself: the pods that it takes do."""
    found.costs_nothing(one, "the pods that it takes are priced where they are known")


def architecture(task: Declared) -> Literal["x86", "arm64"]:
    """x86 or arm64 of a task definition."""
    return "arm64" if task.text("runtime_platform.cpu_architecture").upper() == "ARM64" else "x86"


def system(task: Declared) -> Literal["linux", "windows"]:
    """Operating system of a task definition."""
    return "windows" if task.text("runtime_platform.operating_system_family").upper().startswith("WIN") else "linux"


def pod(one: Declared, found: Found) -> None:
    """A pod of the cluster that is no service: the nodes carry it (`month.compute.standing_pods`)."""
    if found.scenario.platform.kind != "eks":
        found.leave(one, "whatever it runs on")
    elif found.scenario.platform.compute == "ec2":
        found.costs_nothing(one, "the nodes carry it" + ("" if one.number("cpu_request") else "; it requests no CPU"))
    else:
        found.leave(one, "a pod on Fargate")


def pod_volume(one: Declared, found: Found) -> None:
    """A volume that a pod claims is EBS."""
    size = one.number("storage")
    if size is None:
        found.leave(one, "its size is not written")
        return
    kind = next((kind for kind in ("gp2", "io1", "io2", "st1", "sc1") if kind in one.text("storage_class")), "gp3")
    gib = max(1.0, size / GIB)
    kind = "gp3" if kind in ("io1", "io2") else kind  # their IOPS stand in a StorageClass
    found.add("volumes", Volume(name=one.name, kind=kind, gib=gib, count=one.count))
