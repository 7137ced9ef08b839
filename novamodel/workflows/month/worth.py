"""What a bill pays for beside answers in time: headroom, and requests that miss the objectives."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from novamodel.analytic import mean_rates, tier_demands
from novamodel.cost import Bill, per_million, to_decimal
from novamodel.cost.forms import tier_of
from novamodel.cost.money import to_cents
from novamodel.scenario import Scenario
from novamodel.simulation import Result

WORDS = {"database": ("postgres",), "cache": ("redis", "memcached")}
"""Tiers of the bill by the words of the analysed tiers that fill them; all others that are computed on are compute."""
COMPUTE = (" cpu", "cores", "event loop", " memory", " threads")


class Idle(NamedTuple):
    """What of a tier stands idle at the peak: USD a month, its share, and the resource that is full first."""

    tier: str
    amount: Decimal
    share: float
    first: str


class InTime(NamedTuple):
    """An objective on latency: the share of the requests that come that it is kept for, and what a million cost."""

    text: str
    share: float
    per_million: Decimal | None


def headroom(scenario: Scenario, bill: Bill) -> tuple[Idle, ...]:
    """What compute, databases and caches cost beyond what the peak uses of the resource that is full first.

    The peak uses 1 / m of a tier that is full at m times the load.
    """
    paid: dict[str, Decimal] = {}
    for line in bill.lines:
        if line.key.split(".")[0] not in ("ebs", "eks"):
            paid[tier_of(line)] = paid.get(tier_of(line), Decimal(0)) + line.amount
    first: dict[str, tuple[float, str]] = {}
    for row in tier_demands(scenario).itertuples(index=False):
        tier, multiple = _tier(str(row.tier)), float(row.saturation_multiple)
        if tier is not None and multiple == multiple and (tier not in first or multiple < first[tier][0]):
            first[tier] = (multiple, str(row.tier))
    found = []
    for tier, (multiple, name) in first.items():
        share = max(0.0, 1 - 1 / multiple) if multiple > 0 else 0.0
        if paid.get(tier):
            found.append(Idle(tier, to_cents(paid[tier] * to_decimal(share)), share, name))
    return tuple(sorted(found, key=lambda one: -one.amount))


def _tier(name: str) -> str | None:
    for tier, words in WORDS.items():
        if any(word in name for word in words):
            return tier
    return "compute" if name.endswith(COMPUTE) and "pgbouncer" not in name else None


def in_time(scenario: Scenario, bill: Bill, result: Result) -> tuple[InTime, ...]:
    """Of each objective on the latency of all requests: how many keep it, and what a million that do cost.

    A request that is rejected or fails keeps none. The share is that of the simulated window.
    """
    arrived = float(result.routes["arrived"].sum())
    monthly = sum(mean_rates(scenario).values()) * scenario.pricing.hours_per_month * 3600
    found = []
    for slo in scenario.slo:
        if slo.is_latency and slo.of is None and arrived:
            kept = float(result.histogram.loc[result.histogram["upper_s"] <= slo.limit, "count"].sum())
            share = min(1.0, kept / arrived)
            found.append(InTime(slo.text, share, per_million(bill.total, to_decimal(monthly * share))))
    return tuple(found)
