"""What is done to the system while it runs: and what befalls it: an agenda of deployments and faults by time of day."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

from pydantic import model_validator

from novamodel.scenario.backend import Cache, Database
from novamodel.scenario.fields import ClockTime, Factor, FewCount, Part, PositiveSeconds, Seconds, given, needed
from novamodel.scenario.goals import Platform, Run


class RolloutOf(Part):
    """A new version of a service is deployed; `services.NAME.rollout` says how."""

    service: str = needed("which service")

    @classmethod
    def from_text(cls, text: str) -> dict[str, Any]:
        """The service alone."""
        return {"service": text}

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return cls.from_text(value) if isinstance(value, str) else value


class LostReplica(Part):
    """One replica is gone at once, with what it was doing: an eviction, a spot interruption, a broken machine."""

    service: str = needed("which service")
    noticed_after: Seconds = given("1 s", "until then the edge still sends requests there, and they fail", "assumed")
    replaced_after: Seconds = given("1 s", "until a new replica is scheduled", "assumed")

    @classmethod
    def from_text(cls, text: str) -> dict[str, Any]:
        """The service alone."""
        return {"service": text}

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return cls.from_text(value) if isinstance(value, str) else value


class LostZone(Part):
    """All replicas in one zone are gone at once; replicas are spread evenly. Other zones have room for new ones."""

    simplified = "replicas only: edge, database and cache stay, and the other zones always have room"

    zone: FewCount = given(1, "which zone, 1 to platform.zones", "assumed")
    noticed_after: Seconds | None = given(
        None,
        "until then the edge still sends requests there, and they fail; left out: 40 s on EKS, else 60 s",
        "documented: Kubernetes node-monitor-grace-period; a target group's two health checks, 30 s apart",
    )
    replaced_after: Seconds | None = given(
        None,
        "until new replicas are scheduled elsewhere; left out: 340 s on EKS, else 60 s",
        "documented: Kubernetes, 300 s toleration of an unreachable node after the grace period",
    )
    duration: Seconds | None = given(None, "until the zone is back", "default: not in this run")


class DatabaseFailover(Part):
    """The database takes no statement for a while; what runs there fails, and connections die."""

    simplified = "gone for a fixed time; the new primary is as warm as the old one"

    duration: PositiveSeconds | None = given(
        None,
        "how long; left out: 90 s with a standby (multi_az), needed without one",
        "documented: RDS Multi-AZ fails over in typically 60 to 120 s",
    )


class SlowDatabase(Part):
    """Every statement costs more CPU for a while: a missing index, a vacuum, a noisy neighbour."""

    simplified = "CPU of the statements only; no locks, no reads from the volume"

    factor: Factor = given(3.0, "CPU of a statement over what it costs otherwise", "assumed")
    duration: PositiveSeconds = given("5 min", "how long", "assumed")


class CacheFailover(Part):
    """The cache answers nothing for a while, and has kept its keys."""

    simplified = "no write is lost, the new node is as full as the old one"

    duration: PositiveSeconds | None = given(
        None, "how long; left out: by who notices it, with a second node; needed without one", "derived"
    )
    noticed_by: Literal["provider", "sentinel", "cluster"] = given(
        "provider",
        "who makes a replica the master: the provider after 15 s; Sentinel, or the cluster's other masters, "
        "some time after detect_after",
        "assumed: no figure of ElastiCache's is known",
    )
    detect_after: PositiveSeconds | None = given(
        None,
        "Sentinel's down-after-milliseconds (30 s), or cluster-node-timeout (15 s)",
        "documented: redis.conf, sentinel.conf",
    )
    commands: Literal["wait", "miss"] = given(
        "wait",
        "wait: the client queues commands until the cache is back; miss: it takes an error for a miss",
        "documented: node-redis and ioredis queue commands while disconnected",
    )


class EmptiedCache(Part):
    """The cache answers, but has lost every entry: a restart without persistence, an empty node, FLUSHALL."""


class Operation(Part):
    """One entry of the agenda: when, and exactly one thing that happens then."""

    at: ClockTime = needed("time of day; it happens once, the first time that the run comes to it")
    rollout: RolloutOf | None = given(None, "a new version of a service", "default: none")
    lost_replica: LostReplica | None = given(None, "one replica is gone", "default: none")
    lost_zone: LostZone | None = given(None, "a zone is gone", "default: none")
    database_failover: DatabaseFailover | None = given(None, "the database is gone for a while", "default: none")
    slow_database: SlowDatabase | None = given(None, "the database is slow for a while", "default: none")
    cache_failover: CacheFailover | None = given(None, "the cache is gone for a while", "default: none")
    cache_emptied: EmptiedCache | None = given(None, "the cache loses every entry and fills again", "default: none")

    @model_validator(mode="after")
    def _one(self) -> Operation:
        kinds = [name for name in type(self).model_fields if name != "at"]
        named = [name for name in kinds if getattr(self, name) is not None]
        if len(named) != 1:
            raise ValueError(f"an operation is exactly one of {', '.join(kinds)}, not {' and '.join(named) or 'none'}")
        return self

    @property
    def kind(self) -> str:
        """Which of the kinds it is."""
        return next(name for name in type(self).model_fields if name != "at" and getattr(self, name) is not None)

    @property
    def what(self) -> Any:
        """The part that says more."""
        return getattr(self, self.kind)


def check_operations(
    operations: Sequence[Operation], services: Collection[str], platform: Platform, database: Database, cache: Cache
) -> None:
    """Names that an operation uses must exist, and what it leaves out be known. Errors: ValueError with the path."""
    for number, operation in enumerate(operations):
        where = f"operations.{number}.{operation.kind}"
        service = getattr(operation.what, "service", None)
        if service is not None and service not in services:
            raise ValueError(f"{where} names {service!r}, which is no service (services: {', '.join(services)})")
        if operation.lost_zone is not None and operation.lost_zone.zone > platform.zones:
            raise ValueError(f"{where}.zone {operation.lost_zone.zone} is not there (zones: {platform.zones})")
        if operation.database_failover is not None and not database.multi_az:
            _needs_duration(where, operation.database_failover, "database.multi_az is false")
        if operation.cache_failover is not None and cache.nodes < 2:
            _needs_duration(where, operation.cache_failover, "cache.nodes is 1")


def _needs_duration(where: str, fault: DatabaseFailover | CacheFailover, why: str) -> None:
    if fault.duration is None:
        raise ValueError(f"{where}: nothing to fail over to ({why}); say the duration, such as 10 min")


DATABASE_S, CACHE_S = 90.0, 15.0
"""How long a failover takes where the scenario leaves it out."""


def zone_times(platform: Platform, lost: LostZone) -> tuple[float, float]:
    """Seconds until a lost zone is noticed, and until its replicas are replaced (or the zone is back)."""
    noticed, replaced = (40.0, 340.0) if platform.kind == "eks" else (60.0, 60.0)
    noticed = noticed if lost.noticed_after is None else lost.noticed_after
    replaced = replaced if lost.replaced_after is None else lost.replaced_after
    return noticed, replaced if lost.duration is None else min(replaced, lost.duration)


def delay_of(run: Run, operation: Operation) -> float | None:
    """Seconds from the beginning of the run (its warm-up included) to an operation; None when it lies outside."""
    delay = (operation.at - (run.start - run.warm_up_s)) % 86400.0
    return delay if delay < run.warm_up_s + run.duration else None
