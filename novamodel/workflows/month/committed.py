"""Commitments in the bill of a month: they are paid whatever runs, and what they cover is not paid on demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from novamodel.cost import Bill, Curve, Line, MonthUsage, Plan, PriceBook, Reservation, committed_year
from novamodel.cost.bill import ON_DEMAND
from novamodel.cost.book import Tier
from novamodel.cost.lines import COMMITMENTS
from novamodel.cost.money import to_cents, to_decimal
from novamodel.errors import UserError
from novamodel.scenario.committed import RESERVED, Commitment, parse_commitment
from novamodel.units import format_fraction
from novamodel.workflows.month.days import DayUse
from novamodel.workflows.month.shapes import curve_of, hour_shapes

COVERS = {
    "compute_sp": ("ec2.linux.", "fargate.linux."),
    "instance_sp": ("ec2.linux.",),
    "database_sp": ("rds.", "aurora.", "elasticache."),
}
"""What each kind of savings plan covers, by the beginning of the price's key."""


class Bought(NamedTuple):
    """What was bought: plans and reservations, which keys of what runs had no rate, and a rate of each, by its text."""

    plans: tuple[Plan, ...]
    reservations: tuple[Reservation, ...]
    without_rate: tuple[str, ...]
    rates: dict[str, Tier]


def bought(asked: Sequence[str], curves: Sequence[Curve], book: PriceBook) -> Bought:
    """Commitments as they are written, for what runs.

    Raises `UserError` for a commitment that is none, and where the book has no rate of it for anything that runs.
    """
    plans: list[Plan] = []
    reservations: list[Reservation] = []
    without: dict[str, None] = {}
    rates: dict[str, Tier] = {}
    for text in asked:
        one = parse_commitment(text)
        if one.kind in RESERVED:
            rates[text] = book.rate(one.plan, one.what)
            reservations.append(Reservation(one.what, one.number, rates[text].price))
            continue
        own, missing = plan_rates(book, one.plan, one.what, curves)
        if not own:
            raise UserError(
                f"the price book of {book.region} has no rate of {one.plan} for {', '.join(missing) or 'what runs'}",
                valid=_known(book, curves) or "private rates (novamodel prices override)",
            )
        without |= dict.fromkeys(f"{one.plan} {key}" for key in missing)
        rates[text] = next(iter(own.values()))
        plans.append(Plan(one.kind, one.number, {key: tier.price for key, tier in own.items()}))  # type: ignore[arg-type]
    return Bought(tuple(plans), tuple(reservations), tuple(without), rates)


def plan_rates(
    book: PriceBook, name: str, what: str, curves: Sequence[Curve]
) -> tuple[dict[str, Tier], tuple[str, ...]]:
    """Rates of a plan for what runs, and what it would cover but the book has no rate of."""
    kind = name.split(".")[0]
    starts = COVERS[kind] if kind != "instance_sp" else (f"ec2.linux.{what}.",)
    known = book.rates.get(name, {})
    covered = [curve.key for curve in curves if curve.key.startswith(starts)]
    return {key: known[key] for key in covered if key in known}, tuple(key for key in covered if key not in known)


def _known(book: PriceBook, curves: Sequence[Curve]) -> tuple[str, ...]:
    keys = {curve.key for curve in curves}
    return tuple(f"{plan} for {key}" for plan, rates in book.rates.items() for key in rates if key in keys)


def with_commitments(
    bill: Bill, asked: Sequence[str], usage: MonthUsage, use: DayUse, book: PriceBook, *, lenient: bool = False
) -> Bill:
    """The bill with the commitments asked for: a line each, and less of what they cover on demand, hour by hour."""
    if not asked:
        return bill
    hours = round(usage.hours_per_month)
    shapes = hour_shapes(usage, use, book, lenient=lenient)
    curves = tuple(curve_of(book, key, np.resize(units, hours)) for key, units in shapes.items())
    paid = bought(asked, curves, book)
    year = committed_year(curves, paid.reservations, paid.plans)
    listed = {curve.key: sum(curve.hours) * curve.on_demand for curve in curves}
    lines = []
    for line in bill.lines:
        if listed.get(line.key):
            quantity = line.quantity * year.on_demand[line.key] / listed[line.key]
            line = replace(line, quantity=quantity, amount=to_cents(quantity * line.unit_price))
        if line.quantity:
            lines.append(line)
    lines += [_line(parse_commitment(text), rate, usage) for text, rate in paid.rates.items()]
    lost = "" if not year.lost else f"; {format_fraction(float(year.lost / year.committed))} of them is not used"
    return replace(
        bill,
        lines=tuple(lines),
        not_priced=(
            *(text for text in bill.not_priced if text != ON_DEMAND),
            *(f"no rate of {text}: on demand" for text in paid.without_rate),
        ),
        notes=(*bill.notes, f"commitments are applied hour by hour: {'; '.join(asked)}{lost}"),
    )


def _line(one: Commitment, rate: Tier, usage: MonthUsage) -> Line:
    """A commitment by the hour of the month."""
    per_hour = one.number * rate.price if one.kind in RESERVED else one.number
    hours = to_decimal(usage.hours_per_month)
    words = one.plan.replace("_", " ").replace(".", ", ")
    of = f" of {one.what}" if one.what else ""
    return Line(
        service=COMMITMENTS,
        name=f"{one.number:f} x {words}{of}" if one.kind in RESERVED else f"{words}{of}",
        quantity=hours,
        unit="hour",
        unit_price=per_hour,
        amount=to_cents(hours * per_hour),
        driver="fixed",
        key=f"{one.plan}.{one.what}" if one.what else one.plan,
        sku=rate.sku,
        source=", ".join(rate.sources),
        status=rate.status,
        date=rate.date,
    )
