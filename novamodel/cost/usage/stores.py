"""Databases, caches, buckets, logs and search domains."""

from decimal import Decimal
from typing import Literal

from novamodel.cost.usage.base import ZERO, Amount, Count, Driver, Name, Purchase, Thing

SupportYear = Literal[0, 1, 2, 3]


class Database(Thing):
    """One RDS instance.

    `engine`: postgres, mysql, mariadb, or another that the book prices. `version`: decides at the usage's date
    whether extended support is charged; `extended_support_year` says it outright. `zones`: single_az, multi_az,
    or cluster (Multi-AZ with two readable standbys). `storage_gib`: allocated (not used) storage, the
    month's average where it grows. `iops`, `throughput_mibps`: provisioned; None
    takes what the volume includes.
    `backup_stored_gib`: automated backups and manual snapshots together, *use* (`meters.backup_stored_gib`
    estimates it). `cpu_credit_hours`: vCPU-hours of surplus credits of T classes, *use*
    (`meters.surplus_credit_hours`). `insights`: standard keeps 7 days for nothing, retention keeps longer a vCPU,
    advanced is Database Insights advanced. `proxy`: RDS Proxy in front of it. `monitoring_interval_s`: enhanced
    monitoring, billed as logs; 0 is off.
    """

    name: Name
    instance_class: Name
    engine: Name = "postgres"
    version: str | None = None
    extended_support_year: SupportYear | None = None
    zones: Literal["single_az", "multi_az", "cluster"] = "single_az"
    purchase: Purchase = "on_demand"
    storage_type: Literal["gp2", "gp3", "io1", "io2", "magnetic"] = "gp3"
    storage_gib: Amount = Decimal(20)
    iops: Amount | None = None
    throughput_mibps: Amount | None = None
    backup_stored_gib: Amount = ZERO
    cpu_credit_hours: Amount = ZERO
    insights: Literal["standard", "retention", "advanced"] = "standard"
    proxy: bool = False
    monitoring_interval_s: Literal[0, 1, 5, 10, 15, 30, 60] = 0


class AuroraInstance(Thing):
    """Instances of one class in an Aurora cluster."""

    instance_class: Name
    count: Count = 1
    purchase: Purchase = "on_demand"


class AuroraCluster(Thing):
    """An Aurora cluster: instances or Serverless v2 capacity, one shared volume, its input and output.

    `io_optimized`: higher prices of instances and storage, nothing for I/O. `acu_hours`: Serverless v2 capacity.
    `storage_gib`, `io_requests`: *use*; the volume is billed by what is in it. `backup_stored_gib`: above one day's,
    *use*; the volume's size is free. `version`, `extended_support_year`, `insights`, `proxy`: as of a
    `Database`; Serverless pays them a capacity unit.
    """

    name: Name
    engine: Literal["postgresql", "mysql"] = "postgresql"
    version: str | None = None
    extended_support_year: SupportYear | None = None
    io_optimized: bool = False
    instances: tuple[AuroraInstance, ...] = ()
    acu_hours: Amount = ZERO
    storage_gib: Amount = ZERO
    io_requests: Amount = ZERO
    backup_stored_gib: Amount = ZERO
    insights: Literal["standard", "retention", "advanced"] = "standard"
    proxy: bool = False


class CacheCluster(Thing):
    """ElastiCache nodes of one type: `shards` x (1 + `replicas`), each billed by the full hour.

    Snapshots above the one that is free are `elasticache.backup`, metered.
    """

    name: Name
    node_type: Name
    engine: Literal["redis", "valkey", "memcached"] = "redis"
    shards: Count = 1
    replicas: Count = 0
    purchase: Purchase = "on_demand"

    @property
    def nodes(self) -> int:
        """Nodes in all."""
        return self.shards * (1 + self.replicas)


class SearchDomain(Thing):
    """An OpenSearch domain: data nodes of one type, their volumes, dedicated masters and UltraWarm nodes.

    `gib`, `iops`, `throughput_mibps` are of each data node. gp3 includes 3,000 IOPS and 125 MiB/s (250 from 170 GiB
    on, and more above 3 TiB); what is above is billed.
    """

    node_type: Name
    name: str = "logs"
    nodes: Count = 1
    purchase: Purchase = "on_demand"
    storage_type: Literal["gp2", "gp3", "io1", "magnetic"] = "gp3"
    gib: Amount = ZERO
    storage_driver: Driver = "use"
    iops: Amount | None = None
    throughput_mibps: Amount | None = None
    master_type: Name | None = None
    masters: Count = 0
    warm_type: Name | None = None
    warm_nodes: Count = 0


class LogGroup(Thing):
    """CloudWatch Logs of one kind: what is taken in, and what is kept; *use*.

    `ingested_gib`: raw bytes in the month. `stored_gib`: raw bytes held on average, stored compressed: what is taken in
    a month times the months kept (`meters.log_kept_gib`; without a retention it grows for ever). `kind`: vended logs
    (flow logs and others that AWS writes) have prices of their own. What Logs Insights reads is
    `cloudwatch.logs.scan`, metered.
    """

    kind: Literal["standard", "infrequent_access", "vended"] = "standard"
    ingested_gib: Amount = ZERO
    stored_gib: Amount = ZERO


class Bucket(Thing):
    """Objects in S3 in one storage class.

    `gib`: GB-months (`meters.gib_months` makes them from what is held for how long). `objects`: how many there are; the
    infrequent-access classes bill each as 128 KiB at least, Glacier adds its index. `held_days`: how long an
    object is kept before it is deleted; below the class's minimum the rest is billed. `put_requests`: *use*. Other
    requests and retrievals are metered: `s3.get`, `s3.standard_ia.retrieval`.
    """

    name: str = ""
    storage_class: Literal[
        "standard",
        "intelligent_tiering",
        "standard_ia",
        "one_zone_ia",
        "glacier_instant",
        "glacier",
        "deep_archive",
    ] = "standard"
    gib: Amount = ZERO
    objects: Amount = ZERO
    held_days: Amount | None = None
    put_requests: Amount = ZERO
