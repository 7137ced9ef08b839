"""RDS instances and Aurora clusters: machines, storage, provisioned performance, backups, add-ons."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from novamodel.cost.charges.ground import Ground, Quantity, machines
from novamodel.cost.meters import ZERO, billed_backup_gib, enhanced_monitoring_gib
from novamodel.cost.provisioned import check_storage, excess, rds_gp3_included
from novamodel.cost.support import rds_support
from novamodel.cost.usage import AuroraCluster, Database, MonthUsage

INSTANCES = {"single_az": 1, "multi_az": 2, "cluster": 3}
PRICED_AS = {"mariadb": "mysql"}
"""Engines whose instances cost what another's cost: MariaDB as MySQL (equal in every price list read)."""
PROXY_LEAST = {"vcpu": Decimal(2), "acu": Decimal(8)}
"""vCPUs, or capacity units of Serverless, that RDS Proxy is billed for at least."""
SERVERLESS_SUPPORT_SHARE = Decimal("0.25")
"""vCPUs that extended support counts for a capacity unit of Serverless v2 (from memory)."""


def database_charges(usage: MonthUsage, ground: Ground) -> Iterator[Quantity]:
    """RDS instances; backups above the allowance of all of them together."""
    for database in usage.databases:
        yield from _database(database, ground, ground.sold(partial(check_storage, database)))
    backups = billed_backup_gib(
        (database.backup_stored_gib for database in usage.databases),
        (database.storage_gib for database in usage.databases),
    )
    yield Quantity("rds.backup", backups, driver="use")


def _database(one: Database, ground: Ground, sold: bool) -> Iterator[Quantity]:
    """`sold`: whether AWS sells its storage; a lenient bill has the machine of one whose storage it does not."""
    key = f"rds.{PRICED_AS.get(one.engine, one.engine)}.{one.instance_class}.{one.zones}"
    hours, name = ground.month, one.name
    shown = f"{name}, {one.engine}" if one.engine in PRICED_AS else name
    yield from machines(ground, key, hours, shown, "fixed", one.purchase)
    if sold:
        yield from _storage(one)
    stated = one.extended_support_year
    year = rds_support(one.engine, one.version, ground.on).year if stated is None else stated
    if year:
        vcpu = ground.vcpu(key) * hours * INSTANCES[one.zones]
        yield Quantity(_support(year), vcpu, name)
    yield Quantity("rds.cpu_credits", one.cpu_credit_hours, name, "use")
    yield from _insights(one, key, ground, hours)
    if one.proxy:
        yield Quantity("rds.proxy", max(PROXY_LEAST["vcpu"], ground.vcpu(key)) * hours, name)
    if one.monitoring_interval_s:
        reports = enhanced_monitoring_gib(one.monitoring_interval_s, INSTANCES[one.zones])
        yield Quantity("cloudwatch.logs.ingest", reports, f"{name}, enhanced monitoring")


def _storage(one: Database) -> Iterator[Quantity]:
    kind, name = f"rds.{one.storage_type}", one.name
    yield Quantity(f"{kind}.storage.{one.zones}", one.storage_gib, name)
    if one.storage_type == "gp3":
        above = excess(one.iops, one.throughput_mibps, rds_gp3_included(one.storage_gib, one.engine))
        yield Quantity(f"{kind}.iops.{one.zones}", above.iops, name)
        yield Quantity(f"{kind}.throughput.{one.zones}", above.mibps, name)
    elif one.iops is not None:
        yield Quantity(f"{kind}.iops.{one.zones}", one.iops, name)


def _support(year: int) -> str:
    return f"rds.extended_support.{'year_3' if year == 3 else 'year_1_2'}"


def _insights(one: Database, key: str, ground: Ground, hours: Decimal) -> Iterator[Quantity]:
    if one.insights == "advanced":
        yield Quantity("rds.insights.advanced", ground.vcpu(key) * hours, one.name)
    elif one.insights == "retention":
        family = one.instance_class.split(".")[1]
        yield Quantity(f"rds.insights.retention.{family}", ground.vcpu(key), one.name)


def aurora_charges(usage: MonthUsage, ground: Ground) -> Iterator[Quantity]:
    """Aurora clusters: instances and Serverless v2 capacity, the volume and its I/O, backups above one day's."""
    for cluster in usage.aurora:
        mode = "io_optimized" if cluster.io_optimized else "standard"
        for machine in cluster.instances:
            hours = machine.count * ground.month
            key = f"aurora.{machine.instance_class}.{mode}"
            yield from machines(ground, key, hours, cluster.name, "fixed", machine.purchase)
        yield Quantity(f"aurora.serverless.{mode}", cluster.acu_hours, cluster.name)
        yield Quantity(f"aurora.storage.{mode}", cluster.storage_gib, cluster.name, "use")
        if not cluster.io_optimized:
            yield Quantity("aurora.io", cluster.io_requests, cluster.name, "use")
        backup = billed_backup_gib([cluster.backup_stored_gib], [cluster.storage_gib])
        yield Quantity("aurora.backup", backup, cluster.name, "use")
        yield from _aurora_extras(cluster, mode, ground)


def _aurora_extras(cluster: AuroraCluster, mode: str, ground: Ground) -> Iterator[Quantity]:
    units = cluster.acu_hours
    vcpu = sum((ground.vcpu(f"aurora.{m.instance_class}.{mode}") * m.count for m in cluster.instances), ZERO)
    vcpu *= ground.month
    stated = cluster.extended_support_year
    year = rds_support(f"aurora-{cluster.engine}", cluster.version, ground.on).year if stated is None else stated
    if year:
        yield Quantity(_support(year), vcpu + units * SERVERLESS_SUPPORT_SHARE, cluster.name)
    if cluster.insights == "retention":
        for machine in cluster.instances:
            cores = ground.vcpu(f"aurora.{machine.instance_class}.{mode}") * machine.count
            yield Quantity(f"rds.insights.retention.{machine.instance_class.split('.')[1]}", cores, cluster.name)
        yield Quantity("rds.insights.retention.serverless", units / ground.month, cluster.name)
    if cluster.insights == "advanced":
        yield Quantity("rds.insights.advanced", vcpu, cluster.name)
        yield Quantity("rds.insights.advanced_serverless", units, cluster.name)
    if cluster.proxy:
        yield Quantity("rds.proxy", vcpu, cluster.name)
        if units:
            least = PROXY_LEAST["acu"] * ground.month
            yield Quantity("rds.proxy_serverless", max(least, units), cluster.name)
