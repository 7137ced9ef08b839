"""Edge, database and cache: what the services stand between and lean on."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from novamodel.scenario.commit import SynchronousReplication
from novamodel.scenario.database_memory import DatabaseMemory
from novamodel.scenario.demand import Demand, Keyspace, Statement
from novamodel.scenario.fields import (
    Bytes,
    ClientCount,
    Cores,
    Count,
    FewCount,
    Part,
    PositiveCount,
    Seconds,
    given,
    needed,
    wrong,
)
from novamodel.scenario.pgbouncer import PgBouncer
from novamodel.scenario.read_replicas import ReadReplicas
from novamodel.scenario.service import Resources
from novamodel.scenario.storage_growth import StorageGrowth
from novamodel.scenario.tls import Tls
from novamodel.scenario.volume import InstanceStorage

Weight = Annotated[int, Field(ge=1, le=65535, strict=True)]
NGINX = "documented: nginx defaults"
MEASURED = "measured: NovaBank test stack, loopback, one core of an AMD Zen 5 server"


class RequestLimit(Part):
    """One nginx ``limit_req``, counted by client address."""

    rate: str = needed("rate as nginx writes it: '10r/s' or '100r/m'")
    zone: str | None = given(
        None, "name of the zone: limits with the same zone share one count", "default: a zone of its own"
    )
    key: Literal["client", "route", "server"] = given(
        "client", "what is counted: each client address, each route, or everything together", NGINX
    )
    dry_run: bool = given(False, "count, but reject and delay nothing (limit_req_dry_run)", NGINX)
    burst: Count = given(0, "requests over the rate that are let in", NGINX)
    delay: Count | Literal["nodelay"] = given(0, "'nodelay', or how many of the burst are not delayed", NGINX)
    zone_size: Bytes = given("10 MiB", "memory of the zone", "assumed")
    status: Count = given(503, "status of a rejection (limit_req_status)", NGINX)
    also: tuple[RequestLimit, ...] = given((), "further limit_req lines at the same place", "default: none")

    @field_validator("rate")
    @classmethod
    def _rate(cls, value: str) -> str:
        match = re.fullmatch(r"(\d+)r/([sm])", value)
        if not match or int(match[1]) < 1 or (match[2] == "m" and int(match[1]) * 1000 // 60 < 1):
            raise ValueError(f"{value!r} is not an nginx rate; write a whole number like '10r/s' or '100r/m'")
        return value


class ConnectionLimit(Part):
    """One nginx ``limit_conn``: requests in progress."""

    limit: PositiveCount = needed("requests in progress at most, for each key")
    zone: str | None = given(None, "name of the zone: limits with the same zone share one count", "default: its own")
    key: Literal["client", "route", "server"] = given("client", "what is counted", NGINX)
    status: Count = given(503, "status of a rejection (limit_conn_status)", NGINX)
    also: tuple[ConnectionLimit, ...] = given((), "further limit_conn lines at the same place", "default: none")


class Upstream(Part):
    """How the edge chooses a replica of a service."""

    method: Literal["round_robin", "least_conn", "ip_hash", "random", "random_two"] = given(
        "round_robin", "nginx's balancing method", NGINX
    )
    max_conns: Count = given(0, "requests in progress at one replica; 0 = no limit", NGINX)
    backup: Count = given(0, "replicas, the last ones, that are asked only when all others are out", NGINX)
    max_fails: Count | None = given(None, "failures that take a replica out", "default: max_fails of the edge")
    fail_timeout: Seconds | None = given(None, "how long a replica stays out", "default: fail_timeout of the edge")


class NextUpstream(Part):
    """What is asked of another replica when one has failed (proxy_next_upstream)."""

    on: tuple[Literal["error", "timeout", "http_5xx"], ...] = given(("error", "timeout"), "after what", NGINX)
    tries: Count = given(0, "replicas asked at most; 0 = every one", NGINX)
    timeout: Seconds = given("0 s", "no further try after this; 0 s = no limit", NGINX)


class Edge(Part):
    """A reverse proxy in front of services."""

    kind: Literal["nginx", "ingress-nginx"] = given("nginx", "which program", "assumed")
    workers: FewCount = given(1, "worker processes", NGINX)
    worker_connections: ClientCount = given(512, "connections a worker may hold", NGINX)
    request_cpu: Demand = given(
        "70 us lognormal 0.3", "worker CPU of one proxied request (TLS, no upstream keep-alive)", MEASURED
    )
    requests_per_connection: Annotated[float, Field(ge=1, le=1e6)] = given(
        10.0,
        "requests on one connection of a caller: each is the first of a new one with probability 1 / this",
        "assumed: an app keeps its connections; web pages make 4 on average (HTTP Archive)",
    )
    tls: Tls | None = given(None, "TLS handshakes as CPU of the workers; left out: they cost nothing", "default: none")
    limits: dict[str, RequestLimit] = given(
        {},
        "limit_req by service, or by route, whose own lines replace those of its service",
        "default: none",
    )
    connection_limits: dict[str, ConnectionLimit] = given({}, "limit_conn, likewise", "default: none")
    upstreams: dict[str, Upstream] = given({}, "how replicas are chosen, by service", "default: round robin")
    next_upstream: NextUpstream = given({}, "what is asked of another replica", NGINX)
    read_timeout: Seconds = given(
        "60 s", "the edge gives up on a replica that is silent for this long (proxy_read_timeout)", NGINX
    )
    keepalive: Count = given(0, "idle connections to replicas that each worker keeps (upstream keepalive)", NGINX)
    connect_cpu: Demand = given(
        "0 us",
        "worker CPU of a new connection to a replica, where keepalive does not save it",
        "assumed: in request_cpu",
    )
    reject_cpu: Demand = given(
        "11 us idle 30 us",
        "worker CPU of a request that a limit rejects, beyond its handshake",
        "measured: nginx 1.22 with TLS, kept connection, loopback; proxied there: 63 us idle 97 us",
    )
    weights: dict[str, tuple[Weight, ...]] = given(
        {}, "weights of a service's replicas in nginx's round robin; left out: 1", "default: none"
    )
    max_fails: Count = given(1, "failures that take a server out", NGINX)
    fail_timeout: Seconds = given("10 s", "how long a server stays out", NGINX)
    pod: Resources | None = given(
        None,
        "requests and limits where it runs as a pod on the platform's nodes",
        "default: a machine of its own; with Compose the one machine, without limits",
    )
    network: Seconds = given(
        "0.3 ms", "network time from the edge to a replica and back", "assumed: one region, several zones"
    )

    @model_validator(mode="after")
    def _zones(self) -> Edge:
        """Limits that share a zone share its key, and its rate and size where the zone says them."""
        for part, facts in (("limits", ("key", "rate", "zone_size")), ("connection_limits", ("key",))):
            first: dict[str, tuple[str, RequestLimit | ConnectionLimit]] = {}
            for place, limit in getattr(self, part).items():
                for number, one in enumerate((limit, *limit.also)):
                    where, other = first.setdefault(one.zone, (place, one)) if one.zone else (place, one)
                    for fact in facts:
                        mine, theirs = getattr(one, fact), getattr(other, fact)
                        if mine != theirs:
                            below = (part, place, *(("also", str(number - 1)) if number else ()))
                            raise wrong(f"zone {one.zone!r} has {fact} {theirs} at {where}, not {mine}", *below)
        return self

    @property
    def mean_cpu_s(self) -> float:
        """Mean worker CPU (s) of one request on the reference core, handshakes included."""
        handshake = self.tls.handshake_s if self.tls else 0.0
        return self.request_cpu.busy + handshake / self.requests_per_connection


class Database(Part):
    """PostgreSQL: cores shared by all statements, storage, connections."""

    engine: Literal["postgres"] = given("postgres", "the database", "assumed")
    version: str = given("15", "major version", "assumed")
    instance_class: str | None = given(None, "RDS class, such as db.r6g.large", "default: not on RDS")
    multi_az: bool = given(False, "a standby in another zone", "documented: RDS default")
    cores: Cores = given(2, "cores of the database server (left out: those of instance_class)", "assumed")
    memory: Bytes = given("16 GiB", "memory of the database server (left out: that of instance_class)", "assumed")
    storage: Bytes = given("100 GiB", "allocated storage", "assumed")
    storage_type: Literal["gp3", "gp2", "io1", "io2", "magnetic", "local"] = given("gp3", "kind of storage", "assumed")
    iops: PositiveCount = given(
        3000,
        "storage operations a second (left out: what gp3 or gp2 of this size includes; gp2 while it has burst credits)",
        "documented: RDS gp3 below 400 GiB",
    )
    storage_latency: Seconds = given(
        "1 ms", "time of one storage operation without queueing", "assumed: gp3 single-digit milliseconds"
    )
    throughput_mib_s: PositiveCount = given(
        125, "throughput of the volume, MiB/s (left out: gp3's)", "documented: RDS gp3"
    )
    instance_storage: InstanceStorage | None = given(
        None,
        "what the instance lets through to its volume (left out: as instance_class has it; null: no limit)",
        "default: on RDS as its class has it, elsewhere no limit below the volume's",
    )
    growth: StorageGrowth | None = given(None, "how the storage fills, and its autoscaling", "default: not in this run")
    synchronous: SynchronousReplication | None = given(
        None, "commits wait for a standby (synchronous_standby_names)", "default: asynchronous"
    )
    memory_settings: DatabaseMemory = given({}, "what PostgreSQL may take of the memory", "documented")
    backup_retention_days: Count = given(7, "days that backups are kept", "assumed")
    max_connections: ClientCount = given(
        100, "connections at most (left out: RDS's formula for instance_class)", "documented: PostgreSQL default"
    )
    reserved_connections: Count = given(3, "connections kept for superusers", "documented: PostgreSQL default")
    connect: Demand = given("2.75 ms", "server CPU to set up one connection", MEASURED)
    network: Seconds = given("0.5 ms", "network time of one round trip", "assumed: one region, several zones")
    pgbouncer: PgBouncer | None = given(None, "PgBouncer, if there is one", "default: none")
    read_replicas: ReadReplicas | None = given(None, "PostgreSQL read replicas, if there are any", "default: none")
    statements: dict[str, Statement] = given({}, "what each statement costs", "assumed")
    pod: Resources | None = given(
        None,
        "requests and limits where the primary runs as a pod on the platform's nodes",
        "default: a machine of its own; with Compose the one machine, without limits",
    )

    @property
    def operations_per_s(self) -> float:
        """Storage operations a second of the primary: its volume's, or what the instance lets through."""
        if self.instance_storage is None:
            return float(self.iops)
        return self.instance_storage.operations(self.iops, self.throughput_mib_s)

    @property
    def commit_wait_s(self) -> float:
        """Seconds that a commit of a transaction that writes waits for a standby."""
        return self.synchronous.wait_s if self.synchronous is not None else 0.0

    @property
    def replica_cores(self) -> int:
        """Cores of one read replica; those of the primary where nothing else is said."""
        replicas = self.read_replicas
        machine = replicas.machine if replicas else None
        said = replicas.cores if replicas else None
        return int(said or (machine.cores if machine else self.cores))

    @property
    def replica_connections(self) -> int:
        """Connections that one read replica accepts from applications."""
        replicas = self.read_replicas
        machine = replicas.machine if replicas else None
        said = replicas.max_connections if replicas else None
        return (said or (machine.max_connections if machine else self.max_connections)) - self.reserved_connections

    @model_validator(mode="after")
    def _whole_cores(self) -> Database:
        if self.cores != int(self.cores):
            raise wrong(f"a database server has whole cores, not {self.cores:g}", "cores")
        return self

    @model_validator(mode="after")
    def _storage(self) -> Database:
        if self.instance_class is not None and self.storage_type == "local":
            raise wrong(
                f"RDS ({self.instance_class}) has no local storage; write gp3, or leave instance_class out",
                "storage_type",
            )
        return self


