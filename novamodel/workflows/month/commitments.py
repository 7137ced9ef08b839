"""Commitments on a scenario's year: as asked for, or the best of each kind that the price book has rates of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import exp

from scipy.stats import norm

from novamodel.cost import (
    BestPlan,
    CommittedYear,
    Curve,
    PriceBook,
    best_plan,
    best_reservation,
    committed_year,
)
from novamodel.cost.ranges import sigma
from novamodel.scenario import Scenario
from novamodel.scenario.committed import PLANS, RESERVED
from novamodel.simulation import Result
from novamodel.workflows.month.bill_of_run import month_of
from novamodel.workflows.month.committed import bought, plan_rates
from novamodel.workflows.month.hourly import year_curves

LIKELY = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Quantiles of the uncertain load that stand for years as likely as each other."""


@dataclass(frozen=True)
class Committed:
    """Commitments over a year: what they are, what the year costs, which keys had no rate and stay on demand."""

    asked: tuple[str, ...]
    year: CommittedYear
    without_rate: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """The best commitment of one kind: a plan's USD an hour or a number of instances; USD a year.

    `saving` is the mean over years as likely as each other, `regret` what knowing the year would have saved more.
    """

    plan: str
    what: str
    amount: Decimal
    saving: Decimal
    regret: Decimal
    lost: Decimal


def commit(
    scenario: Scenario,
    asked: Sequence[str],
    result: Result | None = None,
    book: PriceBook | None = None,
    *,
    lenient: bool = False,
) -> Committed:
    """Price a year of a scenario hour by hour under the commitments asked for.

    Raises ``UserError`` for a commitment that is none, and where the book has no rate of it for anything that runs.
    """
    month = month_of(scenario, result, book, lenient=lenient)
    curves = year_curves(month)
    paid = bought(asked, curves, month.book)
    return Committed(tuple(asked), committed_year(curves, paid.reservations, paid.plans), paid.without_rate)


def best_commitments(
    scenario: Scenario, result: Result | None = None, book: PriceBook | None = None, *, lenient: bool = False
) -> tuple[Choice, ...]:
    """The best commitment of every kind that the book has rates of for what runs, the largest saving first.

    Each is the best alone, for years whose load differs as `pricing.uncertainty` says.
    """
    month = month_of(scenario, result, book, lenient=lenient)
    spread = sigma(1 + scenario.pricing.uncertainty)
    loads = sorted({float(exp(spread * norm.ppf(share))) for share in LIKELY})
    years = [year_curves(month, load) for load in loads]
    keys = {curve.key for curves in years for curve in curves}
    choices = []
    for name, rates in month.book.rates.items():
        kind = name.split(".")[0]
        if kind in RESERVED:
            choices += [_reserved(name, key, rates[key].price, years) for key in sorted(keys) if key in rates]
        elif kind in PLANS:
            families = {key.split(".")[2] for key in keys if key.startswith("ec2.linux.")}
            for what in sorted(families) if kind == "instance_sp" else ("",):
                own = {key: tier.price for key, tier in plan_rates(month.book, name, what, years[-1])[0].items()}
                if own:
                    found = best_plan(kind, own, years)  # type: ignore[arg-type]
                    choices.append(_choice(name, what, found))
    return tuple(sorted(choices, key=lambda one: -one.saving))


def _choice(name: str, what: str, found: BestPlan) -> Choice:
    lost = sum((year.lost for year in found.years), Decimal(0)) / len(found.years)
    return Choice(name, what, found.plan.commitment, found.mean_saving, found.mean_regret, lost)


def _reserved(name: str, key: str, rate: Decimal, years: Sequence[Sequence[Curve]]) -> Choice:
    best = best_reservation(key, rate, years)
    costs = [committed_year(curves, [best]) for curves in years]
    own = [committed_year(curves, [best_reservation(key, rate, [curves])]) for curves in years]
    count = len(years)
    return Choice(
        name,
        key,
        best.number,
        sum((year.saving for year in costs), Decimal(0)) / count,
        sum((year.total - known.total for year, known in zip(costs, own, strict=True)), Decimal(0)) / count,
        sum((year.lost for year in costs), Decimal(0)) / count,
    )
