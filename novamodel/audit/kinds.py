"""Every kind of finding: how much it weighs, what it costs whoever leaves it, and what it is called."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from novamodel.scenario import Level

Cost: TypeAlias = Literal["breaks", "loses", "exposes", "load", "money", "misleads"]
COSTS: dict[Cost, str] = {
    "breaks": "BREAKS NOW",
    "loses": "LOSES DATA",
    "exposes": "EXPOSES",
    "load": "BREAKS UNDER LOAD",
    "money": "COSTS MONEY",
    "misleads": "MISLEADS",
}
"""What a kind costs, the dearest first, and its heading."""


class Kind(NamedTuple):
    """A kind of finding: its usual level, what it costs, its name in one line."""

    level: Level
    cost: Cost
    title: str


def kind_of(code: str) -> Kind:
    """The kind of a code; an unknown code misleads."""
    return KINDS.get(code, Kind("warning", "misleads", code.replace("-", " ")))


def _kinds(level: Level, cost: Cost, titles: dict[str, str]) -> dict[str, Kind]:
    return {code: Kind(level, cost, title) for code, title in titles.items()}


KINDS: dict[str, Kind] = {
    **_kinds("error", "breaks", {
        "placeholder": "a value is still to be filled in",
        "file-not-read": "a configuration file is broken",
        "value-unreadable": "a value cannot be read",
        "value-left-out": "a value that no system may have",
        "service-not-deployed": "requests go to a service that nothing deploys",
        "ingress-backend-missing": "an ingress sends requests to a Service that is not there",
        "ingress-port-unknown": "an ingress asks a port that the Service does not have",
        "ingress-annotation-unknown": "an ingress annotation does not exist",
        "service-selects-nothing": "a Service selects no pod",
        "service-port-unknown": "a Service sends to a port that no container has",
        "request-over-limit": "a request is larger than its limit",
        "workload-without-containers": "a workload has no containers",
        "hpa-target-missing": "an autoscaler's target is not there",
        "hpa-without-request": "an autoscaler's share is of a request that is not set",
        "hpa-twice": "two autoscalers move one workload",
        "hpa-bounds": "an autoscaler's bounds contradict each other",
        "depends-on-unknown": "a container waits for one that is not there",
        "container-name-with-replicas": "a fixed container name for several replicas",
        "port-with-replicas": "a fixed port for several replicas",
        "dockerfile-missing": "a Dockerfile is not there",
        "listen-addresses-unset": "PostgreSQL answers nobody from outside",
        "hba-without-services": "pg_hba.conf lets no service in",
        "upstream-host-unknown": "nginx sends to a host that is not there",
        "upstream-empty": "an upstream has no server",
        "upstream-weight-invalid": "a weight that is none",
        "limit-zone-unknown": "a limit names a zone that is not there",
        "limit-rate-invalid": "a rate that is none",
        "ssl-ciphers-unknown": "no cipher of the list exists",
        "certificate-unset": "a TLS server without a certificate",
        "redirect-to-first-name": "a redirect sends to another site",
        "pgbouncer-not-deployed": "a pool points at a PgBouncer that is not there",
        "fargate-size-impossible": "a size that Fargate does not have",
        "gp3-iops-too-small": "iops that the volume cannot have",
        "windows-overlap": "backup and maintenance windows overlap",
        "terraform-variable-undeclared": "a variable that no file declares",
        "terraform-resource-undeclared": "a resource that no file declares",
        "scrape-timeout-long": "a scrape time-out longer than the interval",
        "deploys-unknown-service": "a rollout of a service that is not there",
        "image-never-built": "an image that nothing builds",
        "job-without-credentials": "a deploy job that never signs in",
        "job-service-port": "tests ask a container that publishes no port",
        "job-database-missing": "tests ask for a database that is not there",
        "pod-fits-no-node": "a pod that fits on no node",
    }),
    **_kinds("warning", "breaks", {
        "ecs-without-service": "a task definition without a service",
        "hpa-namespace": "an autoscaler in another namespace than its target",
        "hpa-api-removed": "an API version that is gone",
        "mounted-file-missing": "a mounted file is not there",
        "certificates-missing": "the folder of the certificates is not there",
        "log-group-missing": "a log group that no file makes",
        "variable-never-set": "a variable is read that no file sets",
        "environment-differs": "a platform leaves out a service's cache",
        "cache-not-provisioned": "a cache is named and none is made",
        "final-snapshot-unnamed": "a database that cannot be replaced",
        "budget-blocks-drain": "a disruption budget that lets nothing go",
    }),
    **_kinds("note", "breaks", {
        "depends-on-health": "a service waits for a check that may not be there",
        "depends-on-started": "a service starts before its database answers",
    }),
    **_kinds("error", "loses", {
        "backup-uploads-other-name": "the backup uploads a file that is not there",
        "redis-without-password": "the cache's dump is refused",
        "recovery-file-never-written": "recovery asks for a file that nothing writes",
        "redis-replica-without-masterauth": "a replica that never replicates",
    }),
    **_kinds("warning", "loses", {
        "backup-not-scheduled": "a backup that nobody runs",
        "database-without-backup": "a database without backups",
        "script-hides-failure": "a backup script hides its failures",
        "script-without-password": "a backup script has no password",
        "restore-into-full-database": "a restore into a database that is not empty",
        "restore-goes-on": "a restore goes on after errors",
        "database-single-az": "a database in one zone",
        "replica-not-deployed": "replication without a replica",
        "postgres-variable-unread": "variables that PostgreSQL's image does not read",
        "hba-file-unread": "an access file that PostgreSQL does not read",
        "settings-file-unread": "a settings file that nothing reads",
    }),
    **_kinds("note", "loses", {
        "replication-asynchronous": "replication waits for nobody",
        "dump-never-restored": "a dump that nothing brings back",
        "slot-keeps-wal": "a lost replica fills the disk",
    }),
    **_kinds("warning", "exposes", {
        "password-in-file": "a password stands in a file",
        "metrics-open": "metrics are open to the world",
        "hba-trust": "connections without a password",
        "storage-unencrypted": "a database is stored unencrypted",
        "tls-version-old": "a TLS version that is broken",
        "replication-without-tls": "replication passes in the clear",
    }),
    **_kinds("note", "exposes", {
        "service-is-superuser": "a service logs in as superuser",
        "hsts-missing": "no Strict-Transport-Security header",
        "md5-password": "md5 passwords",
        "long-lived-key": "a workflow signs in with a lasting key",
        "runtime-ended": "a runtime without security fixes",
    }),
    **_kinds("warning", "load", {
        "no-limits": "a service without limits",
        "worker-processes-unset": "nginx runs one worker",
        "upstream-without-keepalive": "a connection for every request",
        "real-ip-unset": "all clients share one limit",
        "connections-exceed-limit": "pools open more connections than PgBouncer takes",
        "connections-exceed-postgres": "pools open more connections than PostgreSQL takes",
        "connections-exceed-replicas": "pools open more connections than the replicas take",
        "pgbouncer-exceeds-postgres": "PgBouncer opens more connections than PostgreSQL takes",
        "database-memory": "PostgreSQL's connections may take more memory than its server has",
        "pgbouncer-statement-mode": "PgBouncer in statement mode",
        "direct-beside-limits": "connections past PgBouncer",
        "node-cpu-overcommitted": "the nodes are promised more than once",
        "host-cpu-overcommitted": "the machine's cores are promised more than once",
        "host-memory-overcommitted": "the machine's memory is promised more than once",
        "no-readiness-probe": "requests before a pod can answer",
        "replicas-with-hpa": "every apply undoes the autoscaler",
        "ecs-without-scaling": "a service that never scales",
        "task-without-health-check": "a hung task is never replaced",
        "query-outlives-request": "queries go on after their request",
        "sizes-disagree": "one service has two sizes",
        "rate-limits-disagree": "two limits for one client",
        "rollout-not-awaited": "nobody waits for the rollout",
        "hpa-metric-not-modelled": "an autoscaler on a metric that is not modelled",
        "queue-not-consumed": "a queue that nobody reads",
    }),
    **_kinds("note", "load", {
        "store-without-limits": "a database or cache without limits",
        "redis-without-maxmemory": "a cache that never evicts",
        "redis-replica-unused": "a cache replica that nobody asks",
        "logs-not-rotated": "logs fill the disk",
        "proxy-timeouts-default": "nginx waits 60 s for a hung replica",
        "upstream-failure-defaults": "one refused connection takes a server out",
        "upstream-single-server": "an upstream with one server",
        "upstream-keepalive-unused": "kept connections that are not used",
        "upstream-server-down": "a server that is marked down",
        "liveness-equals-readiness": "overload restarts replicas",
        "no-disruption-budget": "a drain may take all replicas",
        "rollouts-overlap": "two rollouts at the same time",
        "weights-and-replicas": "weights that do not fit the replicas",
    }),
    **_kinds("warning", "money", {
        "hpa-memory-target": "a memory target that keeps replicas",
        "volume-gp2": "a volume of an older, dearer type",
        "bucket-kept-for-ever": "dumps are kept for ever",
        "logs-kept-for-ever": "logs are kept for ever",
        "read-replicas-idle": "read replicas that nobody asks",
    }),
    **_kinds("warning", "misleads", {
        "no-service-found": "no service is found",
        "chart-not-rendered": "a chart is not rendered",
        "nginx-conf-not-in-cluster": "limits that the cluster does not read",
        "limit-req-status-unset": "rejections look like errors of the server",
        "scrape-target-unknown": "a scrape target that is not there",
        "scrape-one-of-many": "one scrape target for several replicas",
        "no-alert-rules": "nobody is told of anything",
        "no-alertmanager": "alerts are sent nowhere",
        "quantile-without-sum": "a quantile of each series alone",
        "rate-without-sum": "lines with one name",
        "rejections-counted-as-errors": "rejections are shown as errors",
        "error-rate-without-total": "an error rate that is no share",
        "compose-profile": "a profile that is not there",
        "compose-projects": "several Compose projects",
        "machine-contradicted": "a machine that contradicts its type",
        "database-engine": "a database engine that is not modelled",
        "cache-engine": "a cache engine that is not modelled",
        "instance-class-unknown": "an instance class that is not known",
        "cache-node-unknown": "a cache node that is not known",
        "node-type-unknown": "a node type that is not known",
        "storage-type": "a storage type that is not modelled",
        "store-not-modelled": "a store that is not modelled",
        "ingress-limit-unreadable": "a limit that cannot be read",
        "read-replica-unread": "a read replica that nothing asks",
        "queue-one-sided": "a queue with one side",
    }),
    **_kinds("note", "misleads", {
        "deployment-twice": "one workload is deployed twice",
        "nothing-deployed": "no file deploys a service",
        "named-not-deployed": "the text names what nothing deploys",
        "made-elsewhere": "has to be there before",
        "image-latest": "an image without a fixed version",
        "image-floating": "an image without a fixed version (Compose)",
        "rollout-by-latest": "a rollout that cannot be repeated",
        "compose-version": "an obsolete key",
        "ingress-class-annotation": "a deprecated annotation",
        "listen-http2-deprecated": "a deprecated parameter",
        "edge-not-scraped": "rejections that nobody sees",
        "action-ended": "an action whose runtime has ended",
        "panel-type-removed": "a panel type that is gone",
        "replication-connection-limit": "a limit that limits nothing",
        "service-unreached": "a service that nobody asks",
        "caller-assumed": "who asks a service is assumed",
        "store-users-assumed": "who uses a store is assumed",
        "store-unused": "a store that nobody uses",
        "edge-unused": "a proxy that nobody asks",
        "part-unused": "a part that nobody asks",
        "queue-unused": "a queue that nobody uses",
    }),
}  # fmt: skip

READING = {
    "cache-engine", "cache-node-unknown", "caller-assumed", "chart-not-rendered", "compose-profile",
    "compose-projects", "database-engine", "deployment-twice", "edge-unused", "hpa-metric-not-modelled",
    "instance-class-unknown", "no-service-found", "node-type-unknown", "nothing-deployed", "part-unused",
    "queue-one-sided",
    "queue-unused", "read-replica-unread", "service-unreached", "storage-type", "store-not-modelled", "store-unused",
    "store-users-assumed",
}  # fmt: skip
"""Kinds that say how files were read or what has no model: nothing is wrong in the files."""
