"""Declared caches, search domains, tables, other databases, brokers and file systems that have no place elsewhere."""

from __future__ import annotations

from novamodel.cost import CacheCluster, SearchDomain
from novamodel.cost.meters import serverless_cache_gib
from novamodel.scenario.declared import Declared
from novamodel.workflows.month.declared.collect import BY_USE, Found, blocks, flag, purchase
from novamodel.workflows.month.declared.table import PARTS, Part, leave_unsaid, meter_used

EFS_EARNED_MBPS = 0.05
"""MB/s of throughput that a GB in the standard class of EFS includes."""


def shards_of(one: Declared) -> dict[str, int]:
    """Shards and replicas of a replication group or cluster as fields of `CacheCluster`."""
    shards = one.number("num_node_groups") or one.number("cluster_mode.num_node_groups")
    replicas = one.number("replicas_per_node_group")
    replicas = one.number("cluster_mode.replicas_per_node_group") if replicas is None else replicas
    if shards or replicas:
        return {"shards": int(shards or 1), "replicas": int(replicas or 0)}
    nodes = next(
        (n for key in ("num_cache_clusters", "number_cache_clusters", "num_cache_nodes") if (n := one.number(key))), 1
    )
    if one.text("engine") == "memcached":
        return {"shards": int(nodes), "replicas": 0}
    return {"shards": 1, "replicas": int(nodes) - 1}


def scaled_shape(one: Declared, found: Found) -> dict[str, int]:
    """Shards and replicas, each as its scaling target has it: what a usage file says, else its least."""
    shape = shards_of(one)
    for target in found.linking(one, "resource_id", "aws_appautoscaling_target"):
        count = target.used("capacity")
        count = target.number("min_capacity") if count is None else count
        if count is not None:
            kind = "replicas" if target.text("scalable_dimension").endswith("Replicas") else "shards"
            shape[kind] = int(count)
    return shape


def cache(one: Declared, found: Found) -> None:
    """A further cache, or one whose node type the scenario does not know."""
    kind = one.text("node_type")
    if not kind:  # a member of a replication group, which is billed there
        return
    shape = scaled_shape(one, found)
    for number in range(one.count):
        name = one.name if one.count == 1 else f"{one.name} {number + 1}"
        engine = one.text("engine") or "redis"
        found.add("caches", CacheCluster(name=name, node_type=kind, engine=engine, purchase=purchase(one), **shape))
    kept, each = one.number("snapshot_retention_limit") or 0, one.used("snapshot_storage_size_gb")
    if each is not None and kept > 1:
        found.meter("elasticache.backup", each * (kept - 1) * one.count, one, "use")
    elif kept > 1:
        found.leave(one, f"snapshots beyond the first: {BY_USE}")


def serverless_cache(one: Declared, found: Found) -> None:
    """A serverless cache at the least that it bills, or as a usage file says."""
    engine = one.text("engine") or "redis"
    stored, units = one.used("storage_gb"), one.used("monthly_ecpu")
    gib = float(serverless_cache_gib(engine, stored or 0)) * one.count * found.hours
    found.meter(f"elasticache.serverless.{engine}.storage", gib, one)
    found.meter(f"elasticache.serverless.{engine}.ecpu", (units or 0) * one.count, one, "use")
    if stored is None or units is None:
        found.leave(one, f"what is stored above the minimum, and requests: {BY_USE}")


def search(one: Declared, found: Found) -> None:
    """An OpenSearch domain with its volumes."""
    if found.scenario.monitoring.logs == "opensearch" and not found.alone:
        return  # it keeps the logs and is sized by them
    config, disk = "cluster_config.", "ebs_options."
    typed = one.type.replace("aws_", "")
    kind = (one.text(f"{config}instance_type") or "m4.large.search").replace(".elasticsearch", ".search")
    storage = {"standard": "magnetic"}.get(one.text(f"{disk}volume_type"), one.text(f"{disk}volume_type") or "gp2")
    disks = flag(one, f"{disk}ebs_enabled", default=one.number(f"{disk}volume_size") is not None)
    found.add(
        "search",
        SearchDomain(
            name=f"{typed} {one.name}",
            node_type=kind,
            nodes=int(one.number(f"{config}instance_count") or 1) * one.count,
            purchase=purchase(one),
            storage_type=storage,
            gib=(one.number(f"{disk}volume_size") or 8) if disks else 0,
            storage_driver="fixed",
            iops=(one.number(f"{disk}iops") or 1000)
            if disks and storage == "io1"
            else one.number(f"{disk}iops")
            if storage == "gp3"
            else None,
            throughput_mibps=one.number(f"{disk}throughput") if storage == "gp3" else None,
            master_type=_search_type(one, f"{config}dedicated_master_type"),
            masters=int(one.number(f"{config}dedicated_master_count") or 0),
            warm_type=_search_type(one, f"{config}warm_type"),
            warm_nodes=int(one.number(f"{config}warm_count") or 0),
        ),
    )


def _search_type(one: Declared, key: str) -> str | None:
    return one.text(key).replace(".elasticsearch", ".search") or None


