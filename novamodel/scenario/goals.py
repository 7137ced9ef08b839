"""What counts as good (SLO), where it runs, what is priced, and how it is simulated."""

from __future__ import annotations

import datetime
import re
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, field_validator, model_validator

from novamodel import units
from novamodel.errors import UserError
from novamodel.scenario.committed import parse_commitment
from novamodel.scenario.fields import (
    Bytes,
    ClockTime,
    Count,
    Duration,
    FewCount,
    Part,
    Period,
    PositiveSeconds,
    Seconds,
    Seed,
    Share,
    given,
    needed,
    wrong,
)
from novamodel.scenario.nodes import CpuSharing, NodeGroup, known_type
from novamodel.scenario.scaling_metric import Weekday

CoreSpeed = Annotated[float, Field(ge=0.01, le=100)]
QuotaPeriod = Annotated[PositiveSeconds, Field(ge=0.001, le=1)]
MonthHours = Annotated[float, Field(gt=0, le=744)]
Months = Annotated[float, Field(gt=0, le=1200)]
SmallCount = Annotated[int, Field(ge=0, le=1000)]
Multiple = Annotated[float, Field(ge=0, le=1000)]
SpreadFactor = Annotated[float, Field(ge=1, le=100)]
Growth = Annotated[float, Field(gt=-1, le=10)]
DayOfMonth = Annotated[int, Field(ge=1, le=31)]


_PRECISION = re.compile(r"([\w.]+)(?:\s*\(\s*([\w.-]+)\s*\)\s*(?:<\s*)?|\s*<\s*|\s+)([\d.]+\s*%)")


