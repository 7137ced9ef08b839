"""Declared EC2 instances, autoscaling groups and node groups, with their launch templates and disks."""

from __future__ import annotations

from math import ceil
from typing import Literal, NamedTuple

from novamodel.cost import NodeGroup, Volume
from novamodel.scenario import Scenario
from novamodel.scenario.declared import Declared
from novamodel.workflows.month.declared.collect import BY_USE, Found, blocks, flag, linked, purchase

EBS_KINDS = {"standard": "magnetic"}
ROOT_GIB = 8.0
"""Size of a root volume where none is written: that of AWS's Linux images."""
ROOTS = ("xvda", "sda1", "sda")
UNLIMITED = ("t3", "t3a", "t4g")
"""Burstable families whose instances are in unlimited mode where nothing else is written; t2 is not."""
TEMPLATES = ("launch_template", "launch_configuration", "mixed_instances_policy")
SAME = {
    "placement.tenancy": "tenancy",
    "placement_tenancy": "tenancy",
    "monitoring.enabled": "monitoring",
    "enable_monitoring": "monitoring",
    "network_interfaces.associate_public_ip_address": "associate_public_ip_address",
}
"""What launch templates and configurations call otherwise than instances."""


class Disk(NamedTuple):
    """A disk as written: the device it is attached as (empty where none is written) and its volume."""

    device: str
    volume: Volume


def with_template(one: Declared, scenario: Scenario) -> Declared:
    """An instance or group with what its launch template says where it says nothing itself."""
    template = linked(scenario, one, *TEMPLATES)
    if template is None and one.type == "aws_autoscaling_group" and not one.text("instance_type"):
        listed = scenario.declared_of("aws_launch_template", "aws_launch_configuration")
        template = listed[0] if len(listed) == 1 and one.type == "aws_autoscaling_group" else None
    if template is None:
        return one
    values = {SAME.get(key, key): value for key, value in template.values.items()}
    if template.type == "aws_launch_configuration":
        values.setdefault("monitoring", True)  # documented: launch configurations monitor in detail
    return one.model_copy(update={"values": values | one.values})


def volumes_of(one: Declared, root: str = "gp2", root_gib: float = ROOT_GIB) -> tuple[Volume, ...]:
    """Root and further disks of an instance or a launch template; `root` is the kind where none is written."""
    disks: list[Disk] = []
    for block in ("root_block_device", "ebs_block_device", "block_device_mappings"):
        for prefix in blocks(one, block):
            inner = f"{prefix}ebs." if block == "block_device_mappings" else prefix
            device = one.text(f"{prefix}device_name").rpartition("/")[2]
            number = next((n for n, disk in enumerate(disks) if device and disk.device == device), None)
            if number is not None:  # the instance's own disk takes what it leaves out from the template's
                disks[number] = Disk(device, _laid_over(one, disks[number].volume, inner))
            elif f"{prefix}virtual_name" not in one.values:
                name = ROOTS[0] if block == "root_block_device" else device
                disks.append(Disk(name, volume_of(one, inner, f"disk {len(disks) + 1}")))
    volumes = [disk.volume for disk in disks]
    if not any(disk.device in ROOTS for disk in disks):
        volumes.insert(0, Volume(name="root", kind="gp3" if root == "gp3" else "gp2", gib=root_gib))
    return tuple(volumes)


def _laid_over(one: Declared, own: Volume, prefix: str) -> Volume:
    """The volume of an instance's own block over the one of its template's mapping."""
    template = volume_of(one, prefix, own.name)
    written = own.model_fields_set
    kept = {"gib": own.gib, "name": own.name}
    return template.model_copy(update=kept) if own.kind == "gp2" and "kind" in written else own


def volume_of(one: Declared, prefix: str, name: str, size: str = "volume_size", kind: str = "volume_type") -> Volume:
    """A volume as a block writes it: gp2 of 8 GiB where it says nothing, 100 IOPS where it says none."""
    written = one.text(f"{prefix}{kind}") or ("io1" if size == "size" and one.number(f"{prefix}iops") else "gp2")
    iops = one.number(f"{prefix}iops") if written in ("gp3", "io1", "io2") else None
    return Volume(
        name=name,
        kind=EBS_KINDS.get(written, written),
        gib=one.number(f"{prefix}{size}") or ROOT_GIB,
        iops=100 if iops is None and written in ("io1", "io2") else iops,
        throughput_mibps=one.number(f"{prefix}throughput") if written == "gp3" else None,
    )


