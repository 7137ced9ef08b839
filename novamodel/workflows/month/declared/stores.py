"""Declared databases, caches, search domains and tables that have no place in the scenario."""

from __future__ import annotations

from typing import Any

from novamodel.cost import AuroraCluster, AuroraInstance, CacheCluster, Database, SearchDomain
from novamodel.cost.meters import backup_stored_gib, serverless_cache_gib
from novamodel.scenario.declared import Declared
from novamodel.workflows.month.declared.collect import BY_USE, Found, flag

GIB = 1024**3
ENGINES = {"": "postgres", "postgresql": "postgres"}


def storage_of(one: Declared) -> dict[str, Any]:
    """Engine, version and storage of an RDS instance as fields of `Database`."""
    engine = one.text("engine").lower()
    kind = one.text("storage_type").lower() or ("io1" if one.number("iops") else "gp2")
    kind = {"standard": "magnetic"}.get(kind, kind)
    insights = "standard"
    if one.text("database_insights_mode").lower() == "advanced":
        insights = "advanced"
    elif (one.number("performance_insights_retention_period") or 7) > 7:
        insights = "retention"
    return {
        "engine": ENGINES.get(engine, engine),
        "version": one.text("engine_version") or None,
        "extended_support_year": 0 if "disabled" in one.text("engine_lifecycle_support") else None,
        "storage_type": kind,
        "iops": one.number("iops") if kind in ("gp3", "io1", "io2") else None,
        "throughput_mibps": one.number("storage_throughput") if kind == "gp3" else None,
        "insights": insights,
        "monitoring_interval_s": int(one.number("monitoring_interval") or 0),
    }


def database(one: Declared, found: Found) -> None:
    """A further RDS instance, or one whose class the scenario does not know."""
    kind = one.text("instance_class")
    if not kind:
        found.leave(one, "its instance_class is not written")
        return
    for number in range(one.count):
        found.add(
            "databases",
            Database(
                name=one.name if one.count == 1 else f"{one.name} {number + 1}",
                instance_class=kind,
                zones="multi_az" if flag(one, "multi_az") else "single_az",
                storage_gib=one.number("allocated_storage") or 20,
                **storage_of(one),
            ),
        )
    found.leave(one, f"backups above its storage: {BY_USE}")


def aurora(one: Declared, found: Found) -> None:
    """An Aurora cluster with its instances; data as `pricing.database_used` says where it is the main database."""
    scenario = found.scenario
    members = scenario.declared_of("aws_rds_cluster_instance")
    if not one.text("engine").startswith("aurora"):
        found.leave(one, "a Multi-AZ cluster of RDS: its instances and storage")
        return
    limits = "serverlessv2_scaling_configuration"
    machines, serverless = [], 0
    for member in members:
        kind = member.text("instance_class")
        if kind == "db.serverless":
            serverless += member.count
        elif kind:
            machines.append(AuroraInstance(instance_class=kind, count=member.count))
    least, most = one.number(f"{limits}.min_capacity") or 0.5, one.number(f"{limits}.max_capacity")
    kept = int(one.number("backup_retention_period") or 1)
    alone = scenario.database.instance_class is None and len(scenario.declared_of(one.type)) == 1
    data = scenario.pricing.database_used / GIB if alone else 0.0
    found.add(
        "aurora",
        AuroraCluster(
            name=one.name,
            engine="mysql" if "mysql" in one.text("engine") else "postgresql",
            version=one.text("engine_version") or None,
            extended_support_year=0 if "disabled" in one.text("engine_lifecycle_support") else None,
            io_optimized=one.text("storage_type") == "aurora-iopt1",
            instances=tuple(machines),
            acu_hours=serverless * least * found.hours,
            storage_gib=data,
            io_requests=found.storage_requests if alone else 0,
            backup_stored_gib=backup_stored_gib(data, data * scenario.pricing.daily_change, kept) if kept > 1 else 0,
            proxy=bool(scenario.declared_of("aws_db_proxy")) and alone,
            insights="advanced" if one.text("database_insights_mode") == "advanced" else "standard",
        ),
    )
    if serverless and most is not None and most > least:
        found.leave(one, f"capacity units above {least:g}, up to {most:g}: {BY_USE}")
    if not alone:
        found.leave(one, f"the data in it, its input and output: {BY_USE}")
    if not machines and not serverless:
        found.leave(one, "it has no instances in these files")


