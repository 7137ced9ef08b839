"""One point under the sliders: a short simulation of the peak with the settings asked for, and what they cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from novamodel import units
from novamodel.analytic import steady_replicas
from novamodel.questions.shared import (
    Text,
    Trial,
    at_peak,
    dollars,
    latency_text,
    service_asked,
    shows_headline,
    trial,
    verdict_text,
)
from novamodel.scenario import Scenario
from novamodel.simulation import simulate
from novamodel.statistics import Estimate
from novamodel.workflows.month import monthly_total

LATENCIES = ("p50", "p95", "p99")
REPLICATIONS = 4
WARM_UP_REQUESTS = 6_000
MOST_WARM_UP_S = 15.0
REPLICAS, CPU_LIMIT, POOL, RATE, MEMORY = "replicas", "cpu_limit", "pool", "rate", "cache_memory"


@dataclass(frozen=True)
@shows_headline
class Explored:
    """What one setting of the sliders gives.

    ``latency``: a row a percentile (metric, value, low, high in seconds, limit or nan). ``tiers``: a row a tier (tier,
    utilisation as a share of its limit). ``cost_month`` is in USD, with the day's shape of the traffic. ``ready``: mean
    ready replicas of the service in the window; ``scaled``: by its autoscaler, not fixed.
    """

    service: str
    settings: dict[str, float | None]
    latency: pd.DataFrame = field(repr=False)
    tiers: pd.DataFrame = field(repr=False)
    errors: Estimate
    rejected: Estimate
    cost_month: float
    ready: float
    scaled: bool
    judged: Trial

    def headline(self) -> dict[str, float]:
        """The figures by name."""
        worst = self.tiers.iloc[0]
        return {
            f"{self.judged.metric} (ms)": self.judged.latency_s * 1000,
            f"{self.service} (ready replicas)": self.ready,
            "errors (share)": self.errors.value,
            "rejected (share)": self.rejected.value,
            f"{worst['tier']} (share of its limit)": float(worst["utilisation"]),
            "cost (USD/month)": self.cost_month,
        }

    def conclusion(self) -> Text:
        """The point in one line of Markdown."""
        worst = self.tiers.iloc[0]
        return Text(
            f"**{self.judged.metric} {latency_text(self.judged)}**, {verdict_text(self.judged)}; "
            f"{self.ready:.3g} replicas{' by the autoscaler' if self.scaled else ''}; "
            f"errors {units.format_fraction(self.errors.value)}, "
            f"rejected {units.format_fraction(self.rejected.value)}; "
            f"busiest: {worst['tier']} at {units.format_part(worst['utilisation'])} of its limit; "
            f"**{dollars(self.cost_month)} USD a month**"
        )


def explore_settings(scenario: Scenario, service: str | None = None) -> dict[str, float | None]:
    """The settings of the deployment at its peak by name; None where it has none (pool, CPU limit, cached keys).

    Replicas are those at which the autoscaler rests at the peak: what a point shows first is the system as deployed.
    """
    name = service_asked(scenario, service)
    own = scenario.services[name]
    return {
        REPLICAS: float(steady_replicas(scenario, scenario.traffic.most_per_s)[name]),
        CPU_LIMIT: own.resources.cpu_limit,
        POOL: float(own.pool.max) if own.pool else None,
        RATE: scenario.traffic.most_per_s,
        MEMORY: scenario.cache.memory if scenario.cache.keyspaces else None,
    }


def explore(
    scenario: Scenario,
    settings: Mapping[str, float | None] | None = None,
    *,
    service: str | None = None,
    engine: str = "auto",
    quick: bool = False,
) -> Explored:
    """Simulate a short window at the peak with the settings.

    ``settings`` by the names of `explore_settings` (replicas, cpu_limit in cores, pool, rate in requests/s at the
    peak, cache_memory in bytes); those left out or None stay as they are. A number of replicas other
    than today's is fixed, today's is the autoscaler's to change. Replications give the intervals. Raises
    ``UserError`` for a setting that the scenario refuses.
    """
    name = service_asked(scenario, service)
    now = explore_settings(scenario, name)
    asked = {**now, **{key: v for key, v in (settings or {}).items() if v is not None}}
    variant = scenario.override(_overrides(scenario, name, now, asked), said_by="slider")
    today, peak = scenario.traffic.most_per_s, asked[RATE] or 0.0
    if peak != today:
        variant = variant.with_load(peak / max(today, 1e-9), said_by="slider")
    warm_up_s = min(MOST_WARM_UP_S, WARM_UP_REQUESTS / max(peak, 1e-9))
    window = at_peak(variant, replications=REPLICATIONS, quick=quick, warm_up_s=warm_up_s)
    short = {"run.duration": f"{window.run.duration / 2!r} s"}
    result = simulate(window.override(short, said_by="window of the sliders"), engine=engine)
    limits: dict[str, float] = {slo.metric: slo.limit for slo in variant.slo if slo.is_latency and slo.of is None}
    ready = result.replicas[result.replicas["service"] == name]
    rows = [(metric, *result.estimate(metric), limits.get(metric, math.nan)) for metric in LATENCIES]
    tiers = result.tiers.groupby("tier", sort=False)["utilisation"].mean().dropna().sort_values(ascending=False)
    return Explored(
        service=name,
        settings=asked,
        latency=pd.DataFrame(rows, columns=["metric", "value", "low", "high", "limit"]),
        tiers=tiers.reset_index(),
        errors=result.estimate("errors"),
        rejected=result.estimate("rejected"),
        cost_month=monthly_total(variant),
        ready=float(ready["ready"].mean()),
        scaled=variant.services[name].autoscaler is not None and asked[REPLICAS] == now[REPLICAS],
        judged=trial(result),
    )


def _overrides(
    scenario: Scenario, name: str, now: Mapping[str, float | None], asked: Mapping[str, float | None]
) -> dict[str, Any]:
    """The changes that the settings ask for; what is as it was is not said again."""
    changes: dict[str, Any] = {}
    own = scenario.services[name]
    count = int(asked[REPLICAS] or 1)
    if asked[REPLICAS] == now[REPLICAS]:
        pass
    elif own.autoscaler is None:
        changes[f"services.{name}.replicas"] = count
    else:
        changes[f"services.{name}.autoscaler.min_replicas"] = count
        changes[f"services.{name}.autoscaler.max_replicas"] = count
    limit = asked[CPU_LIMIT]
    if limit is not None and limit != now[CPU_LIMIT]:
        changes[f"services.{name}.resources.cpu_limit"] = limit
        if limit < own.resources.cpu_request:
            changes[f"services.{name}.resources.cpu_request"] = limit
    if asked[POOL] is not None and asked[POOL] != now[POOL]:
        changes[f"services.{name}.pool.max"] = int(asked[POOL] or 1)
    if asked[MEMORY] is not None and asked[MEMORY] != now[MEMORY]:
        changes["cache.memory"] = f"{asked[MEMORY]!r} B"
    return changes
