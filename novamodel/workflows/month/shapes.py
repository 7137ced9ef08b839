"""How much of whatever a commitment can cover runs in every hour of the days that make a month."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from novamodel.cost import Curve, MonthUsage, PriceBook
from novamodel.cost.charges import Ground, Quantity, charges
from novamodel.cost.money import to_decimal
from novamodel.workflows.month.days import DayUse

EIGHTH = Decimal("1e-8")
COVERABLE = ("ec2.linux.", "fargate.linux.", "rds.", "aurora.db.", "elasticache.", "opensearch.")
INSTANCES = (".db.", ".cache.", ".search")
BOUGHT = (".spot", ".reserved.", ".convertible.")
ABOVE = " above its minimum"


def coverable(key: str) -> bool:
    """Whether a savings plan or a reservation of some kind covers what a price's key stands for."""
    if any(word in key for word in BOUGHT) or not key.startswith(COVERABLE):
        return False
    return key.startswith(("ec2.", "fargate.")) or any(word in key for word in INSTANCES)


def hour_shapes(usage: MonthUsage, use: DayUse, book: PriceBook, *, lenient: bool = False) -> dict[str, np.ndarray]:
    """Units of each key in every hour of the days of `use`. An hour's units add up to what the month's bill counts.

    What follows use is spread over the hours as the replicas above their least are.
    """
    hours = len(next(iter(use.replicas.values())))
    found: dict[str, np.ndarray] = {}
    for one in charges(usage, Ground.of(usage, book, lenient=lenient)):
        if one.amount and coverable(one.key) and one.key in book.prices:
            mean = float(one.amount) / float(usage.hours_per_month)
            there = mean * np.resize(_shape(one, use), hours)
            found[one.key] = found.get(one.key, np.zeros(hours)) + there
    return found


def curve_of(book: PriceBook, key: str, units: np.ndarray) -> Curve:
    """Units of a key by hour as exact decimals, with its price on demand."""
    distinct = {value: to_decimal(value).quantize(EIGHTH) for value in set(units.tolist())}
    return Curve(key, book.price(key).flat, tuple(distinct[value] for value in units.tolist()))


def _shape(one: Quantity, use: DayUse) -> np.ndarray:
    """How a quantity is spread over the hours, with a mean of one."""
    flat = np.ones(1)
    if one.driver != "use":
        return flat
    service = one.name.removesuffix(ABOVE)
    curves: Sequence[list[float]] = [use.replicas[service]] if service in use.replicas else list(use.replicas.values())
    above = np.sum([np.array(curve) - min(curve) for curve in curves], axis=0)
    return above / above.mean() if above.any() else flat