class Slo(Part):
    """One objective: ``p99 < 300 ms``, ``p95(login) < 1 s``, ``errors < 0.1 %``, ``rejected(customers) < 0.01 %``."""

    text: str = needed("as written")
    metric: Literal["p50", "p90", "p95", "p99", "p99.9", "mean", "errors", "rejected"] = needed("what is measured")
    of: str | None = given(
        None, "route of a latency or error objective, population of a rejection objective", "default: all requests"
    )
    limit: float = Field(gt=0, description="seconds for latencies, share for errors and rejections")

    @model_validator(mode="before")
    @classmethod
    def _parse(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        match = re.fullmatch(r"([\w.]+)\s*(?:\(\s*([\w.-]+)\s*\)\s*)?<\s*(.+)", value.strip())
        metrics = ("p50", "p90", "p95", "p99", "p99.9", "mean", "errors", "rejected")
        if not match or match[1] not in metrics:
            raise ValueError(
                f"{value!r} is not an objective; write it like 'p99 < 300 ms' or 'errors < 0.1 %' "
                f"(metrics: {', '.join(metrics)})"
            )
        parse = units.parse_fraction if match[1] in ("errors", "rejected") else units.parse_time
        return {"text": value.strip(), "metric": match[1], "of": match[2], "limit": parse(match[3])}

    @property
    def is_latency(self) -> bool:
        """Whether the limit is a time (else it is a share)."""
        return self.metric not in ("errors", "rejected")


class Platform(Part):
    """Where it runs."""

    kind: Literal["eks", "ecs", "compose"] = given("eks", "EKS, ECS or Docker Compose on one machine", "assumed")
    compute: Literal["fargate", "ec2"] = given("fargate", "what the replicas run on", "assumed")
    node_type: str = given("m6i.large", "EC2 type of the nodes", "assumed")
    core_speed: CoreSpeed = given(1.0, "speed of a core over the core that the demands were measured on", "assumed")
    cfs_period: QuotaPeriod = given("100 ms", "period of the CPU quota", "documented: Kubernetes default")
    zones: FewCount = given(2, "availability zones", "assumed")

    node_groups: dict[str, NodeGroup] = given(
        {}, "groups of EC2 nodes, the first that has room first", "default: one of node_type that grows with the pods"
    )
    placement: Literal["spread", "pack"] = given(
        "spread",
        "a pod goes to the node that is least (spread) or most (pack) full by requests",
        "documented: kube-scheduler NodeResourcesFit, LeastAllocated",
    )
    cpu: CpuSharing = given({}, "how threads share the cores of a machine", "documented: Linux CPU scheduler")

    @field_validator("node_type")
    @classmethod
    def _known(cls, value: str) -> str:
        return known_type(value)

    @model_validator(mode="after")
    def _machines(self) -> Platform:
        if self.node_groups and not self.on_machines:
            raise wrong("node groups are of EC2 nodes, and compute is fargate", "node_groups", valid="compute: ec2")
        if self.node_groups and self.kind == "compose":
            raise wrong("Compose runs on one machine", "node_groups", valid="node_type names it")
        return self

    @property
    def on_machines(self) -> bool:
        """Whether replicas share machines of the user's: EC2 nodes or the one of Compose."""
        return self.kind == "compose" or self.compute == "ec2"

    @property
    def groups(self) -> dict[str, NodeGroup]:
        """Node groups by name; the one machine of Compose, or one group that grows where none is said."""
        if self.kind == "compose":
            return {"machine": NodeGroup(type=self.node_type, count=1)}
        return self.node_groups or {"nodes": NodeGroup(type=self.node_type, min=self.zones)}

    @property
    def shares_cores(self) -> bool:
        """Whether threads take turns on the cores of machines."""
        return self.on_machines and self.cpu.kind == "turns"


class MonthDays(Part):
    """The days of a month beside the day that `traffic` describes."""

    weekend: Multiple = given(1.0, "traffic of a Saturday or Sunday over that of the day", "assumed: all days alike")
    paydays: tuple[DayOfMonth, ...] = given((), "days of the month with another load", "assumed: none")
    payday: Multiple = given(1.0, "traffic of such a day over that of the day", "assumed")
    growth: Growth = given(0.0, "growth of traffic from one month to the next, a share", "assumed: none")


class Spread(Part):
    """How far the bill's assumed inputs may be off: 90 % lie between the value over the factor and it times it.

    An input that a file, an override or a measurement of this scenario says counts as known.
    """

    bytes: SpreadFactor = given(1.3, "bytes of answers", "assumed")
    logs: SpreadFactor = given(2.0, "bytes of log lines", "assumed")
    zones: SpreadFactor = given(1.5, "share of internal bytes that cross a zone", "assumed")
    nat: SpreadFactor = given(2.0, "share of bytes through the NAT gateway", "assumed")
    one_source: SpreadFactor = given(1.05, "prices that one source tells, or that are derived", "assumed")
    from_memory: SpreadFactor = given(1.25, "prices from memory", "assumed")


class Pricing(Part):
    """What the bill covers, beyond what the run says."""

    region: str = given("us-east-1", "AWS region", "assumed")
    date: str | None = given(
        None,
        "day of the bill, such as 2027-03-01: decides which versions pay extended support",
        "default: of the prices",
    )
    hours_per_month: MonthHours = given(730, "hours in a month", "documented: AWS Pricing Calculator")
    commitments: tuple[str, ...] = given(
        (),
        "savings plans (USD an hour) and reservations (a number) that are paid, such as compute_sp.1yr.no_upfront=0.12"
        " or reserved.1yr.no_upfront:KEY=2",
        "assumed: none, all on demand",
    )
    free_allowances: bool = given(False, "apply the always-free allowances", "assumed")
    load_balancers: SmallCount = given(1, "application load balancers", "assumed")
    connection_lifetime: Seconds = given("60 s", "how long a caller's connection stays open", "assumed")
    nat_gateways: SmallCount = given(1, "NAT gateways", "assumed")
    outward: Literal["nat gateway", "interface endpoints", "public subnet"] | None = given(
        None,
        "how services reach what is outside of their subnets: NAT gateways, interface endpoints for AWS's own services"
        " (one in each zone; calls to other places still need a NAT gateway), or public addresses of their own",
        "default: NAT gateways; public subnet where every task is declared with a public address",
    )
    nat_share: Share = given("5 %", "bytes through the NAT gateway over bytes answered", "assumed")
    cross_zone_share: Share | None = given(
        None, "share of the bytes between tiers that cross a zone", "default: replicas spread evenly, 1 - 1 / zones"
    )
    secrets: Count = given(2, "secrets in Secrets Manager", "assumed")
    kms_keys: Count = given(1, "customer-managed keys", "assumed")
    registry: Bytes = given("4 GiB", "images kept in the registry", "assumed")
    log_retention_months: Months | Literal["for ever"] = given(
        1.0, "months that logs are kept; 'for ever' where a log group has no retention", "assumed"
    )
    months_running: Months = given(12.0, "months that the system has run: what is kept for ever", "assumed")
    backup_bucket: Bytes = given("0 B", "dumps kept in S3", "assumed")
    database_used: Bytes = given("40 GiB", "data in the database", "assumed")
    daily_change: Share = given("2 %", "share of the data that changes in a day (incremental backups)", "assumed")
    metrics: Count = given(0, "custom CloudWatch metrics", "assumed")
    alarms: Count = given(10, "CloudWatch alarms", "assumed")
    uncertainty: Share = given("10 %", "traffic: 90 % lie within this share of it", "assumed")
    spread: Spread = given({}, "how far other inputs of the bill may be off", "assumed")
    month: MonthDays = given({}, "days of the month that are not like the day", "assumed")

    @field_validator("commitments")
    @classmethod
    def _are_commitments(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            try:
                parse_commitment(text)
            except UserError as problem:
                raise ValueError(f"{problem.message}; write it like {problem.valid}") from None
        return value

    @field_validator("date")
    @classmethod
    def _a_day(cls, value: str | None) -> str | None:
        try:
            return None if value is None else datetime.date.fromisoformat(value).isoformat()
        except ValueError:
            raise ValueError(f"{value!r} is no day; write it like 2027-03-01") from None

    @property
    def log_months(self) -> float:
        """Months of logs that are there."""
        return self.months_running if self.log_retention_months == "for ever" else self.log_retention_months


class Precision(Part):
    """How sure an estimate has to be: ``p99 < 5 %``, half of its 95 % interval over its value."""

    text: str = needed("as written")
    metric: Literal["p50", "p90", "p95", "p99", "p99.9", "mean", "errors", "rejected", "rate", "goodput"] = needed(
        "estimate that is to be precise"
    )
    of: str | None = given(None, "route, or population of a rejection share", "default: all requests")
    limit: float = Field(gt=0, le=1, description="half of the 95 % interval over the value")

    @model_validator(mode="before")
    @classmethod
    def _parse(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        match = _PRECISION.fullmatch(value.strip())
        metrics = get_args(cls.model_fields["metric"].annotation)
        if not match or match[1] not in metrics:
            raise ValueError(f"{value!r} is not a precision; write it like 'p99 < 5 %' (metrics: {', '.join(metrics)})")
        return {"text": value.strip(), "metric": match[1], "of": match[2], "limit": units.parse_fraction(match[3])}


LONGEST_WARM_UP_S = 3600.0
"""An automatic warm-up gets no longer than this."""


class Run(Part):
    """How it is simulated."""

    seed: Seed = given(1, "seed of all random draws", "assumed")
    start: ClockTime = given(
        "17:50", "time of day at which the counted window begins", "assumed: the peak of the weekday shape is at 18:00"
    )
    weekday: Weekday = given(
        "Monday", "day on which the counted window begins, for what an autoscaler does on certain days", "assumed"
    )
    duration: Duration = given("20 min", "length of the counted window", "assumed")
    warm_up: Seconds | Literal["auto"] = given(
        "2 min", "simulated before the window and not counted; auto: found by a pilot run (MSER-5)", "assumed"
    )
    start_state: Literal["steady", "cold", "given"] = given(
        "steady",
        "what the run begins with. steady: caches, pools, PgBouncer's servers, limits and replicas as after a long time"
        " of that load; cold: empty caches and pools, unused limits, the least replicas; given: caches and pools as"
        " their start says (else steady), unused limits, replicas as the services say",
        "assumed: a system that has been running",
    )
    replications: FewCount = given(4, "independent runs, at least", "assumed")
    precision: Precision | None = given(
        None, "runs are added until an estimate is this precise: 'p99 < 5 %'", "default: as many as replications"
    )
    most_replications: FewCount = given(64, "independent runs at most, where a precision is asked for", "assumed")
    interval: Period = given("10 s", "length of one row of the interval table", "assumed")

    @property
    def warm_up_s(self) -> float:
        """Warm-up in seconds; while it is still ``auto``, the longest that it may become."""
        return LONGEST_WARM_UP_S if self.warm_up == "auto" else self.warm_up

    @property
    def most_runs(self) -> int:
        """Independent runs at most."""
        return self.replications if self.precision is None else max(self.replications, self.most_replications)
