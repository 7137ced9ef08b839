"""Everything that AWS would meter in a month, from a scenario and one of its days."""

from __future__ import annotations

from novamodel.analytic.flow import flow
from novamodel.cost import (
    Bucket,
    EksCluster,
    LogGroup,
    Metered,
    MonthUsage,
    NatGateway,
    PriceBook,
    Transfer,
    log_kept_gib,
)
from novamodel.scenario import Scenario
from novamodel.telemetry import log_volume, metric_volume
from novamodel.workflows.month.compute import compute
from novamodel.workflows.month.days import DayUse
from novamodel.workflows.month.left_out import not_priced
from novamodel.workflows.month.network import answers, apis, balancers, queues
from novamodel.workflows.month.stores import caches, databases, search_domains, used_stores

GIB = 1024**3


def month_usage(scenario: Scenario, hours: DayUse, book: PriceBook) -> MonthUsage:
    """Everything that AWS would meter in a month whose days are all like this one."""
    pricing, platform = scenario.pricing, scenario.platform
    seconds = pricing.hours_per_month * 3600
    rates = hours.mean_rates
    going = flow(scenario, rates)
    said = answers(scenario, going)
    out_gib = sum(rate * seconds * said.by_source[name] for name, rate in rates.items()) / GIB
    inside_gib = sum(per_s * seconds * said.called[at] for at, per_s in going.calls.items()) / GIB
    logs = log_volume(scenario, rates)
    log_gib = logs.gib_per_day * pricing.hours_per_month / 24
    metrics = metric_volume(scenario, {name: sum(curve) / len(curve) for name, curve in hours.replicas.items()})
    watched = scenario.monitoring.logs == "cloudwatch"
    managed = scenario.monitoring.prometheus == "managed"
    on_aws = platform.kind != "compose"
    addresses = pricing.load_balancers * platform.zones + pricing.nat_gateways + int(not on_aws)
    disk_gib = (0.0 if on_aws else host_disk_gib(scenario)) + (0.0 if managed else metrics.disk_gib)
    return MonthUsage(
        hours_per_month=pricing.hours_per_month,
        free_tier=pricing.free_allowances,
        **compute(scenario, hours, book),
        eks_clusters=(EksCluster(name="cluster"),) if platform.kind == "eks" else (),
        databases=databases(scenario) if on_aws else (),
        caches=caches(scenario) if on_aws else (),
        load_balancers=balancers(scenario, hours, said.by_source),
        apis=apis(scenario, sum(going.edges.values()) * seconds),
        nat=_nat(pricing.nat_gateways, out_gib * pricing.nat_share + log_gib),
        transfer=Transfer(
            internet_gib=out_gib,
            cross_az_gib=(2 * out_gib + inside_gib) * pricing.cross_zone_share,
        ),
        queues=queues(scenario, going, seconds) if on_aws else (),
        logs=(_logs(log_gib, pricing.log_retention_months),) if watched else (),
        search=search_domains(scenario, logs),
        buckets=(Bucket(gib=pricing.backup_bucket / GIB),) if pricing.backup_bucket else (),
        metered=_metered(
            {
                "vpc.public_ipv4": addresses * pricing.hours_per_month,
                "cloudwatch.metrics": pricing.metrics,
                "cloudwatch.alarm.standard": pricing.alarms,
                "ebs.gp3.storage": disk_gib,
                "amp.samples": metrics.samples_per_s * seconds if managed else 0.0,
                "amp.storage": metrics.disk_gib if managed else 0.0,
                "ecr.storage": pricing.registry / GIB,
                "secrets.secret": pricing.secrets,
                "kms.key": pricing.kms_keys,
            }
        ),
        not_priced=(*said.unknown, *hours.surge.unseen, *not_priced(scenario)),
    )


def _nat(count: int, gib: float) -> tuple[NatGateway, ...]:
    return (NatGateway(count=count, gib=gib),) if count else ()


def _logs(gib: float, months_kept: float) -> LogGroup:
    return LogGroup(ingested_gib=gib, stored_gib=log_kept_gib(gib, months_kept))


def _metered(quantities: dict[str, float]) -> tuple[Metered, ...]:
    return tuple(Metered(key=key, quantity=quantity) for key, quantity in quantities.items() if quantity)


def host_disk_gib(scenario: Scenario) -> float:
    """Storage of all databases on the host's disk."""
    used, _ = used_stores(scenario)
    return sum(one.storage for name, one in scenario.all_databases.items() if name in used) / GIB
