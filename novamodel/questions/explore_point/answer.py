"""One point under the sliders: a short simulation of the peak with the settings asked for, and what they cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from novamodel import units
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
    utilisation as a share of its limit). ``cost_month`` is in USD, with the day's shape of the traffic.
    """

    service: str
    settings: dict[str, float | None]
    latency: pd.DataFrame = field(repr=False)
    tiers: pd.DataFrame = field(repr=False)
    errors: Estimate
    rejected: Estimate
    cost_month: float
    judged: Trial

    def headline(self) -> dict[str, float]:
        """The figures by name."""
        worst = self.tiers.iloc[0]
        return {
            f"{self.judged.metric} (ms)": self.judged.latency_s * 1000,
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
            f"errors {units.format_fraction(self.errors.value)}, "
            f"rejected {units.format_fraction(self.rejected.value)}; "
            f"busiest: {worst['tier']} at {units.format_part(worst['utilisation'])} of its limit; "
            f"**{dollars(self.cost_month)} USD a month**"
        )


def explore_settings(scenario: Scenario, service: str | None = None) -> dict[str, float | None]:
    """Today's settings by name; None where the deployment has none (no pool, no CPU limit, no cached keys)."""
    own = scenario.services[service_asked(scenario, service)]
    return {
        REPLICAS: float(own.autoscaler.min_replicas if own.autoscaler else own.replicas),
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
    """Simulate a short window at the peak with a fixed number of replicas and the other settings.

    ``settings`` by the names of `explore_settings` (replicas, cpu_limit in cores, pool, rate in requests/s at the
    peak, cache_memory in bytes); those left out or None stay as they are. Replications give the intervals. Raises
    ``UserError`` for a setting that the scenario refuses.
    """
    name = service_asked(scenario, service)
    asked = {**explore_settings(scenario, name), **{key: v for key, v in (settings or {}).items() if v is not None}}
    variant = scenario.override(_overrides(scenario, name, asked), said_by="slider")
    today, peak = scenario.traffic.most_per_s, asked[RATE] or 0.0
    if peak != today:
        variant = variant.with_load(peak / max(today, 1e-9), said_by="slider")
    warm_up_s = min(MOST_WARM_UP_S, WARM_UP_REQUESTS / max(peak, 1e-9))
    window = at_peak(variant, replications=REPLICATIONS, quick=quick, warm_up_s=warm_up_s)
    short = {"run.duration": f"{window.run.duration / 2!r} s"}
    result = simulate(window.override(short, said_by="window of the sliders"), engine=engine)
    limits: dict[str, float] = {slo.metric: slo.limit for slo in variant.slo if slo.is_latency and slo.of is None}
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
        judged=trial(result),
    )


def _overrides(scenario: Scenario, name: str, asked: Mapping[str, float | None]) -> dict[str, Any]:
    """The changes that the settings ask for; what is as it was is not said again."""
    now = explore_settings(scenario, name)
    changes: dict[str, Any] = {}
    own = scenario.services[name]
    count = int(asked[REPLICAS] or 1)
    if own.autoscaler is None:
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
