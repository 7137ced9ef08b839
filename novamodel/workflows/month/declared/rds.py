"""Declared RDS instances, Aurora clusters and their members, proxies."""

from __future__ import annotations

from typing import Any, Literal

from novamodel.cost import AuroraCluster, AuroraInstance, Database
from novamodel.cost.meters import backup_stored_gib
from novamodel.scenario.declared import Declared
from novamodel.workflows.month.declared.collect import BY_USE, Found, flag, purchase

GIB = 1024**3
ENGINES = {"": "postgres", "postgresql": "postgres", "custom-oracle-ee": "oracle-byol"}
BRING_YOUR_OWN = ("oracle-ee", "oracle-se")
"""Engines that RDS sells without a licence alone."""
FREE_INSIGHTS_DAYS = 7
INHERITED = (
    "engine", "engine_version", "storage_type", "allocated_storage", "iops", "license_model", "engine_lifecycle_support"
)  # fmt: skip
"""What a read replica takes from its source where it says nothing."""
VCPUS = {"xlarge": 4, "2xlarge": 8}
"""vCPUs of burstable sizes above large; all smaller ones have 2."""

Insights = Literal["standard", "retention", "advanced"]


def engine_of(one: Declared) -> str:
    """The engine as prices are told by: editions of Oracle with a licence of one's own are one."""
    engine = one.text("engine").lower().removesuffix("-cdb")
    if engine.startswith("oracle") and ("bring" in one.text("license_model") or engine in BRING_YOUR_OWN):
        return "oracle-byol"
    return ENGINES.get(engine, engine)


def insights_of(one: Declared) -> Insights:
    """What is kept of Performance Insights: 7 days for nothing, longer a vCPU, or Database Insights advanced."""
    if one.text("database_insights_mode").lower() == "advanced":
        return "advanced"
    kept = one.number("performance_insights_retention_period") or FREE_INSIGHTS_DAYS
    return "retention" if kept > FREE_INSIGHTS_DAYS and flag(one, "performance_insights_enabled") else "standard"


def credits_of(one: Declared) -> float:
    """vCPU-hours of surplus credits that a usage file says of one T instance."""
    size = one.text("instance_class").rpartition(".")[2]
    return (one.used("monthly_cpu_credit_hrs") or 0) * (one.used("vcpu_count") or VCPUS.get(size, 2))


def storage_of(one: Declared) -> dict[str, Any]:
    """Engine, version, storage and use of an RDS instance as fields of `Database`."""
    kind = one.text("storage_type").lower() or ("io1" if one.number("iops") else "gp2")
    kind = {"standard": "magnetic"}.get(kind, kind)
    return {
        "engine": engine_of(one),
        "version": one.text("engine_version") or None,
        "extended_support_year": 0 if "disabled" in one.text("engine_lifecycle_support") else None,
        "storage_type": kind,
        "iops": one.number("iops") if kind in ("gp3", "io1", "io2") else None,
        "throughput_mibps": one.number("storage_throughput") if kind == "gp3" else None,
        "insights": insights_of(one),
        "monitoring_interval_s": int(one.number("monitoring_interval") or 0),
        "purchase": purchase(one),
    }


def meter_use(one: Declared, found: Found, backup: str) -> None:
    """What a usage file says of a database beside its machine and storage."""
    for key, used in ((backup, "additional_backup_storage_gb"), ("rds.insights.api", _INSIGHTS)):
        found.meter(key, (one.used(used) or 0) * one.count, one, "use")
    if one.text("storage_type") == "standard":
        found.meter("rds.magnetic.io", (one.used("monthly_standard_io_requests") or 0) * one.count, one, "use")


_INSIGHTS = "monthly_additional_performance_insights_requests"


def database(one: Declared, found: Found) -> None:
    """A further RDS instance, or one whose class the scenario does not know."""
    source = found.linked(one, "replicate_source_db")
    if source is not None:
        inherited = {key: source.values[key] for key in INHERITED if key in source.values}
        one = one.model_copy(update={"values": inherited | one.values})
    kind = one.text("instance_class")
    if not kind:
        found.leave(one, "its instance_class is not written")
        return
    if one.text("engine").startswith("aurora") or one.text("cluster_identifier"):
        cluster_member(one, found)
        return
    for number in range(one.count):
        found.add(
            "databases",
            Database(
                name=one.name if one.count == 1 else f"{one.name} {number + 1}",
                instance_class=kind,
                zones="multi_az" if flag(one, "multi_az") else "single_az",
                storage_gib=one.number("allocated_storage") or 20,
                cpu_credit_hours=credits_of(one),
                proxy=proxied(one, found),
                **storage_of(one),
            ),
        )
    meter_use(one, found, "rds.backup")
    if one.used("additional_backup_storage_gb") is None and source is None:
        found.leave(one, f"backups above its storage: {BY_USE}")


