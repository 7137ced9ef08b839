"""Fargate tasks and pods, EKS control planes, EC2 instances, EBS volumes."""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from novamodel.cost.charges.ground import Ground, Quantity, machines
from novamodel.cost.meters import ZERO, billed_ephemeral_gib
from novamodel.cost.provisioned import BASELINE, check_volume, excess
from novamodel.cost.support import eks_support
from novamodel.cost.usage import Driver, FargateService, MonthUsage, NodeGroup, Volume
from novamodel.errors import UserError
from novamodel.scenario.fargate import require_fargate_size

DEFAULT_DISKS = (Volume(name="root", gib=Decimal(20)),)
METRICS_OF_DETAILED_MONITORING = 7
PAY_FOR_EBS = re.compile(
    r"(c3|i2|r3)\.([24]?xlarge)|c1\.xlarge|g2\.2xlarge|m1\.(large|xlarge)|m2\.[24]xlarge|m3\.2?xlarge"
)
"""Types of earlier generations that pay for EBS optimisation (EC2 user guide, from memory)."""
Part = tuple[Driver, str, Decimal]


def fargate_charges(usage: MonthUsage, ground: Ground) -> Iterator[Quantity]:
    """vCPU and memory as requested, disk above 20 GB, Windows licences, addresses of tasks."""
    for service in usage.fargate:
        size = float(service.vcpu), float(service.memory_gib)
        if not ground.sold(partial(require_fargate_size, *size, path=f"fargate.{service.name}")):
            continue
        parts: list[Part] = [
            ("fixed", service.name, service.fixed_task_hours),
            ("use", f"{service.name} above its minimum", service.use_task_hours),
            ("fixed", f"{service.name} during operations", service.surge_task_hours),
        ]
        for driver, name, hours in parts:
            yield from _tasks(service, driver, name, hours)


def _tasks(service: FargateService, driver: Driver, name: str, hours: Decimal) -> Iterator[Quantity]:
    key = f"fargate.{service.os}.{service.arch}"
    spot = hours * _share(service.spot_share, f"fargate.{service.name}.spot_share")
    for suffix, shown, part in (("", name, hours - spot), (".spot", f"{name} on Spot", spot)):
        yield Quantity(f"{key}{suffix}.vcpu", service.vcpu * part, shown, driver)
        yield Quantity(f"{key}{suffix}.memory", service.memory_gib * part, shown, driver)
    disk = billed_ephemeral_gib(service.ephemeral_gib)
    yield Quantity("fargate.ephemeral", disk * hours, name, driver)
    if service.os == "windows":
        yield Quantity(f"{key}.licence", service.vcpu * hours, name, driver)
    if service.public_ipv4:
        yield Quantity("vpc.public_ipv4", hours, f"{name}, an address a task", driver)


def _share(share: Decimal, path: str) -> Decimal:
    if share > 1:
        raise UserError(f"a share of {share:f}", path=path, valid="0 to 1")
    return share


def cluster_charges(usage: MonthUsage, ground: Ground) -> Iterator[Quantity]:
    """EKS control planes, at the price of extended support where the version has left standard support."""
    for cluster in usage.eks_clusters:
        extended = cluster.extended
        if extended is None:
            extended = eks_support(cluster.version, ground.on).extended
        version = f"{cluster.name}, version {cluster.version}" if cluster.version else cluster.name
        key = f"eks.cluster.{'extended' if extended else 'standard'}"
        yield Quantity(key, ground.month, version)


def node_charges(usage: MonthUsage, ground: Ground) -> Iterator[Quantity]:
    """EC2 instances with their disks, surplus CPU credits, detailed monitoring, addresses."""
    for group in usage.nodes:
        yield from _group(group, ground)


def _group(group: NodeGroup, ground: Ground) -> Iterator[Quantity]:
    tenancy = ".dedicated" if group.tenancy == "dedicated" else ""
    key = f"ec2.{group.os}.{group.instance_type}{tenancy}"
    share = _share(group.spot_share, f"nodes.{group.name}.spot_share")
    parts: list[Part] = [
        ("fixed", group.name, group.fixed_node_hours),
        ("use", f"{group.name} above its minimum", group.use_node_hours),
        ("fixed", f"{group.name} during operations", group.surge_node_hours),
    ]
    for driver, name, hours in parts:
        yield from machines(ground, key, hours * (1 - share), name, driver, group.purchase)
        yield Quantity(f"{key}.spot", hours * share, f"{name} on Spot", driver)
    disks = DEFAULT_DISKS if group.disks is None else group.disks
    held: list[Part] = parts if group.disk_hours is None else [("fixed", group.name, group.disk_hours)]
    for driver, name, hours in held:
        for disk in disks:
            yield from _volume(disk, hours / ground.month, name, driver, ground)
    family = "t4g" if group.instance_type.startswith("t4g.") else "t3"
    yield Quantity(f"ec2.cpu_credits.{family}", group.cpu_credit_hours, group.name, "use")
    hours = sum((part for _, _, part in parts), ZERO)
    if group.ebs_optimized and PAY_FOR_EBS.fullmatch(group.instance_type):
        yield Quantity(f"ec2.ebs_optimized.{group.instance_type}", hours, group.name)
    if group.detailed_monitoring:
        metrics = METRICS_OF_DETAILED_MONITORING * (group.disk_hours or hours) / ground.month
        yield Quantity("cloudwatch.metrics", metrics, f"{group.name}, detailed monitoring")
    if group.public_ipv4:
        yield Quantity("vpc.public_ipv4", hours, f"{group.name}, an address each")


def volume_charges(usage: MonthUsage, ground: Ground) -> Iterator[Quantity]:
    """EBS volumes that no node group brings along."""
    for volume in usage.volumes:
        yield from _volume(volume, Decimal(1), volume.name, "fixed", ground)


def _volume(volume: Volume, months: Decimal, name: str, driver: Driver, ground: Ground) -> Iterator[Quantity]:
    if not ground.sold(partial(check_volume, volume)):
        return
    held = volume.count * months
    kind = f"ebs.{volume.kind}"
    yield Quantity(f"{kind}.storage", volume.gib * held, name, driver)
    if volume.kind == "gp3":
        above = excess(volume.iops, volume.throughput_mibps, BASELINE)
        yield Quantity("ebs.gp3.iops", above.iops * held, name, driver)
        yield Quantity("ebs.gp3.throughput", above.mibps * held, name, driver)
    elif volume.kind == "io1" and volume.iops is not None:
        yield Quantity("ebs.io1.iops", volume.iops * held, name, driver)
    elif volume.kind == "io2" and volume.iops is not None:
        for number in range(volume.count):  # tiers are those of one volume
            shown = name if volume.count == 1 else f"{name} {number + 1}"
            yield Quantity("ebs.io2.iops", volume.iops * months, shown, driver, own_tiers=True)