EvictionPolicy = Literal[
    "noeviction",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
]


class CacheCluster(Part):
    """Masters that share the keys by hash slot."""

    simplified = (
        "keys are named KEYSPACE:1, KEYSPACE:2, ..., and a command of several is their first one's; slots do not move; "
        "as a pod, all masters stand together"
    )

    shards: FewCount = given(3, "masters, each with a thread and the memory of a node", "documented: redis-cli, 3")


class Cache(Part):
    """Redis or Valkey: one thread, a memory limit, and keys that come and go one by one."""

    engine: Literal["redis", "valkey"] = given(
        "redis", "Redis 7, or Valkey 8.0, whose tables keep the names of keys in less memory", "assumed"
    )
    cluster: CacheCluster | None = given(None, "keys shared by several masters", "default: one master has them all")
    node_type: str | None = given(None, "ElastiCache node type, such as cache.t4g.small", "default: not on ElastiCache")
    nodes: FewCount = given(1, "nodes, replicas included (left out: a cluster's masters)", "assumed")
    memory: Bytes = given(
        "1 GiB", "memory for entries, of each master (left out: what node_type leaves them)", "assumed"
    )
    maxmemory_policy: EvictionPolicy = given(
        "allkeys-lru", "what goes when memory is full", "assumed (Redis: noeviction; ElastiCache: volatile-lru)"
    )
    maxmemory_samples: FewCount = given(5, "keys looked at for one eviction", "documented: redis.conf")
    appendfsync: Literal["off", "everysec", "always"] = given(
        "off", "append-only file: none, synced once a second beside the work, or before each reply", "assumed"
    )
    fsync: Seconds = given("1 ms", "time of one fsync of the append-only file", "assumed: a local SSD")
    command_cpu: Demand = given("7 us idle 42 us", "CPU of one command", "measured: Redis 7, NovaBank test stack")
    network: Seconds = given("0.5 ms", "network time of one round trip", "assumed: one region, several zones")
    keyspaces: dict[str, Keyspace] = given({}, "kinds of keys", "assumed")
    pod: Resources | None = given(
        None,
        "requests and limits where it runs as a pod on the platform's nodes",
        "default: a machine of its own; with Compose the one machine, without limits",
    )

    @property
    def shards(self) -> int:
        """Masters."""
        return self.cluster.shards if self.cluster is not None else 1

    @model_validator(mode="after")
    def _nodes(self) -> Cache:
        """Each master of a cluster has as many replicas as the others."""
        if self.nodes % self.shards:
            text = f"{self.nodes} nodes are not {self.shards} masters with as many replicas each"
            raise wrong(text, "nodes", valid=f"a multiple of {self.shards}, such as {2 * self.shards}")
        return self


RequestLimit.model_rebuild()
ConnectionLimit.model_rebuild()
