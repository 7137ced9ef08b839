"""Everything that AWS would meter in a month, from a scenario and one of its days."""

from __future__ import annotations

from novamodel.cost import MonthUsage, PriceBook
from novamodel.scenario import Scenario
from novamodel.telemetry import log_volume, metric_volume
from novamodel.workflows.month.compute import compute
from novamodel.workflows.month.days import HOURS, DayUse
from novamodel.workflows.month.network import api_gateway, balancers, response_bytes
from novamodel.workflows.month.stores import caches, databases, search_domain

GIB = 1024**3


def month_usage(scenario: Scenario, hours: DayUse, book: PriceBook) -> MonthUsage:
    """Everything that AWS would meter in a month whose days are all like this one."""
    pricing, platform = scenario.pricing, scenario.platform
    seconds = pricing.hours_per_month * 3600
    requests = sum(hours.rate_per_s) / HOURS * seconds
    out_bytes, unknown = response_bytes(scenario)
    out_gib = requests * out_bytes / GIB
    rate = sum(hours.rate_per_s) / HOURS
    logs = log_volume(scenario, rate)
    log_gib = logs.gib_per_day * pricing.hours_per_month / 24
    metrics = metric_volume(scenario, {name: sum(curve) / HOURS for name, curve in hours.replicas.items()})
    watched = scenario.monitoring.logs == "cloudwatch"
    managed = scenario.monitoring.prometheus == "managed"
    on_aws = platform.kind != "compose"
    return MonthUsage(
        hours_per_month=pricing.hours_per_month,
        free_tier=pricing.free_allowances,
        **compute(scenario, hours, book),
        eks_clusters=int(platform.kind == "eks"),
        databases=databases(scenario) if on_aws else (),
        caches=caches(scenario) if on_aws else (),
        load_balancers=balancers(scenario, hours, out_bytes),
        **api_gateway(scenario, requests),
        nat_gateways=pricing.nat_gateways,
        nat_gib=out_gib * pricing.nat_share + log_gib if pricing.nat_gateways else 0.0,
        public_ipv4=pricing.load_balancers * platform.zones + pricing.nat_gateways + int(not on_aws),
        internet_out_gib=out_gib,
        cross_az_gib=2 * out_gib * pricing.cross_zone_share,
        log_use_gib=log_gib if watched else 0.0,
        log_stored_gib=log_gib * pricing.log_retention_months if watched else 0.0,
        search=search_domain(scenario, logs),
        prometheus_samples=metrics.samples_per_s * seconds if managed else 0.0,
        prometheus_gib=metrics.disk_gib if managed else 0.0,
        custom_metrics=pricing.metrics,
        alarms=pricing.alarms,
        ebs_gp3_gib=(0.0 if on_aws else scenario.database.storage / GIB) + (0.0 if managed else metrics.disk_gib),
        s3_gib=pricing.backup_bucket / GIB,
        registry_gib=pricing.registry / GIB,
        secrets=pricing.secrets,
        kms_keys=pricing.kms_keys,
        not_priced=(*unknown, *hours.surge.unseen, *not_priced(scenario)),
    )


UNDECLARED = ("load_balancers", "nat_gateways", "secrets", "kms_keys", "registry", "alarms")
"""What `pricing` adds to the bill although no importer reads it from a file."""


def assumed(scenario: Scenario) -> tuple[str, ...]:
    """Priced things that nobody has declared: each by its path, with the amount."""
    found = []
    for name in UNDECLARED:
        path, amount = f"pricing.{name}", getattr(scenario.pricing, name)
        if amount and scenario.origin(path).kind not in ("file", "override"):
            found.append(f"{path} {f'{amount / GIB:g} GiB' if name == 'registry' else amount}")
    return tuple(found)


def not_priced(scenario: Scenario) -> list[str]:
    """What the deployment has and this bill leaves out."""
    items = []
    if scenario.platform.kind != "compose":
        if scenario.database.instance_class is None:
            items.append("PostgreSQL: database.instance_class names no RDS class")
        elif ".t" in scenario.database.instance_class:
            items.append(f"CPU credits of {scenario.database.instance_class}: what it uses beyond its baseline")
        if scenario.cache.node_type is None:
            items.append("Redis: cache.node_type names no ElastiCache node type")
        if scenario.database.pgbouncer is not None:
            items.append("PgBouncer: the pods, tasks or machine it runs on")
        if scenario.edge.kind in ("nginx", "ingress-nginx"):
            items.append(f"{scenario.edge.kind}: the pods or machine of the reverse proxy")
    if scenario.gateway is not None and scenario.gateway.kind == "kong":
        items.append("Kong: the pods or machine of the API gateway (its CPU is not modelled)")
    monitoring = scenario.monitoring
    if monitoring.prometheus == "self-hosted":
        items.append("Prometheus and Grafana: their CPU and memory (the disk of the samples is priced)")
    if monitoring.logs == "cloudwatch":
        items.append("a log stack of one's own, such as ELK (logs are priced as CloudWatch Logs)")
    items.append("support plan, taxes, people")
    return items
