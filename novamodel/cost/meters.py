"""Billed quantities under AWS's billing rules: small functions without prices.

Times are hours or seconds as the names say; GiB are AWS's billed GB. Sources: the AWS pricing pages of
Fargate, Elastic Load Balancing, Amazon RDS, Amazon VPC, CloudWatch and S3, read in 2026-11; figures from
memory say so.
"""

from collections.abc import Iterable, Sequence
from math import ceil
from typing import NamedTuple

from novamodel.cost.usage import LoadBalancer

FREE_EPHEMERAL_GIB = 20.0
FREE_RULES = 10


class Hours(NamedTuple):
    """Hours that are there anyway, and hours that follow use."""

    fixed: float
    use: float


class Volume(NamedTuple):
    """IOPS and MiB/s of a volume."""

    iops: float
    mibps: float


def task_hours(replicas: Sequence[float], hours_per_month: float, minimum: float | None = None) -> Hours:
    """Task-hours of a month from a replica curve in equal time steps that stands for the whole month.

    `minimum` is the floor that always runs (the autoscaler's lower bound); None takes the curve's lowest
    value. Fixed = the floor all month, but no more than ran; use = the rest.
    """
    if not replicas:
        return Hours(0.0, 0.0)
    ran = sum(replicas) / len(replicas) * hours_per_month
    floor = min(replicas) if minimum is None else minimum
    fixed = min(ran, floor * hours_per_month)
    return Hours(fixed, ran - fixed)


def billed_task_seconds(seconds: float, os: str = "linux") -> float:
    """Seconds billed for one Fargate task from image pull to stop: at least 1 minute (Windows: 5)."""
    return max(seconds, 300.0 if os == "windows" else 60.0)


def billed_ephemeral_gib(gib: float) -> float:
    """GiB of a task's ephemeral storage that are billed: those above 20."""
    return max(0.0, gib - FREE_EPHEMERAL_GIB)


def full_hours(hours: float) -> float:
    """Hours of a load balancer, NAT gateway or cache node: a started hour counts."""
    return float(ceil(hours - 1e-9))


class CapacityUnit(NamedTuple):
    """What one load balancer capacity unit holds: new connections/s, active connections, GiB/h, rules/s."""

    new_connections_per_s: float
    active_connections: float
    gib_per_hour: float
    rule_evaluations_per_s: float


ALB_UNIT = CapacityUnit(25, 3_000, 1, 1_000)
NLB_UNIT = CapacityUnit(800, 100_000, 1, float("inf"))
"""TCP; from memory."""


def rule_evaluations_per_s(requests_per_s: float, rules: int) -> float:
    """ALB rule evaluations a second: the first 10 rules are free."""
    return requests_per_s * max(0, rules - FREE_RULES)


def capacity_units(
    new_connections_per_s: float,
    active_connections: float,
    gib_per_hour: float,
    rule_evaluations: float = 0.0,
    unit: CapacityUnit = ALB_UNIT,
) -> float:
    """Capacity units of one hour: the largest of the four dimensions, not rounded."""
    return max(
        new_connections_per_s / unit.new_connections_per_s,
        active_connections / unit.active_connections,
        gib_per_hour / unit.gib_per_hour,
        rule_evaluations / unit.rule_evaluations_per_s,
    )


def capacity_unit_hours(balancer: LoadBalancer, hours_per_month: float) -> float:
    """Capacity-unit hours of a month: the largest dimension in each slice, summed.

    A day with a peak costs more than its mean. A profile of n figures stands for n equal slices of the month.
    """
    profiles = balancer.profiles()
    slices = max(len(profile) for profile in profiles)
    connections, active, gib, rules = (p * slices if len(p) == 1 else p for p in profiles)
    unit = ALB_UNIT if balancer.kind == "alb" else NLB_UNIT
    units = (capacity_units(*row, unit) for row in zip(connections, active, gib, rules, strict=True))
    return sum(units) * hours_per_month / slices


def rds_gp3_included(storage_gib: float, engine: str = "postgres") -> Volume:
    """IOPS and MiB/s that an RDS gp3 volume includes.

    PostgreSQL, MySQL, MariaDB: 3,000 / 125, and 12,000 / 500 from 400 GiB (four striped volumes). Oracle:
    from 200 GiB. SQL Server: 3,000 / 125 at every size (from memory).
    """
    threshold = {"oracle": 200.0, "sqlserver": float("inf")}.get(engine, 400.0)
    return Volume(12_000, 500) if storage_gib >= threshold else Volume(3_000, 125)


def excess(provisioned: Volume, included: Volume) -> Volume:
    """What is billed of a provisioned volume: only the part above what is included."""
    return Volume(max(0.0, provisioned.iops - included.iops), max(0.0, provisioned.mibps - included.mibps))


def backup_stored_gib(used_gib: float, changed_gib_per_day: float, retention_days: int) -> float:
    """Backup storage at rest: the first snapshot is full, each later day adds what changed.

    None at retention 0. `used_gib` is the data in the database, not the allocated storage.
    """
    if retention_days <= 0:
        return 0.0
    return used_gib + changed_gib_per_day * (retention_days - 1)


def billed_backup_gib(stored_gib: Iterable[float], provisioned_gib: Iterable[float]) -> float:
    """GiB of backups above the allowance: provisioned storage of the region's databases, Multi-AZ once."""
    return max(0.0, sum(stored_gib) - sum(provisioned_gib))


def enhanced_monitoring_gib(interval_s: float, instances: int = 1) -> float:
    """GiB of logs a month of RDS enhanced monitoring: 0.2 at a report a minute (0.1 to 0.3, memory)."""
    return 0.2 * 60 / interval_s * instances if interval_s > 0 else 0.0


def cross_az_billed_gib(moved_gib: float) -> float:
    """GiB billed for data that moved between zones: once on each side."""
    return 2 * moved_gib


def stored_log_gib(raw_gib: float, compression: float) -> float:
    """GiB of logs that are billed as stored: compressed bytes (ingestion is billed on raw ones)."""
    return raw_gib * compression


def gib_months(gib_and_hours: Iterable[tuple[float, float]], hours_in_month: float) -> float:
    """GiB-months of objects held for some hours, over the actual hours of the month (S3)."""
    return sum(gib * hours for gib, hours in gib_and_hours) / hours_in_month