def ebs_volume(one: Declared, found: Found) -> None:
    """A volume by itself; requests to magnetic ones as a usage file says."""
    volume = volume_of(one, "", one.name, "size", "type")
    if one.number("size") is None:
        snapshot = found.linked(one, "snapshot_id")
        if snapshot is not None or "snapshot_id" in one.values:
            found.leave(one, "its size is that of a snapshot")
            return
    found.add("volumes", volume.model_copy(update={"count": one.count}))
    if volume.kind == "magnetic":
        requests = one.used("monthly_standard_io_requests")
        if requests is None:
            found.leave(one, f"its requests: {BY_USE}")
        else:
            found.meter("ebs.magnetic.io", requests * one.count, one, "use")


def instance(one: Declared, found: Found) -> None:
    """EC2 instances that run all month (or the hours that a usage file says), with their disks."""
    whole = with_template(one, found.scenario)
    kind = whole.text("instance_type")
    if "host_id" in one.links or "host_id" in one.values:
        found.costs_nothing(one, "it stands on a host that is paid for; its disks are priced")
        found.add("volumes", *(disk.model_copy(update={"count": one.count}) for disk in volumes_of(whole)))
        return
    if not kind:
        found.leave(one, "its instance_type is not written")
        return
    spot = whole.text("instance_market_options.market_type") == "spot" or one.type == "aws_spot_instance_request"
    hours = one.used("monthly_hrs")
    running = found.hours if hours is None else hours
    group = group_of(whole, kind, one.count, running, found.hours, spot_share=int(spot))
    if whole.text("tenancy") == "host":
        found.leave(one, "it stands on a dedicated host, which is billed as a whole")
        return
    found.add("nodes", group)


def group_of(
    one: Declared,
    kind: str,
    count: float,
    hours: float,
    month: float,
    spot_share: float = 0,
    disks: tuple[Volume, ...] | None = None,
) -> NodeGroup:
    """`count` instances that run `hours` each; their disks stay all month."""
    return NodeGroup(
        name=one.name,
        instance_type=kind,
        os=system(one),
        fixed_node_hours=count * hours,
        disk_hours=count * month if hours != month else None,
        tenancy="dedicated" if one.text("tenancy") == "dedicated" else "shared",
        spot_share=spot_share,
        purchase=purchase(one),
        ebs_optimized=flag(one, "ebs_optimized"),
        disks=volumes_of(one) if disks is None else disks,
        detailed_monitoring=flag(one, "monitoring"),
        public_ipv4=flag(one, "associate_public_ip_address"),
        cpu_credit_hours=_credits(one, kind) * count,
    )


def system(one: Declared) -> Literal["linux", "windows"]:
    """Operating system as a usage file or the image's kind says."""
    said = str(one.usage.get("operating_system", "")) or one.text("ami_type")
    return "windows" if said.lower().startswith("windows") else "linux"


def _credits(one: Declared, kind: str) -> float:
    """vCPU-hours of surplus credits of one instance in unlimited mode, as a usage file says."""
    family = kind.partition(".")[0]
    mode = one.text("credit_specification.cpu_credits") or ("unlimited" if family in UNLIMITED else "standard")
    hours = one.used("monthly_cpu_credit_hrs") or 0
    return hours * (one.used("vcpu_count") or 2) if mode == "unlimited" and family.startswith("t") else 0


def scaling_group(one: Declared, found: Found) -> None:
    """An autoscaling group at its desired (or least) size; what it adds under load is not known."""
    whole = with_template(one, found.scenario)
    policy = "mixed_instances_policy"
    overrides = [
        kind
        for prefix in blocks(one, f"{policy}.launch_template.override")
        if (kind := one.text(f"{prefix}instance_type"))
    ]
    kind = overrides[0] if overrides else whole.text("instance_type")
    sizes = (one.number(key) for key in ("desired_capacity", "min_size"))
    count = one.used("instances")
    if count is None:
        count = next((n for n in sizes if n is not None), None)
    if not kind or count is None:
        found.leave(one, "its size or its instance type is not written, or more than one launch template is")
        return
    if whole.text("tenancy") == "host":
        found.leave(one, "it stands on dedicated hosts, which are billed as a whole")
        return
    if count == 0 and one.used("instances") is None and one.number("desired_capacity") is None:
        count = 1
        found.leave(one, "it may shrink to nothing: one instance is priced")
    weight = one.number(f"{policy}.launch_template.override.weighted_capacity") or 1
    machines = ceil(count / weight)
    found.add("nodes", group_of(whole, kind, machines * one.count, found.hours, found.hours, _on_spot(one, machines)))
    most = one.number("max_size")
    if most is not None and most > count:
        found.leave(one, f"instances above {count:g}, up to {most:g}: {BY_USE}")


