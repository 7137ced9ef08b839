"""Commitments on a scenario's year: as asked for, or the best of each kind that the price book has rates of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import exp

from scipy.stats import norm

from novamodel.cost import (
    BestPlan,
    CommittedYear,
    Curve,
    Plan,
    PriceBook,
    Reservation,
    best_plan,
    best_reservation,
    committed_year,
    load_book,
)
from novamodel.cost.money import to_decimal
from novamodel.cost.ranges import sigma
from novamodel.errors import UserError
from novamodel.scenario import Scenario
from novamodel.simulation import Result
from novamodel.workflows.month.bill_of_run import Month
from novamodel.workflows.month.hourly import year_curves

FORM = "KIND.TERM.PAYMENT[:WHAT]=NUMBER, such as compute_sp.1yr.no_upfront=0.12 or reserved.1yr.no_upfront:KEY=2"
KINDS = {
    "compute_sp": ("ec2.linux.", "fargate.linux."),
    "instance_sp": ("ec2.linux.",),
    "database_sp": ("rds.", "aurora.", "elasticache."),
}
"""What each kind of savings plan covers, by the beginning of the price's key."""
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
    month = Month(scenario, result, book or load_book(scenario.pricing.region), lenient)
    curves = year_curves(month)
    plans: list[Plan] = []
    reservations: list[Reservation] = []
    without: dict[str, None] = {}
    for text in asked:
        kind, name, what, number = parse(text)
        if kind == "reserved":
            reservations.append(Reservation(what, number, month.book.rate(name, what).price))
            continue
        rates, missing = plan_rates(month.book, name, what, curves)
        if not rates:
            raise UserError(
                f"the price book of {month.book.region} has no rate of {name} for {', '.join(missing) or 'what runs'}",
                valid=_known(month.book, curves) or "private rates (novamodel prices override)",
            )
        without |= dict.fromkeys(f"{name} {key}" for key in missing)
        plans.append(Plan(kind, number, rates))  # type: ignore[arg-type]
    return Committed(tuple(asked), committed_year(curves, reservations, plans), tuple(without))


def parse(text: str) -> tuple[str, str, str, Decimal]:
    """(kind, plan's name, family or key, number) of a commitment as it is written."""
    found = re.fullmatch(r"\s*(\w+)\.([13]yr\.\w+?_upfront)(?::([\w.-]+))?\s*=\s*([\d.]+)\s*", text)
    if found is None or found[1] not in {*KINDS, "reserved"}:
        raise UserError(f"{text!r} is no commitment", valid=FORM)
    kind, term, what, number = found.groups()
    if kind == "reserved" and not what:
        raise UserError(f"{text!r} names nothing that is reserved", valid=FORM)
    if kind == "instance_sp" and not what:
        raise UserError(f"{text!r} names no instance family", valid="instance_sp.3yr.all_upfront:m6i=0.10")
    return kind, f"{kind}.{term}", what or "", to_decimal(number, text)


def plan_rates(
    book: PriceBook, name: str, what: str, curves: Sequence[Curve]
) -> tuple[dict[str, Decimal], tuple[str, ...]]:
    """Rates of a plan for what runs, and what it would cover but the book has no rate of."""
    kind = name.split(".")[0]
    starts = KINDS[kind] if kind != "instance_sp" else (f"ec2.linux.{what}.",)
    known = book.rates.get(name, {})
    covered = [curve.key for curve in curves if curve.key.startswith(starts)]
    return {key: known[key].price for key in covered if key in known}, tuple(key for key in covered if key not in known)


def _known(book: PriceBook, curves: Sequence[Curve]) -> tuple[str, ...]:
    keys = {curve.key for curve in curves}
    return tuple(f"{plan} for {key}" for plan, rates in book.rates.items() for key in rates if key in keys)


def best_commitments(
    scenario: Scenario, result: Result | None = None, book: PriceBook | None = None, *, lenient: bool = False
) -> tuple[Choice, ...]:
    """The best commitment of every kind that the book has rates of for what runs, the largest saving first.

    Each is the best alone, for years whose load differs as `pricing.uncertainty` says.
    """
    month = Month(scenario, result, book or load_book(scenario.pricing.region), lenient)
    spread = sigma(1 + scenario.pricing.uncertainty)
    loads = sorted({float(exp(spread * norm.ppf(share))) for share in LIKELY})
    years = [year_curves(month, load) for load in loads]
    keys = {curve.key for curves in years for curve in curves}
    choices = []
    for name, rates in month.book.rates.items():
        kind = name.split(".")[0]
        if kind == "reserved":
            choices += [_reserved(name, key, rates[key].price, years) for key in sorted(keys) if key in rates]
        elif kind in KINDS:
            families = {key.split(".")[2] for key in keys if key.startswith("ec2.linux.")}
            for what in sorted(families) if kind == "instance_sp" else ("",):
                own = plan_rates(month.book, name, what, years[-1])[0]
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
