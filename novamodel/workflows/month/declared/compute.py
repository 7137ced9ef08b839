"""Declared clusters, instances, node groups, volumes, functions and tasks."""

from __future__ import annotations

from typing import Literal

from novamodel.cost import EksCluster, FargateService, NodeGroup, Volume, eks_support
from novamodel.scenario import Scenario
from novamodel.scenario.declared import Declared
from novamodel.workflows.month.declared.collect import BY_USE, Found, blocks, flag

EBS_KINDS = {"standard": "magnetic"}
GIB = 1024**3
ROOT_GIB = 8.0
"""Size of a root volume where none is written: that of AWS's Linux images."""


def eks_cluster(one: Declared, found: Found) -> None:
    """A control plane with the version that decides on extended support."""
    version = one.text("version") or None
    standard = one.text("upgrade_policy.support_type").upper() == "STANDARD"
    for number in range(one.count):
        name = one.name if one.count == 1 else f"{one.name} {number + 1}"
        found.add("eks_clusters", EksCluster(name=name, version=version, extended=False if standard else None))
    if version is not None and not standard and not eks_support(version, found.on).known:
        found.leave(one, f"whether version {version} pays extended support: its dates are not on record")


def volumes_of(one: Declared) -> tuple[Volume, ...]:
    """Root and further disks of an instance or a launch template."""
    disks: list[Volume] = []
    for block in ("root_block_device", "ebs_block_device", "block_device_mappings"):
        for prefix in blocks(one, block):
            inner = f"{prefix}ebs." if block == "block_device_mappings" else prefix
            disks.append(_volume(one, inner, f"disk {len(disks) + 1}"))
    if not any(key.startswith(("root_block_device", "block_device_mappings")) for key in one.values):
        disks.insert(0, Volume(name="root", kind="gp2", gib=ROOT_GIB))
    return tuple(disks)


def _volume(one: Declared, prefix: str, name: str, size: str = "volume_size", kind: str = "volume_type") -> Volume:
    written = one.text(f"{prefix}{kind}") or "gp2"
    return Volume(
        name=name,
        kind=EBS_KINDS.get(written, written),
        gib=one.number(f"{prefix}{size}") or ROOT_GIB,
        iops=one.number(f"{prefix}iops") if written in ("gp3", "io1", "io2") else None,
        throughput_mibps=one.number(f"{prefix}throughput") if written == "gp3" else None,
    )


def ebs_volume(one: Declared, found: Found) -> None:
    """A volume by itself."""
    volume = _volume(one, "", one.name, "size", "type")
    if one.number("size") is None:
        found.leave(one, "its size is not written")
        return
    found.add("volumes", volume.model_copy(update={"count": one.count}))


def instance(one: Declared, found: Found) -> None:
    """EC2 instances that run all month, with their disks."""
    kind = one.text("instance_type")
    if not kind:
        found.leave(one, "its instance_type is not written")
        return
    spot = one.text("instance_market_options.market_type") == "spot" or one.type == "aws_spot_instance_request"
    found.add("nodes", group_of(one, kind, one.count, found.hours, one, spot_share=int(spot)))


def group_of(one: Declared, kind: str, count: float, hours: float, disks: Declared, spot_share: float = 0) -> NodeGroup:
    """Instances that run for so many hours each, with the disks of an instance or a launch template."""
    return NodeGroup(
        name=one.name,
        instance_type=kind,
        fixed_node_hours=count * hours,
        tenancy="dedicated" if one.text("tenancy") == "dedicated" else "shared",
        spot_share=spot_share,
        disks=volumes_of(disks),
        detailed_monitoring=flag(one, "monitoring") or flag(disks, "monitoring.enabled"),
        public_ipv4=flag(one, "associate_public_ip_address"),
    )


