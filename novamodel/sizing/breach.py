"""How far the load can rise: latency and errors at multiples of today's load, and what gives out first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from novamodel.analytic import (
    mean_latency,
    most_replicas_from,
    peak_rate,
    steady_replicas,
    system_load,
    tier_demands,
    uncovered,
    unordered,
)
from novamodel.scenario import Scenario
from novamodel.sizing.answers import Knee, Progress, Simulate
from novamodel.sizing.bench import default_simulate
from novamodel.sizing.verdict import in_words, missed_text, peak_replicas, slow_place, tier_utilisation
from novamodel.sizing.window import knee_replications, knee_window

KNEE_LOADS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0)
"""Loads that are tried, over today's peak, until an objective is missed."""
HALVINGS, QUICK_HALVINGS = 3, 1
BEYOND = 1
"""So many multiples above the first that misses are simulated, to show what follows."""
_TIER_OF = {
    "throttled": "cpu",
    "event loop wait": "event loop",
    "threads": "cpu",
    "pool wait": "pool",
    "pgbouncer wait": "pgbouncer",
    "connect": "postgres connections",
    "core wait": "cores",
}
_OF_SERVICE = ("cpu", "event loop", "pool")
FULL = 0.8
"""From this utilisation on a tier counts as a cause."""


def knee(
    scenario: Scenario,
    multiples: Sequence[float] = KNEE_LOADS,
    *,
    engine: str = "auto",
    progress: Progress | None = None,
    seed: int | None = None,
    quick: bool = False,
    window: Mapping[str, Any] | None = None,
    simulate: Simulate | None = None,
) -> Knee:
    """Simulate the peak at rising multiples of the load until an objective is missed, and say what gives out.

    Each multiple scales the rates of the whole day; the autoscaler rests at that load before the window begins
    (``window``: overrides of the run; `knee_window` unless given). After the first miss one more multiple is
    simulated, and halvings narrow the crossing before it is interpolated. Raises ``ValueError`` without a positive
    multiple.
    """
    steps = sorted(set(multiples))
    if not steps or steps[0] <= 0:
        raise ValueError("the knee needs multiples of the load above 0")
    run = simulate or default_simulate()
    options = {"seed": seed, "replications": knee_replications(quick=quick), "engine": engine}
    refine = QUICK_HALVINGS if quick else HALVINGS
    window = dict(knee_window(scenario, quick=quick) if window is None else window)
    points: dict[float, Any] = {}

    def at(multiple: float) -> Any:
        if multiple not in points:
            points[multiple] = run(scenario.with_load(multiple).override(window, said_by="knee"), **options)
            if progress:
                progress(min(len(points) / (len(steps) + refine), 1.0))
        return points[multiple]

    low, high = None, None
    for place, multiple in enumerate(steps):
        if not _met(at(multiple)):
            high = multiple
            for above in steps[place + 1 : place + 1 + BEYOND]:
                at(above)
            break
        low = multiple
    for _ in range(refine if low is not None and high is not None else 0):
        assert low is not None
        assert high is not None
        middle = round(math.sqrt(low * high), 3)
        if not low < middle < high:
            break
        low, high = (middle, high) if _met(at(middle)) else (low, middle)
    breach = None if high is None else crossing(low, high, points)
    span = (None, None) if high is None else crossing_interval(high, points)
    if progress:
        progress(1.0)
    tiers = _tiers(scenario, points)
    first = "" if high is None else _first_tier(scenario, points[high], tiers)
    return Knee(
        curve=_curve(scenario, points),
        load_multiple_at_breach=breach,
        breach_low=span[0],
        breach_high=span[1],
        first_limit=_first_limit(scenario, points, tiers, breach, span, high, first),
        tiers=tiers,
        first_tier=first if first in set(tiers["tier"]) else "",
    )


def _met(result: Any) -> bool:
    return all(objective.met for objective in result.slo())


def _worst(result: Any) -> float:
    """Largest value over limit; an objective without a figure counts as far beyond."""
    ratios = [objective.value / objective.limit for objective in result.slo()]
    return max((10.0 if math.isnan(ratio) else max(ratio, 1e-3) for ratio in ratios), default=0.0)


def crossing(low: float | None, high: float, points: Mapping[float, Any]) -> float:
    """The load multiple at which the worst objective reaches its limit, linear in logarithms between two results.

    ``points``: results by load multiple; they keep every objective at ``low`` (None: no load does) and miss one at
    ``high``.
    """
    if low is None:
        return high
    return _between(low, high, _worst(points[low]), _worst(points[high]))


