"""Everything that AWS would meter in a month, from a scenario and one of its days."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from novamodel.analytic.flow import flow
from novamodel.cost import (
    EksCluster,
    LogGroup,
    Metered,
    MonthUsage,
    PriceBook,
    book_date,
    log_kept_gib,
)
from novamodel.scenario import Scenario
from novamodel.telemetry import log_volume, metric_volume
from novamodel.workflows.month.busy import busy_of
from novamodel.workflows.month.compute import compute
from novamodel.workflows.month.days import DayUse
from novamodel.workflows.month.declared import Found, declared_usage
from novamodel.workflows.month.declared.collect import flag
from novamodel.workflows.month.declared.network import carrier
from novamodel.workflows.month.left_out import carried, missing, not_priced
from novamodel.workflows.month.network import answers, apis, balancers, outside_requests, outward, queues, transfer
from novamodel.workflows.month.stores import buckets, caches, databases, pod_volumes, search_domains, used_stores

GIB = 1024**3


def month_usage(scenario: Scenario, hours: DayUse, book: PriceBook) -> MonthUsage:
    """Everything that AWS would meter in a month whose days are all like this one."""
    pricing, platform = scenario.pricing, scenario.platform
    seconds = pricing.hours_per_month * 3600
    rates = hours.answered_rates
    going = flow(scenario, rates)
    said = answers(scenario, going)
    moved = transfer(scenario, going, said, rates, seconds)
    busy = busy_of(scenario, sum(rates.values()))
    logs = log_volume(scenario, rates)
    log_gib = logs.gib_per_day * pricing.hours_per_month / 24
    declared = declared_usage(
        scenario,
        outside_requests(scenario, hours) * seconds,
        busy.storage_per_s * seconds,
        pricing_date(scenario, book),
    )
    things: dict[str, list[Any]] = {
        "fargate": [],
        "nodes": [],
        **{name: list(values) for name, values in compute(scenario, hours, busy.services).items()},
        "eks_clusters": [] if declared.things.get("eks_clusters") else _cluster(scenario),
        "load_balancers": list(balancers(scenario, hours, said.by_source)),
        "apis": list(apis(scenario, sum(going.edges.values()) * seconds, max(said.by_source.values(), default=0.0))),
        "search": list(search_domains(scenario, logs)),
        "buckets": list(buckets(scenario)),
        "logs": _logs(scenario, log_gib),
        **outward(scenario, float(moved.internet_gib), log_gib),
    }
    if platform.kind != "compose":
        things["databases"] = list(databases(scenario, busy.databases))
        things["caches"] = list(caches(scenario))
        things["queues"] = list(queues(scenario, going, seconds))
    behind = carrier(scenario)
    in_public = 0 if behind is not None and flag(behind, "internal") else len(things["load_balancers"])
    things["volumes"] = list(pod_volumes(scenario))
    for name, more in declared.things.items():
        things[name] = named_apart([*things.get(name, []), *more])
    sold, unsold = sold_and_not(declared, book)
    return MonthUsage(
        hours_per_month=pricing.hours_per_month,
        free_tier=pricing.free_allowances,
        on=date.fromisoformat(pricing.date) if pricing.date else None,
        transfer=moved,
        metered=(*_metered(scenario, hours, declared, in_public, things["nat"]), *sold),
        not_priced=(*said.unknown, *hours.surge.unseen, *declared.not_priced, *unsold, *not_priced(scenario)),
        free=(*carried(scenario), *declared.free),
        missing=missing(scenario),
        notes=(hours.answered.said,) if hours.answered.said else (),
        **{name: tuple(values) for name, values in things.items()},
    )


def sold_and_not(declared: Found, book: PriceBook) -> tuple[list[Metered], list[str]]:
    """Quantities of the declared resources that have a price, and in words those that have none."""
    sold = [one for one in declared.metered if one.key in book.prices]
    unsold = [one for one in declared.metered if one.key not in book.prices]
    return sold, [f"{one.name}: no price of {one.key} in {book.region}" for one in unsold]


def pricing_date(scenario: Scenario, book: PriceBook) -> date:
    """The date that decides on extended support."""
    return date.fromisoformat(scenario.pricing.date) if scenario.pricing.date else book_date(book)


def _cluster(scenario: Scenario) -> list[EksCluster]:
    return [EksCluster(name="cluster")] if scenario.platform.kind == "eks" else []


def _logs(scenario: Scenario, gib: float) -> list[LogGroup]:
    if scenario.monitoring.logs != "cloudwatch":
        return []
    groups = scenario.declared_of("aws_cloudwatch_log_group")
    if any(one.usage for one in groups):
        return []  # what they take in is said, group by group
    rare = bool(groups) and all(one.text("log_group_class") == "INFREQUENT_ACCESS" for one in groups)
    kind: Literal["standard", "infrequent_access"] = "infrequent_access" if rare else "standard"
    return [LogGroup(kind=kind, ingested_gib=gib, stored_gib=log_kept_gib(gib, scenario.pricing.log_months))]


def _metered(scenario: Scenario, hours: DayUse, declared: Found, balancers: int, nat: list[Any]) -> list[Metered]:
    pricing, managed = scenario.pricing, scenario.monitoring.prometheus == "managed"
    on_aws = scenario.platform.kind != "compose"
    metrics = metric_volume(scenario, {name: sum(curve) / len(curve) for name, curve in hours.replicas.items()})
    gateways = sum(one.count for one in nat)
    addresses = balancers * scenario.platform.zones + max(gateways, sum(declared.counts.get("addresses", {}).values()))
    addresses += int(not on_aws and not declared.things.get("nodes"))
    disk_gib = (0.0 if on_aws else host_disk_gib(scenario)) + (0.0 if managed else metrics.disk_gib)
    samples = metrics.samples_per_s * pricing.hours_per_month * 3600
    quantities = {
        "vpc.public_ipv4": addresses * pricing.hours_per_month,
        "cloudwatch.metrics": pricing.metrics,
        "ebs.gp3.storage": disk_gib,
        "amp.samples": samples if managed else 0.0,
        "amp.storage": metrics.disk_gib if managed else 0.0,
        "ecr.storage": pricing.registry / GIB,
    }
    named = [
        Metered(key=key, quantity=number, name=name)
        for what, key in COUNTED.items()
        for name, number in counted(scenario, declared, what).items()
        if number
    ]
    return [*(Metered(key=key, quantity=quantity) for key, quantity in quantities.items() if quantity), *named]


def named_apart(things: list[Any]) -> list[Any]:
    """Things of one kind, none with the name of another: instances of one block differ in their number alone."""
    names: dict[str, int] = {}
    result = []
    for one in things:
        name = getattr(one, "name", "")
        names[name] = names.get(name, 0) + 1
        again = name and names[name] > 1
        result.append(one.model_copy(update={"name": f"{name} ({names[name]})"}) if again else one)
    return result


COUNTED = {"alarms": "cloudwatch.alarm.standard", "secrets": "secrets.secret", "kms_keys": "kms.key"}
"""What `pricing` counts, and its price."""


def counted(scenario: Scenario, declared: Found, what: str) -> dict[str, float]:
    """How many there are, by name: as the scenario says, else as the files declare, else as `pricing` assumes."""
    assumed = {"": float(getattr(scenario.pricing, what))}
    if scenario.origin(f"pricing.{what}").kind in ("file", "override"):
        return assumed
    return declared.counts.get(what, assumed)


def host_disk_gib(scenario: Scenario) -> float:
    """Storage of all databases on the host's disk."""
    used, _ = used_stores(scenario)
    return sum(one.storage for name, one in scenario.all_databases.items() if name in used) / GIB
