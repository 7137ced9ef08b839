"""Databases, caches and the search domain of a scenario as AWS meters them."""

from __future__ import annotations

from collections.abc import Mapping

from novamodel.cost import Bucket, CacheCluster, Database, SearchDomain, Volume, backup_stored_gib
from novamodel.cost.meters import surplus_credit_hours
from novamodel.cost.money import to_decimal
from novamodel.cost.provisioned import rds_gp3_included
from novamodel.recovery import backup_load, dumps_arrive
from novamodel.scenario import Scenario
from novamodel.scenario.declared import Declared
from novamodel.scenario.demand import MAIN, walk_steps
from novamodel.telemetry import LogVolume
from novamodel.workflows.month.declared.rds import storage_of
from novamodel.workflows.month.declared.stores import shards_of
from novamodel.workflows.month.growing import mean_allocated_gib

GIB = 1024**3
PART_BYTES = 8 * 1024**2
"""Bytes of one part of an upload by the AWS command line, a PUT each."""


def used_stores(scenario: Scenario) -> tuple[set[str], set[str]]:
    """Names of the databases and of the caches that belong to the deployment.

    All that are written down; those that stand by themselves are always there, and belong to it only where a step
    or a pool names them or their machine is said.
    """
    steps = [step for s in scenario.services.values() for route in s.routes.values() for step in walk_steps(route)]
    databases = {step.database_name for step in steps if step.sql is not None} | set(scenario.databases)
    databases |= {name for service in scenario.services.values() for name in service.all_pools}
    caches = {step.cache.store for step in steps if step.cache is not None} | set(scenario.caches)
    databases |= {MAIN} if scenario.database.instance_class is not None else set()
    caches |= {MAIN} if scenario.cache.node_type is not None or scenario.cache.keyspaces else set()
    return databases, caches


def databases(scenario: Scenario, busy: Mapping[str, float]) -> tuple[Database, ...]:
    """Every primary and its read replicas; those without an RDS class are left out. `busy`: cores in use, by name."""
    return tuple(one for name in scenario.all_databases for one in _with_replicas(scenario, name, busy[name]))


def pod_volumes(scenario: Scenario) -> tuple[Volume, ...]:
    """EBS volumes of the databases that stand in pods of a cluster: gp3, the StorageClass of new clusters."""
    if scenario.platform.kind != "eks" or not scenario.platform.on_machines:
        return ()
    return tuple(
        Volume(name="postgres data" if name == MAIN else f"{name} postgres data", gib=max(1.0, one.storage / GIB))
        for name, one in scenario.all_databases.items()
        if one.pod is not None
    )


def buckets(scenario: Scenario) -> tuple[Bucket, ...]:
    """The dumps of the database in S3: as `pricing.backup_bucket` says, else those that the backup script uploads."""
    pricing, backup = scenario.pricing, scenario.backup
    kind = backup.storage_class
    if pricing.backup_bucket:
        return (Bucket(name="dumps", storage_class=kind, gib=pricing.backup_bucket / GIB),)
    if not dumps_arrive(scenario):
        return ()
    load = backup_load(scenario)
    uploads = pricing.hours_per_month * 3600 / backup.every
    dumps = Bucket(
        name="dumps",
        storage_class=kind,
        gib=load.kept_gib,
        objects=backup.keep_days * 86400 / backup.every,
        held_days=backup.keep_days,
        put_requests=uploads * max(1.0, load.packed_gib * GIB / PART_BYTES),
    )
    return (dumps,)


def data_gib(scenario: Scenario, name: str) -> float:
    """Data in a database: as `pricing.database_used` says of the main one, others as full as that (assumed)."""
    main, database = scenario.database, scenario.all_databases[name]
    used = scenario.pricing.database_used / GIB
    if name == MAIN:
        return used
    return database.storage / GIB * min(1.0, used / (main.storage / GIB)) if main.storage else 0.0


def _with_replicas(scenario: Scenario, name: str, busy: float) -> tuple[Database, ...]:
    database, pricing = scenario.all_databases[name], scenario.pricing
    if database.instance_class is None:
        return ()
    title = database.engine if name == MAIN else f"{name} {database.engine}"
    used = data_gib(scenario, name)
    storage = to_decimal(mean_allocated_gib(database, pricing.hours_per_month))
    included = rds_gp3_included(storage)
    declared = _declared(scenario, "database" if name == MAIN else f"databases.{name}")
    details = storage_of(declared) if declared is not None else {}
    kind = database.storage_type
    provisioned = kind in ("io1", "io2") or (kind == "gp3" and database.iops > included.iops)
    stored = backup_stored_gib(used, used * pricing.daily_change, database.backup_retention_days)
    credits = surplus_credit_hours(database.instance_class, int(database.cores), busy, pricing.hours_per_month)
    primary = Database(
        name=title,
        instance_class=database.instance_class,
        zones="multi_az" if database.multi_az else "single_az",
        storage_gib=storage,
        backup_stored_gib=stored,
        cpu_credit_hours=credits,
        proxy=bool(scenario.declared_of("aws_db_proxy")) and name == MAIN,
        **{"version": database.version}
        | details
        | {"storage_type": kind, "iops": database.iops if provisioned else None},
    )
    replicas = database.read_replicas
    if replicas is None:
        return (primary,)
    alike = {
        "zones": "single_az",
        "backup_stored_gib": to_decimal(0),
        "instance_class": replicas.instance_class or primary.instance_class,
        "proxy": False,
        "cpu_credit_hours": to_decimal(0),
    }
    names = [f"{title} read replica {number}" for number in range(1, replicas.count + 1)]
    return (primary, *(primary.model_copy(update=alike | {"name": one}) for one in names))


def _declared(scenario: Scenario, path: str) -> Declared | None:
    """The resource that declares a store of the scenario."""
    return next((one for one in scenario.declared if one.modelled == path), None)


def caches(scenario: Scenario) -> tuple[CacheCluster, ...]:
    """The nodes of every cache; those without a node type are left out."""
    found = []
    for name, cache in scenario.all_caches.items():
        if cache.node_type is None:
            continue
        declared = _declared(scenario, "cache" if name == MAIN else f"caches.{name}")
        shape = shards_of(declared) if declared is not None else {}
        if shape.get("shards", 0) * (1 + shape.get("replicas", 0)) != cache.nodes:
            shape = {"shards": cache.nodes}  # as the scenario has it; a node costs the same in either place
        engine = declared.text("engine") if declared is not None else ""
        found.append(
            CacheCluster(
                name="cache" if name == MAIN else f"{name} cache",
                node_type=cache.node_type,
                engine=engine or cache.engine,
                **shape,
            )
        )
    return tuple(found)


def search_domains(scenario: Scenario, logs: LogVolume) -> tuple[SearchDomain, ...]:
    """The OpenSearch domain that keeps the logs, where they go there."""
    if scenario.monitoring.logs != "opensearch":
        return ()
    domain = scenario.monitoring.opensearch
    each = to_decimal(logs.opensearch_disk_gib) / domain.nodes
    return (SearchDomain(node_type=domain.node_type, nodes=domain.nodes, gib=each),)
