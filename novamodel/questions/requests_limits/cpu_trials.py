"""CPU limits tried at the peak, and CPU requests under the autoscaler."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from novamodel import units
from novamodel.analytic import steady_replicas
from novamodel.cost import fargate_sizes
from novamodel.questions.requests_limits.memory_trials import GIB
from novamodel.questions.shared import MOST_REPLICAS, Tell, at_peak, in_turn, trial
from novamodel.scenario import Scenario
from novamodel.workflows.month import monthly_total

FACTORS = (0.6, 0.8, 1.0, 1.5, 2.0, 4.0)
"""CPU limits tried, as multiples of today's; and no limit."""
REQUEST_FACTORS = (0.6, 1.0, 1.6)
STEP_CORES = 0.05


def sold_by_size(scenario: Scenario) -> bool:
    """Whether a replica is one of Fargate's sizes."""
    return scenario.platform.compute == "fargate" and scenario.platform.kind != "compose"


def try_cpu_limits(
    scenario: Scenario,
    base: Scenario,
    name: str,
    engine: str,
    quick: bool,
    tell: Tell,
    planned: float | None = None,
) -> pd.DataFrame:
    """A row a CPU limit at the peak, replicas fixed (``base``): latency, throttled shares, price.

    ``planned``: a limit (cores) that is tried as well.
    """
    now = scenario.services[name].resources.cpu_limit
    tried = _cpu_limits(scenario, name)
    if quick:
        middle = tried.index(now) if now in tried else len(tried) // 2
        tried = list(dict.fromkeys([tried[0], tried[middle], tried[min(middle + 1, len(tried) - 1)], tried[-1]]))
    if planned is not None and not sold_by_size(scenario):
        tried = sorted({*tried, planned}, key=lambda limit: math.inf if limit is None else limit)
    variants = {limit: base.override(with_cpu(scenario, name, limit), said_by="trial") for limit in tried}
    rows = []
    for limit, result in in_turn(variants, engine=engine, tell=tell, begin=0.0, end=0.35, text="CPU limit"):
        places = result.breakdown.set_index("place")
        shares = places.loc["throttled"] / places.sum()
        rows.append(
            {
                "cpu_limit": math.nan if limit is None else limit,
                "now": limit == now,
                "quota_s": math.nan if limit is None else limit * scenario.platform.cfs_period,
                "throttled_mean": float(shares["mean_s"]),
                "throttled_tail": float(shares["p99_s"]),
                **trial(result)._asdict(),
                "cost_month": monthly_total(scenario.override(with_cpu(scenario, name, limit), said_by="trial")),
            }
        )
    return pd.DataFrame(rows)


def _cpu_limits(scenario: Scenario, name: str) -> list[float | None]:
    """Limits around today's and none at all; on Fargate the sizes that are sold."""
    resources = scenario.services[name].resources
    if sold_by_size(scenario):
        return [0.25, 0.5, 1.0, 2.0]
    middle = resources.cpu_limit or 2 * resources.cpu_request
    rounded = {max(round(middle * factor / STEP_CORES) * STEP_CORES, STEP_CORES) for factor in FACTORS}
    return [*sorted({middle, *(round(limit, 3) for limit in rounded)}), None]


def with_cpu(scenario: Scenario, name: str, limit: float | None) -> dict[str, Any]:
    """Changes that set a CPU limit, with a request that fits; on Fargate a whole size with its memory."""
    resources, path = scenario.services[name].resources, f"services.{name}.resources"
    if limit is None:
        return {f"{path}.cpu_limit": None}
    cores = units.format_cores(limit)
    if not sold_by_size(scenario):
        request = units.format_cores(min(resources.cpu_request, limit))
        return {f"{path}.cpu_limit": cores, f"{path}.cpu_request": request}
    changes: dict[str, Any] = {f"{path}.cpu_limit": cores, f"{path}.cpu_request": cores}
    if scenario.platform.kind == "ecs":
        sold = [size.memory_gib for size in fargate_sizes() if abs(size.vcpu - limit) < 1e-9]
        wanted = (resources.memory_limit or 0.0) / GIB
        gib = next((gib for gib in sold if gib >= wanted), sold[-1])
        changes |= {f"{path}.memory_limit": f"{gib:g} GiB", f"{path}.memory_request": f"{gib:g} GiB"}
    return changes


def try_cpu_requests(
    scenario: Scenario, name: str, *, replications: int, engine: str, quick: bool, tell: Tell
) -> pd.DataFrame:
    """The same load under CPU requests around today's: the autoscaler's target is a share of the request."""
    service, path = scenario.services[name], f"services.{name}"
    if scenario.platform.kind != "eks" or service.autoscaler is None or service.autoscaler.cpu_target is None:
        return pd.DataFrame()
    most = service.resources.cpu_limit or math.inf
    now = service.resources.cpu_request
    tried = {min(max(round(now * factor, 2), 0.01) if factor != 1 else now, most): 0 for factor in REQUEST_FACTORS}
    base = at_peak(scenario, replications=replications, quick=quick, warm_up_s=30.0)
    variants, plain = {}, {}
    for request in tried:
        changes = {
            f"{path}.resources.cpu_request": units.format_cores(request),
            f"{path}.autoscaler.max_replicas": MOST_REPLICAS,
        }
        plain[request] = scenario.override(changes, said_by="trial")
        tried[request] = steady_replicas(plain[request], scenario.traffic.most_per_s)[name]
        variants[request] = base.override({**changes, f"{path}.replicas": tried[request]}, said_by="trial")
    rows = []
    for request, result in in_turn(variants, engine=engine, tell=tell, begin=0.35, end=0.55, text="CPU request"):
        ready = result.replicas[result.replicas["service"] == name]["ready"]
        rows.append(
            {
                "cpu_request": request,
                "now": request == now,
                "target_cores": request * service.autoscaler.cpu_target,
                "replicas": float(ready.mean()),
                **trial(result)._asdict(),
                "cost_month": monthly_total(plain[request]),
            }
        )
    return pd.DataFrame(rows)