TABLE_USE = (
    Part("dynamodb.storage", "storage_gb"),
    Part("dynamodb.pitr", "pitr_backup_storage_gb"),
    Part("dynamodb.backup", "on_demand_backup_storage_gb"),
    Part("dynamodb.restore", "monthly_data_restored_gb"),
    Part("dynamodb.streams", "monthly_streams_read_request_units"),
)
ON_DEMAND = (Part("dynamodb.wru", "monthly_write_request_units"), Part("dynamodb.rru", "monthly_read_request_units"))


def table(one: Declared, found: Found) -> None:
    """A DynamoDB table: provisioned capacity by the hour, else requests; its copies in other regions are named."""
    parts: tuple[Part, ...] = TABLE_USE
    if one.text("billing_mode") == "PAY_PER_REQUEST":
        parts = (*ON_DEMAND, *TABLE_USE)
    else:
        for key, name, unit in (("dynamodb.wcu", "write_capacity", "Write"), ("dynamodb.rcu", "read_capacity", "Read")):
            wanted = one.number(name) or 0
            for target in found.linking(one, "resource_id", "aws_appautoscaling_target"):
                if unit in target.text("scalable_dimension"):
                    least = target.number("min_capacity")
                    wanted = next((n for n in (target.used("capacity"), least) if n is not None), wanted)
            found.meter(key, wanted * one.count * found.hours, one)
    leave_unsaid(one, found, meter_used(one, found, parts))
    for prefix in blocks(one, "replica"):
        found.leave(one, f"its copy in {one.text(f'{prefix}region_name') or 'another region'}: prices of that region")


def document_database(one: Declared, found: Found) -> None:
    """A DocumentDB or Neptune instance, with data and requests that a usage file says of it."""
    kind = "docdb" if "docdb" in one.type else "neptune"
    found.meter(f"{kind}.{one.text('instance_class') or 'db.unknown'}", one.count * found.hours, one)
    found.meter(f"{kind}.cpu_credits", (one.used("monthly_cpu_credit_hrs") or 0) * one.count, one, "use")
    if kind == "docdb":
        parts = (Part("docdb.storage", "data_storage_gb"), Part("docdb.io", "monthly_io_requests"))
        leave_unsaid(one, found, meter_used(one, found, parts))


def graph_cluster(one: Declared, found: Found) -> None:
    """A Neptune cluster's volume; its snapshots beyond the first day."""
    parts: tuple[Part, ...] = (Part("neptune.storage", "storage_gb"), Part("neptune.io", "monthly_io_requests"))
    kept = one.number("backup_retention_period") or 1
    if kept > 1:
        parts = (*parts, Part("neptune.backup", "backup_storage_gb"))
    leave_unsaid(one, found, meter_used(one, found, parts))


def file_system(one: Declared, found: Found) -> None:
    """An EFS file system: what is in its classes, provisioned throughput above what the data includes."""
    zones = "one_zone" if one.text("availability_zone_name") else "standard"
    parts = [Part(f"efs.{zones}.storage", "storage_gb")]
    if blocks(one, "lifecycle_policy"):
        parts += [Part(f"efs.{zones}_ia.storage", "infrequent_access_storage_gb"), *PARTS[one.type]]
    leave_unsaid(one, found, meter_used(one, found, tuple(parts)))
    wanted = one.number("provisioned_throughput_in_mibps")
    if wanted is not None and one.text("throughput_mode") == "provisioned":
        earned = (one.used("storage_gb") or 0) * EFS_EARNED_MBPS
        found.meter("efs.throughput", max(0.0, wanted - earned) * one.count, one)


def kafka(one: Declared, found: Found) -> None:
    """An MSK cluster: brokers by the hour, their disks as large as they are or may shrink to."""
    group = "broker_node_group_info."
    brokers = (one.number("number_of_broker_nodes") or 0) * one.count
    kind = one.text(f"{group}instance_type")
    if not kind or not brokers:
        found.leave(one, "its brokers are not written")
        return
    found.meter(f"msk.{kind}", brokers * found.hours, one)
    size = one.number(f"{group}storage_info.ebs_storage_info.volume_size") or one.number(f"{group}ebs_volume_size")
    for target in found.linking(one, "resource_id", "aws_appautoscaling_target"):
        size = next((n for n in (target.used("capacity"), target.number("min_capacity")) if n is not None), size)
    if size is None:
        found.leave(one, "the size of its disks is not written")
    else:
        found.meter("msk.storage", size * brokers, one)


MODES = {"ACTIVE_STANDBY_MULTI_AZ": "standby", "CLUSTER_MULTI_AZ": "cluster"}


def broker(one: Declared, found: Found) -> None:
    """An Amazon MQ broker: its instances as one price, and its storage, three times that of a RabbitMQ cluster."""
    engine, mode = one.text("engine_type").lower(), MODES.get(one.text("deployment_mode").upper(), "single")
    found.meter(f"mq.{engine}.{one.text('host_instance_type')}.{mode}", one.count * found.hours, one)
    kind = "ebs" if engine == "rabbitmq" else one.text("storage_type").lower() or "efs"
    copies = 3 if mode == "cluster" else 1
    leave_unsaid(one, found, meter_used(one, found, (Part(f"mq.storage.{kind}", "storage_size_gb", copies),)))
