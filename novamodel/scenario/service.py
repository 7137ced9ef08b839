"""A service: its runtime, its replicas, its probes, its pool and its autoscaler."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from novamodel.scenario.autoscaler import Autoscaler
from novamodel.scenario.demand import MAIN, Demand, Step
from novamodel.scenario.fields import (
    Bytes,
    Cores,
    Count,
    Part,
    Period,
    PoolSize,
    PositiveCount,
    PositiveSeconds,
    ReplicaCount,
    Seconds,
    given,
)
from novamodel.scenario.rollout import Rollout
from novamodel.scenario.runtime import MEASURED, Runtime
from novamodel.scenario.stations import Consumer
from novamodel.scenario.task import Task

K8S = "documented: Kubernetes defaults"


class Resources(Part):
    """CPU and memory of one replica. A limit left out is no limit."""

    cpu_request: Cores = given("250m", "CPU that the scheduler sets aside and the HPA divides by", "assumed")
    cpu_limit: Cores | None = given(None, "CPU quota, a hard gate each period", "default: no limit")
    memory_request: Bytes = given("256 MiB", "memory that the scheduler sets aside", "assumed")
    memory_limit: Bytes | None = given(None, "memory at which the container is killed", "default: no limit")

    @model_validator(mode="after")
    def _order(self) -> Resources:
        if self.cpu_limit is not None and self.cpu_limit < self.cpu_request:
            raise ValueError(f"cpu_limit {self.cpu_limit * 1000:g}m is below cpu_request {self.cpu_request * 1000:g}m")
        if self.memory_limit is not None and self.memory_limit < self.memory_request:
            raise ValueError("memory_limit is below memory_request")
        return self


class Probe(Part):
    """An HTTP probe of the kubelet (or a load balancer's health check)."""

    initial_delay: Seconds = given("0 s", "no probe before this age of the container", K8S)
    period: Period = given("10 s", "time between probes", K8S)
    timeout: PositiveSeconds = given("1 s", "a slower answer is a failure", K8S)
    failures: PositiveCount = given(3, "failures in a row that count", K8S)


class Pool(Part):
    """A node-postgres pool in each replica."""

    max: PoolSize = given(10, "connections at most", "documented: node-postgres")
    min: Count = given(0, "idle connections that are kept", "documented: node-postgres")
    max_uses: Count = given(0, "a connection is closed after so many uses; 0 = never", "documented: node-postgres")
    max_lifetime: Seconds = given(
        "0 s", "a connection is closed when it is older than this; 0 s = never", "documented: node-postgres"
    )
    start: Literal["cold", "warm"] | None = given(
        None,
        "read with run.start_state: given. What a replica's pool holds when the run begins: cold, nothing; warm, `max`"
        " idle connections (if so many are accepted), as after a busy time; left out, as in steady state. Replicas that"
        " start later begin with none",
        "default: as in steady state",
    )
    user: str = given("app", "database user: PgBouncer has a pool for each", "assumed: one for all services")
    idle_timeout: Seconds = given(
        "10 s", "an idle connection is closed after this; 0 s = never", "documented: node-postgres"
    )
    connection_timeout: Seconds = given(
        "0 s", "a caller waits at most this long for a connection; 0 s = for ever", "documented: node-postgres"
    )


class Service(Part):
    """One deployed service."""

    replicas: ReplicaCount = given(1, "replicas at the start (the autoscaler moves it)", K8S)
    runtime: Runtime = given({}, "what runs in a replica", "assumed")
    resources: Resources = given({}, "CPU and memory of a replica", "assumed")
    readiness: Probe | None = given({"initial_delay": "5 s", "period": "5 s"}, "readiness probe", "assumed")
    liveness: Probe | None = given(None, "liveness probe", "default: none")
    termination_grace: Seconds = given("30 s", "time a replica has to finish", K8S)
    pre_stop: Seconds = given(
        "0 s", "preStop hook: time between leaving the balancer and SIGTERM, within the grace", K8S
    )
    on_sigterm: Literal["ignore", "drain", "exit"] = given(
        "ignore",
        "ignore: runs on until the grace is over; drain: ends with its last request; exit: ends at once",
        "documented: a first process (PID 1) without a handler ignores SIGTERM",
    )
    task: Task = given({}, "what its price on Fargate depends on beside its size", "default: as declared")
    rollout: Rollout = given({}, "how a new version replaces the old one", K8S)
    autoscaler: Autoscaler | None = given(None, "what moves the number of replicas", "default: none")
    pool: Pool | None = given(None, "connection pool of a replica to `database`", "default: none")
    pools: dict[str, Pool] = given({}, "connection pools to further databases, by database", "default: none")
    consumers: dict[str, Consumer] = given({}, "how messages are taken from queues, by any name", "default: none")
    network: Seconds = given(
        "0.5 ms", "network time from a calling service to a replica and back", "assumed: one region, several zones"
    )
    repeatable: tuple[str, ...] = given(
        (), "routes that the edge may send to another replica when they were in flight", "assumed: none"
    )
    routes: dict[str, tuple[Step, ...]] = given({}, "what a request of each route does, step by step", "assumed")
    health: Demand = given("48 us idle 213 us", "main-thread CPU of one probe", MEASURED)
    log_bytes: Count = given(400, "log bytes a request", MEASURED)
    log_bytes_by_route: dict[str, Count] = given({}, "log bytes a request of single routes", "default: log_bytes")
    response_bytes: dict[str, Count] = given({}, "bytes of an answer, by route", "assumed")

    def log_bytes_of(self, route: str) -> int:
        """Log bytes of one request of a route."""
        return self.log_bytes_by_route.get(route, self.log_bytes)

    @property
    def all_pools(self) -> dict[str, Pool]:
        """Connection pools by database."""
        return ({MAIN: self.pool} if self.pool is not None else {}) | self.pools
