"""What a month uses, in plain numbers: the one thing a bill is made from.

`MonthUsage` knows no scenario and no simulation. Whoever has a run fills it in; every field defaults to
"none of it". Fields whose name or sentence says *use* follow traffic and are starred on the bill; all others
are there whether customers come or not. GiB are billed as AWS's GB (1024^3 bytes).

**Profiles.** The fields of type `Profile` are lists over the month in equal slices: 730 figures are hours of
the month, 24 figures a day that repeats, one figure a month without change. Lists of one load balancer may
differ in length only where one of them has a single figure.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Profile = tuple[NonNegative, ...]
Name = Annotated[str, Field(min_length=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FargateService(_Frozen):
    """Tasks (ECS) or pods (EKS) of one size. `meters.task_hours` makes the hours from a replica curve;
    `fargate.fargate_pod_size` makes the size from a pod's requests.

    `vcpu`, `memory_gib`: a size that Fargate sells. `fixed_task_hours`: task-hours of the replicas that
    always run. `use_task_hours`: task-hours above them, driven by use. `surge_task_hours`: task-hours beyond the wanted
    number while a rolling update or another operation is under way, whatever the traffic. `ephemeral_gib`: disk a
    task (20 are free).
    """

    name: Name
    vcpu: NonNegative
    memory_gib: NonNegative
    fixed_task_hours: NonNegative = 0
    use_task_hours: NonNegative = 0
    surge_task_hours: NonNegative = 0
    arch: Literal["x86", "arm64"] = "x86"
    ephemeral_gib: NonNegative = 20


class NodeGroup(_Frozen):
    """EC2 instances of one type, Linux, on demand: EKS managed nodes, ECS on EC2, or a plain server.

    `fixed_node_hours`, `use_node_hours`, `surge_node_hours`: as of a Fargate service (`nodes.nodes_for_pods` gives
    the counts).
    `disk_gib`: gp3 root volume of each (20 is the default of an EKS managed node group).
    """

    name: Name
    instance_type: Name
    fixed_node_hours: NonNegative = 0
    use_node_hours: NonNegative = 0
    surge_node_hours: NonNegative = 0
    disk_gib: NonNegative = 20


class Database(_Frozen):
    """One RDS for PostgreSQL instance.

    `storage_gib`: allocated (not used) storage, the month's average where it grows. `iops`,
    `throughput_mibps`: provisioned; None takes what the volume includes. `backup_stored_gib`: automated
    backups and manual snapshots together, *use* (`meters.backup_stored_gib` estimates it).
    `instance_hours`: None is the whole month. `extended_support_year`: 0 while the engine version is in
    standard support. `insights`: standard keeps 7 days for nothing. `proxy`: RDS Proxy in front of it.
    """

    name: Name
    instance_class: Name
    multi_az: bool = False
    storage_type: Literal["gp3", "gp2", "io1"] = "gp3"
    storage_gib: NonNegative = 20
    iops: NonNegative | None = None
    throughput_mibps: NonNegative | None = None
    backup_stored_gib: NonNegative = 0
    snapshot_export_gib: NonNegative = 0
    instance_hours: NonNegative | None = None
    extended_support_year: Literal[0, 1, 2, 3] = 0
    insights: Literal["standard", "advanced"] = "standard"
    proxy: bool = False


class CacheCluster(_Frozen):
    """ElastiCache nodes of one type: `nodes` = shards x (1 + replicas), each billed by the full hour."""

    name: Name
    node_type: Name
    nodes: Count = 1
    engine: Literal["redis", "valkey"] = "redis"
    backup_gib: NonNegative = 0


class SearchDomain(_Frozen):
    """An OpenSearch domain: data nodes of one type and gp3 volumes, all together ``storage_gib``, *use*."""

    node_type: Name
    nodes: Count = 1
    storage_gib: NonNegative = 0


class LoadBalancer(_Frozen):
    """One load balancer with its load as profiles (see the module), all *use*.

    `new_connections_per_s`: new connections (NLB: flows) a second. `active_connections`: open at a time, per
    minute. `processed_gib_per_hour`: both directions. `rule_evaluations_per_s`: see
    `meters.rule_evaluations_per_s`; ALB only. Its public IPv4 addresses count in `MonthUsage.public_ipv4`.
    """

    name: Name
    kind: Literal["alb", "nlb"] = "alb"
    new_connections_per_s: Profile = (0.0,)
    active_connections: Profile = (0.0,)
    processed_gib_per_hour: Profile = (0.0,)
    rule_evaluations_per_s: Profile = (0.0,)

    @model_validator(mode="after")
    def _same_length(self) -> "LoadBalancer":
        lengths = {len(profile) for profile in self.profiles()}
        if 0 in lengths or len(lengths - {1}) > 1:
            raise ValueError(f"profiles of load balancer {self.name} have lengths {sorted(lengths)}")
        return self

    def profiles(self) -> tuple[Profile, Profile, Profile, Profile]:
        """The four profiles in the order of the capacity unit's dimensions."""
        return (
            self.new_connections_per_s,
            self.active_connections,
            self.processed_gib_per_hour,
            self.rule_evaluations_per_s,
        )


