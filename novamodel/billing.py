"""From a scenario and its simulated peak to a month's use, and to its bill.

The replica curve of the day is the autoscaler's steady state hour by hour; the hours of the simulated window take
what was simulated. Low and high are the same month with the traffic lower and higher by `pricing.uncertainty`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from novamodel.analytic import day
from novamodel.cost import (
    BillRange,
    CacheCluster,
    Database,
    FargateService,
    LoadBalancer,
    MonthUsage,
    NodeGroup,
    PodRequest,
    PriceBook,
    SearchDomain,
    backup_stored_gib,
    fargate_pod_size,
    instance_allocatable,
    load_book,
    nodes_for_pods,
    price,
    price_range,
    task_hours,
)
from novamodel.cost.meters import rds_gp3_included
from novamodel.cost.nodes import Allocatable
from novamodel.scenario import Scenario
from novamodel.simulation import Result
from novamodel.telemetry import LogVolume, log_volume, metric_volume

GIB = 1024**3
HOURS = 24
REQUEST_BYTES = 400
"""Bytes of one request with TLS (measured: 355 to 498 on NovaBank's test stack)."""
BALANCER_RULES = 3
COREDNS = PodRequest(0.1, 70 / 1024)
"""Requests of one of EKS's two CoreDNS pods (EKS add-on defaults, from memory)."""


class DayUse(NamedTuple):
    """One day by the hour: requests a second, and replicas of each service."""

    rate_per_s: list[float]
    replicas: dict[str, list[float]]


@dataclass(frozen=True)
class MonthlyCost(BillRange):
    """Bills of the low, middle and high month, and the day they were made from."""

    day: pd.DataFrame

    @property
    def prices_date(self) -> str:
        """Date of the price book."""
        return self.mid.prices_as_of


def bill(scenario: Scenario, result: Result | None = None, book: PriceBook | None = None) -> MonthlyCost:
    """Price a month of a scenario; with a result the peak hours take the simulated replicas.

    Raises ``UserError`` for a region without a price book or a size that AWS does not sell, ``PriceMissing`` for
    something without a price.
    """
    book = book or load_book(scenario.pricing.region)
    table = _day(scenario, result)
    spread = scenario.pricing.uncertainty
    low, high = (
        _day(scenario.with_load(factor, said_by="range of the bill"), None) for factor in (1 - spread, 1 + spread)
    )
    usages = (month_usage(scenario, _day_use(scenario, hours), book) for hours in (low, table, high))
    bills = price_range(next(usages), next(usages), next(usages), book)
    return MonthlyCost(bills.low, bills.mid, bills.high, table)


def monthly_total(scenario: Scenario, replicas: dict[str, float] | None = None) -> float:
    """USD a month of a scenario, from its steady-state day (``replicas`` is taken for the sizer's sake only)."""
    book = load_book(scenario.pricing.region)
    return float(price(month_usage(scenario, _day_use(scenario, _day(scenario, None)), book), book).total)


def _day(scenario: Scenario, result: Result | None) -> pd.DataFrame:
    """The day by the hour; `source` says whether an hour is simulated or steady state."""
    table = day(scenario)
    if result is None:
        return table
    means = result.replicas.assign(hour=(result.replicas["clock_s"] - 1e-6) // 3600 % HOURS)
    for (hour, service), rows in means.groupby(["hour", "service"]):
        here = table["hour"] == hour
        table[service] = table[service].astype(float)
        table.loc[here, service] = float((rows["ready"] + rows["pending"]).mean())
        table.loc[here, "source"] = "simulated"
    return table


def _day_use(scenario: Scenario, table: pd.DataFrame) -> DayUse:
    return DayUse(list(table["rate_per_s"]), {name: [float(x) for x in table[name]] for name in scenario.services})


def month_usage(scenario: Scenario, hours: DayUse, book: PriceBook) -> MonthUsage:
    """Everything that AWS would meter in a month whose days are all like this one."""
    pricing, platform = scenario.pricing, scenario.platform
    seconds = pricing.hours_per_month * 3600
    requests = sum(hours.rate_per_s) / HOURS * seconds
    out_bytes, unknown = _response_bytes(scenario)
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
        **_compute(scenario, hours, book),
        eks_clusters=int(platform.kind == "eks"),
        databases=_databases(scenario) if on_aws else (),
        caches=_caches(scenario) if on_aws else (),
        load_balancers=_balancers(scenario, hours, out_bytes),
        **_gateway(scenario, requests),
        nat_gateways=pricing.nat_gateways,
        nat_gib=out_gib * pricing.nat_share + log_gib if pricing.nat_gateways else 0.0,
        public_ipv4=pricing.load_balancers * platform.zones + pricing.nat_gateways + int(not on_aws),
        internet_out_gib=out_gib,
        cross_az_gib=2 * out_gib * pricing.cross_zone_share,
        log_use_gib=log_gib if watched else 0.0,
        log_stored_gib=log_gib * pricing.log_retention_months if watched else 0.0,
        search=_search(scenario, logs),
        prometheus_samples=metrics.samples_per_s * seconds if managed else 0.0,
        prometheus_gib=metrics.disk_gib if managed else 0.0,
        custom_metrics=pricing.metrics,
        alarms=pricing.alarms,
        ebs_gp3_gib=(0.0 if on_aws else scenario.database.storage / GIB) + (0.0 if managed else metrics.disk_gib),
        s3_gib=pricing.backup_bucket / GIB,
        registry_gib=pricing.registry / GIB,
        secrets=pricing.secrets,
        kms_keys=pricing.kms_keys,
        not_priced=(*unknown, *_not_priced(scenario)),
    )


def _response_bytes(scenario: Scenario) -> tuple[float, tuple[str, ...]]:
    """Mean bytes of an answer, and the routes whose bytes nobody has stated."""
    total, unknown = 0.0, []
    for route, share in scenario.traffic.mix.items():
        known = scenario.services[scenario.service_of(route)].response_bytes
        if route in known:
            total += share * known[route]
        else:
            unknown.append(f"data transfer of route {route}: services.*.response_bytes does not state its bytes")
    return total, tuple(unknown)


def _search(scenario: Scenario, logs: LogVolume) -> SearchDomain | None:
    if scenario.monitoring.logs != "opensearch":
        return None
    domain = scenario.monitoring.opensearch
    return SearchDomain(node_type=domain.node_type, nodes=domain.nodes, storage_gib=logs.opensearch_disk_gib)


# --- compute -------------------------------------------------------------------------------------------------


def _compute(scenario: Scenario, hours: DayUse, book: PriceBook) -> dict[str, Any]:
    platform = scenario.platform
    if platform.kind == "compose":
        node = NodeGroup(
            name="docker host", instance_type=platform.node_type, fixed_node_hours=scenario.pricing.hours_per_month
        )
        return {"nodes": (node,)}
    if platform.compute == "fargate":
        return {"fargate": tuple(_fargate(scenario, hours))}
    return {"nodes": (_node_group(scenario, hours, book),)}


def _floor(scenario: Scenario, name: str) -> int:
    service = scenario.services[name]
    return service.autoscaler.min_replicas if service.autoscaler else service.replicas


def _fargate(scenario: Scenario, hours: DayUse) -> list[FargateService]:
    month = scenario.pricing.hours_per_month
    services = []
    for name, service in scenario.services.items():
        resources = service.resources
        if scenario.platform.kind == "eks":
            size = fargate_pod_size(
                resources.cpu_request, resources.memory_request / GIB, path=f"services.{name}.resources"
            )
            vcpu, gib = size.vcpu, size.memory_gib
        else:  # the scenario has checked that both limits are there and make a size
            vcpu, gib = resources.cpu_limit or 0.0, (resources.memory_limit or 0.0) / GIB
        fixed, use = task_hours(hours.replicas[name], month, _floor(scenario, name))
        services.append(
            FargateService(name=name, vcpu=vcpu, memory_gib=gib, fixed_task_hours=fixed, use_task_hours=use)
        )
    if scenario.platform.kind == "eks":
        size = fargate_pod_size(*COREDNS)
        services.append(
            FargateService(name="coredns", vcpu=size.vcpu, memory_gib=size.memory_gib, fixed_task_hours=2 * month)
        )
    return services


def _node_group(scenario: Scenario, hours: DayUse, book: PriceBook) -> NodeGroup:
    """Nodes by the hour: enough for the requests of all pods, and one a zone at least."""
    platform = scenario.platform
    room = instance_allocatable(platform.node_type, book)
    counts = [float(_nodes(scenario, {n: curve[h] for n, curve in hours.replicas.items()}, room)) for h in range(HOURS)]
    least = _nodes(scenario, {name: float(_floor(scenario, name)) for name in scenario.services}, room)
    fixed, use = task_hours(counts, scenario.pricing.hours_per_month, least)
    return NodeGroup(name="nodes", instance_type=platform.node_type, fixed_node_hours=fixed, use_node_hours=use)


def _nodes(scenario: Scenario, replicas: dict[str, float], room: Allocatable) -> int:
    pods = [COREDNS, COREDNS] if scenario.platform.kind == "eks" else []
    for name, count in replicas.items():
        resources = scenario.services[name].resources
        request = PodRequest(resources.cpu_request, resources.memory_request / GIB)
        pods += [request] * -int(-count // 1)
    return max(scenario.platform.zones, nodes_for_pods(pods, room, name=scenario.platform.node_type))


# --- stores and the network ----------------------------------------------------------------------------------


def _databases(scenario: Scenario) -> tuple[Database, ...]:
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


def _caches(scenario: Scenario) -> tuple[CacheCluster, ...]:
    cache = scenario.cache
    if cache.node_type is None:
        return ()
    return (CacheCluster(name="cache", node_type=cache.node_type, nodes=cache.nodes, engine=cache.engine),)


def _balancers(scenario: Scenario, hours: DayUse, out_bytes: float) -> tuple[LoadBalancer, ...]:
    pricing = scenario.pricing
    if not pricing.load_balancers:
        return ()
    share = 1 / pricing.load_balancers
    connections = [rate * share / pricing.requests_per_connection for rate in hours.rate_per_s]
    return tuple(
        LoadBalancer(
            name=f"balancer {number + 1}" if pricing.load_balancers > 1 else "balancer",
            new_connections_per_s=tuple(connections),
            active_connections=tuple(rate * pricing.connection_lifetime for rate in connections),
            processed_gib_per_hour=tuple(
                rate * share * 3600 * (out_bytes + REQUEST_BYTES) / GIB for rate in hours.rate_per_s
            ),
            rule_evaluations_per_s=tuple(rate * share * max(0, BALANCER_RULES - 10) for rate in hours.rate_per_s),
        )
        for number in range(pricing.load_balancers)
    )


def _gateway(scenario: Scenario, requests: float) -> dict[str, Any]:
    """Requests of a month through Amazon API Gateway: all that come (thin: AWS bills none that it throttles)."""
    gateway = scenario.gateway
    if gateway is None or gateway.kind != "aws":
        return {}
    return {"api_gateway": gateway.api, "api_requests": requests}


def _not_priced(scenario: Scenario) -> list[str]:
    """What the deployment has and this bill leaves out."""
    items = []
    if scenario.platform.kind != "compose":
        if scenario.database.instance_class is None:
            items.append("PostgreSQL: database.instance_class names no RDS class")
        if scenario.cache.node_type is None:
            items.append("Redis: cache.node_type names no ElastiCache node type")
        if scenario.database.pgbouncer is not None:
            items.append("PgBouncer: no file says where it runs")
        if scenario.edge.kind in ("nginx", "ingress-nginx"):
            items.append(f"{scenario.edge.kind}: the pods or machine of the reverse proxy")
    if scenario.gateway is not None and scenario.gateway.kind == "kong":
        items.append("Kong: the pods or machine of the API gateway (its CPU is not modelled)")
    monitoring = scenario.monitoring
    if monitoring.prometheus == "self-hosted":
        items.append("Prometheus and Grafana: their CPU and memory (the disk of the samples is priced)")
    if monitoring.logs == "cloudwatch":
        items.append("the ELK stack: no file gives it resources (logs are priced as CloudWatch Logs)")
    items.append("support plan, taxes, people")
    return items
