"""Billed quantities under AWS's billing rules: small functions without prices, in exact decimals.

Times are hours or seconds as the names say; GiB are AWS's billed GB. Sources: the AWS pricing pages of
Fargate, Elastic Load Balancing, Amazon RDS, Amazon VPC, CloudWatch, S3, API Gateway, SQS and Lambda, read in 2026-11;
figures from memory say so.
"""

from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple

from novamodel.cost.money import Number, to_decimal
from novamodel.cost.usage import LoadBalancer

ZERO, ONE = Decimal(0), Decimal(1)
FREE_EPHEMERAL_GIB = Decimal(20)
FREE_RULES = 10
KIB_PER_GIB = Decimal(1024**2)


class Hours(NamedTuple):
    """Hours that are there anyway, and hours that follow use."""

    fixed: Decimal
    use: Decimal


def task_hours(replicas: Sequence[Number], hours_per_month: Number, minimum: Number | None = None) -> Hours:
    """Task-hours of a month from a replica curve in equal time steps that stands for the whole month.

    `minimum` is the floor that always runs (the autoscaler's lower bound); None takes the curve's lowest
    value. Fixed = the floor all month, but no more than ran; use = the rest.
    """
    if not replicas:
        return Hours(ZERO, ZERO)
    curve, month = [to_decimal(count) for count in replicas], to_decimal(hours_per_month)
    ran = sum(curve, ZERO) * month / len(curve)
    floor = min(curve) if minimum is None else to_decimal(minimum)
    fixed = min(ran, floor * month)
    return Hours(fixed, ran - fixed)


def billed_task_seconds(seconds: Number, os: str = "linux") -> Decimal:
    """Seconds billed for one Fargate task from image pull to stop: at least 1 minute (Windows: 5)."""
    return max(to_decimal(seconds), Decimal(300 if os == "windows" else 60))


def run_hours(runs: Number, seconds: Number, os: str = "linux") -> Decimal:
    """Task-hours billed for a number of short Fargate runs, each of so many seconds."""
    return to_decimal(runs) * billed_task_seconds(seconds, os) / 3600


def billed_ephemeral_gib(gib: Number) -> Decimal:
    """GiB of a task's ephemeral storage that are billed: those above 20."""
    return max(ZERO, to_decimal(gib) - FREE_EPHEMERAL_GIB)


def whole(quantity: Decimal) -> Decimal:
    """Round up to a whole number; what arithmetic leaves behind (1e-9) is none."""
    return (quantity - Decimal("1e-9")).to_integral_value(ROUND_CEILING) if quantity > 0 else ZERO


def full_hours(hours: Number) -> Decimal:
    """Hours of a load balancer, NAT gateway or cache node: a started hour counts."""
    return whole(to_decimal(hours))


class CapacityUnit(NamedTuple):
    """What one load balancer capacity unit holds: new connections/s, active connections, GiB/h, rules/s.

    None: the dimension is not counted.
    """

    new_connections_per_s: Decimal
    active_connections: Decimal
    gib_per_hour: Decimal
    rule_evaluations_per_s: Decimal | None


UNITS = {
    "alb": CapacityUnit(Decimal(25), Decimal(3_000), ONE, Decimal(1_000)),
    "nlb": CapacityUnit(Decimal(800), Decimal(100_000), ONE, None),
    "gwlb": CapacityUnit(Decimal(600), Decimal(60_000), ONE, None),
}
"""NLB: TCP; it and the gateway load balancer are from memory."""


def rule_evaluations_per_s(requests_per_s: Number, rules: int) -> Decimal:
    """ALB rule evaluations a second: the first 10 rules are free."""
    return to_decimal(requests_per_s) * max(0, rules - FREE_RULES)


def capacity_units(
    new_connections_per_s: Number,
    active_connections: Number,
    gib_per_hour: Number,
    rule_evaluations: Number = 0,
    kind: str = "alb",
) -> Decimal:
    """Capacity units of one hour: the largest of the dimensions, not rounded."""
    loads = (new_connections_per_s, active_connections, gib_per_hour, rule_evaluations)
    return max(to_decimal(load) / held for load, held in zip(loads, UNITS[kind], strict=True) if held is not None)


def capacity_unit_hours(balancer: LoadBalancer, hours_per_month: Number) -> Decimal:
    """Capacity-unit hours of a month: the largest dimension in each slice, summed.

    A day with a peak costs more than its mean. A profile of n figures stands for n equal slices of the month.
    """
    profiles = balancer.profiles()
    slices = max(len(profile) for profile in profiles)
    rows = zip(*(p * slices if len(p) == 1 else p for p in profiles), strict=True)
    units = sum((capacity_units(row[0], row[1], row[2], row[3], balancer.kind) for row in rows), ZERO)
    return units * to_decimal(hours_per_month) / slices


def balanced_gib(balancer: LoadBalancer, hours_per_month: Number) -> Decimal:
    """GiB through a load balancer in a month."""
    profile = balancer.processed_gib_per_hour
    return sum(profile, ZERO) * to_decimal(hours_per_month) / len(profile)


def metered_requests(requests: Number, payload_kib: Number, step_kib: Number) -> Decimal:
    """Requests that are billed where a payload counts once for each step: HTTP APIs 512 KiB, SQS 64 KiB."""
    return to_decimal(requests) * max(ONE, whole(to_decimal(payload_kib) / to_decimal(step_kib)))