def aurora(one: Declared, found: Found) -> None:
    """An Aurora cluster's volume; data as `pricing.database_used` says where it is the main database."""
    scenario, pricing = found.scenario, found.scenario.pricing
    if not one.text("engine").startswith("aurora"):
        _multi_az_cluster(one, found)
        return
    alone = not found.alone and scenario.database.instance_class is None and len(scenario.declared_of(one.type)) == 1
    said = one.used("storage_gb")
    data = said if said is not None else pricing.database_used / GIB if alone else 0.0
    per_s = [one.used(f"{kind}_requests_per_sec") for kind in ("write", "read")]
    requests = found.storage_requests if alone else 0.0
    if any(rate is not None for rate in per_s):
        requests = sum(rate or 0 for rate in per_s) * found.hours * 3600
    kept = int(one.number("backup_retention_period") or 1)
    daily = data * pricing.daily_change if alone and said is None else 0.0
    stored = backup_stored_gib(data, daily, kept) if kept > 1 and daily else 0
    serverless = one.text("engine_mode") == "serverless"
    found.add(
        "aurora",
        AuroraCluster(
            name=one.name,
            engine="mysql" if "mysql" in one.text("engine") or one.text("engine") == "aurora" else "postgresql",
            io_optimized=one.text("storage_type") == "aurora-iopt1",
            storage_gib=data,
            io_requests=requests,
            backup_stored_gib=stored,
        ),
    )
    if serverless:
        units = one.used("capacity_units_per_hr")
        found.meter("aurora.serverless_v1", (units or 0) * one.count * found.hours, one)
        if units is None:
            found.leave(one, f"its capacity units: {BY_USE}")
    _aurora_use(one, found, kept)
    if not alone and said is None:
        found.leave(one, f"the data in it, its input and output: {BY_USE}")
    if not serverless and not found.linking(one, "cluster_identifier", *MEMBERS):
        found.leave(one, "it has no instances in these files")


MEMBERS = ("aws_rds_cluster_instance", "aws_db_instance")


def _aurora_use(one: Declared, found: Found, kept: int) -> None:
    """Snapshots, backtracking and exports that a usage file says; snapshots beyond the first day are billed."""
    found.meter("aurora.backup", (one.used("backup_snapshot_size_gb") or 0) * max(0, kept - 1), one, "use")
    found.meter("aurora.snapshot_export", one.used("snapshot_export_size_gb") or 0, one, "use")
    records = (one.used("average_statements_per_hr") or 0) * (one.used("change_records_per_statement") or 0)
    window = one.used("backtrack_window_hrs") or 0
    if "mysql" in one.text("engine"):
        found.meter("aurora.backtrack", found.hours * records * window, one, "use")


def _multi_az_cluster(one: Declared, found: Found) -> None:
    """A Multi-AZ cluster of RDS: one writer and two readable standbys."""
    kind = one.text("db_cluster_instance_class")
    if not kind:
        found.leave(one, "a Multi-AZ cluster of RDS without its class")
        return
    details = storage_of(one) | {"engine": engine_of(one)}
    size = one.number("allocated_storage") or 20
    found.add("databases", Database(name=one.name, instance_class=kind, zones="cluster", storage_gib=size, **details))


def cluster_member(one: Declared, found: Found) -> None:
    """An Aurora instance, or Serverless v2 capacity; engine, version and mode are its cluster's."""
    cluster = found.linked(one, "cluster_identifier")
    clusters = found.scenario.declared_of("aws_rds_cluster")
    if cluster is None and len(clusters) == 1:
        cluster = clusters[0]
    kind, engine = one.text("instance_class"), one.text("engine") or (cluster.text("engine") if cluster else "")
    if not kind or not engine:
        found.leave(one, "the files do not declare its cluster or its class")
        return
    of = cluster or one
    serverless = kind == "db.serverless"
    limits = "serverlessv2_scaling_configuration"
    least, most = of.number(f"{limits}.min_capacity"), of.number(f"{limits}.max_capacity")
    units = one.used("capacity_units_per_hr")
    if units is None:
        units = 0.5 if least is None else least
    machine = AuroraInstance(instance_class=kind, count=one.count, purchase=purchase(one))
    mode = insights_of(one)
    if mode == "standard" and of.text("database_insights_mode") == "advanced":
        mode = "advanced"
    standing = of.text("engine_lifecycle_support") or one.text("engine_lifecycle_support")
    priced = not found.alone and found.scenario.database.instance_class is not None
    first = found.scenario.declared_of("aws_db_proxy") and len(clusters) == 1 and not priced
    found.add(
        "aurora",
        AuroraCluster(
            name=f"{one.name} instance" if one.name in (c.name for c in clusters) else one.name,
            engine="mysql" if "mysql" in engine or engine == "aurora" else "postgresql",
            version=one.text("engine_version") or of.text("engine_version") or None,
            extended_support_year=0 if "disabled" in standing else None,
            io_optimized=of.text("storage_type") == "aurora-iopt1",
            instances=() if serverless else (machine,),
            acu_hours=units * one.count * found.hours if serverless else 0,
            insights=mode,
            proxy=bool(first) or (cluster is not None and proxied(cluster, found)),
        ),
    )
    found.meter("aurora.cpu_credits", credits_of(one) * one.count, one, "use")
    found.meter("rds.insights.api", (one.used(_INSIGHTS) or 0) * one.count, one, "use")
    if one.type == "aws_db_instance":  # an instance of Aurora has no storage of its own: what is written is not used
        found.meter("aurora.backup", one.used("additional_backup_storage_gb") or 0, one, "use")
    if serverless and one.used("capacity_units_per_hr") is None and most is not None and most > units:
        found.leave(one, f"capacity units above {units:g}, up to {most:g}: {BY_USE}")


STORES = ("aws_db_instance", "aws_rds_cluster")


def proxied(one: Declared, found: Found) -> bool:
    """Whether a declared proxy stands before a database: its target says so; alone, where there is no other."""
    targets = found.scenario.declared_of("aws_db_proxy_target")
    if any(one.address in target.links.values() for target in targets):
        return True
    only = found.alone and not targets and found.scenario.declared_of(*STORES) == [one]
    return only and bool(found.scenario.declared_of("aws_db_proxy"))


def proxy(one: Declared, found: Found) -> None:
    """RDS Proxy is billed by the vCPUs of the database that it stands before."""
    stores = found.scenario.declared_of(*STORES)
    if found.alone:
        priced = any(proxied(store, found) for store in stores)
    else:
        priced = found.scenario.database.instance_class is not None or "aws_rds_cluster" in {s.type for s in stores}
    if not priced:
        found.leave(one, "the files do not say which database it stands before")
