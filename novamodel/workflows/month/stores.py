"""Databases, caches and the search domain of a scenario as AWS meters them."""

from __future__ import annotations

from novamodel.cost import CacheCluster, Database, SearchDomain, backup_stored_gib
from novamodel.cost.meters import rds_gp3_included
from novamodel.scenario import Scenario
from novamodel.telemetry import LogVolume

GIB = 1024**3


def databases(scenario: Scenario) -> tuple[Database, ...]:
    """The primary and its read replicas; none where no RDS class is named."""
    database, pricing = scenario.database, scenario.pricing
    if database.instance_class is None:
        return ()
    used = pricing.database_used / GIB
    included = rds_gp3_included(database.storage / GIB)
    stored = backup_stored_gib(used, used * pricing.daily_change, database.backup_retention_days)
    primary = Database(
        name=database.engine,
        instance_class=database.instance_class,
        multi_az=database.multi_az,
        storage_gib=database.storage / GIB,
        iops=float(database.iops) if database.iops > included.iops else None,
        backup_stored_gib=stored,
    )
    replicas = database.read_replicas
    if replicas is None:
        return (primary,)
    alike = {
        "multi_az": False,
        "backup_stored_gib": 0.0,
        "instance_class": replicas.instance_class or primary.instance_class,
    }
    names = [f"{database.engine} read replica {number}" for number in range(1, replicas.count + 1)]
    return (primary, *(primary.model_copy(update=alike | {"name": name}) for name in names))


def caches(scenario: Scenario) -> tuple[CacheCluster, ...]:
    """The cache's nodes; none where no type is named."""
    cache = scenario.cache
    if cache.node_type is None:
        return ()
    return (CacheCluster(name="cache", node_type=cache.node_type, nodes=cache.nodes, engine=cache.engine),)


def search_domain(scenario: Scenario, logs: LogVolume) -> SearchDomain | None:
    """The OpenSearch domain that keeps the logs, where they go there."""
    if scenario.monitoring.logs != "opensearch":
        return None
    domain = scenario.monitoring.opensearch
    return SearchDomain(node_type=domain.node_type, nodes=domain.nodes, storage_gib=logs.opensearch_disk_gib)
