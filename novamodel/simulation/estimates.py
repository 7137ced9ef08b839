"""Estimates with 95 % intervals: over replications, or over the batches of a single one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from novamodel.scenario import Scenario
from novamodel.scenario.operations import delay_of
from novamodel.simulation.control.samples import BATCHES
from novamodel.simulation.counts import (
    Counts,
    Metric,
    between,
    bucket_edges,
    latencies_of,
    metrics,
    together,
    value_of,
    values_of,
)
from novamodel.simulation.replication import Replication
from novamodel.statistics import (
    Estimate,
    batch_quantile,
    batch_ratio,
    clustered_share,
    ratio_interval,
    skewed_error,
    skewed_interval,
    unseen_share,
)

REPLICATIONS, BATCH_MEANS, NO_INTERVAL = "replications", "batch means", "none"
STATIONARY = 0.1
"""Batches of one run say what chance does only while the planned rate stays within this share of its mean."""


def by_replication(scenario: Scenario, replications: Sequence[Replication]) -> pd.DataFrame:
    """Every metric of every replication (``value``) and of all but this one (``without``), in the estimates' order."""
    wanted, parts = metrics(scenario), [r.counts(scenario.run.duration) for r in replications]
    whole, count = together(parts), len(parts)
    alone = np.array([values_of(wanted, part) for part in parts])
    left = [values_of(wanted, between(part, whole)) for part in parts] if count > 1 else np.full_like(alone, np.nan)
    return pd.DataFrame(
        {
            "replication": np.tile([r.number for r in replications], len(wanted)),
            "metric": np.repeat([m.name for m in wanted], count),
            "of": np.repeat([m.of for m in wanted], count),
            "value": alone.T.ravel(),
            "without": np.transpose(left).ravel(),
        }
    )


def estimates(scenario: Scenario, replications: Sequence[Replication], values: pd.DataFrame) -> pd.DataFrame:
    """One row a metric, of all replications together; ``method`` says what its interval rests on."""
    count, wanted = len(replications), metrics(scenario)
    batches = [] if load_moves(scenario) else replications[0].batches
    parts = [r.counts(scenario.run.duration) for r in replications]
    pooled = values_of(wanted, together(parts))
    alone = values["value"].to_numpy().reshape(len(wanted), count)
    places = {(metric.name, metric.of): place for place, metric in enumerate(wanted)}
    rows = []
    for place, metric in enumerate(wanted):
        if count == 1:
            estimate = _of_batches(metric, batches, pooled[place])
        else:
            lower = [alone[places[name, metric.of]] for name in _lower(metric)]
            estimate = _of_replications(metric, parts, pooled[place], alone[place], lower)
        estimate = _bounded(estimate, metric, alone[place], replications, scenario.run.duration)
        method = REPLICATIONS if count > 1 else BATCH_MEANS
        rows.append(
            {
                "metric": metric.name,
                "of": metric.of,
                **estimate._asdict(),
                "unit": metric.unit,
                "method": NO_INTERVAL if np.isnan(estimate.low) else method,
            }
        )
    return pd.DataFrame(rows)


def _lower(metric: Metric) -> tuple[str, ...]:
    """Figures that a high percentile is known no better than: the one of them that is known best."""
    return ("mean", "p50") if metric.q is not None and metric.q > 0.5 else ()


def _of_replications(
    metric: Metric, parts: Sequence[Counts], pooled: float, alone: np.ndarray, lower: Sequence[np.ndarray]
) -> Estimate:
    """A time is skewed, a share or a rate is a ratio of sums. ``lower``: `_lower` figures of each replication alone."""
    if metric.unit == "s":
        errors = [skewed_error(one) for one in lower]
        return skewed_interval(pooled, alone, least_error=min((e for e in errors if e == e), default=0.0))
    return ratio_interval([metric.part(part) for part in parts], [metric.whole(part) for part in parts])


def load_moves(scenario: Scenario) -> bool:
    """Whether batches differ by plan, not by chance: the rate changes much in the window, or an operation is due."""
    run = scenario.run
    if any(delay_of(scenario.run, operation) is not None for operation in scenario.operations):
        return True
    clocks = run.start + run.duration * (np.arange(BATCHES) + 0.5) / BATCHES
    rates = np.array([scenario.traffic.rate_at(float(clock % 86400.0)) for clock in clocks])
    return bool(np.abs(rates - rates.mean()).max() > STATIONARY * rates.mean())


def precision_of(metric: Metric, scenario: Scenario, replications: Sequence[Replication]) -> float:
    """Half of the interval over the value; 0 where nothing spreads, infinite where nothing can be said."""
    if len(replications) < 2:
        return float("inf")
    parts = [r.counts(scenario.run.duration) for r in replications]
    lower = [m for m in metrics(scenario) if m.of == metric.of and m.name in _lower(metric)]
    alone = [np.array([value_of(one, part) for part in parts]) for one in (metric, *lower)]
    value, low, high = _of_replications(metric, parts, value_of(metric, together(parts)), alone[0], alone[1:])
    if not np.isfinite(high):
        return float("inf")
    return 0.0 if high == low else (high - low) / 2 / abs(value) if value else float("inf")


def _of_batches(metric: Metric, batches: Sequence[Counts], value: float) -> Estimate:
    if not batches:
        return Estimate(value, float("nan"), float("nan"))
    if metric.q is not None:
        return batch_quantile(bucket_edges(), np.array([latencies_of(metric, b) for b in batches]), metric.q)
    return batch_ratio([metric.part(b) for b in batches], [metric.whole(b) for b in batches])


def _bounded(
    estimate: Estimate, metric: Metric, found: np.ndarray, replications: Sequence[Replication], window_s: float
) -> Estimate:
    """An interval does not reach where the figure cannot; a share never seen, or always, is not known to be 0 or 1.

    Cases may come in clusters: where a replication shows none, what may lie above is bounded by replications, not by
    requests. A cluster of failures is as large as there were requests in flight at once; a limit rejects one by one.
    """
    value, low, high = estimate
    if metric.unit != "1":
        return Estimate(value, max(low, 0.0) if low == low else low, high)
    trials = sum(metric.whole(r.counts(window_s)) for r in replications)
    if trials and np.isfinite(found).all():
        most = 1.0
        if metric.name != "rejected":
            most = max(float(r.settling[:, 2].max(initial=1.0)) for r in replications)
        cluster = most * len(replications) / trials
        if value == 0.0 or (high == high and value < 1.0):
            above = clustered_share(found, cluster)
            high = max(high if value > 0.0 else unseen_share(trials), above if np.isfinite(above) else 0.0)
            low = low if value > 0.0 else 0.0
        if value == 1.0:
            low, high = 1.0 - max(unseen_share(trials), clustered_share(1.0 - found, cluster)), 1.0
    low, high = (float(np.clip(end, 0.0, 1.0)) for end in (low, high))
    return Estimate(value, low, high)