def gib_seconds(requests: Number, duration_ms: Number, memory_mib: Number) -> Decimal:
    """GB-seconds of a function."""
    return to_decimal(requests) * to_decimal(duration_ms) / 1000 * to_decimal(memory_mib) / 1024


LEAST_CACHE_GIB = {"valkey": Decimal("0.1")}
"""What ElastiCache Serverless bills as stored at least; 1 GB where nothing else is said."""


def serverless_cache_gib(engine: str, stored_gib: Number) -> Decimal:
    """GiB that ElastiCache Serverless bills as stored: at least 1 GB, of Valkey 100 MB."""
    return max(to_decimal(stored_gib), LEAST_CACHE_GIB.get(engine, ONE))


CREDIT_BASELINE = {
    "nano": Decimal("0.05"),
    "micro": Decimal("0.10"),
    "small": Decimal("0.20"),
    "medium": Decimal("0.20"),
    "large": Decimal("0.30"),
    "xlarge": Decimal("0.40"),
    "2xlarge": Decimal("0.40"),
}
"""Share of each vCPU that a burstable machine (T3, T4g) may use all the time, by size (EC2 user guide, from memory)."""


def surplus_credit_hours(machine: str, vcpus: int, mean_busy: Number, hours: Number) -> Decimal:
    """vCPU-hours of surplus credits of a burstable machine in unlimited mode; 0 of any other.

    `mean_busy`: vCPUs in use on average over a day: below the baseline credits earned at night pay for the peak.
    """
    family, size = machine.removeprefix("db.").removeprefix("cache.").split(".")[:2]
    if not family.startswith("t") or size not in CREDIT_BASELINE:
        return ZERO
    return max(ZERO, to_decimal(mean_busy) - CREDIT_BASELINE[size] * vcpus) * to_decimal(hours)


def backup_stored_gib(used_gib: Number, changed_gib_per_day: Number, retention_days: int) -> Decimal:
    """Backup storage at rest: the first snapshot is full, each later day adds what changed.

    None at retention 0. `used_gib` is the data in the database, not the allocated storage.
    """
    if retention_days <= 0:
        return ZERO
    return to_decimal(used_gib) + to_decimal(changed_gib_per_day) * (retention_days - 1)


def billed_backup_gib(stored_gib: Iterable[Number], provisioned_gib: Iterable[Number]) -> Decimal:
    """GiB of backups above the allowance: provisioned storage of the region's databases, Multi-AZ once."""
    stored = sum(map(to_decimal, stored_gib), ZERO)
    return max(ZERO, stored - sum(map(to_decimal, provisioned_gib), ZERO))


def enhanced_monitoring_gib(interval_s: Number, instances: int = 1) -> Decimal:
    """GiB of logs a month of RDS enhanced monitoring: 0.2 at a report a minute (0.1 to 0.3, memory)."""
    interval = to_decimal(interval_s)
    return Decimal("0.2") * 60 / interval * instances if interval > 0 else ZERO


def cross_az_billed_gib(moved_gib: Number) -> Decimal:
    """GiB billed for data that moved between zones: once on each side."""
    return 2 * to_decimal(moved_gib)


def log_kept_gib(gib_a_month: Number, months_kept: Number | None, months_running: Number = 12) -> Decimal:
    """Raw GiB of logs held on average; without a retention (None) they are never deleted: all of `months_running`."""
    return to_decimal(gib_a_month) * to_decimal(months_running if months_kept is None else months_kept)


def stored_log_gib(raw_gib: Number, compression: Number) -> Decimal:
    """GiB of logs that are billed as stored: compressed bytes (ingestion is billed on raw ones)."""
    return to_decimal(raw_gib) * to_decimal(compression)


def gib_months(gib_and_hours: Iterable[tuple[Number, Number]], hours_in_month: Number) -> Decimal:
    """GiB-months of objects held for some hours, over the actual hours of the month (S3)."""
    held = sum((to_decimal(gib) * to_decimal(hours) for gib, hours in gib_and_hours), ZERO)
    return held / to_decimal(hours_in_month)


LEAST_KIB = {"standard_ia": 128, "one_zone_ia": 128, "glacier_instant": 128}
LEAST_DAYS = {
    "standard_ia": 30,
    "one_zone_ia": 30,
    "glacier_instant": 90,
    "glacier": 90,
    "deep_archive": 180,
}
"""What S3 bills of an object at least, by storage class: KiB of size, days of storage."""


def billed_object_gib(storage_class: str, gib: Number, objects: Number) -> Decimal:
    """GiB-months that S3 bills of so many objects, all alike: small ones of some classes count as 128 KiB."""
    least = to_decimal(objects) * LEAST_KIB.get(storage_class, 0) / KIB_PER_GIB
    return max(to_decimal(gib), least)


def early_delete_gib(storage_class: str, gib: Number, held_days: Number | None) -> Decimal:
    """GiB-months billed on top for objects that are deleted before the least days of their class.

    `gib`: GiB-months that they were held for, each `held_days`.
    """
    least = Decimal(LEAST_DAYS.get(storage_class, 0))
    if held_days is None or not 0 < to_decimal(held_days) < least:
        return ZERO
    return to_decimal(gib) * (least / to_decimal(held_days) - 1)
