"""The best commitment for a curve, and for an uncertain one.

A dollar an hour more of a savings plan costs a dollar every hour and saves, in the hours that still have something for
it to cover, what that would cost on demand. As the highest saving is covered first, that worth falls with every dollar:
the best commitment is where its mean falls to one. With one product this is the newsvendor's quantile: cover the load
that is exceeded in `rate / on_demand` of the hours. Of several possible years, the best is that of their hours pooled;
its regret in one of them is what knowing that year would have saved.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

import numpy as np

from novamodel.cost.commitments import ZERO, Plan, PlanKind, priority
from novamodel.cost.committed.sizes import size_of
from novamodel.cost.committed.year import CommittedYear, Curve, Reservation, committed_year

STEP = Decimal("0.001")
"""USD an hour: the step in which AWS sells savings plans."""


@dataclass(frozen=True)
class BestPlan:
    """A savings plan for possible years, each as likely as the other: what each then costs, and its regret in USD."""

    plan: Plan
    years: tuple[CommittedYear, ...]
    regrets: tuple[Decimal, ...]

    @property
    def mean_saving(self) -> Decimal:
        """USD saved against on demand, mean over the possible years."""
        return sum((year.saving for year in self.years), ZERO) / len(self.years)

    @property
    def mean_regret(self) -> Decimal:
        """USD that knowing the year would save, mean over the possible years."""
        return sum(self.regrets, ZERO) / len(self.regrets)


def best_plan(kind: PlanKind, rates: Mapping[str, Decimal], years: Sequence[Sequence[Curve]]) -> BestPlan:
    """The best savings plan of a kind at its rates for one or several possible years."""
    chosen = Plan(kind, _best_usd(kind, rates, years), rates)
    costs = tuple(committed_year(curves, plans=[chosen]) for curves in years)
    regrets = []
    for curves, cost in zip(years, costs, strict=True):
        known = Plan(kind, _best_usd(kind, rates, [curves]), rates)
        regrets.append(max(ZERO, cost.total - committed_year(curves, plans=[known]).total))
    return BestPlan(chosen, costs, tuple(regrets))


def _best_usd(kind: PlanKind, rates: Mapping[str, Decimal], years: Sequence[Sequence[Curve]]) -> Decimal:
    """USD an hour at which the mean worth of a dollar more falls to one, rounded down to AWS's step."""
    edges, changes, hours = [], [], 0
    for curves in years:
        prices = {curve.key: curve.on_demand for curve in curves}
        counts = {curve.key: np.array(curve.hours, dtype=float) for curve in curves}
        hours += len(curves[0].hours) if curves else 0
        level = np.zeros(len(curves[0].hours) if curves else 0)
        for key, rate in priority(Plan(kind, ZERO, rates), prices):
            worth = float(prices[key] / rate)
            top = level + counts[key] * float(rate)
            for edge, change in ((level, worth), (top, -worth)):
                edges.append(edge)
                changes.append(np.full(edge.shape, change))
            level = top
    if not edges:
        return ZERO
    place = np.argsort(np.concatenate(edges), kind="stable")
    at, worth_there = np.concatenate(edges)[place], np.cumsum(np.concatenate(changes)[place])
    # The worth is that of the dollars just above each edge; the first edge where it has fallen to one is the best.
    last_of_edge = np.append(at[1:] > at[:-1], True)
    best = at[last_of_edge & (worth_there <= hours * (1 + 1e-12))]
    return Decimal(repr(float(best[0]))).quantize(STEP, rounding=ROUND_FLOOR) if best.size else ZERO


def best_reservation(key: str, rate: Decimal, years: Sequence[Sequence[Curve]]) -> Reservation:
    """How many reserved instances of a key are best for the possible years; size flexibility counts.

    The n-th pays where it is used in more than `rate / on_demand` of the hours.
    """
    own = size_of(key)
    running: list[float] = []
    price = ZERO
    for curves in years:
        hours = np.zeros(len(curves[0].hours) if curves else 0)
        for curve in curves:
            size = size_of(curve.key)
            if size.pool == own.pool:
                hours += np.array(curve.hours, dtype=float) * float(size.units / own.units)
                price = max(price, curve.on_demand * own.units / size.units)
        running += hours.tolist()
    if not running or price <= 0:
        return Reservation(key, ZERO, rate)
    used, needed = np.array(running), float(rate / price)
    count = 0
    while np.clip(used - count, 0.0, 1.0).mean() > needed:
        count += 1
    return Reservation(key, Decimal(count), rate)
