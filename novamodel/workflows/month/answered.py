"""What of a month's requests is answered: in an overloaded system the others are not billed as answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from novamodel.analytic import peak_rate, tier_demands
from novamodel.scenario import Scenario
from novamodel.simulation import Result
from novamodel.units import format_fraction

HOURS = 24
WORTH_SAYING = 0.01
"""Share lost in the worst hour from which a bill says so."""


class Capacity(NamedTuple):
    """Requests a second that the fullest tier lets through, its name, and the share answered in simulated hours."""

    most_per_s: float = float("inf")
    tier: str = ""
    seen: Mapping[int, float] = {}


class Answered(NamedTuple):
    """Share of the requests of each hour that is answered, and what a bill has to say about the others."""

    shares: tuple[float, ...] = (1.0,)
    said: str = ""


def capacity_of(scenario: Scenario, result: Result | None = None) -> Capacity:
    """What the system lets through: as a run found in its hours of the day, else up to where its first tier is full."""
    tiers = tier_demands(scenario)
    tiers = tiers[tiers["saturation_multiple"].notna()]
    seen = {} if result is None else _seen(result.intervals)
    if not len(tiers) or tiers["saturation_multiple"].iloc[0] >= 1:
        return Capacity(seen=seen)
    most = float(tiers["saturation_multiple"].iloc[0]) * peak_rate(scenario)
    return Capacity(most, str(tiers["tier"].iloc[0]), seen)


def _seen(intervals: pd.DataFrame) -> dict[int, float]:
    rows = intervals.assign(hour=(intervals["clock_s"] - 1e-6) // 3600 % HOURS)
    found = {}
    for hour, seen in rows.groupby("hour"):
        done, lost = float(seen["served"].sum()), float((seen["rejected"] + seen["failed"]).sum())
        found[int(hour)] = done / (done + lost) if done + lost > 0 else 1.0
    return found


def answered(rates: Mapping[str, Sequence[float]], alike: Sequence[bool], capacity: Capacity) -> Answered:
    """The share of every hour's requests that is answered.

    ``rates``: requests/s of each source, the hours of all days in a row; ``alike``: whether a day is the scenario's
    own, whose simulated hours are known.
    """
    arriving = [sum(hours) for hours in zip(*rates.values(), strict=True)]
    shares = [min(1.0, capacity.most_per_s / rate) if rate > 0 else 1.0 for rate in arriving]
    for day, own in enumerate(alike):
        for hour, share in capacity.seen.items() if own else ():
            shares[day * HOURS + hour] = share
    worst = max((1 - share for share in shares), default=0.0)
    if worst <= WORTH_SAYING:
        return Answered(tuple(shares))
    lost = 1 - sum(rate * share for rate, share in zip(arriving, shares, strict=True)) / sum(arriving)
    why = f"{capacity.tier} is full at {capacity.most_per_s:,.0f} requests/s" if capacity.tier else "simulated hours"
    return Answered(
        tuple(shares),
        f"OVERLOADED: {format_fraction(lost)} of the month's requests are not answered "
        f"({format_fraction(worst)} in the worst hour; {why}), "
        "and what is not answered is not billed as answered",
    )