def _on_spot(one: Declared, count: int) -> float:
    """Share of a mixed group's instances on Spot."""
    prefix = "mixed_instances_policy.instances_distribution."
    above = one.number(f"{prefix}on_demand_percentage_above_base_capacity")
    base = min(count, one.number(f"{prefix}on_demand_base_capacity") or 0)
    return (count - base) * (1 - above / 100) / count if above is not None and count else 0.0


def group_of_services(scenario: Scenario) -> Declared | None:
    """The declared group that the services run on: the first node group of the type that the scenario takes.

    On ECS, and on EKS without node groups, the first autoscaling group that is a capacity provider, else the first.
    """
    if not scenario.platform.on_machines:
        return None
    groups = scenario.declared_of("aws_eks_node_group")
    if groups:
        kind = scenario.platform.node_type
        return next((one for one in groups if kind in (one.text("instance_types") or kind_of(scenario, one))), None)
    scaled = scenario.declared_of("aws_autoscaling_group") or scenario.declared_of("aws_instance")
    providers = scenario.declared_of("aws_ecs_capacity_provider")
    named = {address for one in providers for address in one.links.values()}
    return next((one for one in scaled if one.address in named), scaled[0] if scaled else None)


def kind_of(scenario: Scenario, one: Declared) -> str:
    """EC2 type of a group's launch template; empty where it has none or that says none."""
    template = linked(scenario, one, *TEMPLATES)
    return template.text("instance_type") if template is not None else ""


def disks_of_group(scenario: Scenario, one: Declared) -> tuple[Volume, ...]:
    """Disks of a node of an EKS node group: those of its launch template, else one gp2 of `disk_size` (20 GiB)."""
    template = linked(scenario, one, *TEMPLATES)
    if template is not None:
        return volumes_of(with_template(one, scenario))
    return (Volume(name="root", kind="gp2", gib=one.number("disk_size") or 20),)


def node_group(one: Declared, found: Found) -> None:
    """A node group beside the one that the services run on, at its desired (or least) size."""
    platform = found.scenario.platform
    taken = one.name in platform.node_groups or (not platform.node_groups and one is group_of_services(found.scenario))
    if taken and platform.compute == "ec2" and not found.alone:
        return  # `month.compute` has it
    whole = with_template(one, found.scenario)
    kinds = one.text("instance_types") or whole.text("instance_type") or "t3.medium"
    sizes = (one.used("instances"), *(one.number(f"scaling_config.{key}") for key in ("desired_size", "min_size")))
    count = next((number for number in sizes if number is not None), 1) * one.count
    disks = disks_of_group(found.scenario, one)
    kind = kinds.split(",")[0].strip()
    spot = int(one.text("capacity_type").upper() == "SPOT")
    found.add("nodes", group_of(whole, kind, count, found.hours, found.hours, spot, disks))


def dedicated_host(one: Declared, found: Found) -> None:
    """A dedicated host by the hour, whatever stands on it."""
    family = one.text("instance_family") or one.text("instance_type").partition(".")[0]
    found.meter(f"ec2.host.{family}", one.count * found.hours, one)


def snapshot(one: Declared, found: Found) -> None:
    """A snapshot of a declared volume, as large as that."""
    source = found.linked(one, "volume_id", "source_snapshot_id")
    for _ in range(3):
        if source is None or source.type == "aws_ebs_volume":
            break
        source = found.linked(source, "volume_id", "source_snapshot_id")
    size = one.number("volume_size") or (source.number("size") if source is not None else None)
    if size is None and source is not None:
        size = ROOT_GIB
    if size is None:
        found.leave(one, f"its bytes: {BY_USE}")
    else:
        found.meter("ebs.snapshot", size * one.count, one)
