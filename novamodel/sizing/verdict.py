"""What a simulated result says about a candidate: which objectives hold, and why not, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from scipy.stats import t as student

from novamodel import units

CLOSE = 0.1
"""An objective that all candidates miss by figures within this share of each other is not moved by their sizes."""
FEW_TO_TELL = 3
DURING = " during "
"""Stands before the condition that an objective is judged under, where that is not the plain window."""


def upper(objective: Any) -> float:
    """The upper end of an objective's interval, or its value where there is none."""
    return float(objective.value if math.isnan(objective.high) else objective.high)


def counted(objectives: Sequence[Any], ignored: frozenset[str]) -> list[Any]:
    """The objectives that steer: all but those that no size moves."""
    return [objective for objective in objectives if objective.text not in ignored]


def excess(objectives: Sequence[Any], ignored: frozenset[str] = frozenset()) -> float:
    """Largest estimate over limit of the objectives that count; below 1 all hold, infinite without a figure."""
    ratios = [o.value / o.limit for o in counted(objectives, ignored)]
    return max((math.inf if math.isnan(r) else r for r in ratios), default=0.0)


def doubt(objectives: Sequence[Any], replications: int, ignored: frozenset[str] = frozenset()) -> float:
    """Probability that the verdict is wrong, given normal and independent replications and no prior opinion.

    Of a candidate that holds: that any objective is missed in truth (Bonferroni's sum); of one that misses: that the
    clearest miss is none.
    """
    each = [(o.met, _doubt(o, replications)) for o in counted(objectives, ignored)]
    missed = [chance for met, chance in each if not met]
    return min(missed) if missed else min(sum(chance for _, chance in each), 1.0)


def _doubt(objective: Any, replications: int) -> float:
    """Of one objective: Student's t of the gap over the standard error, which the 95 % interval's side gives back."""
    value, low, high, limit = objective.value, objective.low, objective.high, objective.limit
    if math.isnan(value):
        return 0.0  # nothing was served: no figure will come
    if math.isnan(high):
        return 0.5
    if value == 0.0:  # never seen: the upper end is where 5 % would still see nothing
        return float(0.05 ** (limit / high)) if high > 0 else 0.0
    up, down, gap = high - value, value - low, abs(limit - value)
    if objective.unit == "s" and low > 0:  # intervals of times are made on the scale of logarithms
        up, down, gap = math.log(high / value), math.log(value / low), abs(math.log(limit / value))
    half = up if value < limit else down
    if half <= 0 or replications < 2:
        return 0.0 if half <= 0 else 0.5
    error = half / student.ppf(0.975, replications - 1)
    return float(student.sf(gap / error, replications - 1))


def unmoved(results: Sequence[Sequence[Any]]) -> frozenset[str]:
    """Objectives that no candidate keeps and that stay about the same whatever the size: the cause is elsewhere.

    Rejections by the edge are of that kind from the start: no size of a service changes them.
    """
    texts = {o.text for objectives in results for o in objectives if o.metric == "rejected"}
    missed = [o for o in results[0] if not o.met] if len(results) >= FEW_TO_TELL else []
    for objective in missed:
        values = [o.value for objectives in results for o in objectives if o.text == objective.text]
        fails = all(not o.met for objectives in results for o in objectives if o.text == objective.text)
        if fails and all(math.isfinite(v) for v in values) and max(values) - min(values) <= CLOSE * max(values):
            texts.add(objective.text)
    return frozenset(texts)


def missed_text(objective: Any) -> str:
    """``p99 341 ms > 300 ms``."""
    shown = units.format_fraction if objective.unit == "1" else units.format_time
    text, during, condition = objective.text.partition(DURING)
    name = text.split("<")[0].strip() + during + condition
    if math.isnan(objective.value):
        return f"{name}: no figure, nothing was served"
    return f"{name} {shown(objective.value)} > {shown(objective.limit)}"


def why_missed(result: Any, objectives: Sequence[Any]) -> str:
    """The objectives that are missed and what the plain window's own tables show about the cause."""
    missed = [missed_text(o) for o in objectives if not o.met]
    causes = [*_slow_place(result), *_full_tiers(result)]
    return "; ".join([*missed, *causes])


def peak_replicas(result: Any) -> dict[str, float]:
    """Mean ready replicas of each service over the window and all replications."""
    frame = result.replicas
    if not len(frame):
        return {}
    return {str(name): float(count) for name, count in frame.groupby("service")["ready"].mean().items()}


def tier_utilisation(result: Any) -> dict[str, float]:
    """Mean use of each tier over the intervals of the window and all replications, as `Result.tier_use` has it."""
    frame = result.tiers
    if not len(frame):
        return {}
    frame = frame[frame["limit"] > 0]
    means = (frame["busy"] / frame["limit"]).groupby(frame["tier"]).mean()
    return {str(tier): float(use) for tier, use in means.items()}


def slow_place(result: Any) -> tuple[str, float]:
    """(place, share) where a request near the p99 spends most of its time beside work; ('', 0) below 15 %."""
    frame = result.breakdown
    waits = frame[frame["place"].isin(list(_PHRASES))]
    total = float(frame["p99_s"].sum())
    if not len(waits) or not total > 0 or waits["p99_s"].max() < 0.15 * total:
        return "", 0.0
    worst = waits.loc[waits["p99_s"].idxmax()]
    return str(worst["place"]), float(worst["p99_s"]) / total


def in_words(place: str) -> str:
    """A place of the breakdown as a phrase."""
    return _PHRASES.get(place, place)


def _slow_place(result: Any) -> list[str]:
    place, share = slow_place(result)
    return [f"requests near the p99 spend {share * 100:.0f} % of their time in {in_words(place)}"] if place else []


_PHRASES = {
    "throttled": "CPU throttling (the quota is used up)",
    "event loop wait": "the queue of the event loop",
    "worker wait": "the queue for a thread or process",
    "core wait": "the queue for a core of the machine",
    "pool wait": "the queue of the connection pool",
    "pgbouncer wait": "the queue of PgBouncer",
    "connect": "connecting to the database",
    "edge": "the queue of the edge",
}


def _full_tiers(result: Any) -> list[str]:
    full = {tier: u for tier, u in tier_utilisation(result).items() if u > 0.85 and not tier.endswith(" memory")}
    return [f"{tier} {u * 100:.0f} % busy" for tier, u in sorted(full.items(), key=lambda item: -item[1])[:2]]