def cluster_member(one: Declared, found: Found) -> None:
    """An instance stands on the bill of its cluster; without a cluster in the files nobody knows its engine."""
    if not found.scenario.declared_of("aws_rds_cluster"):
        found.leave(one, "the files do not declare its cluster")


def proxy(one: Declared, found: Found) -> None:
    """RDS Proxy is billed by the vCPUs of the main database."""
    priced = found.scenario.database.instance_class is not None or found.scenario.declared_of("aws_rds_cluster")
    if not priced:
        found.leave(one, "the files do not say which database it stands before")


def shards_of(one: Declared) -> dict[str, int]:
    """Shards and replicas of a replication group or cluster as fields of `CacheCluster`."""
    shards = one.number("num_node_groups") or one.number("cluster_mode.num_node_groups")
    replicas = one.number("replicas_per_node_group") or one.number("cluster_mode.replicas_per_node_group")
    if shards or replicas:
        return {"shards": int(shards or 1), "replicas": int(replicas or 0)}
    nodes = next(
        (n for key in ("num_cache_clusters", "number_cache_clusters", "num_cache_nodes") if (n := one.number(key))), 1
    )
    if one.text("engine") == "memcached":
        return {"shards": int(nodes), "replicas": 0}
    return {"shards": 1, "replicas": int(nodes) - 1}


def cache(one: Declared, found: Found) -> None:
    """A further cache, or one whose node type the scenario does not know."""
    kind = one.text("node_type")
    if not kind:  # a member of a replication group, which is billed there
        return
    for number in range(one.count):
        name = one.name if one.count == 1 else f"{one.name} {number + 1}"
        engine = one.text("engine") or "redis"
        found.add("caches", CacheCluster(name=name, node_type=kind, engine=engine, **shards_of(one)))
    if (one.number("snapshot_retention_limit") or 0) > 1:
        found.leave(one, f"snapshots beyond the first: {BY_USE}")


def serverless_cache(one: Declared, found: Found) -> None:
    """A serverless cache at the least that it bills."""
    engine = one.text("engine") or "redis"
    least = float(serverless_cache_gib(engine, 0)) * one.count * found.hours
    found.meter(f"elasticache.serverless.{engine}.storage", least, one)
    found.leave(one, f"what is stored above the minimum, and requests: {BY_USE}")


def search(one: Declared, found: Found) -> None:
    """An OpenSearch domain with its volumes."""
    if found.scenario.monitoring.logs == "opensearch":
        return  # it keeps the logs and is sized by them
    config, disk = "cluster_config.", "ebs_options."
    typed = one.type.replace("aws_", "")
    kind = (one.text(f"{config}instance_type") or "m4.large.search").replace(".elasticsearch", ".search")
    storage = {"standard": "magnetic"}.get(one.text(f"{disk}volume_type"), one.text(f"{disk}volume_type") or "gp2")
    found.add(
        "search",
        SearchDomain(
            name=f"{typed} {one.name}",
            node_type=kind,
            nodes=int(one.number(f"{config}instance_count") or 1) * one.count,
            storage_type=storage,
            gib=one.number(f"{disk}volume_size") or 0,
            storage_driver="fixed",
            iops=one.number(f"{disk}iops") if storage in ("gp3", "io1") else None,
            throughput_mibps=one.number(f"{disk}throughput") if storage == "gp3" else None,
            master_type=_search_type(one, f"{config}dedicated_master_type"),
            masters=int(one.number(f"{config}dedicated_master_count") or 0),
            warm_type=_search_type(one, f"{config}warm_type"),
            warm_nodes=int(one.number(f"{config}warm_count") or 0),
        ),
    )


def _search_type(one: Declared, key: str) -> str | None:
    return one.text(key).replace(".elasticsearch", ".search") or None


def table(one: Declared, found: Found) -> None:
    """A DynamoDB table: provisioned capacity is billed by the hour, all else by use."""
    if one.text("billing_mode") != "PAY_PER_REQUEST":
        for key, name in (("dynamodb.wcu", "write_capacity"), ("dynamodb.rcu", "read_capacity")):
            found.meter(key, (one.number(name) or 0) * one.count * found.hours, one)
        found.leave(one, f"its storage: {BY_USE}")
    else:
        found.leave(one, f"requests and storage: {BY_USE}")
