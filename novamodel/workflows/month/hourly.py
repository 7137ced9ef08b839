"""A year hour by hour: how much runs of whatever a commitment can cover."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from novamodel.cost import Curve, PriceBook
from novamodel.cost.charges import Ground, Quantity, charges
from novamodel.cost.money import to_decimal
from novamodel.workflows.month.bill_of_run import Month
from novamodel.workflows.month.days import DayUse
from novamodel.workflows.month.uncertain import LOAD

MONTHS = 12
YEAR_HOURS = 8760
EIGHTH = Decimal("1e-8")
COVERABLE = ("ec2.linux.", "fargate.linux.", "rds.", "aurora.db.", "elasticache.", "opensearch.")
INSTANCES = (".db.", ".cache.", ".search")
ABOVE = " above its minimum"


def coverable(key: str) -> bool:
    """Whether a savings plan or a reservation of some kind covers what a price's key stands for."""
    if ".spot" in key or not key.startswith(COVERABLE):
        return False
    return key.startswith(("ec2.", "fargate.")) or any(word in key for word in INSTANCES)


def year_curves(month: Month, load: float = 1.0) -> tuple[Curve, ...]:
    """What runs in every hour of a year at a multiple of the load, twelve months of growth among them.

    An hour's units add up to what the month's bill counts. What follows use is spread over the hours as the replicas
    above their least are.
    """
    growth = month.scenario.pricing.month.growth
    found: dict[str, np.ndarray] = {}
    hours = YEAR_HOURS // MONTHS
    known: dict[float, dict[str, np.ndarray]] = {}
    for number in range(MONTHS):
        at = load * (1 + growth) ** number
        if at not in known:
            known[at] = _shapes(month, at)
        part = slice(number * hours, (number + 1) * hours)
        for key, units in known[at].items():  # the days go on over the month's end
            found.setdefault(key, np.zeros(YEAR_HOURS))[part] = np.resize(units, YEAR_HOURS)[part]
    return tuple(_curve(month.book, key, units) for key, units in found.items())


def _curve(book: PriceBook, key: str, units: np.ndarray) -> Curve:
    distinct = {value: to_decimal(value).quantize(EIGHTH) for value in set(units.tolist())}
    return Curve(key, book.price(key).flat, tuple(distinct[value] for value in units.tolist()))


def _shapes(month: Month, load: float) -> dict[str, np.ndarray]:
    """Units of each key in every hour of the days that make a month."""
    off = {LOAD: load} if load != 1.0 else {}
    usage, use = month.usage(off), month.use(load)
    ground = Ground.of(usage, month.book, lenient=month.lenient)
    hours = len(next(iter(use.replicas.values())))
    found: dict[str, np.ndarray] = {}
    for one in charges(usage, ground):
        if one.amount and coverable(one.key) and one.key in month.book.prices:
            mean = float(one.amount) / float(usage.hours_per_month)
            shape = _shape(one, use)
            there = mean * np.resize(shape, hours)
            found[one.key] = found.get(one.key, np.zeros(hours)) + there
    return found


def _shape(one: Quantity, use: DayUse) -> np.ndarray:
    """How a quantity is spread over the hours, with a mean of one."""
    flat = np.ones(1)
    if one.driver != "use":
        return flat
    service = one.name.removesuffix(ABOVE)
    curves: Sequence[list[float]] = [use.replicas[service]] if service in use.replicas else list(use.replicas.values())
    above = np.sum([np.array(curve) - min(curve) for curve in curves], axis=0)
    return above / above.mean() if above.any() else flat