def crossing_interval(high: float, points: Mapping[float, Any]) -> tuple[float, float | None]:
    """Load multiples between which the objectives missed at ``high`` reach their limits with 95 % confidence.

    The lower end is where the upper ends of their intervals cross, the upper end where the lower ends do (None: at no
    load that was tried).
    """
    texts = {o.text for o in points[high].slo() if not o.met}

    def ratio(multiple: float, end: str) -> float:
        shown = [(getattr(o, end), o) for o in points[multiple].slo() if o.text in texts]
        known = [(o.value if math.isnan(value) else value) / o.limit for value, o in shown]
        return max((10.0 if math.isnan(one) else max(one, 1e-3) for one in known), default=0.0)

    def crosses(end: str) -> float | None:
        below: float | None = None
        for multiple in sorted(points):
            if ratio(multiple, end) >= 1.0:
                return multiple if below is None else _between(below, multiple, ratio(below, end), ratio(multiple, end))
            below = multiple
        return None

    least = crosses("high")
    return (high if least is None else least), crosses("low")


def _between(low: float, high: float, below: float, above: float) -> float:
    """Where a ratio reaches 1 between two loads, linear in logarithms."""
    part = min(max(-math.log(below) / math.log(above / below), 0.0), 1.0) if above > below else 1.0
    return round(math.exp(math.log(low) + part * math.log(high / low)), 3)


def _curve(scenario: Scenario, points: dict[float, Any]) -> pd.DataFrame:
    names = [name for name, service in scenario.services.items() if service.autoscaler] or list(scenario.services)
    rows = []
    for multiple in sorted(points):
        result = points[multiple]
        rate = peak_rate(scenario) * multiple
        p99, errors, goodput = (result.estimate(metric) for metric in ("p99", "errors", "goodput"))
        replicas = peak_replicas(result)
        rows.append(
            {
                "multiple": multiple,
                "rate_per_s": rate,
                "replicas": sum(replicas.get(name, math.nan) for name in names),
                "p50_s": result.estimate("p50").value,
                "p95_s": result.estimate("p95").value,
                "p99_s": p99.value,
                "p99_low": p99.low,
                "p99_high": p99.high,
                "errors": errors.value,
                "errors_low": errors.low,
                "errors_high": errors.high,
                "goodput_per_s": goodput.value,
                "goodput_low": goodput.low,
                "goodput_high": goodput.high,
                "analytic_mean_s": _analytic_mean(scenario, rate),
                "met": _met(result),
            }
        )
    return pd.DataFrame(rows)


def _analytic_mean(scenario: Scenario, rate: float) -> float:
    """Mean latency (s) by closed forms; nan where they see no steady state, or do not describe the scenario."""
    if uncovered(scenario) or unordered(scenario):
        return math.nan
    counts = {name: np.asarray(float(count)) for name, count in steady_replicas(scenario, rate).items()}
    mean = float(mean_latency(scenario, system_load(scenario, rate, counts)))
    return mean if math.isfinite(mean) else math.nan


def _tiers(scenario: Scenario, points: dict[float, Any]) -> pd.DataFrame:
    """Tiers with utilisation now (simulated where 1 x was) and the multiple that fills them; fixed ones first.

    ``may_open`` beside ``limit``: connections that the pools may open, see `tier_demands`.
    """
    table = tier_demands(scenario)
    seen = tier_utilisation(points[1.0]) if 1.0 in points else {}
    frame = pd.DataFrame(
        {
            "tier": table["tier"],
            "utilisation_now": [seen.get(t, u) for t, u in zip(table["tier"], table["utilisation"], strict=True)],
            "multiple_to_limit": table["saturation_multiple"],
            "scales_out": table["scales_out"],
            "limit": table["limit"],
            "may_open": table["may_open"],
        }
    )
    return frame.sort_values(["scales_out", "multiple_to_limit", "tier"], ignore_index=True)


