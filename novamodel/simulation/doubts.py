"""What a reader should know before believing a run: unstable, not settled, too short, undecided."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from novamodel.scenario import Scenario
from novamodel.scenario.goals import Slo
from novamodel.scenario.operations import delay_of
from novamodel.simulation.control.samples import STEPS
from novamodel.simulation.counts import QUANTILES, Metric, latencies_of, metrics
from novamodel.simulation.estimates import load_moves
from novamodel.simulation.layout import MOST_KEYS, keyed
from novamodel.simulation.precision import Reached
from novamodel.simulation.replication import Replication
from novamodel.simulation.settling import too_short_warm_up
from novamodel.simulation.start_doubts import start_doubts
from novamodel.simulation.zone_doubts import zone_doubts
from novamodel.statistics import too_few_for_quantile
from novamodel.units import format_clock, format_estimate, format_fraction

BACKLOG = 0.01
"""More than this share of what arrives piles up: the run is unstable, if the pile grows steadily."""
STEADY_GROWTH = 0.8
"""Correlation of requests in flight with time from which on a growth is called steady."""
LEFT_WAITING = 0.2
"""A backlog that grows by more than this share of what arrives is unstable however it grew."""
FULL = 0.995
HELD = (" memory", " connections", " clients")
"""Ends of the names of tiers that are held, not worked: full is no sign of overload there."""


def doubts(
    scenario: Scenario,
    replications: Sequence[Replication],
    estimates: pd.DataFrame,
    tiers: pd.DataFrame,
    reached: Reached | None,
) -> tuple[str, ...]:
    """Warnings in words, the gravest first."""
    unstable = [text for text in (_piling_up(scenario, replications), *_full_tiers(scenario, tiers)) if text]
    operated = any(delay_of(scenario.run, operation) is not None for operation in scenario.operations)
    settling = None if unstable or operated else too_short_warm_up(scenario, replications)
    precision = [_not_reached(reached)] if reached is not None and not reached.met else []
    found = [*unstable, *([settling] if settling else []), *precision]
    if len(replications) == 1 and load_moves(scenario):
        found.append(
            "one replication under a load that changes (or an operation) cannot say how sure it is (no intervals): "
            "take run.replications of 2 or more"
        )
    found += _outside(scenario)
    found += [*_keys_not_kept(scenario), *zone_doubts(scenario), *start_doubts(scenario)]
    for slo in scenario.slo:
        found += _about(slo, scenario, replications, estimates)
    return tuple(dict.fromkeys(found))


def _piling_up(scenario: Scenario, replications: Sequence[Replication]) -> str | None:
    """Requests in flight grow steadily, in every replication, by a share of what arrives."""
    run = scenario.run
    arrived = sum(int(r.arrived.sum()) for r in replications)
    if not arrived:
        return None
    grown = sum(r.in_flight - r.carried_in for r in replications)
    if grown > LEFT_WAITING * arrived:
        return f"unstable: {grown:,} of {arrived:,} requests were still waiting at the end of the window"
    begin = round(run.warm_up_s / (run.warm_up_s + run.duration) * STEPS)
    in_flight = np.array(
        [r.settling[begin : STEPS - 1, 2] for r in replications if len(r.settling) >= STEPS - 1], dtype=float
    )
    quarter = in_flight.shape[-1] // 4 if in_flight.size else 0
    if quarter < 5:
        return None
    growth = in_flight[:, -quarter:].mean(axis=1) - in_flight[:, :quarter].mean(axis=1)
    share = growth.sum() / (0.75 * arrived)
    mean = in_flight.mean(axis=0)
    steady = mean.std() > 0 and np.corrcoef(mean, np.arange(mean.size))[0, 1] >= STEADY_GROWTH
    if (growth > 0).all() and share > BACKLOG and steady:
        return (
            f"unstable: requests in flight grow all through the window, by {format_fraction(share)} of what arrives; "
            "the estimates depend on run.duration"
        )
    return None


def _full_tiers(scenario: Scenario, tiers: pd.DataFrame) -> list[str]:
    """Tiers with nothing left over in the second half of the window."""
    if tiers.empty:
        return []
    late = tiers[tiers["clock_s"] > scenario.run.start + scenario.run.duration / 2]
    unbounded = {f"{name} cpu" for name, s in scenario.services.items() if s.resources.cpu_limit is None}
    texts = []
    for tier, rows in late.groupby("tier", sort=False):
        name, limit = str(tier), rows["limit"].mean()
        if name.endswith(HELD) or name in unbounded or not limit > 0:
            continue
        if rows["busy"].mean() / limit >= FULL:
            texts.append(f"unstable: {name} is fully used in the second half of the window; more comes than it can do")
    return texts


def _outside(scenario: Scenario) -> list[str]:
    """Operations that the run never comes to."""
    return [
        f"operations.{number} does not happen: {operation.kind} at {format_clock(operation.at)} is outside the run"
        for number, operation in enumerate(scenario.operations)
        if delay_of(scenario.run, operation) is None
    ]


def _keys_not_kept(scenario: Scenario) -> list[str]:
    """Keyspaces with too many keys to be kept one by one."""
    kept = keyed(scenario)
    return [
        f"cache {store}: the {space.keys:,} keys of {name} are not kept one by one (a run keeps {MOST_KEYS:,} in all): "
        "its hit ratio is that of the closed form, and many misses of one key are not told apart"
        for store, cache in scenario.all_caches.items()
        for name, space in cache.keyspaces.items()
        if space.hit_ratio is None and (store, name) not in kept
    ]


def _not_reached(reached: Reached) -> str:
    share = format_fraction(reached.reached) if np.isfinite(reached.reached) else "unknown"
    return (
        f"precision {reached.text} was not reached: it is {share} after {reached.replications} replications; "
        "raise run.most_replications or run.duration"
    )


def _about(slo: Slo, scenario: Scenario, replications: Sequence[Replication], estimates: pd.DataFrame) -> list[str]:
    """What keeps an objective from being decided."""
    metric = next(m for m in metrics(scenario) if (m.name, m.of) == (slo.metric, slo.of or ""))
    few = _too_few(metric, scenario, replications)
    row = estimates[(estimates["metric"] == metric.name) & (estimates["of"] == metric.of)].iloc[0]
    texts = [f"{slo.text}: {few}" if slo.of else few] if few else []
    if row["value"] != row["value"]:
        return [*texts, f"{slo.text} cannot be judged: no request to judge it by"]
    if row["low"] != row["low"]:
        silent = bool(texts) or load_moves(scenario)
        return texts if silent else [f"{slo.text} has no interval: one replication is too short for batches of it"]
    if row["low"] <= slo.limit <= row["high"]:
        span = format_estimate(row["value"], row["low"], row["high"], row["unit"])[1]
        texts.append(f"the run cannot tell whether {slo.text} holds: {span}")
    return texts


def _too_few(metric: Metric, scenario: Scenario, replications: Sequence[Replication]) -> str | None:
    """Whether the replication with the fewest requests has too few for the quantile."""
    if metric.name not in QUANTILES:
        return None
    fewest = min(float(latencies_of(metric, r.counts(scenario.run.duration)).sum()) for r in replications)
    return too_few_for_quantile(fewest, QUANTILES[metric.name])