class QueueUse(_Frozen):
    """One SQS standard queue: `requests` of all kinds (send, receive, delete, empty receives) in chunks of 64 KiB,
    *use*.
    """

    name: Name
    requests: NonNegative = 0


class MonthUsage(_Frozen):
    """Everything one month of a deployment uses."""

    hours_per_month: Annotated[float, Field(gt=0, le=744, allow_inf_nan=False)] = 730
    """730 as AWS's calculator has it; AWS's page examples use 720, a bill the hours of its month."""
    free_tier: bool = False
    """Take off the account's always-free allowances (100 GB out, 5 GB of logs, 10 metrics and alarms ...)."""

    fargate: tuple[FargateService, ...] = ()
    nodes: tuple[NodeGroup, ...] = ()
    eks_clusters: Count = 0
    eks_extended_support: bool = False
    databases: tuple[Database, ...] = ()
    caches: tuple[CacheCluster, ...] = ()

    load_balancers: tuple[LoadBalancer, ...] = ()
    nat_gateways: Count = 0
    """NAT gateways, usually one a zone."""
    nat_gib: NonNegative = 0
    """GiB through them in either direction; *use*."""
    public_ipv4: Count = 0
    """Public addresses held all month: one a zone of a public load balancer, one a NAT gateway."""
    public_ipv4_use_hours: NonNegative = 0
    """Address-hours that come and go with tasks; *use*."""
    internet_out_gib: NonNegative = 0
    """GiB out to the internet; *use*."""
    cross_az_gib: NonNegative = 0
    """GiB moved between zones, counted once (AWS bills both sides); *use*."""

    log_fixed_gib: NonNegative = 0
    """GiB of logs ingested whatever the traffic (see `meters.enhanced_monitoring_gib`)."""
    log_use_gib: NonNegative = 0
    """GiB of logs ingested, raw, that follow requests; *use*."""
    log_stored_gib: NonNegative = 0
    """GiB of raw logs held on average (ingested a month x months kept); stored compressed; *use*."""
    log_compression: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Stored bytes for each raw byte (AWS's example: 30 GB become 6 GB)."""
    log_scanned_gib: NonNegative = 0
    """GiB scanned by Logs Insights queries; *use*."""
    custom_metrics: NonNegative = 0
    """Custom metrics (each set of dimensions is one), averaged over the month."""
    container_insights_metrics: NonNegative = 0
    """Metrics that Container Insights adds, billed as custom metrics; 0 = off."""
    search: SearchDomain | None = None
    """OpenSearch for the logs."""
    prometheus_samples: NonNegative = 0
    """Samples that Amazon Managed Service for Prometheus takes in."""
    prometheus_gib: NonNegative = 0
    """GiB that it keeps."""
    alarms: NonNegative = 0
    alarms_high_resolution: NonNegative = 0
    dashboards: Count = 0

    ebs_gp3_gib: NonNegative = 0
    """gp3 volumes beside the node groups' root disks."""
    ebs_snapshot_gib: NonNegative = 0
    s3_gib: NonNegative = 0
    """GiB-months in S3 Standard."""
    s3_put_requests: NonNegative = 0
    """*Use*."""
    s3_get_requests: NonNegative = 0
    """*Use*."""
    registry_gib: NonNegative = 0
    """GiB of images in ECR."""
    secrets: Count = 0
    secret_api_calls: NonNegative = 0
    """*Use*."""
    kms_keys: Count = 0
    """Customer managed keys (AWS managed keys cost nothing)."""
    kms_requests: NonNegative = 0
    """*Use*."""
    hosted_zones: Count = 0
    dns_queries: NonNegative = 0
    """*Use*."""
    api_gateway: Literal["http", "rest"] = "http"
    api_requests: NonNegative = 0
    """Requests through Amazon API Gateway; *use*."""
    queues: tuple[QueueUse, ...] = ()
    web_acls: Count = 0
    web_acl_rules: Count = 0
    web_acl_requests: NonNegative = 0
    """*Use*."""

    not_priced: tuple[str, ...] = ()
    """What the deployment has and this usage cannot say: listed on the bill."""

    @model_validator(mode="after")
    def _names_once(self) -> "MonthUsage":
        for kind in ("fargate", "nodes", "databases", "caches", "load_balancers", "queues"):
            names = [item.name for item in getattr(self, kind)]
            if len(names) != len(set(names)):
                raise ValueError(f"{kind} has one name twice: {names}")
        return self