def _first_tier(scenario: Scenario, result: Any, tiers: pd.DataFrame) -> str:
    """The tier, or else the place, that a result's missed objectives are laid to; empty without one."""
    used, full = tier_utilisation(result), _full(result, tiers)
    place, _ = slow_place(result)
    late = any(o.unit == "s" and not o.met for o in result.slo())
    by_place = place and (late or not full)  # a full tier explains errors; where slow requests wait explains latency
    blamed = _TIER_OF.get(place, place) if by_place else full[0] if full else place
    if blamed == "cores":  # of the machines that are busiest
        groups = [tier for tier in used if tier.endswith(" cores")]
        blamed = max(groups, key=lambda tier: used[tier], default=blamed)
    if blamed in _OF_SERVICE:
        own = [tier for tier in (f"{name} {blamed}" for name in scenario.services) if tier in used]
        blamed = max(own, key=lambda tier: used[tier], default=blamed)
    if blamed == "worker wait":
        takers = {f"{name} {one.runtime.takers}" for name, one in scenario.services.items() if not one.runtime.plain}
        blamed = max(sorted(takers & used.keys()), key=lambda tier: used[tier], default=blamed)
    return blamed


def _full(result: Any, tiers: pd.DataFrame) -> list[str]:
    """The tiers that are nearly full, those that cannot scale out first."""
    used = tier_utilisation(result)
    fixed = dict(zip(tiers["tier"], ~tiers["scales_out"].astype(bool), strict=True))
    full = [tier for tier in used if used[tier] >= FULL and not tier.endswith(" memory")]
    return sorted(full, key=lambda tier: (not fixed.get(tier, False), -used[tier]))


def _first_limit(
    scenario: Scenario,
    points: dict[float, Any],
    tiers: pd.DataFrame,
    breach: float | None,
    span: tuple[float | None, float | None],
    high: float | None,
    blamed: str,
) -> str:
    order = tiers.sort_values("multiple_to_limit")
    if breach is None or high is None:
        first = order.iloc[0]
        return (
            f"no objective is missed up to {max(points):g} x today's load; "
            f"{first['tier']} would be full at {first['multiple_to_limit']:.3g} x{_at_maximum(scenario, max(points))}"
        )
    result = points[high]
    missed = ", ".join(missed_text(o) for o in result.slo() if not o.met)
    used = tier_utilisation(result)
    place, share = slow_place(result)
    if blamed in used:
        use = "open" if blamed.endswith((" clients", " connections")) else "busy"
        cause = f"{blamed} ({used[blamed] * 100:.0f} % {use} on average{_at_most(scenario, blamed)})"
    else:
        cause = blamed or _edge_or_open(result)
    if place:
        cause += f": requests near the p99 spend {share * 100:.0f} % of their time in {in_words(place)}"
    also = [tier for tier in _full(result, tiers) if tier != blamed]
    if also:
        cause += f"; near the limit too: {', '.join(f'{tier} ({used[tier] * 100:.0f} %)' for tier in also)}"
    rest = [row for row in order.itertuples() if row.tier != blamed and row.multiple_to_limit > breach]
    near = rest[0] if rest and math.isfinite(rest[0].multiple_to_limit) else None
    then = f"; next: {near.tier} would be full at {near.multiple_to_limit:.3g} x" if near else ""
    at = f"at {breach:.3g} x today's load ({peak_rate(scenario) * breach:,.0f} requests/s; {_span(*span)})"
    return f"{cause}; {at} {missed}{then}{_at_maximum(scenario, high)}"


def _span(low: float | None, high: float | None) -> str:
    least = 0.0 if low is None else low
    return f"95 % sure: {least:.3g} to {high:.3g} x" if high is not None else f"95 % sure: {least:.3g} x or more"


def _at_maximum(scenario: Scenario, highest: float) -> str:
    """From which load on autoscalers add no more replicas, at rest at a constant rate."""
    if uncovered(scenario):
        return ""
    found = most_replicas_from(scenario, peak_rate(scenario), highest)
    texts = [
        f"{name} has its most replicas ({service.autoscaler.max_replicas}) from {found[name]:.2g} x"
        for name, service in scenario.services.items()
        if name in found and service.autoscaler is not None
    ]
    return "".join(f"; {text}" for text in texts)


def _at_most(scenario: Scenario, tier: str) -> str:
    for name, service in scenario.services.items():
        if tier.startswith(f"{name} ") and service.autoscaler is not None:
            return f", at most {service.autoscaler.max_replicas} replicas"
    return ""


def _edge_or_open(result: Any) -> str:
    if any(o.metric == "rejected" and not o.met for o in result.slo()):
        return "the edge's request limit"
    return "no tier is full on average: bursts miss the objective"