def scaling_group(one: Declared, found: Found) -> None:
    """An autoscaling group at its desired (or least) size; what it adds under load is not known."""
    count = next((n for key in ("desired_capacity", "min_size") if (n := one.number(key)) is not None), None)
    templates = found.scenario.declared_of("aws_launch_template", "aws_launch_configuration")
    kind = templates[0].text("instance_type") if len(templates) == 1 else ""
    if not kind or count is None:
        found.leave(one, "its size or its instance type is not written, or more than one launch template is")
        return
    found.add("nodes", group_of(one, kind, count * one.count, found.hours, templates[0]))
    most = one.number("max_size")
    if most is not None and most > count:
        found.leave(one, f"instances above {count:g}, up to {most:g}: {BY_USE}")


def group_of_services(scenario: Scenario) -> Declared | None:
    """The declared node group that the services run on: the first of the type that the scenario takes."""
    groups = scenario.declared_of("aws_eks_node_group")
    return next((one for one in groups if scenario.platform.node_type in one.text("instance_types")), None)


def node_group(one: Declared, found: Found) -> None:
    """A node group beside the one that the services run on, at its desired (or least) size."""
    platform = found.scenario.platform
    taken = one.name in platform.node_groups or (not platform.node_groups and one is group_of_services(found.scenario))
    if taken and platform.compute == "ec2":
        return  # `month.compute` has it
    kinds = one.text("instance_types") or "t3.medium"
    sizes = (one.number(f"scaling_config.{key}") for key in ("desired_size", "min_size"))
    count = next((number for number in sizes if number is not None), 1)
    size = one.number("disk_size") or 20
    group = NodeGroup(
        name=one.name,
        instance_type=kinds.split(",")[0].strip(),
        os="windows" if one.text("ami_type").upper().startswith("WINDOWS") else "linux",
        fixed_node_hours=count * one.count * found.hours,
        spot_share=int(one.text("capacity_type").upper() == "SPOT"),
        disks=(Volume(name="root", kind="gp2", gib=size),),
    )
    found.add("nodes", group)


def ecs_cluster(one: Declared, found: Found) -> None:
    """Costs nothing; Container Insights writes metrics and logs."""
    if any(str(value) in ("enabled", "enhanced") for key, value in one.values.items() if key.startswith("setting")):
        found.leave(one, "Container Insights: its metrics and logs are billed by what it observes")
    else:
        found.costs_nothing(one)


def ecs_service(one: Declared, found: Found) -> None:
    """A service that has no place in the scenario: its tasks at the desired count."""
    tasks = found.scenario.declared_of("aws_ecs_task_definition")
    named = [task for task in tasks if one.name in (task.name, task.text("family"))] or tasks
    if len(named) != 1 or named[0].number("cpu") is None or named[0].number("memory") is None:
        found.leave(one, "its task definition does not say how large a task is")
        return
    task = named[0]
    if one.text("launch_type").upper() == "EC2":
        found.costs_nothing(one, "its tasks run on the instances")
        return
    found.add(
        "fargate",
        FargateService(
            name=one.name,
            os=system(task),
            vcpu=(task.number("cpu") or 0) / 1024,
            memory_gib=(task.number("memory") or 0) / 1024,
            fixed_task_hours=(one.number("desired_count") or 1) * one.count * found.hours,
            arch=architecture(task),
            ephemeral_gib=task.number("ephemeral_storage.size_in_gib") or 20,
            public_ipv4=flag(one, "network_configuration.assign_public_ip"),
        ),
    )


def architecture(task: Declared) -> Literal["x86", "arm64"]:
    """x86 or arm64 of a task definition."""
    return "arm64" if task.text("runtime_platform.cpu_architecture").upper() == "ARM64" else "x86"


def system(task: Declared) -> Literal["linux", "windows"]:
    """Operating system of a task definition."""
    return "windows" if task.text("runtime_platform.operating_system_family").upper().startswith("WIN") else "linux"


def function(one: Declared, found: Found) -> None:
    """A function's requests are not known from files; environments that are kept warm are."""
    warm = one.number("provisioned_concurrent_executions") or 0
    if warm:
        memory = one.number("memory_size") or 128
        kept = warm * one.count * memory / 1024 * found.hours * 3600
        found.meter("lambda.x86.provisioned", kept, one)
    found.leave(one, f"requests and their duration: {BY_USE}")


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
